"""Stages of a line on threads of their own: each works ahead of the next by a few items, or bytes, and no more."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WAITING_BYTES = 1 << 26
"""What may wait between two stages: 64 MiB hold two frames of 2160p, and more small ones than `ahead` lets wait."""


def ahead(
    items: Iterable[T],
    depth: int = 3,
    weigh: Callable[[T], int] = lambda item: 0,
    most: int = WAITING_BYTES,
) -> Iterator[T]:
    """The same items, made on another thread, at most ``depth`` of them waiting; see `spread`."""
    return spread(lambda item: item, items, 1, depth, weigh, most)


def spread(
    work: Callable[[T], R],
    items: Iterable[T],
    workers: int,
    depth: int = 3,
    weigh: Callable[[R], int] = lambda item: 0,
    most: int = WAITING_BYTES,
) -> Iterator[R]:
    """What a work makes of items, of several at the same time, each on a thread of its own.

    Order and values are those of ``map(work, items)``; an error there is raised here, in its turn. When the receiver
    stops early (closes the iterator, or is interrupted), every thread ends after the item it is at.

    Args:
        work: of one item, whatever becomes of the others.
        items: taken one after another.
        workers: how many threads.
        depth: how many results may wait; every worker has one more in hand.
        weigh: bytes of a result.
        most: how many bytes may wait together; one alone may weigh more.
    """
    waiting, taking, turns, source = _Waiting(depth, most), threading.Lock(), count(), iter(items)

    def make() -> tuple[int, _Made]:
        try:
            with taking:
                turn = next(turns)
                item = next(source)
            return turn, _Made(work(item))
        except BaseException as error:
            return turn, _Made(None, error)

    def go_on() -> None:
        while waiting.wanted:
            turn, made = make()
            waiting.put(turn, made, weigh(made.value) if made.error is None else 0)
            del made  # it may be large, and the next one may take long

    threads = [threading.Thread(target=go_on, name="ahead", daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        while not isinstance((made := waiting.get()).error, StopIteration):
            if made.error is not None:
                raise made.error
            yield made.value
            del made
    finally:
        waiting.stop()
        for thread in threads:
            thread.join()
        with suppress(Exception):
            getattr(source, "close", lambda: None)()


class _Made(NamedTuple):
    """What became of one item; ``error``: StopIteration where there was none any more."""

    value: Any
    error: BaseException | None = None


class _Waiting:
    """What some threads have made and another has not yet taken, in order."""

    def __init__(self, depth: int, most: int):
        self._depth, self._most = depth, most
        self._items: deque[tuple[_Made, int]] = deque()
        self._held, self._turn = 0, 0
        self._changed = threading.Condition()
        self.wanted = True

    def put(self, turn: int, made: _Made, weight: int) -> None:
        """Wait for one's turn and for room, and leave it there, unless nobody takes any more."""
        with self._changed:
            while self.wanted and (turn > self._turn or (self._items and self._full(weight))):
                self._changed.wait()
            if not self.wanted:
                return
            self._items.append((made, weight))
            self._held += weight
            self._turn += 1
            self._changed.notify_all()

    def get(self) -> _Made:
        """Wait for the next one, and take it."""
        with self._changed:
            while not self._items:
                self._changed.wait()
            made, weight = self._items.popleft()
            self._held -= weight
            self._changed.notify_all()
            return made

    def stop(self) -> None:
        """Nothing is taken any more."""
        with self._changed:
            self.wanted = False
            self._items.clear()
            self._changed.notify_all()

    def _full(self, weight: int) -> bool:
        return len(self._items) >= self._depth or self._held + weight > self._most
