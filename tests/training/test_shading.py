"""Light on known shapes: a sphere under one lamp, a wall that throws a shadow, fields carried on."""

import math
from dataclasses import replace

import pytest
import torch

from aotface.training.shading import (
    BEHIND,
    Lamps,
    Surface,
    extend,
    lambert,
    mesh_coverage,
    occlusion,
    self_shadow,
    shade,
    unit,
    with_relief,
)

SIDE = 48


def sphere(n=1, side=SIDE, radius=0.4):
    """A ball facing the camera: exact normals and depth."""
    axis = (torch.arange(side) + 0.5) / side - 0.5
    x, y = torch.meshgrid(axis, axis, indexing="xy")
    inside = (x * x + y * y < (0.98 * radius) ** 2).float()
    z = (radius**2 - x * x - y * y).clamp_min(0).sqrt()
    normals = torch.stack((x, y, z)) / radius * inside
    maps = (normals, (z * side * inside)[None], inside[None])
    return Surface(*(part[None].repeat(n, 1, 1, 1) for part in maps))


def one_lamp(direction, colour=(1.0, 1.0, 1.0), ambient=0.0, n=1, **others):
    direction = torch.tensor(direction) / math.hypot(*direction)
    off = torch.zeros(n, 1)
    lamps = Lamps(
        direction=direction.repeat(n, 1, 1),
        colour=torch.tensor(colour).repeat(n, 1, 1),
        distance=off,
        wrap=off,
        penumbra=off + 0.03,
        sky=off.repeat(1, 3) + ambient,
        ground=off.repeat(1, 3) + ambient,
        up=torch.tensor((0.0, -1.0, 0.0)).repeat(n, 1),
        exponent=torch.full((n,), 30.0),
    )
    return replace(lamps, **others)


def no_gobo(n=1, side=SIDE):
    return torch.ones(n, 1, side, side)


def core(surface):
    """Inside of the ball, away from where smoothing meets the border."""
    return (torch.nn.functional.avg_pool2d(surface.mask, 9, 1, 4) > 0.999)[0, 0]


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (0.0, -0.8, 0.6), (-0.3, 0.4, 0.85)])
def test_lambert_on_a_sphere_is_the_cosine(direction):
    ball = sphere()
    light, _ = shade(ball, one_lamp(direction), no_gobo(), shadows=False)
    lamp = torch.tensor(direction) / math.hypot(*direction)
    exact = (ball.normals[0] * lamp[:, None, None]).sum(0).clamp_min(0)
    assert (light[0, 1] - exact)[core(ball)].abs().max() < 0.03


def test_twin_a_lamp_from_the_other_side_is_told_apart():
    ball = sphere()
    light, _ = shade(ball, one_lamp((-0.6, 0.0, 0.8)), no_gobo(), shadows=False)
    exact = (ball.normals[0] * torch.tensor((0.6, 0.0, 0.8))[:, None, None]).sum(0).clamp_min(0)
    assert (light[0, 1] - exact)[core(ball)].abs().max() > 0.3


def test_light_is_linear_in_the_lamps_colour():
    ball, direction = sphere(), (0.5, -0.4, 0.7)
    grey, grey_shine = shade(ball, one_lamp(direction), no_gobo())
    red, red_shine = shade(ball, one_lamp(direction, (2.0, 0.5, 0.25)), no_gobo())
    scale = torch.tensor((2.0, 0.5, 0.25))[:, None, None]
    assert torch.allclose(red, grey * scale, atol=1e-5)
    assert torch.allclose(red_shine, grey_shine * scale, atol=1e-5)


def test_lights_add_up():
    ball = sphere()
    lamp, dark = one_lamp((0.5, -0.4, 0.7)), one_lamp((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), ambient=0.4)
    both = one_lamp((0.5, -0.4, 0.7), ambient=0.4)
    parts = shade(ball, lamp, no_gobo())[0] + shade(ball, dark, no_gobo())[0]
    assert torch.allclose(shade(ball, both, no_gobo())[0], parts, atol=1e-5)


