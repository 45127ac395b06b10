"""Quiet landmarks: trembling goes, motion stays, nothing lags."""

import numpy as np
import pytest

from aotface.face.mesh import MEAN
from aotface.tracking import smooth as module
from aotface.tracking.descriptor import Descriptor
from aotface.tracking.smooth import HEIGHT, shape_at_rest, smooth, smooth_landmarks
from aotface.tracking.tracks import Track, Tracks

RATE = 25.0
SIZE = 200.0
"""Face height in pixels."""

LOWER_LIP = 17


def still(frames: int) -> np.ndarray:
    return np.repeat((MEAN * (SIZE / HEIGHT) + 300)[None], frames, axis=0).astype(np.float64)


def trembling(points: np.ndarray, seed: int = 0) -> np.ndarray:
    """As the landmark model trembles: about a fifth of a hundredth of the face, partly as a whole."""
    rng = np.random.default_rng(seed)
    whole = rng.normal(0, 0.0007 * SIZE, (len(points), 1, 3))
    return points + whole + rng.normal(0, 0.001 * SIZE, points.shape)


def quiet(points: np.ndarray) -> np.ndarray:
    return smooth_landmarks(points.astype(np.float32), RATE).astype(np.float64)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt((values[5:-5] ** 2).mean()))


def test_a_still_head_trembles_a_third() -> None:
    noisy = trembling(still(60))
    assert rms(noisy - still(60)) > 3 * rms(quiet(noisy) - still(60))
    assert rms(np.diff(noisy, axis=0)) > 5 * rms(np.diff(quiet(noisy), axis=0))


def test_what_does_not_move_is_not_moved() -> None:
    np.testing.assert_allclose(quiet(still(10)), still(10), atol=1e-3)


@pytest.mark.parametrize("speed", [0.005, 0.02, 0.1])
def test_a_ramp_is_not_late(speed: float) -> None:
    path = np.clip(np.arange(60) - 25, 0, 10) * speed * SIZE
    moving = trembling(still(60))
    moving[..., 0] += path[:, None]
    shown = quiet(moving)[..., 0].mean(axis=1) - still(60)[..., 0].mean(axis=1)
    delay = (path - shown)[27:34] / (speed * SIZE)
    assert abs(delay.mean()) < 0.25
    assert np.abs(path - shown).max() < 0.005 * SIZE


def test_a_step_is_followed_at_once() -> None:
    stepping = still(40)
    stepping[20:, :, 1] += 0.2 * SIZE
    error = np.abs(quiet(stepping) - stepping)[..., 1].max(axis=1)
    assert error.max() < 0.02 * 0.2 * SIZE


def test_one_pass_alone_would_lag() -> None:
    """The twin of both: the filter run forwards only is late."""
    values = np.clip(np.arange(30.0) - 10, 0, None)[:, None, None] * np.ones(3)
    share = np.full((30, 1, 1), 0.4)
    late = (values - module._forward(values, share))[-1, 0, 0]
    both = (
        module._back(module._forward(values, share), share)
        + module._forward(module._back(values, share), share)
    ) / 2
    assert late > 1
    assert abs((values - both)[20, 0, 0]) < 0.05


@pytest.mark.parametrize("hertz", [4.0, 5.0, 6.0])
@pytest.mark.parametrize("amplitude", [0.012, 0.03])
def test_talking_lips_keep_their_swing(hertz: float, amplitude: float) -> None:
    frames = 50
    swing = np.exp(-0.5 * (np.linalg.norm(MEAN - MEAN[LOWER_LIP], axis=1) / HEIGHT / 0.1) ** 2)
    talking = trembling(still(frames))
    talking[..., 1] += (
        amplitude * SIZE * np.sin(2 * np.pi * hertz * np.arange(frames) / RATE)[:, None] * swing
    )
    wave = np.exp(-2j * np.pi * hertz * np.arange(frames) / RATE)[5:-5]
    before, after = (abs((p[5:-5, LOWER_LIP, 1] - 300) @ wave) for p in (talking, quiet(talking)))
    assert 0.8 < after / before < 1.1
    brow = np.s_[:, 105]
    assert rms((quiet(talking) - still(frames))[brow]) < rms((talking - still(frames))[brow]) / 1.5


