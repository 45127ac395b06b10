import pytest
import torch
from torch import Tensor

from aotface.transfer.aot.harmonics import TERMS, _inverse, harmonics, light_by_shape


def ball(side: int = 48, squeeze: float = 1.0) -> tuple[Tensor, Tensor]:
    """Normals of a half ball, or of one that is flatter across, and where it is."""
    at = (torch.arange(side) + 0.5) / side * 2 - 1
    y, x = torch.meshgrid(at, at, indexing="ij")
    inside = (x * x + y * y < 0.8).float()
    depth = (1 - x * x - y * y).clamp_min(0).sqrt()
    normals = torch.stack([x * squeeze, y, depth])
    normals = normals / normals.square().sum(0, keepdim=True).sqrt()
    return (normals * inside)[None], inside[None, None]


def shade(normals: Tensor, lamp: tuple[float, float, float]) -> Tensor:
    """Light that order 2 holds exactly: an ambient part and a linear one, positive everywhere."""
    towards = torch.tensor(lamp).view(1, 3, 1, 1)
    return (0.4 + 0.25 * (normals * towards).sum(1, keepdim=True)).expand(-1, 3, -1, -1)


def test_light_of_the_targets_is_read_on_the_other_shape() -> None:
    (shape_r, mask), (shape_t, _) = ball(squeeze=0.5), ball()
    lamp_y, lamp_t = (0.0, 0.6, 0.6), (0.9, 0.0, 0.3)
    apart = light_by_shape(shade(shape_r, lamp_y), shade(shape_t, lamp_t), shape_r, shape_t, mask)
    wanted = torch.log(shade(shape_r, lamp_t)) - torch.log(shade(shape_r, lamp_y))
    inner = (mask > 0).expand_as(apart) & (shape_r[:, 2:] > 0.6)
    assert (apart - wanted)[inner].abs().max() < 0.05
    # The failing twin: compared place by place, the other shape is in the way.
    by_place = torch.log(shade(shape_t, lamp_t)) - torch.log(shade(shape_r, lamp_y))
    assert (by_place - wanted)[inner].abs().max() > 0.1


def test_equal_light_on_equal_shapes_asks_for_nothing() -> None:
    shape, mask = ball()
    light = shade(shape, (0.3, 0.3, 0.8))
    assert light_by_shape(light, light, shape, shape, mask).abs().max() < 1e-5


def test_colour_of_light_is_told_apart() -> None:
    shape, mask = ball()
    white, tint = torch.full((1, 3, 48, 48), 0.3), torch.tensor([2.0, 1.0, 0.5]).view(1, 3, 1, 1)
    apart = light_by_shape(white, white * tint, shape, shape, mask)
    assert torch.allclose(apart[0, :, 24, 24], tint.log().flatten(), atol=0.02)


def test_without_a_mesh_there_is_nothing_to_say() -> None:
    light = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    nowhere, mask = torch.zeros(2, 3, 32, 32), torch.ones(2, 1, 32, 32)
    assert light_by_shape(light, 3 * light, nowhere, nowhere, mask).abs().max() == 0


def test_it_teaches_the_answer_and_stays_finite_in_the_dark() -> None:
    shape, mask = ball()
    for level in (0.3, 0.0):
        light = torch.full((1, 3, 48, 48), level, requires_grad=True)
        light_by_shape(light, shade(shape, (0.5, 0, 0.5)), shape, shape, mask).mean().backward()
        assert light.grad is not None and torch.isfinite(light.grad).all()
        assert light.grad.sum() <= 0  # more light leaves less to be added


def test_the_inverse_is_one() -> None:
    terms = harmonics(ball()[0]).flatten(2)
    matrix = terms @ terms.transpose(1, 2) / terms.shape[-1] + 0.005 * torch.eye(TERMS)
    assert torch.allclose(matrix @ _inverse(matrix), torch.eye(TERMS)[None], atol=1e-3)


@pytest.mark.parametrize("degrees", [0, 40, 90])
def test_light_turns_with_the_face(degrees: int) -> None:
    """Order 2 holds every direction alike: a fit to turned normals under a turned lamp gives the same light."""
    shape, mask = ball()
    angle = torch.tensor(degrees * torch.pi / 180)
    turn = torch.tensor([[angle.cos(), -angle.sin(), 0], [angle.sin(), angle.cos(), 0], [0, 0, 1]])
    turned = torch.einsum("ij,bjhw->bihw", turn, shape)
    flat = torch.full((1, 3, 48, 48), 0.4)
    lamp = (0.7, 0.2, 0.4)
    straight = light_by_shape(flat, shade(shape, lamp), shape, shape, mask)
    again = light_by_shape(
        flat, shade(turned, tuple((turn @ torch.tensor(lamp)).tolist())), turned, turned, mask
    )
    assert torch.allclose(straight, again, atol=0.02)
