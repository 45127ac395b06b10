"""Pairs with a known answer: same person in, same picture out; grey stays grey; the seed decides all."""

from dataclasses import replace

import pytest
import torch

from aotface.training.draw import draw_lamps, draw_strobes
from aotface.training.lighting import LightingConfig, Surface, make_pairs
from aotface.training.tone import srgb_to_linear

SIDE = 64
CLEAN = LightingConfig(
    tone_probability=0.0,
    noise_probability=0.0,
    blur_probability=0.0,
    jpeg_probability=0.0,
    strobe_probability=0.0,
    relief=(1.0, 1.0),
    relief_difference=0.0,
    bumps=0.0,
)


def ball(n):
    axis = (torch.arange(SIDE) + 0.5) / SIDE - 0.5
    x, y = torch.meshgrid(axis, axis, indexing="xy")
    inside = (x * x + y * y < 0.38**2).float()
    z = (0.4**2 - x * x - y * y).clamp_min(0).sqrt()
    maps = (torch.stack((x, y, z)) / 0.4 * inside, (z * SIDE * inside)[None], inside[None])
    return Surface(*(part[None].repeat(n, 1, 1, 1) for part in maps))


def people(n, seed):
    rng = torch.Generator().manual_seed(seed)
    texture = 0.04 * torch.randn(n, 1, SIDE, SIDE, generator=rng)
    tone = torch.tensor((0.72, 0.56, 0.47)) * (0.6 + 0.4 * torch.rand(n, 1, generator=rng))
    return (tone[:, :, None, None] + texture).clamp(0, 1)


def pairs(n=8, seed=0, config=CLEAN, same=False, a=None, b=None):
    a = people(n, 1) if a is None else a
    b = (a if same else people(n, 2)) if b is None else b
    return make_pairs(a, b, ball(n), torch.Generator().manual_seed(seed), config)


def test_one_person_lit_twice_the_answer_is_the_target():
    made = pairs(same=True)
    assert torch.allclose(made.answer, made.x_t, atol=1e-4)


def test_twin_two_people_are_not_the_same_answer():
    made = pairs()
    inside = made.mask.expand_as(made.x_t) > 0
    assert (made.answer - made.x_t)[inside].abs().mean() > 0.005


def test_another_tone_is_taken_on():
    a, b = people(8, 1), people(8, 1) * 0.6
    made = pairs(a=a, b=b, config=replace(CLEAN, camera=False, oiliness=(0.0, 0.0)))
    inside = made.mask > 0
    means = [(part * inside).sum((2, 3)) / inside.sum((2, 3)) for part in (made.answer, made.x_t)]
    assert (means[0] - means[1]).abs().max() < 0.02


def test_the_seed_decides_every_byte_and_twin_another_seed_does_not():
    config = LightingConfig()
    first, again, other = (
        pairs(seed=3, config=config),
        pairs(seed=3, config=config),
        pairs(seed=4, config=config),
    )
    for name in ("x_r", "x_t", "answer"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))


def test_nothing_is_drawn_from_the_global_generator():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    pairs(config=LightingConfig())
    assert torch.equal(before, torch.get_rng_state())


def test_the_inputs_are_not_written_to():
    a, b = people(4, 1), people(4, 2)
    kept = a.clone(), b.clone()
    pairs(4, a=a, b=b, config=LightingConfig(tone_probability=1.0))
    assert torch.equal(a, kept[0]) and torch.equal(b, kept[1])


@pytest.mark.parametrize("half", [True, False])
def test_pictures_are_finite_and_in_range(half):
    made = pairs(16, 5, LightingConfig(target_mix=(0.0, 0.0, 1.0), half_shading=half))
    for part in (made.x_r, made.x_t, made.answer):
        assert (
            part.shape == (16, 3, SIDE, SIDE)
            and part.isfinite().all()
            and part.min() >= 0
            and part.max() <= 1
        )


def test_grey_targets_have_exactly_grey_answers():
    made = pairs(config=LightingConfig(grey_probability=1.0, tinted_probability=0.0))
    for part in (made.x_t, made.answer):
        assert torch.equal(part[:, 0], part[:, 1]) and torch.equal(part[:, 1], part[:, 2])
    assert made.parameters["grey_t"].eq(1).all() and made.x_r.std(1).max() > 0.01


def test_no_answer_is_so_black_that_no_gain_could_reach_it():
    made = pairs(
        16, 2, replace(CLEAN, target_mix=(0.0, 0.0, 1.0), source_mix=(0.0, 0.0, 1.0), grey_probability=0.0)
    )
    inside = (made.mask > 0)[:, 0]
    for part in (made.x_r, made.answer):
        brightest = srgb_to_linear(part).amax(1)[inside]
        assert brightest.min() > 5e-4


