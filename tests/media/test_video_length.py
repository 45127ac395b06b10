"""Files that are shorter than they say."""

from pathlib import Path

import pytest
from media.made_clips import make_clip

from aotface import errors
from aotface.media.video.length import bytes_missing
from aotface.media.video.timing import frame_times


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.webm", "libvpx-vp9"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.mp4", "libx264")],
)
def test_a_cut_file_is_refused_and_what_is_missing_said(name: str, codec: str, tmp_path: Path) -> None:
    sound, muxer = (
        "libopus" if name == "a.webm" else None,
        {"movflags": "faststart"} if name == "a.mp4" else None,
    )
    clip = make_clip(tmp_path / name, 12, codec=codec, sound=sound, muxer=muxer)
    whole = clip.path.read_bytes()
    assert bytes_missing(clip.path) == 0 and len(frame_times(clip.path)) == 12
    clip.path.write_bytes(whole[: int(len(whole) * 0.8)])
    with pytest.raises(errors.VideoError, match="not there|it ends after|damaged") as caught:
        frame_times(clip.path)
    assert "get a whole copy" in str(caught.value)
    if name != "a.mp4":
        assert bytes_missing(clip.path) == len(whole) - int(len(whole) * 0.8)


def test_a_recording_that_never_ended_promises_nothing(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "live.mkv", 12, muxer={"live": "1"})
    assert bytes_missing(clip.path) == 0 and len(frame_times(clip.path)) == 12
    (tmp_path / "odd").write_bytes(b"\x1aE\xdf\xa3")
    assert bytes_missing(tmp_path / "odd") == bytes_missing(tmp_path / "nothing") == 0
