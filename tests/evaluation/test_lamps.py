"""The relit suite's own lights, against what is known in closed form."""

import math

import numpy as np
import pytest

from aotface.evaluation.lamps import HARD_DEGREES, Panel, Scene, black_body, draw_hard_scene, draw_scene
from aotface.evaluation.relit import STRAY, Light, _unshadowed, apply_light, light_on
from aotface.types import Geometry

SIDE = 128
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def plate(normal: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> Geometry:
    ones = np.ones((SIDE, SIDE), np.float32)
    normals = np.broadcast_to(np.array(normal, np.float32), (SIDE, SIDE, 3)).copy()
    return Geometry(normals, np.zeros((SIDE, SIDE, 3), np.float32), 0 * ones, ones)


def scene(direction: tuple[float, float, float], around: float = 0.0, **changes: float) -> Scene:
    """One far point lamp of luminance 1."""
    towards = np.array(direction) / np.linalg.norm(direction)
    lamp = Panel(towards[None] * 1e6, -towards, np.ones(3))
    chosen = {"roughness": 0.4, "sheen": 0.0, "stops": 0.0, "adaptation": 0.0, "angle_degrees": 0.0} | changes
    return Scene((lamp,), np.array([1.0, 0, 0]), np.full((2, 3), around), **chosen)


def test_light_falls_with_the_cosine() -> None:
    squarely, metering = light_on(plate(), scene((0, 0, 1)))
    slanting, _ = light_on(plate((0.6, 0.0, 0.8)), scene((0, 0, 1)), metering)
    np.testing.assert_allclose(squarely.diffuse, 1 + STRAY, atol=1e-4)
    np.testing.assert_allclose(slanting.diffuse, 0.8 + STRAY, atol=1e-4)


def test_the_meter_takes_stops_from_the_mean() -> None:
    for stops in (-3.0, 0.0, 1.0):
        light, _ = light_on(plate(), scene((0, 0, 1), stops=stops))
        assert float(light.diffuse.mean()) == pytest.approx(2**stops + STRAY, rel=1e-4)


def test_white_balance_takes_all_of_a_cast_or_none() -> None:
    warm = scene((0, 0, 1))
    warm = Scene(
        (Panel(warm.panels[0].places, warm.panels[0].facing, black_body(2500.0)),), warm.axis, warm.around,
        0.4, 0.0, 0.0, 1.0, 0.0,
    )  # fmt: skip
    full, _ = light_on(plate(), warm)
    bare, _ = light_on(plate(), Scene(**{**vars(warm), "adaptation": 0.0}))
    np.testing.assert_allclose(full.diffuse, 1 + STRAY, atol=1e-3)
    assert bare.diffuse[..., 0].mean() > 5 * bare.diffuse[..., 2].mean()
    assert float((bare.diffuse.mean((0, 1)) - STRAY) @ LUMINANCE) == pytest.approx(1, rel=1e-3)


def test_a_step_throws_a_shadow_as_long_as_geometry_says() -> None:
    height = np.zeros((SIDE, SIDE))
    height[:, :20] = 40.0  # a wall of 40 pixels at the left, lamp from the left at 45 degrees
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float) * 2 - 128
    places = np.stack([x, y, height], axis=2)[SIDE // 2]
    towards = np.broadcast_to(np.array([-1.0, 0.0, 1.0]) / math.sqrt(2), places.shape)
    lit = _unshadowed(places, towards, height)
    dark = places[lit < 0.5, 0]
    assert dark.min() == pytest.approx(-128 + 40, abs=3)
    # As long as the wall is high, less the step of the march at that distance.
    assert -128 + 40 + 40 - 9 <= dark.max() <= -128 + 40 + 40
    flat = _unshadowed(places * [1, 1, 0], towards, 0 * height)
    assert flat.min() == 1.0  # the twin: no wall, no shadow


def test_black_bodies_have_the_colours_they_are_known_for() -> None:
    np.testing.assert_allclose(black_body(6600.0), 1.0, atol=0.06)
    red, green, blue = black_body(2000.0)
    assert red > 2 * green > 8 * blue
    assert black_body(12000.0)[2] > 1.3 * black_body(12000.0)[0]
    for kelvin in (2000.0, 5000.0, 12000.0):
        assert float(black_body(kelvin) @ LUMINANCE) == pytest.approx(1, abs=1e-3)


def test_a_picture_under_light_one_is_itself_and_half_the_light_is_one_stop() -> None:
    even = np.random.default_rng(0).random((8, 8, 3), np.float32)
    ones = np.ones((8, 8, 3), np.float32)
    np.testing.assert_allclose(apply_light(even, Light(ones, 0 * ones)), even, atol=1e-5)
    grey = apply_light(ones, Light(0.5 * ones, 0 * ones))
    np.testing.assert_allclose(grey, 1.055 * 0.5 ** (1 / 2.4) - 0.055, atol=1e-4)


def test_highlights_add_light_where_the_lamp_is_mirrored() -> None:
    shiny, _ = light_on(plate(), scene((0, 0, 1), sheen=1.0))
    aside, _ = light_on(plate(), scene((1, 0, 1), sheen=1.0))
    assert shiny.shine.mean() > 3 * aside.shine.mean() > 0
    matt, _ = light_on(plate(), scene((0, 0, 1)))
    assert matt.shine.max() == 0


def test_scenes_follow_from_the_seed_and_keep_their_ranges() -> None:
    scenes = [draw_scene(np.random.default_rng([7, k])) for k in range(60)]
    again = [draw_scene(np.random.default_rng([7, k])) for k in range(60)]
    for one, two in zip(scenes, again, strict=True):
        np.testing.assert_array_equal(one.panels[0].places, two.panels[0].places)
        assert one.stops == two.stops and -3 <= one.stops <= 1
    assert np.ptp([one.stops for one in scenes]) > 3
    assert np.ptp([one.angle_degrees for one in scenes]) > 60
    assert {len(one.panels) for one in scenes} == {1, 2}


def test_hard_scenes_are_one_small_lamp_aside() -> None:
    for seed in range(20):
        hard = draw_hard_scene(np.random.default_rng(seed))
        assert len(hard.panels) == 1 and HARD_DEGREES[0] <= hard.angle_degrees <= HARD_DEGREES[1]
        places = hard.panels[0].places
        size = np.linalg.norm(places - places.mean(0), axis=1).max() / np.linalg.norm(places.mean(0))
        assert size < 0.1 and float(hard.around.max()) < 0.5
    assert len(draw_scene(np.random.default_rng(1)).panels[0].places) > 4  # the twin: most lamps are large
