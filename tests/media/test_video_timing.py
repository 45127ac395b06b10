from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from media.made_clips import KINDS, NTSC, Clip, make_clip, number_in

from aotface import errors
from aotface.media.video import timing
from aotface.media.video.decode import read_frames
from aotface.media.video.probe import probe
from aotface.media.video.timing import Clock, frame_times, regular

Make = Callable[[str], Clip]
ROUGH = Fraction(1, 2000)  # Matroska counts whole milliseconds


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_frame_has_its_own_time(kind, clip: Make) -> None:
    made = clip(kind.name)
    times = frame_times(made.path)
    decoded = frame_times(made.path, exact=True)
    assert len(times) == made.count and times.pts.tolist() == decoded.pts.tolist()
    assert times.end == decoded.end and times.keys.tolist() == decoded.keys.tolist()
    assert times.seekable and times.damaged == 0 and times.keys[0] == 0
    begin = times.seconds(0)
    limit = ROUGH if made.path.suffix in (".mkv", ".webm") else 0
    for index, second in enumerate(made.seconds):
        assert abs(times.seconds(index) - begin - (second - made.seconds[0])) <= limit


def test_ntsc_does_not_drift(tmp_path: Path) -> None:
    """250 frames at 29.97: counting them with 30 would be 8 ms off, with 29 a quarter of a second."""
    made = make_clip(tmp_path / "long.mp4", 250, size=(16, 16), options={"preset": "ultrafast"})
    times = frame_times(made.path)
    assert times.seconds(249) == 249 / NTSC and times.seconds(250) == 250 / NTSC
    assert abs(float(times.seconds(249)) - 249 / 30) > 0.008  # the twin: the difference is there to be seen


def test_uneven_stays_uneven(clip: Make) -> None:
    steps = np.diff(frame_times(clip("uneven.mp4").path).pts)
    assert len(set(steps.tolist())) > 10


def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    """As telephones trim: the frames before 0 are in the file, are needed to decode the others, and are not shown."""
    made = make_clip(
        tmp_path / "hidden.mp4",
        seconds=[(index - 5) / NTSC for index in range(25)],
        options={"x264-params": "keyint=12:bframes=3:scenecut=0"},
    )
    times = frame_times(made.path)
    assert probe(made.path).frames == 25 and len(times) == 20 == len(frame_times(made.path, exact=True))
    assert times.seconds(0) == 0
    for index in range(20):
        assert number_in(next(read_frames(made.path, index, index + 1, times=times)).planes.y) == index + 5


def test_subtitles_that_end_last_are_no_damage(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mkv", 1, words="subrip")  # 0.03 seconds of picture, 0.55 of words
    assert len(frame_times(made.path)) == 1


def test_times_that_do_not_hold_are_noticed(clip: Make) -> None:
    """The failing twin: packets are trusted only because both ends of the file say the same when decoded."""
    path = clip("ntsc.mp4").path
    times = frame_times(path)
    assert timing._ends_agree(path, times)
    for wrong in (times.pts + 1, times.pts[:-1], np.append(times.pts, times.pts[-1] + 1001)):
        assert not timing._ends_agree(path, replace(times, pts=wrong))


def test_packets_that_say_too_little_are_decoded_instead(clip: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip("ntsc.mp4").path
    times = frame_times(path)
    monkeypatch.setattr(timing, "_ends_agree", lambda path, told: False)
    assert frame_times(path).pts.tolist() == times.pts.tolist()


def test_between(clip: Make) -> None:
    times = frame_times(clip("mp2.mpg").path)  # 30 frames at 25 per second, on a clock that begins at 0.5 s
    assert times.between() == (0, 30)
    assert times.between(0.2, 0.4) == (5, 10)
    assert times.between(0.19, 0.41) == (5, 11)
    assert times.between(None, 99.0) == (0, 30)
    for start, end in ((0.5, 0.5), (2.0, None), (0.41, 0.43)):
        with pytest.raises(errors.UsageError, match="at least one frame"):
            times.between(start, end)


def test_regular() -> None:
    times = regular(3, NTSC)
    assert len(times) == 3 and times.seconds(3) == 3 / NTSC


def test_times_that_are_missing_or_run_backwards_are_repaired() -> None:
    clock = Clock(40)
    told = [(0, None), (40, None), (40, None), (None, 80), (None, None), (100, None)]
    assert [clock.time(pts, dts) for pts, dts in told] == [0, 40, 41, 80, 120, 121]
    assert clock.repaired
    clock = Clock(40)
    assert [clock.time(tick) for tick in (-10, 5, 70)] == [-10, 5, 70] and not clock.repaired
