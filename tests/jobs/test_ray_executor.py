"""Work that is shared out: whoever makes a segment, and however often, the bytes are the same."""

import os
import pickle
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from media.made_faces import face_frame, write_frames

from aotface.cli import main
from aotface.errors import UsageError, VideoError
from aotface.jobs import early, videos
from aotface.jobs import ray_executor as rays
from aotface.jobs.ray_executor import Files, RayExecutor, RayJob, pieces_of
from aotface.media.video.parts import cut
from aotface.samples import sample

COUNT, LONGER = 4, 26
OUTPUTS = ("out.mp4", "out.mask.mp4", "out.reenacted.mp4", "out.matrix.jsonl")


@dataclass
class Inline:
    """An executor in this process: every order travels as bytes, and the last piece comes first."""

    address: str = "local"
    workers: int = 2
    gpu: bool = False
    fails_after: int = 99
    made: list[list[int]] = field(default_factory=list)

    def results(self, order: RayJob, pieces: Sequence[list[int]]) -> Iterator[tuple[list[int], Files] | None]:
        for piece in reversed(pieces):
            if len(self.made) == self.fails_after:
                raise VideoError("scene.mp4: frame 3 cannot be decoded")
            rays._last.clear()  # another process has not seen it yet
            self.made.append(piece)
            yield None  # nothing is finished yet
            yield piece, pickle.loads(pickle.dumps(order)).make(piece)

    def close(self) -> None:
        rays._last.clear()


def swap(folder: Path, scene: Path, *more: str) -> int:
    words = ["swap", "-s", str(sample("source_light_man")), "-t", str(scene), "-o", str(folder / "out.mp4")]
    asked = ("--save-mask", "--save-reenacted", "--save-matrix", "--transfer", "mean", "--no-mark")
    return main([*words, *asked, *more])


@pytest.fixture(autouse=True, scope="module")
def _short_segments() -> Iterator[None]:
    """Segments of two frames, so that a short clip has two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aotface.media.video.parts.SHORTEST", 2)
        yield


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [face_frame(i) for i in range(COUNT)]
    return write_frames(tmp_path_factory.mktemp("scene") / "scene.mp4", frames)


@pytest.fixture(scope="module")
def alone(scene: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made without sharing."""
    folder = tmp_path_factory.mktemp("alone")
    assert swap(folder, scene) == 0
    return folder


def same(one: Path, other: Path) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in OUTPUTS)


def test_shared_work_gives_the_same_bytes_and_goes_on_after_a_fault(
    scene: Path,
    alone: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    executors = [Inline(fails_after=1), Inline()]
    waiting = iter(executors)
    monkeypatch.setattr(videos, "RayExecutor", lambda *_: next(waiting))
    monkeypatch.setattr(early, "find_spec", lambda name: object())  # as if Ray were installed
    assert swap(tmp_path, scene, "--ray", "local") == 3
    assert "frame 3 cannot be decoded" in capsys.readouterr().err
    assert swap(tmp_path, scene, "--ray", "local") == 0
    assert "resuming: 1 of 2 segments are there" in capsys.readouterr().out
    assert [executor.made for executor in executors] == [[[1]], [[0]]]
    assert same(tmp_path, alone)


def test_what_is_missing_is_cut_into_pieces() -> None:
    assert pieces_of([0, 1, 2, 5, 6], 1) == [[0, 1], [2], [5, 6]]
    assert pieces_of(list(range(5)), 2) == [[0], [1], [2], [3], [4]]
    assert pieces_of([], 4) == []
    many = pieces_of(list(range(1000)), 4)
    assert max(map(len, many)) == rays.LARGEST and sum(many, []) == list(range(1000))


def test_without_ray_it_says_how_to_get_it(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'aotface\[ray\]'"):
        RayExecutor("local")
    assert swap(tmp_path, scene, "--workers", "2") == 2
    assert "--workers goes with --ray" in capsys.readouterr().err
    words = ["swap", "-s", str(sample("source_light_man")), "-t", str(sample("source_light_man"))]
    assert main([*words, "-o", str(tmp_path / "out.png"), "--transfer", "mean", "--ray", "local"]) == 2
    assert "--ray is for videos" in capsys.readouterr().err


def working_below(root: int) -> list[int]:
    """Processes that are at a piece of work for Ray and descend from a process."""
    parents, at_work = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if (folder / "cmdline").read_bytes().startswith(b"ray::_make"):
                at_work.append(int(folder.name))
        except (OSError, IndexError):
            continue  # it has just ended

    def descends(pid: int) -> bool:
        return pid == root or (pid in parents and descends(parents[pid]))

    return [pid for pid in at_work if descends(pid)]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two real workers; one is killed while it is at work."""
    pytest.importorskip("ray")
    scene = write_frames(tmp_path / "scene.mp4", [face_frame(i) for i in range(LONGER)])
    longer = tmp_path / "longer"
    longer.mkdir()
    assert swap(longer, scene) == 0
    killed: list[int] = []
    make_on = rays.make_on

    def with_a_death(executor, job, tracks, parts, progress, stop) -> int:  # type: ignore[no-untyped-def]
        def kill_one(frames: int) -> None:
            progress(frames)
            victims = [] if killed else working_below(os.getpid())
            for victim in victims[:1]:
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        return make_on(executor, job, tracks, parts, kill_one, stop)

    monkeypatch.setattr(videos, "make_on", with_a_death)
    assert len(cut(0, LONGER)) > 4
    assert swap(tmp_path, scene, "--ray", "local", "--workers", "2") == 0
    assert len(killed) == 1
    assert same(tmp_path, longer)
