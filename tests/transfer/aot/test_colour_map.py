import math

import pytest
import torch

from aotface.transfer.aot import colour_map as fields
from aotface.transfer.aot.colour_map import ColourMap


def constant(gain: float, saturation: float, bias: float, side: int = 8) -> ColourMap:
    ones = torch.ones(1, 3, side, side)
    return ColourMap(ones * gain, ones[:, :1] * saturation, ones * bias)


def test_linear_light_at_known_values() -> None:
    display = torch.tensor([0.0, 0.04045, 0.5, 1.0]) * 2 - 1
    expected = torch.tensor([0.0, 0.04045 / 12.92, ((0.5 + 0.055) / 1.055) ** 2.4, 1.0])
    assert torch.allclose(fields.to_linear(display), expected, atol=1e-7)


def test_light_round_trip() -> None:
    display = torch.linspace(-1, 1, 1001)
    assert torch.allclose(fields.to_display(fields.to_linear(display)), display, atol=2e-6)


def test_log_light_spans_minus_one_to_one_and_a_stop_is_a_quarter() -> None:
    values = fields.log_light(torch.tensor([0.0, 0.25, 0.5, 1.0]))
    assert values[0] == -1.0 and abs(values[3] - 1.0) < 2e-3
    assert abs(float(values[2] - values[1]) - 0.25) < 5e-3


def test_gain_multiplies_linear_light() -> None:
    linear = torch.full((1, 3, 8, 8), 0.2)
    out = fields.apply_colour_map(fields.to_display(linear), constant(math.log(2.0), 1.0, 0.0))
    assert torch.allclose(fields.to_linear(out), torch.full_like(linear, 0.4), atol=1e-5)


def test_affine_map_on_one_pixel_by_hand() -> None:
    linear = torch.tensor([0.4, 0.2, 0.1]).view(1, 3, 1, 1)
    luma = 0.2126 * 0.4 + 0.7152 * 0.2 + 0.0722 * 0.1
    expected = torch.tensor([0.5 * (luma + 2.0 * (c - luma)) + 0.05 for c in (0.4, 0.2, 0.1)])
    out = fields.apply_colour_map(fields.to_display(linear), constant(math.log(0.5), 2.0, 0.05, side=1))
    assert torch.allclose(fields.to_linear(out).flatten(), expected, atol=1e-5)


def test_saturation_zero_is_grey_bit_for_bit() -> None:
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    field = ColourMap(
        torch.rand(2, 1, 4, 4).repeat(1, 3, 1, 1), torch.zeros(2, 1, 4, 4), torch.zeros(2, 3, 4, 4)
    )
    out = fields.apply_colour_map(images, field)
    assert torch.equal(out[:, 0], out[:, 1]) and torch.equal(out[:, 0], out[:, 2])


def test_field_of_its_own_size_is_used_as_it_is_and_a_constant_one_survives_any_size() -> None:
    images = torch.rand(1, 3, 50, 70) * 2 - 1
    small, large = constant(0.3, 0.8, 0.01), constant(0.3, 0.8, 0.01, side=64)
    large = ColourMap(
        large.gain[..., :50, :1].expand(1, 3, 50, 70),
        *(torch.full((1, c, 50, 70), v) for c, v in ((1, 0.8), (3, 0.01))),
    )
    assert torch.allclose(
        fields.apply_colour_map(images, small), fields.apply_colour_map(images, large), atol=1e-5
    )


def test_upsampling_is_smooth_and_exact_on_straight_lines() -> None:
    ramp = torch.arange(16.0).view(1, 1, 16, 1).expand(1, 7, 16, 16)
    up = fields._resample_rows(ramp, 64, 0, 64)[0, 0, :, 0]
    expected = (torch.arange(64) + 0.5) / 4 - 0.5
    assert torch.allclose(up[6:58], expected[6:58], atol=1e-5)


def test_bands_give_the_same_as_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.rand(1, 3, 50, 50) * 2 - 1
    random = torch.Generator().manual_seed(3)
    field = ColourMap(
        torch.rand(1, 3, 8, 8, generator=random), torch.rand(1, 1, 8, 8), torch.rand(1, 3, 8, 8) * 0.1
    )
    whole = fields.apply_colour_map(images, field)
    monkeypatch.setattr(fields, "BAND_PIXELS", 7 * 50)
    assert torch.allclose(fields.apply_colour_map(images, field), whole, atol=1e-6)


def test_clipping_is_exact_forward_and_leaks_backward() -> None:
    display = torch.tensor([-1.5, 0.2, 1.5], requires_grad=True)
    out = fields.clip_softly(display)
    assert torch.equal(out.detach(), torch.tensor([-1.0, 0.2, 1.0]))
    out.sum().backward()
    assert display.grad is not None and torch.allclose(display.grad, torch.tensor([0.1, 1.0, 0.1]))


def test_colourfulness_counts_only_the_face() -> None:
    images, mask = torch.zeros(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    mask[..., :32] = 1.0
    assert float(fields.colourfulness(images, mask)) == 0.0
    images[:, 0, :, 40:] = 0.5
    assert float(fields.colourfulness(images, mask)) == 0.0
    images[:, 0, 5, 5] = 3.0 / 255.0
    assert abs(float(fields.colourfulness(images, mask)) - 0.5) < 1e-6


@pytest.mark.parametrize(("before", "after"), [((64, 64), 32), ((90, 90), 30), ((96, 64), 32)])
def test_means_of_whole_blocks_are_area_means(before: tuple[int, int], after: int) -> None:
    images = torch.rand(1, 3, *before)
    expected = torch.nn.functional.interpolate(images, size=(after, after), mode="area")
    assert torch.allclose(fields.resize(images, after), expected, atol=1e-6)
    assert not torch.allclose(fields.resize(images, after), images[..., :after, :after], atol=1e-2)


def test_only_a_field_that_is_grey_everywhere_makes_grey_by_copying() -> None:
    images = torch.rand(2, 3, 33, 33) * 2 - 1
    grey = torch.rand(2, 1, 8, 8).repeat(1, 3, 1, 1)
    field = ColourMap(grey, torch.zeros(2, 1, 8, 8), grey * 0.1)
    field.saturation[1, 0, 3, 3] = 0.5
    out = fields.apply_colour_map(images, field)
    assert torch.equal(out[0, 0], out[0, 2]) and not torch.equal(out[1, 0], out[1, 2])
