import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media.made_clips import SOUND_RATE, Clip, make_clip, number_in

from aotface import errors
from aotface.media.video import passthrough
from aotface.media.video.decode import read_frames
from aotface.media.video.dts import Stamps, delay, presentation_order
from aotface.media.video.encode import Encoding, write_segment
from aotface.media.video.join import join
from aotface.media.video.passthrough import check_container
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times

Make = Callable[[str], Clip]
MILLISECOND = Fraction(1, 1000)
Packets = list[tuple[Fraction, bytes]]


def segments(clip: Clip, folder: Path, first: int = 0, last: int | None = None, size: int = 7) -> list[Path]:
    """Encode a clip in pieces of ``size`` frames."""
    info, times, paths = probe(clip.path), frame_times(clip.path), []
    last = len(times) if last is None else last
    for begin in range(first, last, size):
        paths.append(folder / f"part_{begin:03d}.mp4")
        frames = read_frames(clip.path, begin, min(begin + size, last), info, times)
        write_segment(paths[-1], info, Encoding(quality=0), frames, overwrite=True)
    return paths


def joined(clip: Clip, out: Path, first: int = 0, last: int | None = None) -> Path:
    parts = segments(clip, out.parent, first, last)
    return join(parts, clip.path, out, probe(clip.path), frame_times(clip.path), first, last)


def packets(path: Path, kind: str = "audio") -> list[Packets]:
    """Per stream of a kind: when each packet begins, and its bytes."""
    with av.open(str(path)) as file:
        streams = [stream for stream in file.streams if stream.type == kind]
        found: dict[int, Packets] = {stream.index: [] for stream in streams}
        for packet in file.demux(streams) if streams else ():
            if packet.size:
                found[packet.stream_index].append((packet.pts * packet.time_base, bytes(packet)))
        return list(found.values())


WHOLE = [
    ("ntsc.mp4", ".mp4"), ("uneven.mp4", ".mp4"), ("uneven.mp4", ".mkv"), ("uneven.mkv", ".mp4"), ("aac.mp4", ".mp4"),
    ("aac.mp4", ".mov"), ("opus.mkv", ".mkv"), ("opus.webm", ".mp4"), ("mp2.mpg", ".mp4"), ("mp2.mpg", ".mkv"),
    ("mpeg2.ts", ".mp4"), ("mpeg4.avi", ".mkv"), ("pcm.mov", ".mov"), ("pcm.mov", ".mkv"), ("two.mkv", ".mkv"),
    ("one.mp4", ".mp4"), ("ten_bit.mp4", ".m4v"), ("rotated_90.mp4", ".mkv"), ("rotated_270.mkv", ".mp4"),
    ("mirrored.mp4", ".mov"), ("hevc.mp4", ".mp4"), ("open_gop.ts", ".mp4"), ("late.mp4", ".mp4"), ("late.mp4", ".mkv"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "suffix"), WHOLE)
def test_every_frame_and_every_sound_is_where_it_was(
    name: str, suffix: str, clip: Make, tmp_path: Path
) -> None:
    made = clip(name)
    out = joined(made, tmp_path / f"out{suffix}")
    info, times = probe(made.path), frame_times(made.path)
    new_facts, new = probe(out), frame_times(out)
    limit = MILLISECOND if suffix == ".mkv" else 0  # Matroska counts whole milliseconds
    assert len(new) == made.count == len(frame_times(out, exact=True))
    for index in range(made.count + 1):
        assert abs(new.seconds(index) - (times.seconds(index) - info.start)) <= limit
    assert (new_facts.width, new_facts.height) == (info.width, info.height)
    assert new_facts.orientation == info.orientation and new_facts.layout == info.layout
    for kind in ("audio", "subtitle"):
        before, after = packets(made.path, kind), packets(out, kind)
        assert len(before) == len(after)
        for old, fresh in zip(before, after, strict=True):
            assert b"".join(data for _, data in old) == b"".join(data for _, data in fresh)
            if name != "pcm.mov":  # raw sound has no packets of its own: the containers cut it as they like
                assert [data for _, data in old] == [data for _, data in fresh]
                for (then, _), (now, _) in zip(old, fresh, strict=True):
                    assert abs(now - (then - info.start)) <= max(limit, Fraction(1, 40000))


