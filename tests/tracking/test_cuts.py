"""Shot cuts: another scene is one, light and motion are none."""

import cv2
import numpy as np
import pytest
from skimage import data

from aotface.tracking.cuts import frame_signature, is_cut, shared_structure
from aotface.types import Frame


def lit(frame: Frame, gain: tuple[float, float, float], haze: float = 0.0) -> Frame:
    """The frame under other lamps: gains in (roughly) linear light."""
    linear = (frame / 255) ** 2.2 * np.array(gain) + haze
    return (np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def scenes() -> list[Frame]:
    pictures = [data.astronaut(), data.coffee(), data.chelsea()]
    return [cv2.resize(p, (320, 180), interpolation=cv2.INTER_AREA) for p in pictures]


def test_another_scene_is_a_cut(scenes: list[Frame]) -> None:
    glances = [frame_signature(scene) for scene in scenes]
    assert all(is_cut(a, b) for a in glances for b in glances if a is not b)
    assert not any(is_cut(a, a) for a in glances)


@pytest.mark.parametrize("gain", [(2, 2, 2), (0.4, 0.3, 0.2), (3, 2, 1), (0.15, 0.15, 0.15)])
def test_a_lamp_is_not_a_cut(scenes: list[Frame], gain: tuple[float, float, float]) -> None:
    for scene in scenes:
        before, now = frame_signature(scene), frame_signature(lit(scene, gain))
        assert np.abs(before.histogram - now.histogram).sum() > 0.4  # its colours do change
        assert not is_cut(before, now)


def test_a_pan_is_not_a_cut(scenes: list[Frame]) -> None:
    for scene in scenes:
        assert not is_cut(frame_signature(scene[20:140, 20:230]), frame_signature(scene[20:140, 50:260]))


def test_noise_is_not_a_cut(scenes: list[Frame]) -> None:
    rng = np.random.default_rng(0)
    for scene in scenes:
        noisy = np.clip(scene + rng.normal(0, 8, scene.shape), 0, 255).astype(np.uint8)
        assert not is_cut(frame_signature(scene), frame_signature(noisy))


def test_fading_into_another_scene_is_no_cut_at_any_step(scenes: list[Frame]) -> None:
    steps = [cv2.addWeighted(scenes[0], 1 - k / 24, scenes[1], k / 24, 0) for k in range(25)]
    glances = [frame_signature(step) for step in steps]
    assert not any(is_cut(a, b) for a, b in zip(glances[:-1], glances[1:], strict=True))
    assert is_cut(glances[0], glances[-1])  # the twin: both ends together are


def test_black_frames_are_seen_without_warnings(scenes: list[Frame]) -> None:
    black = frame_signature(np.zeros_like(scenes[0]))
    assert not is_cut(black, black)
    assert is_cut(frame_signature(scenes[0]), black)


def test_sixteen_bits_and_eight_agree(scenes: list[Frame]) -> None:
    wide = frame_signature(scenes[0].astype(np.uint16) * 257)
    np.testing.assert_array_equal(wide.structure, frame_signature(scenes[0]).structure)


def test_the_histogram_has_no_edges(scenes: list[Frame]) -> None:
    """One level brighter moves little weight: hard bins would move whole walls."""
    wall = np.full((90, 160, 3), 127, np.uint8)
    for level in range(100, 160):
        a, b = (frame_signature(wall * 0 + np.uint8(value)).histogram for value in (level, level + 1))
        assert np.abs(a - b).sum() < 0.2


def test_structure_is_found_again_where_it_moved(scenes: list[Frame]) -> None:
    a, b = frame_signature(scenes[0][20:140, 20:230]), frame_signature(scenes[0][20:140, 50:260])
    in_place = (a.structure * b.structure).mean() / np.sqrt((a.structure**2).mean() * (b.structure**2).mean())
    assert shared_structure(a, b) > 0.9 > in_place
