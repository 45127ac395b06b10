"""What the doctor says about speed; the rest of it is tested through the command line."""

import pytest

from aotface import doctor
from aotface.errors import UsageError
from aotface.profiling.clock import Cost

MEASURE = "aotface.profiling.transfers.measure_backends"


def test_the_fastest_backend_is_recommended_and_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = {"torch": Cost(50, 90), "onnx": Cost(31.4, 60)}
    monkeypatch.setattr(MEASURE, lambda repeat: (costs, {"openvino": UsageError("no file")}))
    first, second = doctor._backends()
    assert first.found == "onnx 31 ms, torch 50 ms a face" and "--backend onnx" in first.remedy
    assert second.state == "note" and second.name == "backend openvino" and "no file" in second.found
    costs["torch"] = Cost(20, 200)
    assert doctor._backends()[0].remedy == ""  # the twin: the default needs no words


@pytest.mark.parametrize("fault", [UsageError("no weights"), ImportError("no onnxruntime")])
def test_what_cannot_be_measured_is_no_failure(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def fail(repeat: int) -> None:
        raise fault

    monkeypatch.setattr(MEASURE, fail)
    (check,) = doctor._backends()
    assert check.state == "note" and str(fault) in check.found