@pytest.mark.parametrize("name", ["ntsc.mp4", "uneven.mp4", "rotated_90.mp4", "ten_bit.mp4", "open_gop.mkv"])
def test_the_pictures_are_those_of_the_segments(name: str, clip: Make, tmp_path: Path) -> None:
    """Without loss: what comes out of the joined file is what was decoded from the input, frame by frame."""
    out = joined(clip(name), tmp_path / "out.mp4")
    alone = [frame for part in sorted(tmp_path.glob("part_*")) for frame in read_frames(part)]
    old = list(read_frames(clip(name).path))
    new = list(read_frames(out))
    for a, b, c in zip(old, alone, new, strict=True):
        for x, y, z in zip(a.planes, b.planes, c.planes, strict=True):
            assert np.array_equal(x, y) and np.array_equal(y, z)
    assert np.array_equal(old[0].rgb, new[0].rgb)


def test_packets_of_segments_are_moved_not_made_again(clip: Make, tmp_path: Path) -> None:
    out = joined(clip("ntsc.mp4"), tmp_path / "out.mp4")
    alone = [data for part in sorted(tmp_path.glob("part_*")) for _, data in packets(part, "video")[0]]
    assert [data for _, data in packets(out, "video")[0]] == alone


def test_same_segments_same_bytes(clip: Make, tmp_path: Path) -> None:
    for suffix in (".mp4", ".mkv"):
        digests = set()
        for number in range(2):
            out = joined(clip("mp2.mpg"), tmp_path / f"{number}{suffix}")
            digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
        assert len(digests) == 1


def test_any_frame_of_the_joined_file_is_reached(clip: Make, tmp_path: Path) -> None:
    out = joined(clip("uneven.mp4"), tmp_path / "out.mp4")
    times = frame_times(out)
    for index in range(len(times)):
        assert number_in(next(read_frames(out, index, index + 1, times=times)).planes.y) == index


@pytest.mark.parametrize(
    ("name", "suffix"), [("aac.mp4", ".mp4"), ("mp2.mpg", ".mkv"), ("mp2.mpg", ".mp4"), ("opus.mkv", ".mkv")]
)
def test_a_trimmed_video_begins_at_0_and_keeps_its_sound(
    name: str, suffix: str, clip: Make, tmp_path: Path
) -> None:
    made = clip(name)
    times = frame_times(made.path)
    first, last = times.between(0.2, 0.6)
    out = joined(made, tmp_path / f"out{suffix}", first, last)
    new = frame_times(out)
    assert [number_in(frame.planes.y) for frame in read_frames(out)] == list(range(5, 15))
    begin, end = times.seconds(first), times.seconds(last)
    assert [new.seconds(index) for index in range(11)] == [Fraction(index, 25) for index in range(11)]
    for kind in ("audio", "subtitle"):
        for old, fresh in zip(packets(made.path, kind), packets(out, kind), strict=True):
            within = [index for index, (then, _) in enumerate(old) if begin <= then < end]
            more = len(fresh) - len(within)  # the packet that holds the first sample, and those that it needs
            assert (more == 0) if kind == "subtitle" else (3 <= more <= 5)
            wanted = [(then - begin, data) for then, data in old[within[0] - more : within[-1] + 1]]
            assert [data for _, data in wanted] == [data for _, data in fresh]
            assert len(fresh) < len(old)
            assert all(abs(a - b) <= MILLISECOND for (a, _), (b, _) in zip(wanted, fresh, strict=True))


def heard(path: Path, begin: Fraction, seconds: Fraction) -> np.ndarray:
    """Samples of the first sound between two times, as far as they are there; else nan."""
    count = int(seconds * SOUND_RATE)
    samples = np.full(count, np.nan, np.float32)
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            place = round((frame.pts * frame.time_base - begin) * SOUND_RATE)
            plain = frame.to_ndarray()[0]  # whole or broken numbers, as each decoder likes
            values = plain.astype(np.float32) / (32768 if plain.dtype.kind == "i" else 1)
            low, high = max(place, 0), min(place + len(values), count)
            if low < high:
                samples[low:high] = values[low - place : high - place]
    return samples


