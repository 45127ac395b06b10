"""Faces over time, on small clips made of the sample composites."""

import cv2
import numpy as np
import pytest

from aotface.errors import FaceError, FaceIndexError, InputError, NoFaceError, UsageError
from aotface.face import detect as detecting
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.tracking.descriptor import Descriptor, descriptor_of
from aotface.tracking.motion import OPENS
from aotface.tracking.tracker import Tracker, track
from aotface.tracking.tracklets import Tracklet, join
from aotface.tracking.tracks import Track, Tracks, choose_alike, choose_tracks
from aotface.types import Frame

SIZE = (240, 260)
"""Width and height of a small picture of one person."""


def small(name: str) -> Frame:
    frame = read_image(sample(name)).frame
    scale = SIZE[0] / frame.shape[1]
    return cv2.resize(frame, (SIZE[0], round(len(frame) * scale)), interpolation=cv2.INTER_AREA)[: SIZE[1]]


@pytest.fixture(scope="module")
def man() -> Frame:
    return small("source_light_man")


@pytest.fixture(scope="module")
def woman() -> Frame:
    return small("source_deep_woman")


def moved(frame: Frame, x: float, y: float = 0.0, turn_degrees: float = 0.0, zoom: float = 1.0) -> Frame:
    matrix = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), turn_degrees, zoom)
    matrix[:, 2] += (x, y)
    return cv2.warpAffine(frame, matrix, frame.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


def centres(tracks: Tracks, number: int) -> np.ndarray:
    return tracks.tracks[number].landmarks[..., :2].mean(axis=1)


def stretches(tracks: Tracks, number: int) -> list[tuple[int, int]]:
    one = tracks.tracks[number]
    return [(int(one.frames[s][0]), int(one.frames[s][-1])) for s in tracks.stretches(one)]


def test_a_moving_face_is_one_track_in_its_place(man: Frame) -> None:
    shifts = [(6 * k, 2 * k) for k in range(10)]
    tracks = track(moved(man, x, y) for x, y in shifts)
    assert (tracks.count, len(tracks.tracks), len(tracks.cuts)) == (10, 1, 0)
    np.testing.assert_array_equal(tracks.tracks[0].frames, np.arange(10))
    travelled = centres(tracks, 0) - centres(tracks, 0)[0]
    np.testing.assert_allclose(travelled, shifts, atol=1.5)
    assert (tracks.tracks[0].scores > 0.5).all()


def test_the_same_frames_give_the_same_arrays(man: Frame, woman: Frame) -> None:
    frames = [np.hstack([moved(man, 3 * k), woman]) for k in range(5)]
    first, second = (track(frames).to_arrays() for _ in range(2))
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_who_leaves_and_returns_is_known_again(man: Frame, woman: Frame) -> None:
    away = [0, 0, 0, 40, 90, 150, 240, 240, 240, 240, 240, 240, 150, 90, 40, 0, 0, 0]
    wall = np.full_like(woman, woman[5, 5])
    frames = [np.hstack([man, np.hstack([wall[:, :x], woman])[:, : SIZE[0]]]) for x in away]
    tracks = track(frames)
    assert len(tracks.tracks) == 2
    there = {track.id: len(track.frames) for track in tracks.tracks}
    assert sorted(there.values())[1] == len(frames)
    assert 6 <= sorted(there.values())[0] <= 13
    leaver = min(there, key=lambda number: there[number])
    assert len(stretches(tracks, leaver)) == 2


def test_a_cut_parts_people_and_joins_one_person(man: Frame, woman: Frame) -> None:
    tracks = track([man] * 5 + [woman] * 4 + [moved(man, 30)] * 4)
    assert tracks.cuts.tolist() == [5, 9]
    assert sorted(stretches(tracks, 0) + stretches(tracks, 1)) == [(0, 4), (5, 8), (9, 12)]
    assert sorted(len(stretches(tracks, i)) for i in (0, 1)) == [1, 2]


@pytest.mark.parametrize("flash", [0, 255])
def test_a_flash_ends_nothing(man: Frame, flash: int) -> None:
    frames = [moved(man, k) for k in range(9)]
    frames[4:6] = [np.full_like(man, flash)] * 2
    tracks = track(frames)
    assert len(tracks.cuts) == 0 and stretches(tracks, 0) == [(0, 8)]
    np.testing.assert_array_equal(tracks.tracks[0].scores[4:6], 0)
    line = centres(tracks, 0)[[3, 6]]
    np.testing.assert_allclose(centres(tracks, 0)[4], line[0] + (line[1] - line[0]) / 3, atol=1e-3)


def test_a_long_darkness_does_end_a_run(man: Frame) -> None:
    """The twin of the flash: what is not seen for long is not filled in, but it is the same person afterwards."""
    tracks = track([man] * 4 + [np.zeros_like(man)] * 5 + [man] * 4)
    assert tracks.cuts.tolist() == [4, 9]
    assert len(tracks.tracks) == 1 and stretches(tracks, 0) == [(0, 3), (9, 12)]


def test_a_lamp_ends_nothing(man: Frame) -> None:
    dark = (man * 0.5).astype(np.uint8)
    tracks = track([dark] * 4 + [man] * 4)
    assert len(tracks.cuts) == 0 and stretches(tracks, 0) == [(0, 7)]


def test_a_face_that_appears_between_two_searches_is_traced_back(man: Frame, woman: Frame) -> None:
    wall = np.repeat(np.repeat(man[5:6, 5:6], len(man), axis=0), 3 * SIZE[0], axis=1)
    wall[:, : SIZE[0]] = man
    with_her = wall.copy()
    with_her[50:180, 500:620] = cv2.resize(woman, (120, 130), interpolation=cv2.INTER_AREA)
    tracks = track([wall] * 3 + [with_her] * 8, interval=8)  # searched at 0 and at 8
    assert len(tracks.cuts) == 0
    assert [stretches(tracks, number) for number in (0, 1)] == [[(0, 10)], [(3, 10)]]


def test_a_lying_head_is_followed(man: Frame) -> None:
    frames = [moved(man, 0, 0, turn, 0.8) for turn in range(0, 176, 16)]
    tracks = track(frames)
    assert stretches(tracks, 0) == [(0, len(frames) - 1)]
    points = tracks.tracks[0].landmarks[-1]
    assert points[10, 1] > points[152, 1]  # the chin is above the forehead


def test_repeated_frames_have_the_same_landmarks(man: Frame) -> None:
    """Film at another rate repeats frames, never quite bit for bit."""
    rng = np.random.default_rng(0)
    frames = []
    for k in range(5):
        frame = moved(man, 5 * k)
        frames += [frame, np.clip(frame + rng.integers(-1, 2, frame.shape), 0, 255).astype(np.uint8)]
    landmarks = track(frames).tracks[0].landmarks
    same = (landmarks[1:] == landmarks[:-1]).all(axis=(1, 2))
    assert same[2::2].all() and not same[1::2].any()


def test_landmarks_go_with_the_picture(man: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that stands still before a noisy camera: its landmarks tremble less than the model's answers."""
    noise = np.random.default_rng(0).normal(0, 5, (8, *man.shape))
    frames = np.clip(man + noise, 0, 255).astype(np.uint8)
    held = track(frames).tracks[0].landmarks
    monkeypatch.setattr("aotface.tracking.tracker.held", lambda before, now, known, found: found)
    found = track(frames).tracks[0].landmarks  # the twin
    skin = OPENS < 0.01
    quiet, trembling = (np.diff(points[:, skin, :2], axis=0).std() for points in (held, found))
    assert quiet < trembling / 2


def test_sixteen_bits_are_followed(man: Frame) -> None:
    tracks = track([man.astype(np.uint16) * 257] * 3)
    np.testing.assert_array_equal(tracks.tracks[0].landmarks, track([man] * 3).tracks[0].landmarks)


def test_without_frames_or_faces_there_is_nothing() -> None:
    assert Tracker().finish().count == 0
    nobody = track([np.full((64, 64, 3), 90, np.uint8)] * 2)
    assert (nobody.count, nobody.tracks) == (2, ())
    with pytest.raises(NoFaceError):
        choose_tracks(nobody, "largest")


def a_look(seed: int) -> Descriptor:
    rng = np.random.default_rng(seed)
    return Descriptor(
        rng.normal(size=898).astype(np.float32), np.ones(898, np.float32), np.zeros(2, np.float32)
    )


def a_run(first: int, last: int, x: float, descriptor: Descriptor, size: float = 50.0) -> Tracklet:
    rng = np.random.default_rng(7)
    points = (rng.random((468, 3)) * size + (x, 0, 0)).astype(np.float32)
    frames = list(range(first, last + 1))
    return Tracklet(frames, [points] * len(frames), [0.9] * len(frames), descriptor)


def test_runs_seen_together_are_different_people_however_alike() -> None:
    descriptor = a_look(0)
    assert len(join([a_run(0, 9, 0, descriptor), a_run(5, 14, 200, descriptor)], 15, []).tracks) == 2
    assert len(join([a_run(0, 9, 0, descriptor), a_run(12, 14, 200, descriptor)], 15, []).tracks) == 1


def test_of_two_rivals_nobody_is_chosen() -> None:
    descriptor = a_look(0)
    tracklets = [a_run(0, 9, 0, descriptor), a_run(0, 9, 200, descriptor), a_run(20, 29, 100, descriptor)]
    assert len(join(tracklets, 30, []).tracks) == 3


def test_a_flash_is_dropped_and_a_jump_is_a_cut() -> None:
    across, before, after = (
        a_run(0, 9, 0, a_look(0)),
        a_run(0, 4, 200, a_look(1)),
        a_run(5, 9, 400, a_look(1)),
    )
    assert join([across], 10, [5]).cuts.tolist() == []
    assert join([across, a_run(5, 9, 200, a_look(1))], 10, [5]).cuts.tolist() == [5]  # somebody came with it
    jumped = join([before, after], 10, [])
    assert len(jumped.tracks) == 1 and jumped.cuts.tolist() == [5]


def test_a_moment_is_not_a_face() -> None:
    assert join([a_run(3, 4, 0, a_look(0))], 30, []).tracks == ()
    assert len(join([a_run(0, 1, 0, a_look(0))], 2, []).tracks) == 1  # unless the video is no longer


def test_tracks_are_numbered_by_size() -> None:
    tracks = join([a_run(0, 9, 0, a_look(0), 50), a_run(0, 9, 200, a_look(1), 80)], 10, [])
    assert tracks.tracks[0].area > tracks.tracks[1].area
    assert choose_tracks(tracks, "largest") == (0,)
    assert choose_tracks(tracks, "all") == (0, 1)
    assert choose_tracks(tracks, "1") == (1,)
    for wrong, error in (("2", FaceIndexError), ("left", UsageError), ("-1", UsageError)):
        with pytest.raises(error):
            choose_tracks(tracks, wrong)


def test_faces_of_a_frame() -> None:
    tracks = join([a_run(0, 9, 0, a_look(0)), a_run(4, 9, 200, a_look(1))], 10, [])
    assert [number for number, _ in tracks.faces_at(2)] == [0]
    found = tracks.faces_at(9)
    assert [number for number, _ in found] == [0, 1] == [face.index for _, face in found]
    assert found[1][1].box[0] > 190
    assert tracks.faces_at(10) == []


def test_a_person_is_chosen_by_a_picture(man: Frame, woman: Frame) -> None:
    tracks = track([np.hstack([man, woman])] * 3)
    for picture, side in ((man, 0), (woman, 1)):
        chosen = choose_alike(tracks, descriptor_of(picture, detect(picture)[0]))
        assert (centres(tracks, chosen)[0, 0] > SIZE[0]) == bool(side)
    with pytest.raises(FaceError, match="like the reference"):
        choose_alike(tracks, a_look(3))


def test_there_and_back_as_arrays() -> None:
    tracks = join([a_run(0, 4, 0, a_look(0)), a_run(7, 9, 0, a_look(0))], 10, [6])
    arrays = tracks.to_arrays()
    assert all(array.dtype in (np.int32, np.float32) for array in arrays.values())
    again = Tracks.from_arrays(arrays).to_arrays()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, again[name])
    for name in arrays:
        with pytest.raises(InputError, match="analyse"):
            Tracks.from_arrays({key: value for key, value in arrays.items() if key != name})
        with pytest.raises(InputError, match="analyse"):
            Tracks.from_arrays(arrays | {name: arrays[name].astype(np.float64)})


def test_a_track_breaks_at_gaps_and_cuts() -> None:
    one = Track(
        0, np.int32([3, 4, 5, 6, 9]), np.zeros((5, 468, 3), np.float32), np.ones(5, np.float32), a_look(0)
    )
    assert list(Tracks(10, np.int32([5]), (one,)).stretches(one)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(Tracks(10, np.int32([]), (one,)).stretches(one)) == [slice(0, 4), slice(4, 5)]


def test_repeats_are_told() -> None:
    points = np.random.default_rng(0).normal(size=(3, 468, 3)).astype(np.float32)
    track = Track(0, np.int32([3, 4, 5, 8, 9]), points[[0, 0, 1, 1, 2]], np.ones(5, np.float32), a_look(0))
    tracks = Tracks(12, np.int32([]), (track,))
    assert tracks.repeats(0, range(0, 12)) == [4]  # 8 has the landmarks of 5, but does not follow it
    assert tracks.repeats(0, range(5, 12)) == [] and tracks.repeats(0, range(10, 12)) == []


def test_a_face_that_is_followed_is_not_looked_into_again(
    man: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(interval=2)
    tracker.add(man)
    looked: list[object] = []
    look = detecting._look
    monkeypatch.setattr(detecting, "_look", lambda *given: looked.append(given) or look(*given))
    for _ in range(2):
        tracker.add(man)
    assert not looked and tracker.finish().tracks[0].scores[-1] > 0.5
    tracker.add(np.zeros_like(man))  # the twin: it is lost, so the whole frame is searched
    tracker.add(man)
    assert looked
