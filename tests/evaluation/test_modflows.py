"""ModFlows: its flow by closed forms, its crops by hand, and its encoder, small where torchvision is missing."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from aotface.errors import UsageError, WeightsError
from aotface.evaluation import modflows
from aotface.evaluation.methods import find_methods
from aotface.evaluation.modflows import HIDDEN, NUMBERS, SIDE, filled, flow, open_modflows, planes, recolour
from aotface.evaluation.triple import Triple

COLOURS = np.random.default_rng(0).uniform(size=(9000, 3)).astype(np.float32)
"""More than go along a flow at once."""


def numbers(unit: int = 0, first: tuple = (0, 0, 0, 0), bias: float = 0, second=(0, 0, 0), shift=(0, 0, 0)):
    """A flow with one unit that is not zero."""
    first_weights, first_bias = np.zeros((HIDDEN, 4)), np.zeros(HIDDEN)
    second_weights = np.zeros((3, HIDDEN))
    first_weights[unit], first_bias[unit], second_weights[:, unit] = first, bias, second
    parts = (first_weights.ravel(), first_bias, second_weights.ravel(), shift)
    return np.concatenate(parts).astype(np.float32)


def face(seed: int, side: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(side, side, 3)).astype(np.float32)


@pytest.fixture
def mask() -> np.ndarray:
    made = np.zeros((24, 24), np.float32)
    made[5:17, 8:20] = 0.3
    made[8:12, 10:14] = 1
    return made


@pytest.mark.parametrize("backward", [False, True])
def test_a_flow_of_zeros_moves_nothing(backward: bool) -> None:
    np.testing.assert_array_equal(flow(COLOURS, numbers(), backward=backward), COLOURS)
    assert flow(COLOURS[:0], numbers(), backward=backward).shape == (0, 3)


def test_the_second_bias_alone_is_a_shift() -> None:
    shift = np.array([0.5, -0.25, 2], np.float32)
    there = flow(COLOURS, numbers(shift=shift))
    np.testing.assert_allclose(there, COLOURS + shift, atol=1e-6)
    np.testing.assert_allclose(flow(COLOURS, numbers(shift=shift), backward=True), COLOURS - shift, atol=1e-6)


@pytest.mark.parametrize("unit", [0, 7, HIDDEN - 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_one_unit_follows_euler_by_hand(unit: int, sign: int) -> None:
    first, bias, second, shift = (0.7, -1.1, 0.4, 1.6), 0.2, (0.9, -0.3, 0.5), (0.01, 0.02, -0.03)
    expected = COLOURS.astype(np.float64)
    for time in (0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875):
        red, green, blue = expected.T
        value = np.tanh(0.7 * red - 1.1 * green + 0.4 * blue + 1.6 * time + 0.2)
        expected = expected + sign * (value[:, None] * second + shift) / 8
    moved = flow(COLOURS, numbers(unit, first, bias, second, shift), backward=sign < 0)
    assert np.abs(expected - COLOURS).max() > 0.1
    np.testing.assert_allclose(moved, expected, atol=2e-6)


def test_own_flow_forward_and_the_target_s_backward(mask: np.ndarray) -> None:
    """Shifts b1 and b2 give x + b1 - b2, clipped; the own crop is asked first."""
    shifts = [np.array([0.5, 0.1, 0.2], np.float32), np.array([0.1, 0.3, 0.2], np.float32)]
    flows = iter([numbers(shift=shift) for shift in shifts])
    reenacted = face(0)
    result = recolour(reenacted, face(1), mask, encode=lambda _: next(flows))
    inside = mask > 0
    expected = np.clip(reenacted + shifts[0] - shifts[1], 0, 1)
    np.testing.assert_allclose(result[inside], expected[inside], atol=1e-6)
    assert result.dtype == np.float32 and result[inside].max() == 1 and result[inside].min() == 0
    np.testing.assert_array_equal(result[~inside], reenacted[~inside])


def test_the_outside_neither_counts_nor_changes(mask: np.ndarray) -> None:
    seen: list[bytes] = []

    def encode(picture: np.ndarray) -> np.ndarray:
        seen.append(picture.tobytes())
        return numbers(shift=picture.mean(axis=(0, 1)) / 255)

    reenacted, target = face(0), face(1)
    other = [np.where(mask[..., None] > 0, crop, 1 - crop) for crop in (reenacted, target)]
    one, two = recolour(reenacted, target, mask, encode=encode), recolour(*other, mask, encode=encode)
    assert seen[:2] == seen[2:] and seen[0] != seen[1]
    inside = mask > 0
    np.testing.assert_array_equal(one[inside], two[inside])
    np.testing.assert_array_equal(two[~inside], other[0][~inside])


def test_an_empty_mask_asks_nothing(mask: np.ndarray) -> None:
    reenacted = face(0)
    result = recolour(reenacted, face(1), mask * 0, encode=lambda _: pytest.fail("asked"))
    np.testing.assert_array_equal(result, reenacted)
    assert result is not reenacted


def test_the_outside_is_filled_with_the_nearest_inside(mask: np.ndarray) -> None:
    crop = face(0)
    result = filled(crop, mask)
    np.testing.assert_array_equal(result[mask > 0], crop[mask > 0])
    for (row, column), nearest in {
        (0, 0): (5, 8),
        (23, 23): (16, 19),
        (10, 0): (10, 8),
        (0, 15): (5, 15),
    }.items():
        np.testing.assert_array_equal(result[row, column], crop[nearest])
    np.testing.assert_array_equal(filled(crop, mask * 0 + 1), crop)
    one = mask * 0
    one[3, 4] = 1
    np.testing.assert_array_equal(filled(crop, one), np.broadcast_to(crop[3, 4], crop.shape))


def test_planes_are_the_bytes_in_a_row() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    values = planes(picture) * spread[:, None, None] + mean[:, None, None]
    np.testing.assert_array_equal(np.rint(values * 255).ravel(), picture.ravel())
    flat = planes(np.full((7, 9, 3), 51, np.uint8))
    np.testing.assert_allclose(flat[:, 5, 5], (0.2 - mean) / spread, rtol=1e-6)


def small() -> nn.Module:
    """In place of EfficientNet: the mean of each plane, times numbers."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, NUMBERS))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the small encoder: the first plane's mean is the flow's shift."""
    monkeypatch.setattr(modflows, "_network", small)
    tensors = {f"model.{name}": torch.zeros_like(value) for name, value in small().state_dict().items()}
    tensors["model.2.weight"][-3:, 0] = 1
    save_file(tensors, tmp_path / "modflows.safetensors")
    return tmp_path / "modflows.safetensors"


