"""The folder in which a video grows: fixed cuts, one job at a time, and nobody else's files."""

from pathlib import Path

import numpy as np
import pytest

from aotface.errors import UnwritableError
from aotface.media.video.parts import JOB, LONGEST, SHORTEST, Parts, claim, cut

JOB_A, JOB_B = {"options": {"transfer": "mkl"}}, {"options": {"transfer": "mean"}}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.mp4"


def begun(output: Path, job: dict = JOB_A) -> Parts:
    """A folder with the first of three segments finished."""
    parts, _ = claim(output, job, cut(0, 36))
    parts.segment(0).write_bytes(b"finished")
    return parts


@pytest.mark.parametrize("first", [0, 7])
@pytest.mark.parametrize(
    "count", [1, 2, 11, 12, 13, 17, 18, 19, 36, 599, 600, 625, 4799, 4800, 5000, 100_000]
)
def test_cuts_cover_every_frame_once(first: int, count: int) -> None:
    segments = cut(first, first + count)
    assert segments[0][0] == first and segments[-1][1] == first + count
    assert all(a[1] == b[0] for a, b in zip(segments, segments[1:], strict=False))
    lengths = [stop - start for start, stop in segments]
    assert len(set(lengths[:-1])) <= 1 and all(SHORTEST <= length <= LONGEST for length in lengths[:-1])
    assert max(lengths) < 1.5 * LONGEST + 1


def test_where_the_cuts_lie_depends_on_the_count_alone() -> None:
    assert cut(100, 725) == [(a + 100, b + 100) for a, b in cut(0, 625)]
    assert cut(0, 625) != cut(0, 1500)[: len(cut(0, 625))]  # twin: another video is cut elsewhere


def test_at_most_a_fiftieth_is_lost_with_a_segment() -> None:
    for count in (600, 1800, 18_000, 200_000):
        longest = max(stop - start for start, stop in cut(0, count))
        assert longest <= 1.5 * max(count / 50, SHORTEST)


def test_a_folder_is_new_then_known(output: Path) -> None:
    parts, going_on = claim(output, JOB_A, cut(0, 36))
    assert not going_on and parts.folder.name == "out.mp4.aotface-part" and parts.missing() == [0, 1, 2]
    assert not claim(output, JOB_A, cut(0, 36))[1]  # claimed, but nothing is there yet
    parts.segment(1).write_bytes(b"finished")
    again, going_on = claim(output, JOB_A, cut(0, 36))
    assert going_on and again.missing() == [0, 2]


def test_tracks_alone_are_worth_going_on_with(output: Path) -> None:
    parts, _ = claim(output, JOB_A, cut(0, 36))
    parts.save("tracks", {"count": np.array([36], np.int32)})
    parts, going_on = claim(output, JOB_A, cut(0, 36))
    kept = parts.load("tracks")
    assert going_on and kept is not None and kept["count"].tolist() == [36]


def test_another_job_empties_the_folder(output: Path) -> None:
    old = begun(output)
    old.save("tracks", {"count": np.array([36], np.int32)})
    parts, going_on = claim(output, JOB_B, cut(0, 36))
    assert not going_on and parts.missing() == [0, 1, 2] and parts.load("tracks") is None
    assert [path.name for path in parts.folder.iterdir()] == [JOB]
    assert not claim(output, JOB_A, cut(0, 36))[1]  # and the first one does not find its own again


@pytest.mark.parametrize("marker", [b"", b"{", b"\xff\xfe", None])
def test_a_folder_whose_marker_is_broken_is_begun_anew(output: Path, marker: bytes | None) -> None:
    parts = begun(output)
    (parts.folder / JOB).unlink() if marker is None else (parts.folder / JOB).write_bytes(marker)
    parts, going_on = claim(output, JOB_A, cut(0, 36))
    assert not going_on and parts.missing() == [0, 1, 2]


@pytest.mark.parametrize("stranger", ["notes.txt", "deep/notes.txt", "segment_00000.avi"])
def test_a_strangers_file_is_refused_and_stays(output: Path, stranger: str) -> None:
    parts = begun(output)
    path = parts.folder / stranger
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(UnwritableError, match="not of aotface"):
        claim(output, JOB_B, cut(0, 36))
    assert path.read_text() == "mine" and parts.segment(0).exists()


@pytest.mark.parametrize("stranger", ["holiday.mp4", "contacts.json"])
def test_a_strangers_video_is_refused_and_stays(output: Path, stranger: str) -> None:
    path = begun(output).folder / stranger
    path.write_text("mine")
    with pytest.raises(UnwritableError, match="not of aotface"):
        claim(output, JOB_B, cut(0, 36))
    assert path.read_text() == "mine"


def test_a_strangers_file_survives_the_end(output: Path) -> None:
    parts = begun(output)
    (parts.folder / "notes.txt").write_text("mine")
    parts.discard()
    assert (parts.folder / "notes.txt").read_text() == "mine" and not parts.segment(0).exists()


def test_a_file_in_the_way_is_refused(output: Path) -> None:
    Path(f"{output}.aotface-part").write_text("mine")
    with pytest.raises(UnwritableError):
        claim(output, JOB_A, cut(0, 36))
    assert Path(f"{output}.aotface-part").read_text() == "mine"


def test_what_a_kill_left_half_written_is_cleared_away(output: Path) -> None:
    parts = begun(output)
    (parts.folder / ".0123456789abcdef.part.mp4").write_bytes(b"half")
    claim(output, JOB_A, cut(0, 36))
    assert parts.missing() == [1, 2]  # it is no segment
    claim(output, JOB_B, cut(0, 36))
    assert [path.name for path in parts.folder.iterdir()] == [JOB]


def test_arrays_cut_short_are_none(output: Path) -> None:
    parts, _ = claim(output, JOB_A, cut(0, 36))
    assert parts.load("tracks") is None
    parts.save("tracks", {"values": np.arange(1000, dtype=np.float32)[::2]})
    assert np.array_equal(parts.load("tracks")["values"], np.arange(0, 1000, 2))
    file = parts.folder / "tracks.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert parts.load("tracks") is None


def test_the_end_leaves_nothing(output: Path) -> None:
    parts = begun(output)
    parts.discard()
    assert list(output.parent.iterdir()) == []
    parts.discard()  # twice is no error
