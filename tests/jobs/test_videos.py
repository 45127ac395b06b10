"""Videos from outside: the same frames, times and sound; stopped and gone on with."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from jobs.made_videos import COUNT, GONE, SWAP, lines
from media.made_faces import face_frame, write_frames

from aotface.cli import main
from aotface.errors import VideoError
from aotface.jobs import videos
from aotface.media.source_type import COMPOSITE
from aotface.media.video import parts
from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.encode import SegmentWriter
from aotface.media.video.timing import frame_times
from aotface.media.video.xmp import video_source_type
from aotface.provenance.credentials import read_credentials
from aotface.tracking.saved_tracker import SavedTracker
from aotface.video import segments as segments_module
from aotface.video.temporal_filter import MAP_REACH

pytestmark = pytest.mark.usefixtures("short_segments")


@pytest.fixture(scope="module")
def finished(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `SWAP` makes of the clip, never interrupted; its segments are kept in ``segments``."""
    folder = tmp_path_factory.mktemp("finished")
    words = [
        {"clip.mp4": str(clips / "clip.mp4"), "out.mp4": str(folder / "out.mp4")}.get(w, w) for w in SWAP
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SHORTEST", 4)
        patch.setattr(parts.Parts, "discard", lambda self: self.folder.rename(folder / "segments"))
        assert main(words) == 0
    return folder


def segments(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("segment_*.mp4"))}


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(**{kind: 0}) if packet.size]


def seconds(path: Path) -> list[Fraction]:
    times = frame_times(path, exact=True)
    return [times.seconds(index) for index in range(len(times))]


def times_written(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("segment_*.mp4")}


def pixels(path: Path) -> list[bytes]:
    return [b"".join(plane.tobytes() for plane in frame.planes) for frame in read_frames(path)]


def record(name: str = "out.run.json") -> dict:
    return json.loads(Path(name).read_text())


@contextmanager
def stopped_after(count: int, error: type[BaseException]) -> Iterator[None]:
    """The making of segments ends with an error after so many."""
    done: list[int] = []
    real = SegmentWriter.finish

    def finish(writer: SegmentWriter) -> None:
        if len(done) == count:
            raise error
        real(writer)
        done.append(1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SegmentWriter, "finish", finish)
        yield


def test_frames_times_and_sound_are_the_targets(finished: Path, clips: Path) -> None:
    out, clip = finished / "out.mp4", clips / "clip.mp4"
    assert seconds(out) == seconds(clip) and len(seconds(out)) == COUNT
    assert packets(out, "audio") == packets(clip, "audio") != []
    assert packets(out, "audio") != packets(clips / "other.mp4", "audio")  # twin
    assert seconds(out) != seconds(clips / "slow.mp4")
    made = json.loads((finished / "out.run.json").read_text())
    assert (made["frames"], made["frames_made"], made["rate"]) == (COUNT, COUNT, "30000/1001")
    foreheads = made["tracks"]["0"].pop("forehead")  # by the frame from which on it holds
    assert "0" in foreheads and set(foreheads.values()) <= {"taken", "blended", "target's"}
    assert made["tracks"] == {"0": {"frames": COUNT - len(GONE), "swapped": True}}
    assert made["command"] == "swap" and len(made["inputs"]) == 2
    assert len(segments(finished / "segments")) == 3


def test_a_frame_without_a_face_reaches_the_file_as_it_was(place: Path) -> None:
    """With nothing lost in encoding, a frame without a face is that of the target to the bit, others are not."""
    words = [*SWAP[:-2], "none", "--no-mark", "--crf", "0", "--trim-end", "0.18"]
    assert main(words) == 0
    out, target = pixels(place / "out.mp4"), pixels(place / "clip.mp4")
    assert [a == b for a, b in zip(out, target[:6], strict=True)] == [index in GONE for index in range(6)]
    assert all(
        a[: 256 * 12] == b[: 256 * 12] for a, b in zip(out, target[:6], strict=True)
    )  # above the forehead


