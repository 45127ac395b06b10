"""Stages of a line on threads of their own: each works ahead of the next by a few items, or bytes, and no more."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

_END = object()

WAITING_BYTES = 1 << 26
"""What may wait between two stages: 64 MiB hold two frames of 2160p, and more small ones than `ahead` lets wait."""


def ahead(
    items: Iterable[T],
    depth: int = 3,
    weigh: Callable[[T], int] = lambda item: 0,
    most: int = WAITING_BYTES,
) -> Iterator[T]:
    """The same items, made on another thread, at most ``depth`` of them waiting.

    Order and values are those of ``items``; an error there is raised here, in its turn. When the receiver stops early
    (closes the iterator, or is interrupted), the thread ends after the item it is at.

    Args:
        items: what to make.
        depth: how many may wait.
        weigh: bytes of an item.
        most: how many bytes may wait together; one alone may weigh more.
    """
    waiting, failure = _Waiting(depth, most), list[BaseException]()

    def work() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not waiting.put(item, weigh(item)):
                    break
                del item  # it may be large, and the next one may take long
        except BaseException as error:
            failure.append(error)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                with suppress(Exception):
                    close()
            waiting.put(_END, 0)

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not _END:
            yield item
            del item
        if failure:
            raise failure[0]
    finally:
        waiting.stop()
        thread.join()


class _Waiting:
    """What one thread has made and another has not yet taken."""

    def __init__(self, depth: int, most: int):
        self._depth, self._most = depth, most
        self._items: deque[tuple[Any, int]] = deque()
        self._held, self._stopped = 0, False
        self._changed = threading.Condition()

    def put(self, item: object, weight: int) -> bool:
        """Wait for room, and leave an item there; False when nobody takes any more."""
        with self._changed:
            while not self._stopped and self._items and self._full(weight):
                self._changed.wait()
            if not self._stopped:
                self._items.append((item, weight))
                self._held += weight
                self._changed.notify_all()
            return not self._stopped

    def get(self) -> Any:
        """Wait for an item, and take it."""
        with self._changed:
            while not self._items:
                self._changed.wait()
            item, weight = self._items.popleft()
            self._held -= weight
            self._changed.notify_all()
            return item

    def stop(self) -> None:
        """Nothing is taken any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _full(self, weight: int) -> bool:
        return len(self._items) >= self._depth or self._held + weight > self._most