def test_mild_light_hardly_changes_a_picture_and_twin_extreme_light_does():
    def change(mix):
        plain = replace(
            CLEAN, camera=False, source_mix=mix, target_mix=mix, grey_probability=0.0, tinted_probability=0.0
        )
        plain = replace(plain, source_grey_probability=0.0, gobo_probability=0.0)
        made = pairs(16, config=plain, same=True)
        return ((made.x_r - made.x_t).abs() * made.mask).sum() / made.mask.sum() / 3

    assert change((1.0, 0.0, 0.0)) < 0.05 < 0.1 < change((0.0, 0.0, 1.0))


def test_only_the_inputs_have_noise():
    noisy = replace(CLEAN, noise_probability=1.0, noise_level=0.2, target_mix=(1.0, 0.0, 0.0))
    flat = torch.full((8, 3, SIDE, SIDE), 0.5)
    made = pairs(a=flat, b=flat, config=noisy)
    rough = [(p[..., 1:] - p[..., :-1])[..., 24:40, 24:40].abs().mean() for p in (made.x_t, made.answer)]
    assert rough[0] > 3 * rough[1]


def test_self_shadow_can_be_switched_off_and_darkens_when_on():
    nose = ball(8)
    nose.depth[..., 28:36, 30:34] += 8
    a = people(8, 1)
    config = replace(CLEAN, target_mix=(0.0, 0.0, 1.0))
    lit = [
        make_pairs(a, a, nose, torch.Generator().manual_seed(0), replace(config, self_shadow=on))
        for on in (True, False)
    ]
    assert not torch.equal(lit[0].x_t, lit[1].x_t)


def test_the_answer_is_lit_on_its_own_shape():
    """X_r and the answer follow A's shape, X_t follows B's: a flat A shows no shading, a round one does."""
    lamp = replace(CLEAN, camera=False, grey_probability=0.0, tinted_probability=0.0, oiliness=(0.0, 0.0))
    lamp = replace(lamp, target_mix=(0.0, 0.0, 1.0), gobo_probability=0.0, stage_probability=0.0)
    same = torch.full((8, 3, SIDE, SIDE), 0.6)
    shape = ball(8)
    facing = torch.tensor((0.0, 0.0, 1.0))[None, :, None, None] * shape.mask
    flat = Surface(facing, shape.mask * 10, shape.mask)

    def uneven(own):
        made = make_pairs(same, same, shape, torch.Generator().manual_seed(0), lamp, own)
        inside = made.mask.expand_as(made.answer) > 0
        return made.answer[inside].std(), (made.answer - made.x_t)[inside].abs().max()

    assert uneven(None)[1] < 1e-4  # twin: on B's own shape the answer is X_t itself
    assert uneven(flat)[0] < 0.8 * uneven(None)[0]


def test_strobes_are_hard_grey_and_in_front_of_the_source():
    config = LightingConfig(strobe_probability=1.0, noise_probability=0.0)
    lamps, _ = draw_lamps(torch.ones(8), torch.Generator().manual_seed(0), config)
    strobe = torch.tensor((True, False, True, False))
    made = draw_strobes(lamps, strobe, torch.Generator().manual_seed(1), config)
    rows, rest = torch.tensor((0, 2, 4, 6)), torch.tensor((1, 3, 5, 7))
    assert (made.colour[rows, 1:] == 0).all() and (made.wrap[rows] == 0).all()
    assert (made.direction[:4][strobe, 0, 2] > 0.92).all() and (made.penumbra[rows, 0] <= 0.03).all()
    for name in ("direction", "colour", "sky", "penumbra"):
        assert torch.equal(getattr(made, name)[rest], getattr(lamps, name)[rest])


def test_light_that_the_targets_photograph_keeps_is_in_the_answer_and_twin_not_when_switched_off():
    a, slope = people(8, 1), torch.exp(0.5 * ball(8).normals[:, :1])
    b = people(8, 2) * slope / slope.amax()
    clean = replace(CLEAN, camera=False, oiliness=(0.0, 0.0), target_mix=(1.0, 0.0, 0.0))
    right = [
        (made.answer * made.mask)[..., 40:].sum() / (made.answer * made.mask).sum()
        for made in (
            pairs(a=a, b=b, config=replace(clean, leftover=1.0)),
            pairs(a=a, b=b, config=replace(clean, leftover=0.0)),
        )
    ]
    assert right[0] > 1.05 * right[1]
