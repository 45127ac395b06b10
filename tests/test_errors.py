"""One broken file of any kind does not end the work on many; what is no fault of the file does."""

from pathlib import Path

import pytest

from aotface.datasets import portraits
from aotface.datasets.portraits import Entry, usable
from aotface.errors import InputError, UsageError, WeightsError, reason_of_file


def test_faults_of_a_file_are_one_line() -> None:
    assert reason_of_file("a.png", InputError("a.png: cut\nshort")) == "a.png: cut short"
    assert reason_of_file("a.png", ZeroDivisionError("division\nby zero")) == (
        "a.png: ZeroDivisionError: division by zero"
    )


@pytest.mark.parametrize("error", [UsageError("no"), WeightsError("gone"), MemoryError()])
def test_other_faults_are_raised_again(error: Exception) -> None:
    with pytest.raises(type(error)):
        reason_of_file("a.png", error)


def test_a_fault_of_ours_leaves_one_portrait_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(path: Path) -> None:
        raise ZeroDivisionError("bad")

    monkeypatch.setattr(portraits, "look", look)
    said: list[str] = []
    entries = [Entry(f"{k}.png", "a", "b") for k in range(2)]
    assert usable(Path(), entries, said.append) == []
    assert len(said) == 2 and "1.png: ZeroDivisionError: bad" in said[1]
