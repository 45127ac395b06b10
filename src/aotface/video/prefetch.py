"""Pipeline stages on threads of their own: each works ahead of the next by a few items, or bytes, and no more."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WAITING_BYTES = 1 << 26
"""What may wait between two stages: 64 MiB hold two frames of 2160p, and more small ones than `prefetch` lets wait."""


def prefetch(
    items: Iterable[T],
    depth: int = 3,
    weigh: Callable[[T], int] = lambda item: 0,
    most: int = WAITING_BYTES,
) -> Iterator[T]:
    """The same items, made on another thread, at most ``depth`` of them waiting; see `parallel_map`."""
    return parallel_map(lambda item: item, items, 1, depth, weigh, most, helping=False)


def parallel_map(
    work: Callable[[T], R],
    items: Iterable[T],
    workers: int,
    depth: int = 3,
    weigh: Callable[[R], int] = lambda item: 0,
    most: int = WAITING_BYTES,
    helping: bool = True,
) -> Iterator[R]:
    """What a work makes of items, of several at the same time, each on a thread of its own.

    Order and values are those of ``map(work, items)``; an error there is raised here, in its turn. When the receiver
    stops early (closes the iterator, or is interrupted), every thread ends after the item it is at.

    Args:
        work: of one item, whatever becomes of the others.
        items: taken one after another.
        workers: how many threads.
        depth: how many results may wait; every thread has one more in hand.
        weigh: bytes of a result.
        most: how many bytes may wait together; one alone may weigh more.
        helping: the receiver, where it would wait, works on the next item itself: with one worker two threads are
            always busy, and no third gets in their way.
    """
    waiting, taking, turns, source = _Waiting(depth, most), threading.Lock(), count(), iter(items)

    def make(patient: bool = True) -> None:
        try:
            with taking:
                turn = next(turns)
                item = next(source)
            value = work(item)
        except BaseException as error:
            if not (patient or isinstance(error, Exception)):
                raise  # Ctrl-C, which only the receiver's own thread meets, does not wait for its turn
            waiting.put(turn, _Made(None, error), 0, patient)
        else:
            waiting.put(turn, _Made(value), weigh(value), patient)

    def run() -> None:
        while waiting.wanted:
            make()

    threads = [threading.Thread(target=run, name="prefetch", daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        while True:
            while helping and waiting.lacking:
                make(patient=False)
            made = waiting.get()
            if isinstance(made.error, StopIteration):
                return
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
    """What some threads have made and another has not yet taken, by turn."""

    def __init__(self, depth: int, most: int):
        self._depth, self._most = depth, most
        self._made: dict[int, tuple[_Made, int]] = {}
        self._held, self._turn, self._ended = 0, 0, False
        self._changed = threading.Condition()
        self.wanted = True

    def put(self, turn: int, made: _Made, weight: int, patient: bool) -> None:
        """Leave it there, unless nobody takes any more; who is patient waits for room. What is taken next has room."""
        with self._changed:
            while self.wanted and patient and turn > self._turn and self._full(weight):
                self._changed.wait()
            if self.wanted:
                self._made[turn] = made, weight
                self._held += weight
                self._ended |= made.error is not None
                self._changed.notify_all()

    @property
    def lacking(self) -> bool:
        """Whether the next one is not there, and there are more to be made, and room for them."""
        with self._changed:
            return not (self._turn in self._made or self._ended or self._full(0))

    def get(self) -> _Made:
        """Wait for the next one, and take it."""
        with self._changed:
            while self._turn not in self._made:
                self._changed.wait()
            made, weight = self._made.pop(self._turn)
            self._turn += 1
            self._held -= weight
            self._changed.notify_all()
            return made

    def stop(self) -> None:
        """Nothing is taken any more."""
        with self._changed:
            self.wanted = False
            self._made.clear()
            self._changed.notify_all()

    def _full(self, weight: int) -> bool:
        return len(self._made) >= self._depth or self._held + weight > self._most
