"""``--device``: what was asked for, or a refusal."""

import pytest
from msgspec.structs import replace

from aotface.errors import UsageError
from aotface.jobs import device
from aotface.jobs.device import pick_device, with_transfer
from aotface.jobs.spec import JobSpec


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


def test_what_a_server_sets_for_its_network_does_not_refuse_other_transfers() -> None:
    """`aotface serve --backend onnx --weights w --device cuda`, and a job by a formula."""
    served = JobSpec(
        kind="swap", source="a", target="b", output="c", backend="onnx", weights="w", device="auto"
    )
    with pytest.raises(UsageError, match="--backend is for a transfer with a network"):
        replace(served, transfer="mkl").check()  # the twin: it would be
    with_transfer(served, "mkl").check()
    assert with_transfer(served, "aot") == served
    cuda = with_transfer(JobSpec(kind="swap", source="a", target="b", output="c", device="cuda"), "mkl")
    assert (cuda.device, cuda.transfer, with_transfer(served, "mkl").weights) == ("auto", "mkl", "aot_small")
