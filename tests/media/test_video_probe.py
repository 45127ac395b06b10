import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from corpus import base_picture, raw
from media.made_clips import KINDS, NTSC, Clip, make_clip, number_in
from PIL import Image

from aotface import errors
from aotface.media import sniff
from aotface.media.image import read_image
from aotface.media.kinds import is_video
from aotface.media.video import colour, opening
from aotface.media.video.decode import read_frames
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times

Make = Callable[[str], Clip]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_known(kind, clip: Make) -> None:
    info = probe(clip(kind.name).path)
    size = kind.more.get("size", (64, 48))
    turned = kind.more.get("rotation", 0) % 180 != 0
    assert is_video(info.path)
    assert (info.coded_width, info.coded_height) == size
    assert (info.width, info.height) == (size[::-1] if turned else size)
    assert info.bit_depth == {"ten": 10, "bt2020": 10, "prores": 10, "twelve": 12}.get(
        kind.name.split(".")[0].split("_")[0], 8
    )
    assert len(info.audio) == ("sound" in kind.more) and len(info.subtitles) == ("words" in kind.more)
    assert info.frames in (None, clip(kind.name).count)


def test_rates_are_exact(clip: Make) -> None:
    info = probe(clip("ntsc.mp4").path)
    assert info.rate == NTSC and info.time_base == Fraction(1, 30000) and info.frames == 30
    assert info.duration_seconds == pytest.approx(30 / NTSC) and info.start == 0
    assert probe(clip("mp2.mpg").path).start > 0  # a clock that does not begin at 0


@pytest.mark.parametrize(
    ("name", "degrees", "mirrored"),
    [("ntsc.mp4", 0, False), ("rotated_90.mp4", 90, False), ("rotated_180.mov", 180, False),
     ("rotated_270.mkv", 270, False), ("mirrored.mp4", 270, True)],
)  # fmt: skip
def test_rotation(name: str, degrees: int, mirrored: bool, clip: Make) -> None:
    info = probe(clip(name).path)
    assert (info.rotation, info.orientation.mirrored) == (degrees, mirrored)


def test_colours_said_and_guessed(clip: Make) -> None:
    said = probe(clip("bt2020.mp4").path).colour
    assert (said.primaries, said.transfer, said.matrix, said.full_range) == (
        "bt2020",
        "bt2020-10",
        "bt2020nc",
        False,
    )
    assert said.guessed == () and said.tags == (9, 14, 9, 1)
    assert probe(clip("full.mp4").path).colour.full_range and probe(clip("mjpeg.avi").path).colour.full_range
    guessed = probe(clip("ntsc.mp4").path).colour
    assert guessed.matrix == "smpte170m" and guessed.guessed == ("primaries", "transfer", "matrix", "range")


@pytest.mark.parametrize(
    ("height", "width", "matrix"),
    [
        (1080, 1920, "bt709"),
        (720, 1280, "bt709"),
        (480, 720, "smpte170m"),
        (576, 720, "bt470bg"),
        (600, 800, "bt709"),
    ],
)
def test_what_is_guessed_follows_the_size(height: int, width: int, matrix: str) -> None:
    assert colour.from_tags((2, 2, 2, 0), height, width, full=False, rgb=False).matrix == matrix


@pytest.mark.parametrize(("transfer", "name"), [(16, "pq"), (18, "hlg")])
def test_hdr_is_seen_and_refused(transfer: int, name: str, tmp_path: Path) -> None:
    made = make_clip(tmp_path / "hdr.mp4", 3, format="yuv420p10le", tags=(9, transfer, 9, 1))
    info = probe(made.path)
    assert info.hdr and info.colour.transfer == name
    with pytest.raises(errors.UnsupportedError, match=f"HDR \\({name}\\)") as caught:
        next(read_frames(made.path))
    assert str(caught.value).isprintable()


def test_tracks(clip: Make) -> None:
    info = probe(clip("aac.mp4").path)
    assert [track.codec for track in info.tracks] == ["aac", "mov_text"]
    assert (info.audio[0].rate_hertz, info.audio[0].channels) == (48000, 2)


def test_notes(clip: Make) -> None:
    assert "12 bits" in probe(clip("twelve_bit.mkv").path).notes[0]
    assert "transparency" in probe(clip("alpha.mkv").path).notes[0]
    assert probe(clip("ntsc.mp4").path).notes == ()


# --- content, not names


def test_every_video_that_is_known_by_its_bytes_has_a_demuxer() -> None:
    known = {name for _, _, name, kind in sniff._SIGNATURES if kind == "video"}
    assert known | {"MPEG transport stream"} == set(opening.DEMUXERS)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