def test_the_peer_is_one_more_method(weights: Path, triple: Callable[..., Triple]) -> None:
    method = find_methods(["mkl"], further=[("modflows", weights)])[-1]
    assert (method.name, method.kind, len(method.fingerprint)) == ("modflows", "baseline", 64)
    one = triple(0)
    result = method.run(one)
    assert result.dtype == np.float32 and result.shape == one.target.shape
    np.testing.assert_array_equal(result, method.run(one))
    inside = one.mask > 0
    np.testing.assert_array_equal(result[~inside], one.reenacted[~inside])
    assert np.abs(result - one.reenacted)[inside].max() > 0.05
    with pytest.raises(UsageError, match="a new name"):
        find_methods(["mkl"], further=[("modflows", weights)] * 2)


def test_other_weights_are_another_version(weights: Path, tmp_path: Path) -> None:
    before = open_modflows(weights).identity()
    tensors = {f"model.{name}": value.half() for name, value in small().state_dict().items()}
    save_file(tensors, tmp_path / "other.safetensors")
    other = open_modflows(tmp_path / "other.safetensors")  # half precision is read, too
    assert other.identity()["version"] != before["version"]


def test_a_wrong_file_is_refused_in_one_line(weights: Path, tmp_path: Path) -> None:
    good = {f"model.{name}": torch.zeros_like(value) for name, value in small().state_dict().items()}
    bad: list[dict[str, torch.Tensor]] = [
        {name.removeprefix("model."): value for name, value in good.items()},
        good | {"more": torch.zeros(1)},
        good | {"model.2.bias": torch.zeros(8)},
        good | {"model.2.bias": torch.zeros(NUMBERS, dtype=torch.int32)},
        good | {"model.2.bias": torch.full((NUMBERS,), torch.nan)},
        good | {"model.2.bias": torch.zeros(NUMBERS).to(torch.float8_e4m3fn)},
        good | {"model.2.bias": torch.full((NUMBERS,), 1e300, dtype=torch.float64)},
    ]
    for tensors in bad:
        save_file(tensors, tmp_path / "bad.safetensors")
        with pytest.raises(WeightsError, match="efficientnet_b6 with 8195 outputs, named model") as caught:
            open_modflows(tmp_path / "bad.safetensors")
        assert "\n" not in str(caught.value)
    torch.save(good, tmp_path / "encoder.pt")
    with pytest.raises(WeightsError, match="pickle"):
        open_modflows(tmp_path / "encoder.pt")
    with pytest.raises(WeightsError, match="missing"):
        open_modflows(tmp_path / "missing.safetensors")


