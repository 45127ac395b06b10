import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from media.made_clips import Clip, number_in

from aotface import errors
from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.encode import PRESETS, Encoding, segment_writer, write_segment
from aotface.media.video.probe import probe

Make = Callable[[str], Clip]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def written(
    clip: Clip, path: Path, encoding: Encoding, first: int = 0, last: int | None = None
) -> list[VideoFrame]:
    frames = list(read_frames(clip.path, first, last))
    assert write_segment(path, probe(clip.path), encoding, frames) == len(frames)
    return frames


LOSSLESS = [
    "ntsc.mp4",
    "ten_bit.mp4",
    "ten_bit_422.mov",
    "odd.webm",
    "odd.mkv",
    "png.mov",
    "full.mp4",
    "rotated_90.mp4",
]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("name", LOSSLESS)
def test_quality_0_gives_back_what_was_decoded(name: str, codec: str, clip: Make, tmp_path: Path) -> None:
    """Nothing between the decoder and the encoder touches a pixel: depth, chroma, odd sizes, full range."""
    path = tmp_path / "a.mp4"
    frames = written(clip(name), path, Encoding(codec, 0), 2, 8)
    back = list(read_frames(path))
    assert len(back) == 6
    for a, b in zip(frames, back, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a.planes, b.planes, strict=True))
    info, wanted = probe(path), probe(clip(name).path)
    assert info.layout == wanted.layout and info.bit_depth == (10 if wanted.bit_depth > 8 else 8)
    assert info.colour.full_range == wanted.colour.full_range and info.colour.matrix == wanted.colour.matrix


def test_the_default_quality_is_close(clip: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    frames = written(clip("ntsc.mp4"), path, Encoding())
    errors_ = [
        np.abs(a.planes.y.astype(int) - b.planes.y) for a, b in zip(frames, read_frames(path), strict=True)
    ]
    assert 0 < np.mean(errors_) < 2
    worse = tmp_path / "b.mp4"
    written(clip("ntsc.mp4"), worse, Encoding(quality=40))
    assert worse.stat().st_size < path.stat().st_size


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_same_frames_same_bytes(codec: str, clip: Make, tmp_path: Path) -> None:
    digests = set()
    for number in range(2):
        written(clip("uneven.mp4"), tmp_path / f"{number}.mp4", Encoding(codec))
        digests.add(digest(tmp_path / f"{number}.mp4"))
    assert len(digests) == 1
    written(clip("uneven.mp4"), tmp_path / "twin.mp4", Encoding(codec, 19))
    assert digest(tmp_path / "twin.mp4") not in digests


def test_a_segment_does_not_depend_on_where_it_was_read_from(clip: Make, tmp_path: Path) -> None:
    path = clip("ntsc.mp4").path
    info, frames = probe(path), list(read_frames(path))
    write_segment(tmp_path / "a.mp4", info, Encoding(), frames[7:19])
    write_segment(tmp_path / "b.mp4", info, Encoding(), read_frames(path, 7, 19))
    assert digest(tmp_path / "a.mp4") == digest(tmp_path / "b.mp4")


def test_distances_between_frames_are_kept(clip: Make, tmp_path: Path) -> None:
    made, path = clip("uneven.mp4"), tmp_path / "a.mp4"
    written(made, path, Encoding(), 3, 20)
    found = [frame.time for frame in read_frames(path)]
    assert found == [second - made.seconds[3] for second in made.seconds[3:20]]


def test_a_segment_stands_on_its_own(clip: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    written(clip("ntsc.mp4"), path, Encoding(quality=12), 5, 17)
    with av.open(str(path)) as file:
        packets = [packet for packet in file.demux(video=0) if packet.size]
        assert packets[0].is_keyframe and packets[0].pts == 0 and file.metadata.get("creation_time") is None
    assert [number_in(frame.planes.y) for frame in read_frames(path)] == list(range(5, 17))


@pytest.mark.parametrize("name", ["bt2020.mp4", "bt601.mp4", "full.mp4", "ntsc.mp4"])
def test_colour_tags_are_those_of_the_input(name: str, clip: Make, tmp_path: Path) -> None:
    for codec in ("h264", "hevc"):
        path = tmp_path / f"{codec}.mp4"
        written(clip(name), path, Encoding(codec), 0, 3)
        found, wanted = probe(path).colour, probe(clip(name).path).colour
        assert found.tags[:3] == wanted.tags[:3] and found.full_range == wanted.full_range


def test_edited_frames_are_encoded(clip: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    made = clip("ntsc.mp4").path
    edited = []
    for frame in read_frames(made, 0, 4):
        rgb = frame.rgb.copy()
        rgb[20:40, 20:40] = 255, 0, 0
        edited.append(frame.edited(rgb, (20, 20, 40, 40)))
    write_segment(path, probe(made), Encoding(quality=0), edited)
    for frame, old in zip(read_frames(path), read_frames(made, 0, 4), strict=True):
        assert np.abs(frame.rgb[22:38, 22:38].astype(int) - [255, 0, 0]).max() <= 3
        assert np.array_equal(frame.rgb[:20], old.rgb[:20])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"codec": "vp8"}, "h264 or hevc"), ({"quality": 52}, "0 \\(lossless\\) to 51"), ({"quality": -1}, "got -1"),
     ({"preset": "best"}, "ultrafast")],
)  # fmt: skip
def test_encodings_that_do_not_exist(wrong: dict, said: str) -> None:
    with pytest.raises(errors.UsageError, match=said):
        Encoding(**wrong)


