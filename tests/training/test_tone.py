"""The tone rule, pigments and the neutral part, on pictures whose answer is plain arithmetic."""

import pytest
import torch

from aotface.training.tone import (
    HAEMOGLOBIN,
    MELANIN,
    linear_to_srgb,
    log_tone,
    luminance,
    neutral_part,
    pigment,
    skin_weight,
    srgb_to_linear,
    tinted,
    tone_gain,
    weighted_mean,
)

SKIN = torch.tensor((0.40, 0.24, 0.16))[:, None, None]
LIPS = torch.tensor((0.30, 0.11, 0.10))[:, None, None]
WHITE = torch.tensor((0.55, 0.53, 0.50))[:, None, None]
BROW = torch.tensor((0.03, 0.025, 0.02))[:, None, None]


def face(side=32, seed=0):
    """Skin with a little texture, brows, lips and one eye's white; the mask is all but the rim."""
    rng = torch.Generator().manual_seed(seed)
    picture = SKIN * torch.exp(0.05 * torch.randn(1, side, side, generator=rng))
    for colour, rows, columns in (
        (BROW, (6, 8), (6, 26)),
        (LIPS, (24, 27), (10, 22)),
        (WHITE, (10, 14), (8, 13)),
    ):
        picture[:, slice(*rows), slice(*columns)] = colour
    mask = torch.zeros(1, 1, side, side)
    mask[..., 2:-2, 2:-2] = 1
    return picture[None], mask


def match_tone(a, b, mask):
    """The tone rule: one gain per channel, so that A's skin has the log-mean of B's."""
    return tinted(a, tone_gain(a, b, skin_weight(a, mask), skin_weight(b, mask)))


def test_srgb_curve_has_its_published_values_and_inverts():
    assert linear_to_srgb(torch.tensor((0.0, 0.0031308, 0.214041, 1.0))).tolist() == pytest.approx(
        [0, 0.04045, 0.5, 1], abs=1e-4
    )
    ramp = torch.linspace(0, 1, 501)
    assert torch.allclose(linear_to_srgb(srgb_to_linear(ramp)), ramp, atol=1e-5)


def test_luminance_and_weighted_mean():
    picture = torch.tensor((1.0, 0.0, 0.5))[None, :, None, None].repeat(1, 1, 2, 2)
    assert luminance(picture)[0, 0, 0, 0] == pytest.approx(0.2126 + 0.0361)
    weight = torch.tensor([[1.0, 0.0], [0.0, 3.0]])[None, None]
    field = torch.tensor([[2.0, 9.0], [9.0, 6.0]])[None, None]
    assert weighted_mean(field, weight).item() == pytest.approx(5)
    assert weighted_mean(field, 0 * weight).item() == 0


def test_tone_rule_closed_form_one_gain_per_channel_is_undone():
    a, mask = face()
    gain = torch.tensor((0.5, 0.3, 0.2))[None, :, None, None]
    assert torch.allclose(match_tone(a, a * gain, mask), a * gain, atol=1e-5)
    assert torch.allclose(match_tone(a * gain, a, mask), a, atol=1e-5)


def test_tone_rule_brings_another_face_to_the_same_log_mean():
    a, mask = face(seed=1)
    b = face(seed=2)[0] * torch.tensor((0.3, 0.25, 0.22))[None, :, None, None]
    b[..., 20:, :] *= 0.2  # B has a beard: it must not darken A
    answer = match_tone(a, b, mask)
    skin = SKIN[:, 0, 0] * torch.tensor((0.3, 0.25, 0.22))
    assert torch.allclose(answer[0, :, 16, 16], a[0, :, 16, 16] / SKIN[:, 0, 0] * skin, rtol=0.05)


def test_twin_a_plain_mean_would_follow_the_beard():
    b, mask = face(seed=2)
    b[..., 20:, :] *= 0.2
    robust, plain = log_tone(b, skin_weight(b, mask)), log_tone(b, mask)
    assert (robust - SKIN.log()).abs().max() < 0.06 < 0.4 < (plain - SKIN.log()).abs().max()