@pytest.mark.parametrize("name", ["torchvision", "torchvision.models"])
def test_without_torchvision_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    save_file({"any": torch.zeros(1)}, tmp_path / "any.safetensors")
    with pytest.raises(UsageError, match="pip install torchvision"):
        find_methods(["mkl"], further=[("modflows", tmp_path / "any.safetensors")])


def test_weights_whose_flow_is_no_number_are_refused(weights: Path, tmp_path: Path, mask: np.ndarray) -> None:
    tensors = {f"model.{name}": torch.zeros_like(value) for name, value in small().state_dict().items()}
    large = {name: torch.full_like(value, 3e38) for name, value in tensors.items()}
    save_file(large, tmp_path / "large.safetensors")
    with pytest.raises(WeightsError, match="no number"):
        open_modflows(tmp_path / "large.safetensors").function(face(0), face(1), mask)


def test_a_file_that_is_none_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aotface.evaluation.modflows.MAX_BYTES", 8)
    (tmp_path / "large.safetensors").write_bytes(b"0" * 9)
    for path in (tmp_path / "large.safetensors", tmp_path, Path("/dev/zero")):
        with pytest.raises(WeightsError, match="no such weights file|the limit is"):
            open_modflows(path)


@pytest.mark.slow
def test_the_encoder_itself(tmp_path: Path, mask: np.ndarray) -> None:
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:  # the last: of another torch's release
        pytest.skip(str(error))
    network = models.efficientnet_b6(num_classes=NUMBERS)
    tensors = {f"model.{name}": value.contiguous() for name, value in network.state_dict().items()}
    flow_of_all = numbers(5, (3, -2, 1, 2), 0.3, (0.9, -0.6, 0.5))
    tensors["model.classifier.1.weight"] *= 0
    tensors["model.classifier.1.bias"] = torch.from_numpy(flow_of_all)
    save_file(tensors, tmp_path / "encoder.safetensors")
    state = torch.get_rng_state()
    peer = open_modflows(tmp_path / "encoder.safetensors")
    assert torch.equal(state, torch.get_rng_state())  # opening it draws no numbers
    reenacted, inside = face(0), mask > 0
    result = peer.function(reenacted, face(1), mask)
    expected = flow(flow(reenacted[inside], flow_of_all), flow_of_all, backward=True).clip(0, 1)
    np.testing.assert_allclose(result[inside], expected, atol=1e-6)
    assert np.abs(expected - reenacted[inside]).max() > 0.02
    np.testing.assert_array_equal(result[~inside], reenacted[~inside])