def alike(found: np.ndarray, wanted: np.ndarray) -> bool:
    """The same sound, up to two hundredths of its height, and a sample that a container's clock rounds away."""
    moved = [np.abs(found[2 + k : len(found) - 2 + k] - wanted[2:-2]).max() for k in (-1, 0, 1)]
    return bool(min(moved) < 0.02 * np.abs(wanted).max())  # nothing is less than nan


@pytest.mark.parametrize(("name", "suffix"), [("aac.mp4", ".mp4"), ("mp2.mpg", ".mp4")])
def test_trimmed_sound_is_right_from_its_first_sample(
    name: str, suffix: str, clip: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, length = frame_times(clip(name).path), Fraction(1, 20)
    first, last = times.between(0.2, 0.6)
    wanted = heard(clip(name).path, times.seconds(first), length)
    found = heard(joined(clip(name), tmp_path / f"out{suffix}", first, last), Fraction(0), length)
    assert np.abs(wanted).max() > 0.05 and alike(found, wanted)
    monkeypatch.setattr(passthrough, "_preroll", lambda packet: Fraction(0))
    late = heard(joined(clip(name), tmp_path / f"late{suffix}", first, last), Fraction(0), length)
    assert not alike(late, wanted)  # twin


def test_without_a_target_it_is_silent(clip: Make, tmp_path: Path) -> None:
    made = clip("aac.mp4")
    parts = segments(made, tmp_path)
    out = join(parts, None, tmp_path / "out.mp4", probe(made.path), frame_times(made.path))
    assert probe(out).tracks == () and len(frame_times(out)) == made.count


# --- containers


@pytest.mark.parametrize(
    ("name", "suffix", "said"),
    [
        (
            "opus.mkv",
            ".mp4",
            "a .mp4 file cannot hold the subtitle \\(.*\\) of .*; choose a name that ends in .mkv",
        ),
        (
            "aac.mp4",
            ".mkv",
            "a .mkv file cannot hold the subtitle \\(mov_text\\) of .*; choose .* ends in .mp4",
        ),
    ],
)
def test_what_a_container_cannot_hold(name: str, suffix: str, said: str, clip: Make, tmp_path: Path) -> None:
    with pytest.raises(errors.OutputError, match=said) as caught:
        check_container(tmp_path / f"out{suffix}", clip(name).path)
    assert str(caught.value).isprintable()
    with pytest.raises(errors.OutputError):
        joined(clip(name), tmp_path / f"out{suffix}")
    assert not list(tmp_path.glob("out*")) and not list(tmp_path.glob(".*"))


def test_suffixes_that_are_not_written(clip: Make, tmp_path: Path) -> None:
    for name in ("out.avi", "out"):
        with pytest.raises(errors.UsageError, match=r"ends in \.mp4, \.mov, \.mkv or \.webm"):
            check_container(tmp_path / name, clip("ntsc.mp4").path)
    check_container(tmp_path / "OUT.MP4", clip("ntsc.mp4").path)


def test_titles_come_along_and_places_do_not(tmp_path: Path) -> None:
    made = make_clip(
        tmp_path / "a.mp4", 5, sound="aac", muxer={"movflags": "use_metadata_tags"},
        metadata={"title": "Made", "location": "+48.8577+002.295/", "com.apple.quicktime.make": "Phone",
                  "creation_time": "2020-01-01T00:00:00Z"},
    )  # fmt: skip
    with av.open(str(made.path)) as file:
        assert {"title", "location", "com.apple.quicktime.make"} <= set(file.metadata)  # the twin
    for suffix in (".mp4", ".mkv"):
        out = joined(made, tmp_path / f"out{suffix}")
        with av.open(str(out)) as file:
            told = {name.lower(): value for name, value in file.metadata.items()}
        assert told["title"] == "Made"
        assert not any(word in name for name in told for word in ("location", "make", "creation"))
        assert b"+48.8577" not in out.read_bytes() and b"Phone" not in out.read_bytes()


def test_chapters_move_with_the_trim(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mkv", 20, Fraction(10))
    marks = [("one", 0, 500), ("two", 500, 1500), ("three", 1500, 2000)]
    with av.open(str(made.path)) as old, av.open(str(tmp_path / "b.mkv"), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        new.set_chapters(
            [{"id": n, "start": a, "end": b, "time_base": MILLISECOND, "metadata": {"title": title}}
             for n, (title, a, b) in enumerate(marks)]
        )  # fmt: skip
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    made = Clip(tmp_path / "b.mkv", made.seconds)

    def chapters(path: Path) -> list[tuple[str, Fraction, Fraction]]:
        with av.open(str(path)) as file:
            return [(c["metadata"]["title"], c["start"] * c["time_base"], c["end"] * c["time_base"])
                    for c in file.chapters()]  # fmt: skip

    assert chapters(joined(made, tmp_path / "whole.mkv")) == [
        (n, a * MILLISECOND, b * MILLISECOND) for n, a, b in marks
    ]
    assert chapters(joined(made, tmp_path / "part.mkv", 3, 10)) == [
        ("one", 0, Fraction(1, 5)),
        ("two", Fraction(1, 5), Fraction(7, 10)),
    ]


# --- segments that do not belong together


def test_segments_that_are_missing_or_mixed_up(clip: Make, tmp_path: Path) -> None:
    made = clip("uneven.mp4")
    info, times, parts = probe(made.path), frame_times(made.path), segments(made, tmp_path)
    out = tmp_path / "out.mp4"
    for wrong in (
        parts[:-1],
        parts[1:],
        [parts[1], parts[0], *parts[2:]],
        [*parts, parts[-1]],
        [parts[0], *parts],
    ):
        with pytest.raises(errors.VideoError, match="make the") as caught:
            join(wrong, made.path, out, info, times)
        assert str(caught.value).isprintable() and not out.exists()
    join(parts, made.path, out, info, times)  # the twin


def test_segments_of_another_encoding_or_damaged(clip: Make, tmp_path: Path) -> None:
    made = clip("ntsc.mp4")
    info, times, parts = probe(made.path), frame_times(made.path), segments(made, tmp_path)
    kept = parts[1].read_bytes()
    frames = read_frames(made.path, 7, 14, info, times)
    write_segment(parts[1], info, Encoding(quality=30, preset="slow"), frames, overwrite=True)
    with pytest.raises(errors.VideoError, match="encoded like the first segment"):
        join(parts, made.path, tmp_path / "out.mp4", info, times)
    parts[1].write_bytes(kept[: len(kept) // 2])
    with pytest.raises(errors.VideoError, match="part_007"):
        join(parts, made.path, tmp_path / "out.mp4", info, times)
    parts[1].unlink()
    with pytest.raises(errors.VideoError, match="no such file"):
        join(parts, made.path, tmp_path / "out.mp4", info, times)


def test_an_existing_output_is_kept_unless_asked(clip: Make, tmp_path: Path) -> None:
    made = clip("ntsc.mp4")
    out = joined(made, tmp_path / "out.mp4")
    before = out.read_bytes()
    info, times, parts = probe(made.path), frame_times(made.path), sorted(tmp_path.glob("part_*"))
    with pytest.raises(errors.OutputExistsError):
        join(parts, made.path, out, info, times)
    join(parts, made.path, out, info, times, overwrite=True)
    assert out.read_bytes() == before


# --- the order of packets


def test_decoding_times_rise_and_never_pass_the_shown_ones() -> None:
    pts = [0, 90, 40, 20, 70, 300, 120]  # one I, then P and B-frames
    shown = presentation_order(pts)
    assert shown == (0, 4, 2, 1, 3, 6, 5) and delay(shown) == 2
    ticks = (*sorted(pts), 310)
    stamps = Stamps(ticks, delay(shown))
    found = []
    for place, number in enumerate(shown):
        packet = av.Packet(b"x")
        stamps.put(packet, place, number)
        assert packet.pts == pts[place] and packet.dts <= packet.pts and packet.duration > 0
        found.append(packet.dts)
    assert found == sorted(set(found)) == [-40, -20, 0, 20, 40, 70, 90]


def test_too_small_a_delay_would_pass_them() -> None:
    """The failing twin."""
    packet = av.Packet(b"x")
    Stamps((0, 20, 40, 60, 80), 1).put(packet, 3, 1)
    assert packet.dts > packet.pts
