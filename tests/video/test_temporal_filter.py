"""Steady over time, and yet at once under another lamp; the same bytes however the video is cut up."""

import numpy as np
import pytest

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.errors import InputError
from aotface.video.temporal_filter import (
    GRID,
    MAP_REACH,
    MASK_REACH,
    apply_filtered_tone,
    filter_mask,
    light_grid,
    serves,
    temporal_filter,
    tone_of,
    window,
)

FRAMES = 24
SIDE = 48


def crop(gain: float = 1.0, seed: int = 0, side: int = 128) -> np.ndarray:
    """A smooth picture under so much light."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    tone = 0.2 + 0.1 * np.sin(3 * x + rng.random()) * np.cos(2 * y)
    linear = tone[..., None] * np.array([1.0, 0.8, 0.6]) * gain
    return linear_to_srgb(np.clip(linear, 0, 1)).astype(np.float32)


def lamp(frame: int) -> float:
    return 1.0 if frame < 12 else 1.6


@pytest.fixture(scope="module")
def even() -> list[np.ndarray]:
    """Light of a clip in which it never changes."""
    return [light_grid(crop())] * FRAMES


@pytest.fixture(scope="module")
def switched() -> list[np.ndarray]:
    return [light_grid(crop(lamp(frame))) for frame in range(FRAMES)]


def maps(seed: int = 0, noise: float = 0.1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(SIDE, SIDE, 7))
    return [(base + noise * rng.normal(size=base.shape)).astype(np.float32) for _ in range(FRAMES)]


def along(values: list, lights: list, reach: int, function, stretch: range = range(FRAMES)) -> dict:
    entries, their_lights = dict(enumerate(values)), dict(enumerate(lights))
    return {
        frame: function(window(entries, frame, reach, stretch), window(their_lights, frame, reach, stretch))
        for frame in stretch
    }


def test_what_does_not_change_is_not_changed(even: list[np.ndarray]) -> None:
    value = maps(noise=0)
    np.testing.assert_allclose(along(value, even, MAP_REACH, temporal_filter)[10], value[10], atol=1e-6)


def test_flicker_goes(even: list[np.ndarray]) -> None:
    value = maps()
    shown = along(value, even, MAP_REACH, temporal_filter)
    before = np.std([value[k] for k in range(6, 18)], axis=0).mean()
    after = np.std([np.diff([shown[k] for k in range(6, 18)], axis=0)], axis=1).mean()
    assert after < before / 5


def test_frames_without_maps_take_those_of_the_frames_around(even: list[np.ndarray]) -> None:
    value = [one if k % 2 == 0 else None for k, one in enumerate(maps(noise=0))]
    np.testing.assert_allclose(along(value, even, MAP_REACH, temporal_filter)[11], value[10], atol=1e-6)
    assert all(along(value, even, MAP_REACH, serves).values())


def test_a_flash_needs_maps_of_its_own(even: list[np.ndarray]) -> None:
    flash = [light_grid(crop(1.6)) if k == 11 else one for k, one in enumerate(even)]
    value = [one if k % 2 == 0 else None for k, one in enumerate(maps())]
    assert [k for k, found in along(value, flash, MAP_REACH, serves).items() if not found] == [11]
    assert np.isfinite(along(value, flash, MAP_REACH, temporal_filter)[11]).all()
    value[11] = value[10]
    assert along(value, flash, MAP_REACH, serves)[11]  # twin


def test_a_slow_change_is_neither_late_nor_damped(even: list[np.ndarray]) -> None:
    value = [np.full((SIDE, SIDE, 3), 0.02 * frame, np.float32) for frame in range(FRAMES)]
    shown = along(value, even, MAP_REACH, temporal_filter)
    for frame in range(MAP_REACH, FRAMES - MAP_REACH):
        np.testing.assert_allclose(shown[frame], value[frame], atol=1e-5)


def test_a_lamp_is_followed_at_once(even: list[np.ndarray], switched: list[np.ndarray]) -> None:
    value = [np.full((SIDE, SIDE, 3), np.log(lamp(frame)), np.float32) for frame in range(FRAMES)]
    shown = along(value, switched, MAP_REACH, temporal_filter)
    for frame in range(FRAMES):
        np.testing.assert_allclose(shown[frame], value[frame], atol=0.05 * np.log(1.6))
    blind = along(
        value, even, MAP_REACH, temporal_filter
    )  # the twin: who does not look at the light smears it
    assert blind[12].max() < 0.7 * np.log(1.6) and blind[11].min() > 0.3 * np.log(1.6)


def test_a_weak_lamp_is_followed_within_three_frames() -> None:
    gains = [1.0 if frame < 12 else 1.15 for frame in range(FRAMES)]
    value = [np.full((SIDE, SIDE, 3), gain, np.float32) for gain in gains]
    shown = along(value, [light_grid(crop(gain)) for gain in gains], MAP_REACH, temporal_filter)
    assert (shown[14].min() - 1) / 0.15 > 0.9
    assert (shown[9].max() - 1) / 0.15 < 0.1


def test_light_counts_where_it_changes(even: list[np.ndarray]) -> None:
    lights = [light.copy() for light in even]
    for frame in range(12, FRAMES):
        lights[frame][:, : GRID // 2] += 0.5
    value = [np.full((SIDE, SIDE, 1), float(frame >= 12), np.float32) for frame in range(FRAMES)]
    shown = along(value, lights, MAP_REACH, temporal_filter)[12][..., 0]
    assert shown[:, : SIDE // 2 - 3].min() > 0.99
    assert shown[:, SIDE // 2 + 3 :].max() < 0.7


@pytest.mark.parametrize("function", [temporal_filter, filter_mask])
def test_past_and_future_are_alike(function, switched: list[np.ndarray]) -> None:
    value = maps() if function is temporal_filter else [np.clip(m[..., 0], 0, 1) for m in maps()]
    there = function(value[8:17], switched[8:17])
    back = function(value[8:17][::-1], switched[8:17][::-1])
    np.testing.assert_allclose(there, back, atol=1e-5)


@pytest.mark.parametrize(("function", "reach"), [(temporal_filter, MAP_REACH), (filter_mask, MASK_REACH)])
def test_pieces_give_the_same_bytes(function, reach: int, switched: list[np.ndarray]) -> None:
    value = maps() if function is temporal_filter else [np.clip(m[..., 0], 0, 1) for m in maps()]
    whole = along(value, switched, reach, function)
    for first, last in ((0, 7), (8, 15), (16, 23)):
        known = range(max(0, first - reach), min(FRAMES, last + reach + 1))
        entries, lights = ({k: values[k] for k in known} for values in (value, switched))
        for frame in range(first, last + 1):
            windows = (window(e, frame, reach, range(FRAMES)) for e in (entries, lights))
            np.testing.assert_array_equal(function(*windows), whole[frame])
    with pytest.raises(InputError, match="missing"):  # the twin: one frame too few
        window({k: value[k] for k in range(8 - reach + 1, 16)}, 8, reach, range(FRAMES))


def test_nothing_comes_from_beyond_a_cut(even: list[np.ndarray]) -> None:
    value = [np.full((SIDE, SIDE, 1), float(frame >= 12), np.float32) for frame in range(FRAMES)]
    assert along(value, even, MAP_REACH, temporal_filter, range(12, FRAMES))[12].min() == 1
    assert along(value, even, MAP_REACH, temporal_filter)[12].min() < 1  # the twin


def test_a_mask_that_flickers_stands_still(even: list[np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    soft = np.clip(rng.random((SIDE, SIDE)), 0, 1).astype(np.float32)
    masks = [soft.copy() for _ in range(FRAMES)]
    masks[10][:20] = 0
    shown = along(masks, even, MASK_REACH, filter_mask)
    for frame in range(FRAMES):
        np.testing.assert_allclose(shown[frame], soft, atol=1e-5)


@pytest.mark.parametrize("alike", [True, False])
def test_a_hand_is_followed_within_two_frames(alike: bool, even: list[np.ndarray]) -> None:
    """Even a hand of the face's own colour, which the light does not tell."""
    masks = [np.ones((SIDE, SIDE), np.float32) for _ in range(FRAMES)]
    lights = [light.copy() for light in even]
    for frame in range(12, FRAMES):
        masks[frame][20:] = 0
        lights[frame][GRID * 20 // SIDE :] -= 0.0 if alike else 0.4
    shown = along(masks, lights, MASK_REACH, filter_mask)
    assert shown[14][24:].max() < (0.01 if alike else 1e-6)
    assert shown[9][24:].min() > 0.99
    if not alike:
        assert shown[12][24:].max() < 0.01 and shown[11][24:].min() > 0.99


def test_a_quick_hand_is_not_wiped_away(even: list[np.ndarray]) -> None:
    masks = [np.ones((SIDE, SIDE), np.float32) for _ in range(FRAMES)]
    lights = [light.copy() for light in even]
    masks[12][:] = 0
    lights[12] -= 0.4
    assert along(masks, lights, MASK_REACH, filter_mask)[12].max() < 0.01
    assert along(masks, even, MASK_REACH, filter_mask)[12].min() > 0.99  # the twin: seen by its light alone


def test_a_transfer_without_a_field_is_settled(even: list[np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    before, mask = crop(seed=1), np.ones((128, 128), np.float32)
    gains = 1.3 + 0.05 * rng.normal(size=(FRAMES, 3))
    shown = [linear_to_srgb(srgb_to_linear(before) * gain).astype(np.float32) for gain in gains]
    tones = [tone_of(before, y, mask) for y in shown]
    ideal = along(tones, even, MAP_REACH, temporal_filter)
    settled = [apply_filtered_tone(y, tones[k], ideal[k]) for k, y in enumerate(shown)]
    raw, calm = (np.abs(np.diff([y.mean(axis=(0, 1)) for y in ys], axis=0)).mean() for ys in (shown, settled))
    assert calm < raw / 5
    assert (
        np.abs(settled[12] / shown[12] - (settled[12] / shown[12]).mean(axis=(0, 1))).max() < 0.01
    )  # one gain


def test_settling_to_its_own_tone_changes_nothing() -> None:
    before, after = crop(seed=1), crop(1.4, seed=2)
    tone = tone_of(before, after, np.ones((128, 128), np.float32))
    np.testing.assert_allclose(apply_filtered_tone(after, tone, tone), after, atol=1e-5)


def test_grey_stays_grey() -> None:
    grey = np.repeat(crop(seed=3).mean(axis=2, keepdims=True), 3, axis=2)
    tone = tone_of(crop(seed=1), grey, np.ones((128, 128), np.float32))
    large = np.repeat(np.repeat(grey, 3, axis=0), 3, axis=1)[:379, :379]
    shown = apply_filtered_tone(np.ascontiguousarray(large), tone, tone + np.float32(0.1))
    assert np.ptp(shown, axis=2).max() == 0
    assert shown.mean() > large.mean()


def test_a_window_must_be_one(even: list[np.ndarray]) -> None:
    value = maps()
    for wrong in (value[:4], [None] * 5, []):
        with pytest.raises(InputError, match="window"):
            temporal_filter(wrong, even[: len(wrong)])
    with pytest.raises(InputError, match="window"):
        temporal_filter(value[:5], [*even[:2], None, *even[3:5]])
    mask = np.ones((SIDE, SIDE), np.float32)
    with pytest.raises(InputError, match="window"):
        filter_mask([None, mask, mask], even[:3])


def test_a_repeated_frame_gets_the_window_of_the_frame_that_it_repeats() -> None:
    """What stands still in the target stands still in the result, also where the frames around differ."""
    numbers = {k: k for k in range(30)}
    repeats = {11, 13, 14}
    first, again = (window(numbers, frame, 4, range(30), repeats) for frame in (10, 11))
    assert first == again and first[len(first) // 2] == 10
    threefold = [window(numbers, frame, 4, range(30), repeats) for frame in (12, 13, 14)]
    assert threefold[0] == threefold[1] == threefold[2] and 12 in threefold[0] and 13 not in threefold[0]
    assert not {11, 13, 14} & {number for number in first[len(first) // 2 :] if number is not None}
    assert window(numbers, 10, 4, range(30)) != window(numbers, 11, 4, range(30))  # the twin
    assert window(numbers, 20, 4, range(30), repeats) == list(range(16, 25))  # far from any repeat


def test_a_long_still_is_one_window() -> None:
    numbers = {k: k for k in range(40)}
    still = set(range(11, 31))
    assert [window(numbers, frame, 4, range(40), still) for frame in (20, 25)] == [[16], [21]]