def test_trim_keeps_the_frames_between(place: Path) -> None:
    assert main([*SWAP[:-2], "none", "--no-mark", "--trim-start", "0.03", "--trim-end", "0.12"]) == 0
    whole = seconds(place / "clip.mp4")
    wanted = [second for second in whole if Fraction(3, 100) <= second < Fraction(12, 100)]
    assert seconds(place / "out.mp4") == [second - wanted[0] for second in wanted] and len(wanted) == 3
    assert record()["frames"] == 3
    assert set(packets(place / "out.mp4", "audio")) < set(packets(place / "clip.mp4", "audio"))
    assert main([*SWAP, "--overwrite", "--trim-start", "0.3", "--trim-end", "0.2"]) == 2


def test_ctrl_c_leaves_what_the_next_run_goes_on_with(
    place: Path, finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place / "out.mp4.aotface-part"
    with stopped_after(2, KeyboardInterrupt):
        assert main(SWAP) == 130
    assert "same command again" in lines(capsys)[-1] and not (place / "out.mp4").exists()
    kept = times_written(folder)
    assert len(kept) == 2
    at_the_end: list[tuple[dict[str, bytes], dict[str, int]]] = []
    discard = parts.Parts.discard

    def look_and_discard(self: parts.Parts) -> None:
        at_the_end.append((segments(folder), times_written(folder)))
        discard(self)

    monkeypatch.setattr(parts.Parts, "discard", look_and_discard)
    monkeypatch.setattr(videos, "analyse", None)  # faces are not looked for again
    assert main(SWAP) == 0
    assert "2 of 3 segments are there" in capsys.readouterr().out and record()["frames_made"] == 0
    made, written = at_the_end[0]
    assert {name: written[name] for name in kept} == kept  # not touched
    assert made == segments(finished / "segments")
    assert pixels(place / "out.mp4") == pixels(finished / "out.mp4")
    assert (place / "out.mp4").read_bytes() == (finished / "out.mp4").read_bytes()
    assert not folder.exists()


def test_a_stop_within_a_segment_costs_no_finished_frame(
    place: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped four times, in the search for faces and in segments: no frame is looked at, nor made, a second time."""
    looked, made = [], []
    search, add = SavedTracker.add, SegmentWriter.add
    keep = segments_module._keep

    def searched(tracker: SavedTracker, frame: np.ndarray, faces: Any = None) -> None:
        if len(looked) == 8 and not made and "first" not in stops:
            stops.append("first")
            raise KeyboardInterrupt
        looked.append(tracker.count)
        search(tracker, frame, faces)

    def kept(*words: Any) -> None:
        keep(*words)
        made.append(words[1].index)

    def added(writer: SegmentWriter, frame: VideoFrame) -> None:
        if frame.index in (2, 5, 10) and frame.index not in stops:
            stops.append(frame.index)
            raise KeyboardInterrupt
        add(writer, frame)

    stops: list[object] = []
    monkeypatch.setattr(SavedTracker, "add", searched)
    monkeypatch.setattr(segments_module, "_keep", kept)
    monkeypatch.setattr(SegmentWriter, "add", added)
    assert [main(SWAP) for _ in range(5)] == [130] * 4 + [0] and stops == ["first", 2, 5, 10]
    assert looked == list(range(COUNT)) and made == list(range(COUNT))
    assert (place / "out.mp4").read_bytes() == (finished / "out.mp4").read_bytes()
    assert not (place / "out.mp4.aotface-part").exists()


def test_what_is_kept_is_removed_with_its_segment(place: Path) -> None:
    with stopped_after(2, KeyboardInterrupt):
        assert main(SWAP) == 130
    names = {path.name for path in (place / "out.mp4.aotface-part").glob("*_*.safetensors")}
    assert {name for name in names if name.startswith("frame")} == {
        f"frame_{i:08d}.safetensors" for i in range(8, 12)
    }
    assert {name for name in names if name.startswith("features")} == {
        f"features_{i:08d}.safetensors" for i in range(8 - MAP_REACH, 12)
    }
    assert not [name for name in names if name.startswith("faces")]


@pytest.mark.long
def test_an_error_leaves_it_too_and_other_options_begin_anew(place: Path, finished: Path) -> None:
    folder = place / "out.mp4.aotface-part"
    mean = [*SWAP[:-2], "mean", "--no-mark"]
    with stopped_after(1, VideoError):
        assert main(SWAP) == 3
    assert len(segments(folder)) == 1
    with stopped_after(0, KeyboardInterrupt):
        assert main(mean) == 130
    assert segments(folder) == {}
    assert main(mean) == 0
    assert record()["frames_made"] == COUNT - 4  # of this job four were kept, and none of the other
    assert pixels(place / "out.mp4")[0] != pixels(finished / "out.mp4")[0]  # twin: mixing in would show


def test_a_missing_segment_in_the_middle_is_made_as_it_was(place: Path, finished: Path) -> None:
    folder = place / "out.mp4.aotface-part"
    shutil.copytree(finished / "segments", folder)
    (folder / "segment_00001.mp4").unlink()
    assert main(SWAP) == 0
    assert record()["frames_made"] == 4
    assert (place / "out.mp4").read_bytes() == (finished / "out.mp4").read_bytes()


def test_a_strangers_file_in_the_part_folder_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = place / "out.mp4.aotface-part"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert main(SWAP) == 5
    said = lines(capsys)
    assert len(said) == 2 and "notes.txt" in said[1] and (folder / "notes.txt").read_text() == "mine"


def test_one_frame(place: Path) -> None:
    assert main([*(word.replace("clip.mp4", "one.mp4") for word in SWAP)]) == 0
    assert len(seconds(place / "out.mp4")) == 1 and pixels(place / "out.mp4") != pixels(place / "one.mp4")


def test_refine_of_the_right_video(place: Path) -> None:
    """The twin of the refusals: the target as its own swap is taken."""
    words = [
        "refine",
        "-s",
        "clip.mp4",
        "-t",
        "clip.mp4",
        "-o",
        "out.mp4",
        "--transfer",
        "mkl",
        "--trim-end",
        "0.1",
    ]
    assert main(words) == 0
    assert len(seconds(place / "out.mp4")) == 3 and record()["command"] == "refine"
    found = read_credentials(place / "out.mp4")
    assert found is not None and "c2pa.trimmed" in found.actions


def test_verify_reads_a_video(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "one.mp4"]) == 20
    said = capsys.readouterr().out
    assert "Content credentials: none" in said and "Watermark: none found" in said and "no marks" in said
    assert main([*(word.replace("clip.mp4", "one.mp4") for word in SWAP[:-1])]) == 0
    assert main(["verify", "out.mp4"]) == 0
    said = capsys.readouterr().out
    assert video_source_type("out.mp4") == COMPOSITE and "XMP: declared as composite" in said
    assert "c2pa.transcoded" in said and "c2pa.trimmed" not in said
    assert "credentials: valid" in said and "FOUND in 1 of 1" in said and "a face in this video was" in said
    (place / "broken.mp4").write_bytes((place / "out.mp4").read_bytes()[:2000])
    assert main(["verify", "broken.mp4"]) == 3 and len(lines(capsys)) == 1


def test_rates_that_differ_by_the_containers_rounding_are_the_same(place: Path) -> None:
    """29.97 is 30000/1001 in one file and 2997/100 in another, of the same frames."""
    frames = [face_frame(index) for index in range(3)]
    times = [Fraction(round(1000 * index * 1001 / 30000), 1000) for index in range(3)]
    more = {"seconds": times, "time_base": Fraction(1, 1000), "rate": Fraction(2997, 100)}
    write_frames(place / "swapped.mkv", frames, **more)
    words = ["refine", "-s", "swapped.mkv", "-t", "clip.mp4", "-o", "out.mp4", "--transfer", "none"]
    assert main([*words, "--trim-end", "0.1"]) == 0


@pytest.mark.slow
def test_a_kill_is_survived(place: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL in the middle of the work, from outside; the segments are those of real length."""
    words = [sys.executable, "-m", "aotface", *SWAP]
    folder = place / "out.mp4.aotface-part"
    with subprocess.Popen(
        words, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL
    ) as process:
        for _ in range(6000):
            if len(list(folder.glob("frame_*"))) >= 3 or process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL and not (place / "out.mp4").exists()
    monkeypatch.setattr(parts, "SHORTEST", 12)
    assert main(SWAP) == 0
    assert record()["frames_made"] <= COUNT - 3
    assert seconds(place / "out.mp4") == seconds(finished / "out.mp4")
    assert not folder.exists()