def test_pictures_are_no_videos_whatever_they_are_called(format: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(raw.saved(Image.fromarray(base_picture()), format))
    assert not is_video(path)
    with pytest.raises(errors.VideoError, match=f"found {format}"):
        probe(path)


def test_videos_are_videos_whatever_they_are_called(clip: Make, tmp_path: Path) -> None:
    for name in ("ntsc.mp4", "opus.webm", "mp2.mpg", "mpeg2.ts", "mpeg4.avi", "pcm.mov"):
        path = tmp_path / "photo.jpg"
        path.write_bytes(clip(name).path.read_bytes())
        assert is_video(path) and probe(path).width == 64
        with pytest.raises(errors.UnsupportedError, match="found a video"):
            read_image(path)


def test_what_is_not_there_is_no_video(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.mp4", tmp_path, tmp_path / "pipe", "a\0b"):
        assert not is_video(path)
        with pytest.raises(errors.VideoError) as caught:
            probe(path)
        assert str(caught.value).isprintable() and ";" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile secret.mp4\n",
        b"<?xml version='1.0'?><MPD></MPD>",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        b"just a text",
    ],
)
def test_playlists_that_name_other_files_are_never_followed(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_bytes(text)
    with pytest.raises(errors.VideoError, match="found something else"):
        probe(path)


# --- broken, and too large


def sound_only(path: Path) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("flac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.int16), "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.VideoError, match="expected a moving picture, found audio only"):
        probe(sound_only(tmp_path / "sound.mkv"))


def test_a_header_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.VideoError, match="found no frame|End of file"):
        probe(make_clip(tmp_path / "none.mkv", 0).path)


def test_empty_and_cut_short(clip: Make, tmp_path: Path) -> None:
    whole = clip("ntsc.mp4").path.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(b"")
    with pytest.raises(errors.VideoError, match="empty"):
        probe(path)
    path.write_bytes(whole[: len(whole) // 2])  # the table of contents stands at the end
    with pytest.raises(errors.VideoError, match="damaged or cut short"):
        probe(path)


@pytest.mark.parametrize(("name", "muxer"), [("a.mp4", {"movflags": "faststart"}), ("a.mkv", {})])
def test_a_missing_end_is_noticed(name: str, muxer: dict, tmp_path: Path) -> None:
    made = make_clip(tmp_path / name, 60, muxer=muxer, options={"x264-params": "keyint=10:scenecut=0"})
    assert len(frame_times(made.path)) == 60
    whole = made.path.read_bytes()
    made.path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(errors.VideoError, match="it is damaged or cut short"):
        frame_times(made.path)
    rest = frame_times(made.path, allow_damage=True)
    assert 20 < len(rest) < 60
    assert sum(1 for _ in read_frames(made.path, times=rest)) == len(rest)


def test_sizes_are_checked_before_anything_is_decoded(clip: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_PIXELS", 64 * 48)
    probe(clip("ntsc.mp4").path)
    monkeypatch.setattr(opening, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(errors.TooLargeError, match="64 x 48 pixels, the limit is 3,071"):
        probe(clip("ntsc.mp4").path)


def test_2160p(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "uhd.mp4", 2, size=(3840, 2160), options={"preset": "ultrafast"})
    info = probe(made.path)
    assert (info.width, info.height) == (3840, 2160) and info.colour.matrix == "bt709"
    assert [number_in(frame.planes.y) for frame in read_frames(made.path)] == [0, 1]


def test_a_header_that_lies_about_its_size(clip: Make, tmp_path: Path) -> None:
    data = bytearray(clip("prores.mov").path.read_bytes())
    place = data.index(b"apc") + 28  # width and height in the sample description
    assert struct.unpack_from(">HH", data, place) == (64, 48)
    struct.pack_into(">HH", data, place, 60000, 60000)
    path = tmp_path / "huge.mov"
    path.write_bytes(bytes(data))
    assert probe(path).coded_width == 64  # the frame itself decides
    assert next(read_frames(path)).rgb.shape == (48, 64, 3)


def test_a_frame_that_grows_past_the_limit_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [
        make_clip(tmp_path / f"{width}.ts", 5, size=(width, 48), rate=Fraction(25), codec="mpeg2video").path
        for width in (64, 96)
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in made))
    monkeypatch.setattr(opening, "MAX_PIXELS", 64 * 48)
    with pytest.raises(errors.VideoError, match="what follows frame [34] cannot be decoded"):
        list(read_frames(path))


NAMES = ["ntsc.mp4", "opus.mkv", "mp2.mpg", "mpeg2.ts", "mpeg4.avi", "opus.webm", "hevc.mp4", "prores.mov"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["flip", "cut", "double"])
def test_damage_gives_frames_or_one_line(
    name: str, kind: str, clip: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = np.frombuffer(clip(name).path.read_bytes(), np.uint8)
    rng = np.random.default_rng([NAMES.index(name), len(kind)])
    path = tmp_path / name
    for _ in range(5):
        bad = good.copy()
        if kind == "flip":  # half of the blows go to the beginning, where sizes and tables stand
            reach = bad.size if rng.random() < 0.5 else 200
            bad[rng.integers(0, reach, 3)] = rng.integers(0, 256, 3)
        elif kind == "cut":
            bad = bad[: rng.integers(1, bad.size)]
        else:
            start, end = sorted(rng.integers(0, bad.size, 2))
            bad = np.concatenate([bad[:end], bad[start:]])
        path.write_bytes(bad.tobytes())
        try:
            times = frame_times(path)
            assert sum(1 for _ in read_frames(path, times=times)) == len(times)
        except errors.InputError as error:
            assert str(error).isprintable() and ";" in str(error)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