def test_time_has_no_direction() -> None:
    moving = trembling(still(40))
    moving[15:, :, 0] += 8
    np.testing.assert_allclose(quiet(moving[::-1]), quiet(moving)[::-1], atol=2e-3)


def test_size_and_place_do_not_matter() -> None:
    noisy = trembling(still(20))
    np.testing.assert_allclose(quiet(noisy * 3 + 50), quiet(noisy) * 3 + 50, atol=2e-3)


def test_long_stretches_in_chunks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = trembling(still(150))
    noisy[70:, :, 0] += 0.3 * np.arange(80)[:, None]
    whole = quiet(noisy)
    monkeypatch.setattr(module, "CHUNK", 60)
    monkeypatch.setattr(module, "OVERLAP", 50)
    np.testing.assert_allclose(quiet(noisy), whole, atol=2e-3)
    monkeypatch.setattr(module, "OVERLAP", 1)  # the twin: without the overlap the chunks show
    assert np.abs(quiet(noisy) - whole).max() > 0.02


def test_repeated_frames_stay_repeated() -> None:
    distinct = trembling(still(12))
    distinct[..., 0] += 2.0 * np.arange(12)[:, None]
    shown = quiet(np.repeat(distinct, 2, axis=0))
    np.testing.assert_array_equal(shown[0::2], shown[1::2])
    np.testing.assert_array_equal(shown[0::2], quiet(distinct))


def test_one_frame_is_left_alone() -> None:
    one = trembling(still(1))
    np.testing.assert_allclose(quiet(one), one, atol=1e-3)


def a_track(landmarks: np.ndarray, frames: np.ndarray) -> Track:
    descriptor = Descriptor(np.zeros(898, np.float32), np.ones(898, np.float32), np.zeros(2, np.float32))
    return Track(
        0, frames.astype(np.int32), landmarks.astype(np.float32), np.ones(len(frames), np.float32), descriptor
    )


def test_nothing_is_smoothed_across_gaps_and_cuts() -> None:
    """Three stretches in three places: each alone gives the same as all together."""
    landmarks = trembling(still(24))
    landmarks[8:16] += 0.5
    landmarks[16:] -= 0.5
    frames = np.r_[0:16, 20:28]  # a cut at 8, a gap before 20
    tracks = smooth(Tracks(28, np.int32([8]), (a_track(landmarks, frames),)), RATE)
    for part in (slice(0, 8), slice(8, 16), slice(16, 24)):
        np.testing.assert_array_equal(
            tracks.tracks[0].landmarks[part], smooth_landmarks(landmarks[part].astype(np.float32), RATE)
        )
    together = smooth(Tracks(28, np.int32([]), (a_track(landmarks, np.arange(24)),)), RATE)
    assert np.abs(together.tracks[0].landmarks - tracks.tracks[0].landmarks).max() > 0.1  # the twin


def test_the_shape_at_rest_is_that_of_most_frames() -> None:
    """Brows raised in a third of the frames, and a head that goes and grows: the rest is the calm face."""
    frames = still(30)
    frames[20:, [105, 334], 1] -= 0.05 * SIZE
    frames = frames * np.linspace(1, 2, 30)[:, None, None] + np.arange(30)[:, None, None]
    rest = shape_at_rest(frames.astype(np.float32))
    np.testing.assert_allclose(rest, MEAN, atol=5e-3)
    acting = shape_at_rest(frames[20:].astype(np.float32))  # the twin
    assert np.abs(acting - MEAN).max() > 0.02


def test_every_face_of_a_track_knows_its_rest() -> None:
    track = a_track(still(6), np.arange(6))
    tracks = smooth(Tracks(6, np.int32([]), (track,)), RATE)
    rests = [face.rest for k in range(6) for _, face in tracks.faces_at(k)]
    assert len(rests) == 6 and all(rest is tracks.tracks[0].rest for rest in rests)
    assert track.rest is None