def test_every_preset_is_known_to_both_encoders(clip: Make, tmp_path: Path) -> None:
    frames, info, files = list(read_frames(clip("one.mp4").path)), probe(clip("one.mp4").path), set()
    for codec in ("h264", "hevc"):
        for preset in PRESETS:
            path = tmp_path / f"{codec}_{preset}.mp4"
            write_segment(path, info, Encoding(codec, 30, preset), frames)
            files.add(path.read_bytes())
    assert len(files) == 2 * len(PRESETS)  # each encodes in its own way


def test_frames_that_do_not_fit_leave_nothing_behind(clip: Make, tmp_path: Path) -> None:
    info, frames = probe(clip("ntsc.mp4").path), list(read_frames(clip("ntsc.mp4").path, 0, 3))
    other = next(read_frames(clip("odd.webm").path))
    deep = next(read_frames(clip("ten_bit.mp4").path))
    path = tmp_path / "a.mp4"
    for bad, said in (
        ([], "at least one frame"),
        ([frames[0], other], "expected a frame of 48 x 64 pixels in yuv420p"),
        ([frames[0], deep], "in yuv420p10le"),
        ([frames[1], frames[0]], "after tick 1001, got one at 0"),
        ([frames[1], frames[1]], "after tick 1001"),
    ):
        with pytest.raises(errors.InputError, match=said):
            write_segment(path, info, Encoding(), bad)
        assert list(tmp_path.iterdir()) == []


def test_an_end_in_the_middle_leaves_nothing_behind(clip: Make, tmp_path: Path) -> None:
    info, frames = probe(clip("ntsc.mp4").path), list(read_frames(clip("ntsc.mp4").path))
    for end in (KeyboardInterrupt, ValueError, errors.NoFaceError):
        with pytest.raises(end), segment_writer(tmp_path / "a.mp4", info) as writer:
            for frame in frames:
                writer.add(frame)
            raise end
        assert list(tmp_path.iterdir()) == []


def test_outputs_that_cannot_be_written(clip: Make, tmp_path: Path) -> None:
    info, frames = probe(clip("one.mp4").path), list(read_frames(clip("one.mp4").path))
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with pytest.raises(errors.OutputExistsError):
        write_segment(path, info, Encoding(), frames)
    assert path.read_bytes() == b"old"
    write_segment(path, info, Encoding(), frames, overwrite=True)
    assert len(list(read_frames(path))) == 1
    with pytest.raises(errors.UnwritableError, match="does not exist"):
        write_segment(tmp_path / "none" / "a.mp4", info, Encoding(), frames)
    with pytest.raises(errors.UsageError, match=r"ends in \.mp4"):
        write_segment(tmp_path / "a.avi", info, Encoding(), frames)


def test_a_full_disk_is_one_line(clip: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise av.error.OSError(28, "No space left on device")

    info, frames = probe(clip("one.mp4").path), list(read_frames(clip("one.mp4").path))
    with (
        pytest.raises(errors.UnwritableError, match="disk is full"),
        segment_writer(tmp_path / "a.mp4", info) as writer,
    ):
        writer.add(frames[0])
        full()
    assert list(tmp_path.iterdir()) == []


def test_facts_of_another_time_base(clip: Make, tmp_path: Path) -> None:
    """Ticks that are no 1/n become whole numbers of smaller ones."""
    from fractions import Fraction

    info = probe(clip("one.mp4").path)
    frame = next(read_frames(clip("one.mp4").path))
    slow = replace(info, time_base=Fraction(1001, 30000))
    frames = [replace(frame, index=n, pts=n, info=slow) for n in range(5)]
    write_segment(tmp_path / "a.mp4", slow, Encoding(), frames)
    assert [f.time for f in read_frames(tmp_path / "a.mp4")] == [n * Fraction(1001, 30000) for n in range(5)]