def test_skin_weight_finds_skin_and_does_not_care_for_gain():
    a, mask = face()
    weight = skin_weight(a, mask)
    assert weight[0, 0, 16, 16] > 0.5 and weight[0, 0, 7, 12] < 0.05 and weight[0, 0, 25, 15] < 0.1
    assert (weight * (1 - mask)).max() == 0
    gain = torch.tensor((0.5, 0.2, 0.9))[None, :, None, None]
    assert torch.allclose(weight, skin_weight(a * gain, mask), atol=1e-4)


def test_neutral_part_is_in_eye_whites_but_not_in_skin_or_lips():
    a, mask = face()
    part = neutral_part(a, skin_weight(a, mask))[0, 0]
    assert part[12, 10] > 0.3
    assert part[16, 16] < 0.01 and part[25, 15] < 0.01


def test_dark_skin_made_light_keeps_its_eye_whites_and_twin_one_gain_burns_them():
    light, mask = face()
    dark = light.clone()
    is_skin = (light[:, :1] < 0.5) & (light[:, :1] > 0.2)
    dark = torch.where(is_skin, light * torch.tensor((0.25, 0.2, 0.18))[:, None, None], light)
    skin = skin_weight(dark, mask)
    gain = tone_gain(dark, light, skin, skin_weight(light, mask))
    kept = tinted(dark, gain, neutral_part(dark, skin))
    burnt = match_tone(dark, light, mask)
    assert kept[0, :, 12, 10].max() < 0.88 and burnt[0, :, 12, 10].min() == 1
    assert torch.allclose(kept[0, :, 16, 16], light[0, :, 16, 16], rtol=0.05)


def test_grey_picture_has_no_neutral_part_and_stays_grey():
    a, mask = face()
    grey = a.mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous()
    assert neutral_part(grey, skin_weight(grey, mask)).max() == 0
    answer = match_tone(grey, 0.4 * grey, mask)
    assert torch.equal(answer[:, 0], answer[:, 1]) and torch.equal(answer[:, 1], answer[:, 2])


def test_pigment_is_beer_lambert_on_skin():
    a, mask = face()
    moved = pigment(a, mask, skin_weight(a, mask), torch.tensor([0.7]), torch.tensor([0.1]))
    expected = torch.exp(-(0.7 * torch.tensor(MELANIN) + 0.1 * torch.tensor(HAEMOGLOBIN)))
    assert torch.allclose((moved / a)[0, :, 16, 16], expected, rtol=0.02)
    assert (moved / a)[0, 2, 12, 10] > 0.75  # the eye's white hardly


def test_pigment_takes_blue_before_red_and_back_again():
    a, mask = face()
    skin = skin_weight(a, mask)
    amount, none = torch.tensor([0.8]), torch.tensor([0.0])
    dark = pigment(a, mask, skin, amount, none)
    ratio = (dark / a)[0, :, 16, 16]
    assert ratio[0] > ratio[1] > ratio[2]
    back = pigment(dark, mask, skin_weight(dark, mask), -amount, none)
    assert torch.allclose(back[0, :, 16, 16], a[0, :, 16, 16], rtol=0.03)
    assert torch.equal(pigment(a, mask, skin, none, none), a) or torch.allclose(
        pigment(a, mask, skin, none, none), a, atol=1e-6
    )


def test_pigment_reaches_the_neck_but_not_the_wall():
    a, mask = face()
    wide = torch.cat((a, a), 3)
    wide[..., 32:48] = torch.tensor((0.6, 0.65, 0.7))[:, None, None]  # a wall
    wide[..., 48:] = SKIN  # a neck
    known = torch.cat((mask, 0 * mask), 3)
    moved = pigment(wide, known, skin_weight(wide, known), torch.tensor([0.8]), torch.tensor([0.0]))
    ratio = (moved / wide)[0, 1, 16]
    assert ratio[56] < 0.5 and ratio[40] > 0.95
