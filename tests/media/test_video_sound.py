"""Sound that a container cannot hold as it is."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from media.made_clips import Clip, make_clip

from aotface import errors
from aotface.media.video.decode import read_frames
from aotface.media.video.encode import Encoding, write_segment
from aotface.media.video.join import join
from aotface.media.video.passthrough import check_container
from aotface.media.video.probe import probe
from aotface.media.video.sound import COPY, first_packets, way_into
from aotface.media.video.timing import frame_times


def joined(clip: Clip, out: Path, first: int = 0, last: int | None = None) -> Path:
    info, times = probe(clip.path), frame_times(clip.path)
    segment = out.with_name("segment.mp4")
    write_segment(
        segment, info, frames=read_frames(clip.path, first, last), encoding=Encoding(), overwrite=True
    )
    return join([segment], clip.path, out, info, times, first, last, overwrite=True)


def sound(path: Path) -> tuple[str, float, np.ndarray]:
    """Codec, begin in seconds, and as many samples as one channel has."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        frames = [frame for frame in file.decode(stream) if (frame.pts or 0) * frame.time_base >= 0]
        samples = [frame.to_ndarray().reshape(-1)[: frame.samples] for frame in frames]
        begin = float((frames[0].pts or 0) * frames[0].time_base)
        return stream.codec_context.name, begin, np.concatenate(samples)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    folder = tmp_path_factory.mktemp("sound")
    return {
        "pcm": make_clip(folder / "pcm.avi", 20, codec="mpeg4", sound="pcm_s16le"),
        "adts": make_clip(folder / "adts.ts", 20, sound="aac"),
        "opus": make_clip(folder / "opus.webm", 20, codec="libvpx-vp9", sound="libopus"),
    }


def test_pcm_becomes_aac_in_mp4_and_that_is_said_before(clips: dict[str, Clip], tmp_path: Path) -> None:
    (note,) = check_container(tmp_path / "out.mp4", clips["pcm"].path)
    assert "pcm_s16le" in note and "converted to AAC" in note and "ends in .mkv keeps it" in note
    codec, begin, samples = sound(joined(clips["pcm"], tmp_path / "out.mp4"))
    assert codec == "aac" and begin < 0.03
    wanted = sound(clips["pcm"].path)[2].size
    assert abs(samples.size - wanted) < 3 * 1024 and np.abs(samples).max() > 0.01


@pytest.mark.parametrize("suffix", [".mov", ".mkv"])
def test_where_it_fits_it_is_copied(suffix: str, clips: dict[str, Clip], tmp_path: Path) -> None:
    assert check_container(tmp_path / f"out{suffix}", clips["pcm"].path) == ()
    assert sound(joined(clips["pcm"], tmp_path / f"out{suffix}"))[0] == "pcm_s16le"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_aac_of_a_transport_stream_loses_its_headers(
    suffix: str, clips: dict[str, Clip], tmp_path: Path
) -> None:
    assert check_container(tmp_path / f"out{suffix}", clips["adts"].path) == ()
    codec, _, samples = sound(joined(clips["adts"], tmp_path / f"out{suffix}"))
    assert codec == "aac" and samples.size > 20_000


def test_trimmed_sound_is_in_step(clips: dict[str, Clip], tmp_path: Path) -> None:
    codec, begin, samples = sound(joined(clips["pcm"], tmp_path / "out.mp4", 5, 15))
    assert codec == "aac" and begin < 0.03
    assert samples.size == pytest.approx(48_000 * 10 / 29.97, abs=3 * 1024)


def test_opus_becomes_aac_in_mov(clips: dict[str, Clip], tmp_path: Path) -> None:
    (note,) = check_container(tmp_path / "out.mov", clips["opus"].path)
    assert "opus" in note and "AAC" in note
    assert sound(joined(clips["opus"], tmp_path / "out.mov"))[0] == "aac"


def test_the_same_sound_gives_the_same_bytes(clips: dict[str, Clip], tmp_path: Path) -> None:
    first = joined(clips["pcm"], tmp_path / "out.mp4").read_bytes()
    assert joined(clips["pcm"], tmp_path / "out.mp4").read_bytes() == first


def test_what_cannot_be_heard_is_no_sound(clips: dict[str, Clip], tmp_path: Path) -> None:
    broken = tmp_path / "broken.avi"
    shutil.copy(clips["pcm"].path, broken)
    with av.open(str(broken)) as file:
        (stream,) = file.streams.audio
        packets = first_packets(file)[stream.index]
        assert len(packets) == 3 and way_into("mp4", stream, packets) == "aac"
        assert way_into("mov", stream, packets) == COPY
    with pytest.raises(errors.UsageError):
        check_container(tmp_path / "out.avi", broken)
