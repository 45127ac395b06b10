"""Working ahead changes nothing but the time: order, errors, and an end when nobody listens."""

import threading
import time
from collections.abc import Iterator

import pytest

from aotface.video.prefetch import parallel_map, prefetch


def test_the_same_items_in_the_same_order() -> None:
    assert list(prefetch(range(100), 2)) == list(range(100))
    assert list(prefetch(prefetch(iter("abc")))) == ["a", "b", "c"]


def test_never_further_ahead_than_asked() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    for number in prefetch(items(), 3):
        time.sleep(0.002)
        assert len(made) <= number + 1 + 3 + 2  # waiting, one in hand on either side


def test_never_more_bytes_than_asked_but_always_one_item() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    for number in prefetch(items(), 10, weigh=lambda item: 40, most=100):
        time.sleep(0.005)
        assert len(made) <= number + 1 + 2 + 2
    made.clear()
    assert list(prefetch(items(), 10, weigh=lambda item: 1000, most=100)) == list(range(20))


def test_an_error_comes_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        for item in prefetch(items()):
            seen.append(item)
    assert seen == [1, 2]


def test_the_thread_ends_with_its_receiver() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            number = 0
            while True:
                yield (number := number + 1)
        finally:
            closed.set()

    line = prefetch(items())
    assert next(line) == 1
    line.close()
    assert closed.is_set() and not [t for t in threading.enumerate() if t.name == "prefetch"]


def test_several_at_the_same_time_and_yet_in_order() -> None:
    """Both workers are at work at once (each waits for the other), and the later result may be there first."""
    together = threading.Barrier(2, timeout=20)

    def work(number: int) -> int:
        together.wait()
        time.sleep(0.01 if number % 2 == 0 else 0)
        return number * number

    squares = [number * number for number in range(12)]
    assert list(parallel_map(work, range(12), 2, depth=1, helping=False)) == squares
    assert list(parallel_map(work, range(12), 1, depth=1)) == squares  # the receiver is the other
    with pytest.raises(threading.BrokenBarrierError):  # the twin: one alone waits in vain
        together.reset()
        together = threading.Barrier(2, timeout=0.1)
        list(parallel_map(work, range(2), 1, helping=False))


def test_an_error_of_one_worker_comes_in_its_turn() -> None:
    def work(number: int) -> int:
        if number == 5:
            raise ValueError("broken")
        return number

    for workers, helping in ((1, False), (1, True), (2, True), (3, False)):
        seen = []
        with pytest.raises(ValueError, match="broken"):
            for item in parallel_map(work, range(20), workers, helping=helping):
                seen.append(item)
        assert seen == list(range(5))
        assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_workers_wait_for_room() -> None:
    made: list[int] = []

    def work(number: int) -> int:
        made.append(number)
        return number

    for number in parallel_map(work, range(50), 2, depth=2):
        time.sleep(0.002)
        assert len(made) <= number + 1 + 2 + 3  # waiting, and one in each hand


def test_an_interrupt_of_the_receiver_comes_at_once() -> None:
    def work(number: int) -> int:
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        time.sleep(0.05)
        return number

    with pytest.raises(KeyboardInterrupt):
        list(parallel_map(work, range(9), 1))
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
