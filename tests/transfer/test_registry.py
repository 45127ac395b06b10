"""The list of transfers: a new one is a file and a line; one object for all threads; nothing heavy before it is opened."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import pytest

from aotface import transfer as registry
from aotface.errors import UsageError, WeightsError
from aotface.evaluation.methods import find_methods
from aotface.options import Options
from aotface.transfer import LISTED, Listed, TransferSettings, names, open_transfer, transfer_for
from aotface.transfer.base import FacePair, Transfer
from aotface.types import Crop, Mask


@pytest.fixture
def inverted(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A transfer that was not there before: one module, one line."""

    def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
        return np.where((mask > 0)[..., None], 1 - reenacted, reenacted)

    module = ModuleType("aotface.transfer.inverted")
    module.transfer = transfer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "aotface.transfer.inverted", module)
    monkeypatch.setitem(LISTED, "inverted", Listed("inverted", "a negative"))
    yield "inverted"
    registry._OPENED.pop(("inverted", TransferSettings()), None)


def test_every_transfer_is_described_and_opens_under_its_name() -> None:
    assert names()[0] == Options.transfer and len(set(names())) == len(names())
    for name in names():
        transfer = open_transfer(name)
        assert isinstance(transfer, Transfer)
        assert transfer.name == name and transfer.summary == LISTED[name].summary
        assert transfer.summary and "\n" not in transfer.summary
        assert (transfer.identity()["model_sha256"] is not None) == LISTED[name].uses_network


def test_an_unknown_transfer_is_one_line() -> None:
    with pytest.raises(UsageError, match="mkl.*'reinhart'"):
        open_transfer("reinhart")
    with pytest.raises(WeightsError, match="no such weights"):
        open_transfer("aot", TransferSettings(weights="no-such-weights"))


def test_one_line_makes_a_transfer_that_swaps_and_is_judged(
    inverted: str, pair: Callable[..., FacePair]
) -> None:
    transfer = transfer_for(Options(transfer=inverted))
    one = pair()
    moved = transfer.find(one).apply(one.reenacted)
    inside = one.mask > 0
    np.testing.assert_allclose(moved[inside], 1 - one.reenacted[inside], atol=1e-6)
    np.testing.assert_array_equal(moved[~inside], one.reenacted[~inside])
    assert find_methods([inverted])[-1].name == inverted
    del LISTED[inverted]
    with pytest.raises(UsageError):  # the twin: without its line it is unknown
        find_methods([inverted])


def test_many_threads_open_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_OPENED", {})
    loaded: list[str] = []
    load = registry._opened
    monkeypatch.setattr(registry, "_opened", lambda name, *more: loaded.append(name) or load(name, *more))
    found: list[Transfer] = []
    threads = [threading.Thread(target=lambda: found.append(open_transfer("aot"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loaded == ["aot"] and len(found) == 4 and all(one is found[0] for one in found)


def test_the_list_loads_nothing_heavy() -> None:
    code = "import sys, aotface.transfer as t; t.names(), t.listed('aot').uses_network; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"torch", "cv2", "scipy"}.isdisjoint(loaded.split()) and "aotface.transfer" in loaded.split()
