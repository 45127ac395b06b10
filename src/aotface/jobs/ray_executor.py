"""Segments made by many processes, on this machine or on others: Ray hands out the work, finished bytes come back.

A piece of work is a pure function of a `JobSpec` and the target's faces, so it does not matter who does it, or how often.
The bytes return to the caller, who alone writes: workers need to read the inputs, and nothing else.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from aotface.errors import AotfaceError, UsageError
from aotface.jobs.context import JobContext, open_context
from aotface.jobs.scene import open_inputs, open_scene
from aotface.jobs.spec import JobSpec
from aotface.media.files import read_bytes, write_bytes
from aotface.media.video.encode import encoding_for
from aotface.media.video.parts import Parts
from aotface.reporter import Silent
from aotface.tracking.tracks import Tracks
from aotface.video.scene import Scene
from aotface.video.segments import make_run, runs

RETRIES = 3
"""How often a piece of work is given to another worker when its own dies."""

PER_WORKER, LARGEST = 3, 8
"""Pieces of work for each worker, so that none waits long at the end; and segments in a piece at most."""

POLL_SECONDS = 0.5
"""How often the caller is asked whether to stop."""

Files = dict[str, bytes]
"""Finished files by name."""


@dataclass(frozen=True)
class RayJob:
    """What every worker is told, once: the job in absolute paths, the target's faces, and how the video is cut."""

    spec: JobSpec
    tracks: Tracks
    segments: tuple[tuple[int, int], ...]
    layers: tuple[str, ...] = ()

    def make(self, run: list[int]) -> Files:
        """Make segments that follow each other."""
        encoding = encoding_for(Path(self.spec.output), self.spec.codec, self.spec.crf, self.spec.preset)
        with tempfile.TemporaryDirectory(prefix="aotface-") as folder:
            parts = Parts(Path(folder), self.segments, self.layers)
            make_run(_scene(self), parts, encoding, run, lambda done: None, keep=False)
            return {path.name: read_bytes(path) for number in run for path in parts.files(number)}


@runtime_checkable
class Order(Protocol):
    """What workers are told, once; it can be pickled."""

    def make(self, run: list[int]) -> Files:
        """The files of one piece of work: the same piece, the same bytes."""


@runtime_checkable
class Executor(Protocol):
    """Does the work."""

    workers: int

    def results(self, order: Order, pieces: Sequence[list[int]]) -> Iterator[tuple[list[int], Files] | None]:
        """Every piece with its files, in any order; None where nothing is finished yet."""


def make_on(
    executor: Executor,
    job: JobSpec,
    tracks: Tracks,
    parts: Parts,
    progress: Callable[[int], None],
    stop_if_cancelled: Callable[[], None],
) -> int:
    """Have the missing segments made; see `aotface.video.segments.make_segments`, which gives the same bytes.

    Args:
        executor: does the work.
        job: of one output, its device settled.
        tracks: of `analyse`.
        parts: where segments go, and which layers they have.
        progress: told how many more frames are done.
        stop_if_cancelled: called while nothing is finished.

    Returns:
        How many frames were made.

    Raises:
        AotfaceError: what a worker met; or workers kept dying.
    """
    made = 0
    whole = job.with_paths(os.path.abspath, os.path.isfile)
    order = RayJob(whole, tracks, parts.segments, parts.layers)
    for result in executor.results(order, pieces_of(parts.missing(), executor.workers)):
        if result is None:
            stop_if_cancelled()
            continue
        piece, files = result
        for path in (path for number in piece for path in parts.files(number)):
            write_bytes(path, files[path.name], overwrite=True)
        frames = sum(last - first for first, last in (parts.segments[number] for number in piece))
        progress(frames)
        made += frames
    return made


def pieces_of(missing: list[int], workers: int) -> list[list[int]]:
    """Cut the missing segments into pieces of neighbours, which share the frames between them."""
    size = min(max(-(-len(missing) // (PER_WORKER * workers)), 1), LARGEST)
    return [run[at : at + size] for run in runs(missing) for at in range(0, len(run), size)]


class RayExecutor:
    """A Ray cluster, or worker processes on this machine."""

    def __init__(self, address: str, workers: int | None = None, gpu: bool = False):
        """Connect, or start.

        Args:
            address: of a running cluster (``auto``, ``host:6379``, ``ray://host:10001``), or ``local``.
            workers: pieces of work at the same time; as many as there are cores (or GPUs) when left out.
            gpu: every worker needs a GPU of its own.

        Raises:
            UsageError: Ray is not installed, or does not answer.
        """
        self._ray, self._gpu = _ray(), gpu
        local = address == "local"
        own = {"num_cpus": workers or os.cpu_count(), "include_dashboard": False} if local else {}
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            reason = " ".join(str(error).split())[:160]
            raise UsageError(f"--ray {address}: Ray does not answer ({reason}); check the address") from error
        there = self._ray.cluster_resources().get("GPU" if gpu else "CPU", 0)
        self.workers = workers or max(1, int(there))

    def results(self, order: Order, pieces: Sequence[list[int]]) -> Iterator[tuple[list[int], Files] | None]:
        """Every piece with its files, as they are finished; at most ``workers`` at the same time."""
        ray = self._ray
        make = ray.remote(num_cpus=1, num_gpus=int(self._gpu), max_retries=RETRIES)(_make)
        shared, waiting = ray.put(order), list(reversed(pieces))
        going: dict[Any, list[int]] = {}
        while waiting or going:
            while waiting and len(going) < self.workers:
                piece = waiting.pop()
                going[make.remote(shared, piece)] = piece
            finished, _ = ray.wait(list(going), num_returns=1, timeout=POLL_SECONDS)
            if not finished:
                yield None
            for ready in finished:
                yield going.pop(ready), self._fetch(ready)

    def close(self) -> None:
        """Leave the cluster; workers on this machine end."""
        self._ray.shutdown()

    def _fetch(self, ready: Any) -> Files:
        """A result, or what went wrong in the words of whoever met it."""
        try:
            return self._ray.get(ready)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            reason = " ".join(str(error).split())[:160]
            raise AotfaceError(
                f"a worker of Ray failed {RETRIES + 1} times ({reason}); what is finished is kept: run the same "
                "command again, with fewer --workers if memory ran out"
            ) from error


def _make(order: Order, piece: list[int]) -> Files:
    return order.make(piece)


_last: list[tuple[JobSpec, Scene]] = []


def _scene(order: RayJob) -> Scene:
    """The scene, opened once per process."""
    if not _last or _last[0][0] != order.spec:
        context: JobContext = open_context(order.spec, Silent())
        _last[:] = [(order.spec, open_scene(context, order.spec, open_inputs(order.spec), order.tracks))]
    return _last[0][1]


def _ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise UsageError("--ray needs Ray, which is not installed: pip install 'aotface[ray]'") from None
    return ray
