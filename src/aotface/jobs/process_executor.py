"""Pieces of work in this process, or in several on this machine, without a further package."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from aotface.errors import AotfaceError
from aotface.jobs.ray_executor import POLL_SECONDS, Files, Order
from aotface.threads import set_thread_policy

Result = tuple[list[int], Files] | None


class SerialExecutor:
    """One piece after the other, here."""

    workers = 1

    def results(self, order: Order, pieces: Sequence[list[int]]) -> Iterator[Result]:
        """Every piece with its files, in order."""
        return ((piece, order.make(piece)) for piece in pieces)

    def close(self) -> None:
        """Nothing was opened."""


class ProcessExecutor:
    """Worker processes; each loads what it needs once."""

    def __init__(self, workers: int):
        """Start them.

        Args:
            workers: how many.
        """
        self.workers = workers
        context = multiprocessing.get_context("spawn")  # a fork would share locks and threads of libraries
        self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)

    def results(self, order: Order, pieces: Sequence[list[int]]) -> Iterator[Result]:
        """Every piece with its files, as they are finished; at most one more than ``workers`` wait.

        Raises:
            AotfaceError: a worker died.
        """
        waiting = list(reversed(pieces))
        going: dict[Future[Files], list[int]] = {}
        while waiting or going:
            while waiting and len(going) <= self.workers:
                piece = waiting.pop()
                going[self._submit(order, piece)] = piece
            finished, _ = wait(going, POLL_SECONDS, FIRST_COMPLETED)
            if not finished:
                yield None
            for ready in finished:
                yield going.pop(ready), _files(ready)

    def close(self) -> None:
        """Let the workers end; what waits is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, order: Order, piece: list[int]) -> "Future[Files]":
        try:
            return self._pool.submit(_work, order, piece)
        except BrokenProcessPool:
            raise _dead() from None


def _begin() -> None:
    """In a worker: how threads wait, and an end with the process that started it, however that ends."""
    set_thread_policy()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(order: Order, piece: list[int]) -> Files:
    return order.make(piece)


def _files(ready: "Future[Files]") -> Files:
    try:
        return ready.result()
    except BrokenProcessPool:
        raise _dead() from None


def _dead() -> AotfaceError:
    return AotfaceError(
        "a worker process died (was it killed, or is memory used up?); what is finished is kept: run the same command "
        "again, with fewer --workers if memory ran out"
    )
