"""Animated GIF and WebP as videos, and VP9 and AV1 in WebM."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media.made_clips import make_clip
from PIL import Image

from aotface import errors
from aotface.media.kinds import is_animation
from aotface.media.video.animation import probe_animation, read_animation, write_animation
from aotface.media.video.decode import read_frames
from aotface.media.video.encode import Encoding, encoding_for, write_segment
from aotface.media.video.join import join
from aotface.media.video.passthrough import check_container
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times

LASTING = [40, 100, 250, 60]


def animation(path: Path, **options: object) -> Path:
    pictures = [Image.new("RGB", (32, 24), (60 * number, 40, 200 - 50 * number)) for number in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=LASTING, loop=0, **options)
    return path


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_frames_come_with_their_times(suffix: str, tmp_path: Path) -> None:
    path = animation(tmp_path / f"a{suffix}")
    info, times = probe_animation(path)
    assert is_animation(path) and (info.width, info.height, len(times)) == (32, 24, 4)
    assert times.pts.tolist() == [0, 40, 140, 390] and times.end == sum(LASTING)
    frames = list(read_animation(info, times, 1, 4))
    assert [frame.index for frame in frames] == [1, 2, 3] and frames[2].time == Fraction(390, 1000)
    assert np.abs(frames[0].rgb.astype(int) - (60, 40, 150)).max() < 12
    with pytest.raises(errors.UsageError):
        next(read_animation(info, times, 2, 5))


def test_a_still_picture_is_none(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "still.gif")
    (tmp_path / "cut.gif").write_bytes(animation(tmp_path / "a.gif").read_bytes()[:20])
    assert not any(
        map(is_animation, (tmp_path / "still.gif", tmp_path / "cut.gif", tmp_path, tmp_path / "no"))
    )


def test_a_cut_animation_is_one_line(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.gif")
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(errors.InputError):
        probe_animation(path)


def test_what_is_clear_becomes_white(tmp_path: Path) -> None:
    pictures = [Image.new("RGBA", (16, 16), (200, 0, 0, 0 if number else 255)) for number in range(2)]
    path = tmp_path / "a.webp"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=50, lossless=True)
    info, times = probe_animation(path)
    first, second = read_animation(info, times, 0, 2)
    assert "white" in info.notes[0] and (second.rgb == 255).all() and first.rgb[0, 0].tolist() == [200, 0, 0]


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_video_becomes_an_animation(suffix: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 6, Fraction(20), sound="aac")
    info, times = probe(clip.path), frame_times(clip.path)
    (lost,) = check_container(tmp_path / f"out{suffix}", clip.path)
    assert "audio is left out" in lost
    write_segment(tmp_path / "s.mp4", info, Encoding(), read_frames(clip.path, 1, 5))
    out = write_animation([tmp_path / "s.mp4"], tmp_path / f"out{suffix}", info, times, 1, 5)
    told, found = probe_animation(out)
    assert len(found) == 4 and found.pts.tolist() == [0, 50, 100, 150] and told.width == info.width
    with pytest.raises(errors.OutputExistsError):
        write_animation([tmp_path / "s.mp4"], out, info, times, 1, 5)


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_webm(codec: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 10, size=(64, 64), sound="aac")
    info, times = probe(clip.path), frame_times(clip.path)
    out, encoding = tmp_path / "out.webm", encoding_for(tmp_path / "out.webm", codec, 18, "veryfast")
    parts = [tmp_path / "0.mp4", tmp_path / "1.mp4"]
    for number, part in enumerate(parts):
        write_segment(part, info, encoding, read_frames(clip.path, 5 * number, 5 * number + 5))
    again = tmp_path / "again.mp4"
    write_segment(again, info, encoding, read_frames(clip.path, 0, 5))
    assert again.read_bytes() == parts[0].read_bytes()
    join(parts, clip.path, out, info, times)
    with av.open(str(out)) as file:
        assert [stream.codec_context.name for stream in file.streams.audio] == ["opus"]
    made = list(read_frames(out))
    assert len(made) == 10 and probe(out).codec in (codec, f"lib{codec}", "libdav1d", "libvpx-vp9")
    for frame, wanted in zip(made, read_frames(clip.path), strict=True):
        assert np.abs(frame.rgb.astype(int) - wanted.rgb).mean() < 6


def test_codecs_by_the_name_of_the_output() -> None:
    assert encoding_for(Path("a.webm"), "auto", 18, "fast").codec == "vp9"
    assert encoding_for(Path("a.mkv"), "auto", 18, "fast").codec == "h264"
    assert encoding_for(Path("a.mkv"), "vp9", 0, "fast").options["lossless"] == "1"
    with pytest.raises(errors.UsageError, match="holds vp9 or av1"):
        encoding_for(Path("a.webm"), "h264", 18, "fast")
    with pytest.raises(errors.UsageError, match="av1 always loses"):
        encoding_for(Path("a.webm"), "av1", 0, "fast")
