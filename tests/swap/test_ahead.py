"""Working ahead changes nothing but the time: order, errors, and an end when nobody listens."""

import threading
import time
from collections.abc import Iterator

import pytest

from aotface.swap.ahead import ahead


def test_the_same_items_in_the_same_order() -> None:
    assert list(ahead(range(100), 2)) == list(range(100))
    assert list(ahead(ahead(iter("abc")))) == ["a", "b", "c"]


def test_never_further_ahead_than_asked() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    for number in ahead(items(), 3):
        time.sleep(0.002)
        assert len(made) <= number + 1 + 3 + 2  # waiting, one in hand on either side


def test_never_more_bytes_than_asked_but_always_one_item() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    for number in ahead(items(), 10, weigh=lambda item: 40, most=100):
        time.sleep(0.005)
        assert len(made) <= number + 1 + 2 + 2
    made.clear()
    assert list(ahead(items(), 10, weigh=lambda item: 1000, most=100)) == list(range(20))


def test_an_error_comes_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        for item in ahead(items()):
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

    line = ahead(items())
    assert next(line) == 1
    line.close()
    assert closed.is_set() and not [t for t in threading.enumerate() if t.name == "ahead"]
