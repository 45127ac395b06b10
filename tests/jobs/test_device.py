"""``--device``: what was asked for, or a refusal."""

import pytest

from aotface.errors import UsageError
from aotface.jobs import device
from aotface.jobs.device import pick_device


@pytest.fixture
def sees(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Libraries that see a cuda device in this test."""
    seeing: set[str] = set()
    monkeypatch.setattr(device, "_has_cuda", lambda library: library in seeing)
    return seeing


def test_auto_takes_cuda_where_everybody_can(sees: set[str]) -> None:
    both = {"torch": "aot", "onnxruntime": "mine.toml"}
    assert pick_device("auto", both) == "cpu"
    sees.add("torch")
    assert pick_device("auto", both) == "cpu" and pick_device("auto", {"torch": "aot"}) == "cuda"
    sees.add("onnxruntime")
    assert pick_device("auto", both) == pick_device("cuda", both) == "cuda"
    assert pick_device("cpu", both) == "cpu" and pick_device("auto", {}) == "cpu"


def test_cuda_is_refused_rather_than_replaced(sees: set[str]) -> None:
    with pytest.raises(UsageError, match="onnxruntime .for mine.toml. sees no cuda"):
        pick_device("cuda", {"onnxruntime": "mine.toml"})
    sees.add("torch")
    with pytest.raises(UsageError, match="nothing in this run uses cuda"):
        pick_device("cuda", {})
    with pytest.raises(UsageError, match="expected --device"):
        pick_device("gpu", {})