def test_wrap_lets_light_past_the_horizon():
    cosine, wrap = torch.tensor((-0.2, 0.0, 1.0)), torch.tensor(0.5)
    assert torch.allclose(lambert(cosine, wrap), torch.tensor((0.2, 1 / 3, 1.0)))
    assert lambert(cosine, torch.tensor(0.0))[0] == 0


def test_point_lamp_falls_off_with_the_square_of_the_distance():
    flat = Surface(
        torch.tensor((0.0, 0.0, 1.0))[:, None, None].expand(1, 3, SIDE, SIDE), no_gobo() * 5, no_gobo()
    )
    near = torch.full((1, 1), 1.0)
    light, _ = shade(flat, one_lamp((0.0, 0.0, 1.0), distance=near), no_gobo(), shadows=False)
    # At the lamp's foot 1; at distance r aside the square law times the cosine: (1 + r^2)^-1.5.
    foot, corner = light[0, 0, SIDE // 2, SIDE // 2], light[0, 0, 0, SIDE // 2]
    assert foot == pytest.approx(1, abs=0.01)
    assert corner == pytest.approx((1 + 0.49**2) ** -1.5, abs=0.02)


def wall():
    """A plain with a ridge, 8 pixels high and 4 wide, along its middle."""
    depth = torch.zeros(1, 1, SIDE, SIDE)
    depth[..., SIDE // 2 - 2 : SIDE // 2 + 2] = 8
    return depth


def shadow_of(direction, depth=None):
    lamp = torch.tensor([direction]) / math.hypot(*direction)
    return self_shadow(wall() if depth is None else depth, lamp, torch.tensor([0.3]))[0, 0, SIDE // 2]


def test_frontal_lamp_throws_no_shadow():
    assert shadow_of((0.0, 0.0, 1.0)).min() > 0.9


def test_shadow_falls_away_from_the_lamp_and_is_as_long_as_geometry_says():
    row = shadow_of((1.0, 0.0, 1.0))  # from the right at 45 degrees: 8 pixels of shadow to the left
    middle = SIDE // 2
    assert row[middle + 3 :].min() > 0.9
    assert row[middle - 8 : middle - 2].max() < 0.1
    assert row[: middle - 12].min() > 0.9


def test_twin_the_same_lamp_from_the_left_shades_the_other_side():
    row = shadow_of((-1.0, 0.0, 1.0))
    assert row[SIDE // 2 + 2 : SIDE // 2 + 8].max() < 0.1
    assert row[: SIDE // 2 - 3].min() > 0.9


def test_what_is_not_mesh_throws_no_shadow():
    hole = torch.where(wall() > 0, torch.tensor(BEHIND), torch.tensor(0.0))
    row = shadow_of((1.0, 0.0, 1.0), hole)
    plain = wall()[0, 0, SIDE // 2] == 0
    assert row[plain].min() > 0.9


def test_lower_lamp_throws_a_longer_shadow():
    high, low = shadow_of((1.0, 0.0, 1.0)), shadow_of((1.0, 0.0, 0.5))
    assert (low < 0.5).sum() == pytest.approx(2 * float((high < 0.5).sum()), abs=4)


def test_extend_keeps_what_is_known_and_stays_within_its_range():
    known = torch.zeros(1, 1, SIDE, SIDE)
    known[..., 10:30, 12:40] = 1
    field = torch.rand(1, 2, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    filled = extend(field, known)
    inside = known.expand_as(field) > 0
    assert torch.equal(filled[inside], field[inside])
    assert filled.min() >= 0 and filled.max() <= 1
    constant = extend(torch.full_like(field, 0.3), known)
    assert torch.allclose(constant, torch.full_like(field, 0.3), atol=1e-5)


def test_extend_has_no_visible_border():
    ball = sphere()
    light, _ = shade(ball, one_lamp((0.7, 0.0, 0.7), ambient=0.2), no_gobo())
    steps = (light[..., 1:] - light[..., :-1]).abs()
    assert steps.max() < 0.25


def test_highlight_lies_where_the_mirror_direction_says_and_nowhere_off_the_face():
    ball = sphere()
    _, shine = shade(ball, one_lamp((0.6, 0.0, 0.8)), no_gobo(), shadows=False)
    y, x = divmod(int(shine[0, 0].argmax()), SIDE)
    half = torch.tensor((0.6, 0.0, 1.8))
    expected = (half / half.norm())[0] * 0.4 * SIDE + SIDE / 2 - 0.5
    assert abs(x - float(expected)) < 2.5 and abs(y - SIDE / 2) < 1.5
    assert (shine * (1 - ball.mask)).abs().max() == 0


def test_second_lighting_of_the_same_faces():
    ball = sphere(2)
    one, other = one_lamp((0.6, 0.0, 0.8), n=2), one_lamp((-0.6, 0.0, 0.8), n=2)
    fields = [getattr(one, name) for name in Lamps.__dataclass_fields__]
    both = Lamps(
        *(torch.cat((p, getattr(other, k))) for p, k in zip(fields, Lamps.__dataclass_fields__, strict=True))
    )
    light, _ = shade(ball, both, no_gobo(4))
    assert torch.allclose(light[:2], shade(ball, one, no_gobo(2))[0], atol=1e-6)
    inside = core(ball)
    assert torch.allclose(light[2:, :, inside], light[:2].flip(3)[:, :, inside], atol=1e-4)


def test_gobo_darkens_the_key_only():
    ball = sphere()
    dark = shade(ball, one_lamp((0.0, 0.0, 1.0), ambient=0.3), 0 * no_gobo())[0]
    ambient = shade(ball, one_lamp((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), ambient=0.3), no_gobo())[0]
    assert torch.allclose(dark, ambient, atol=1e-6)


def test_hollows_see_less_sky():
    ball = sphere()
    pit = ball.depth.clone()
    pit[..., 22:26, 22:26] -= 6
    seen = occlusion(pit, mesh_coverage(ball.normals))
    assert seen[0, 0, 24, 24] < 0.6 < seen[0, 0, 24, 12] <= 1


def test_unit_keeps_zero_and_makes_length_one():
    vectors = torch.tensor((3.0, 0.0, 4.0))[None, :, None, None] * torch.tensor((1.0, 0.0))
    assert unit(vectors).square().sum(1).flatten().tolist() == pytest.approx([1, 0])


def test_relief_scales_depth_and_the_slope_of_normals():
    ball = sphere()
    steep = with_relief(ball, torch.tensor([2.0]))
    assert torch.equal(steep.depth, 2 * ball.depth)
    inside = (mesh_coverage(ball.normals) > 0)[0, 0]
    before, after = ball.normals[0][:, inside], steep.normals[0][:, inside]
    # A height field twice as high has twice the slope: n_x / n_z doubles.
    assert torch.allclose(after[0] / after[2], 2 * before[0] / before[2], atol=1e-4)
    assert torch.allclose(after.square().sum(0), torch.ones_like(after[0]), atol=1e-5)
    assert torch.equal(with_relief(ball, torch.tensor([1.0])).depth, ball.depth)


def test_bumps_turn_the_normals_as_their_slope_says():
    """A slope of 1/2 to the right, added to a wall that faces the camera."""
    wall = Surface(
        torch.tensor((0.0, 0.0, 1.0))[None, :, None, None].expand(1, 3, SIDE, SIDE).clone(),
        torch.full((1, 1, SIDE, SIDE), 5.0),
        torch.ones(1, 1, SIDE, SIDE),
    )
    ramp = 0.5 * torch.arange(SIDE).float().expand(1, 1, SIDE, SIDE)
    tilted = with_relief(wall, torch.ones(1), ramp)
    wanted = torch.tensor((-0.5, 0.0, 1.0)) / math.sqrt(1.25)
    assert torch.allclose(tilted.normals[0, :, 10, 10], wanted, atol=1e-6)
    assert torch.equal(tilted.depth, 5 + ramp)
