"""Stages of a line on threads of their own: each works ahead of the next by a few items and no more."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_END = object()
_POLL_SECONDS = 0.1


def ahead(items: Iterable[T], depth: int = 3) -> Iterator[T]:
    """The same items, made on another thread, at most ``depth`` of them waiting.

    Order and values are those of ``items``; an error there is raised here, in its turn. When the receiver stops early
    (closes the iterator, or is interrupted), the thread ends after the item it is at.
    """
    waiting: queue.Queue[object] = queue.Queue(depth)
    stopped = threading.Event()
    failure: list[BaseException] = []

    def put(item: object) -> bool:
        while not stopped.is_set():
            with suppress(queue.Full):
                waiting.put(item, timeout=_POLL_SECONDS)
                return True
        return False

    def work() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not put(item):
                    break
        except BaseException as error:
            failure.append(error)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                with suppress(Exception):
                    close()
            put(_END)

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not _END:
            yield item  # type: ignore[misc]
        if failure:
            raise failure[0]
    finally:
        stopped.set()
        thread.join()
