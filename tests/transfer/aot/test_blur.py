import pytest
import torch

from aotface.transfer.aot import blur as blurs
from aotface.transfer.aot.blur import blur, gaussian_matrix

CPU = torch.device("cpu")


def plain(values: torch.Tensor, sigma: float) -> torch.Tensor:
    """The whole matrix from both sides, in float64."""
    at = torch.arange(values.shape[-1], dtype=torch.float64)
    kernel = torch.exp(-0.5 * ((at[:, None] - at[None]) / sigma) ** 2) / (sigma * (2 * torch.pi) ** 0.5)
    return kernel @ values.double() @ kernel.T


@pytest.mark.parametrize("side", [64, 192])
@pytest.mark.parametrize("sigma", [0.75, 3.0, 6.0, 24.0, 100.0])
def test_every_way_is_the_whole_matrix_up_to_rounding(side: int, sigma: float) -> None:
    random = torch.Generator().manual_seed(0)
    values = torch.rand(2, 3, side, side, generator=random) ** 4
    assert float((blur(values, sigma) - plain(values, sigma)).abs().max()) < 1e-6


def test_all_three_ways_are_taken_and_a_cruder_one_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.rand(1, 1, 192, 192)
    assert blurs._thin_factors(192, 24.0, CPU) is not None and blurs._thin_factors(192, 2.0, CPU) is None
    assert blurs._thin_factors(64, 2.0, CPU) is None
    monkeypatch.setattr(blurs, "TAIL", 1.5)  # the failing twins: a band too narrow, too few patterns
    assert float((blur(values, 2.0) - plain(values, 2.0)).abs().max()) > 1e-3
    monkeypatch.setattr(blurs, "NARROW", 1e-1)
    blurs._thin_factors.cache_clear()
    assert float((blur(values, 25.0) - plain(values, 25.0)).abs().max()) > 1e-3
    blurs._thin_factors.cache_clear()


@pytest.mark.parametrize("sigma", [1.25, 17.0])
def test_what_was_kept_in_inference_mode_serves_training(sigma: float) -> None:
    with torch.inference_mode():
        blur(torch.rand(1, 1, 96, 96), sigma)
    values = torch.rand(1, 1, 96, 96, requires_grad=True)
    blur(values, sigma).square().sum().backward()
    assert values.grad is not None and bool(values.grad.isfinite().all())


def test_the_matrix_is_symmetric_and_sums_to_one_inside() -> None:
    matrix = gaussian_matrix(64, 3.0, CPU)
    assert torch.equal(matrix, matrix.T) and abs(float(matrix[32].sum()) - 1) < 1e-4
