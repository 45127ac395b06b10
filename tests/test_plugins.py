"""Plug-ins of other packages: found without an import, used by name, and one line each when they are broken."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from plugins_installed import install, write_metadata

from aotface import doctor, plugins
from aotface.errors import UsageError, WeightsError
from aotface.forensics.base import ForgeryDetector, checked_score, forgery_detector
from aotface.plugins import (
    FORGERY_DETECTORS,
    KINDS,
    REENACTORS,
    TRANSFERS,
    installed,
    load,
    make,
    names,
    register,
)

MODULE = "aotface_test_plugins"


class Transfer(Protocol):
    name: str
    summary: str

    def find(self, pair: Any) -> Any: ...

    def identity(self) -> dict[str, str]: ...


class Reenactor(Protocol):
    name: str
    files: Any

    def prepare(self, source: Any, face: Any) -> Any: ...


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The test package is installed."""
    folder = install(tmp_path / "site")
    monkeypatch.syspath_prepend(folder)
    sys.modules.pop(MODULE, None)  # another test of this process may have imported it
    yield folder
    sys.modules.pop(MODULE, None)


def broken(
    site: Path, name: str, value: str, source: str | None = None, kind: plugins.Kind = TRANSFERS
) -> None:
    """Install one more package with one plug-in."""
    write_metadata(site, f"pkg-{name}", "0.3", {kind.group: {name: value}})
    if source is not None:
        (site / f"{value.split(':')[0]}.py").write_text(source)


def test_they_are_listed_without_an_import(site: Path) -> None:
    assert [names(kind) for kind in KINDS] == [("test-warm",), ("test-still",), ("test-red",)]
    (found,) = installed(TRANSFERS)
    assert found.package == "aotface-test-plugins 1.2" and MODULE not in sys.modules
    load(found)
    assert MODULE in sys.modules  # the twin: an import shows


def test_without_packages_there_are_none() -> None:
    assert [names(kind) for kind in KINDS] == [(), (), ()]


def test_each_kind_is_made_and_used(site: Path) -> None:
    warm = make(TRANSFERS, "test-warm", {"device": "cpu"}, protocol=Transfer, built_in=("mkl",))
    grey = np.full((8, 8, 3), 0.5, np.float32)
    assert warm.settings == {"device": "cpu"}
    assert warm.find(None).apply(grey)[0, 0].tolist() == pytest.approx([0.55, 0.5, 0.5])
    still = make(REENACTORS, "test-still", protocol=Reenactor)
    assert hasattr(still.prepare(np.zeros((4, 4, 3), np.uint8), None), "reenact")
    red = forgery_detector("test-red")
    assert isinstance(red, ForgeryDetector)
    assert checked_score(red, [np.full((4, 4, 3), 90, np.uint8)]) == pytest.approx(1 / 3)


def test_an_unknown_name_is_refused_with_those_that_exist(site: Path) -> None:
    with pytest.raises(UsageError, match="transfer out of: mkl, test-warm; got 'warm'"):
        make(TRANSFERS, "warm", protocol=Transfer, built_in=("mkl",))
    with pytest.raises(UsageError, match="out of: test-red; got 'blue'"):
        forgery_detector("blue")


def test_a_built_in_name_is_never_taken(site: Path) -> None:
    broken(site, "mkl", "aotface_test_plugins:Warm")
    assert names(TRANSFERS, ("mkl",)) == ("test-warm",)
    with pytest.raises(UsageError, match="'mkl' of package pkg-mkl 0.3 has the name of a built-in"):
        make(TRANSFERS, "mkl", None, protocol=Transfer, built_in=("mkl",))


def test_one_name_of_two_packages_is_refused(site: Path) -> None:
    write_metadata(site, "other", "2.0", {TRANSFERS.group: {"test-warm": "other:Warm"}})
    with pytest.raises(UsageError, match="aotface-test-plugins 1.2 and other 2.0"):
        make(TRANSFERS, "test-warm", None, protocol=Transfer)


def test_a_program_registers_its_own(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aotface_test_plugins import Warm

    monkeypatch.setattr(plugins, "_REGISTERED", {})

    class Own(Warm):
        name = "own"

    register(TRANSFERS, "own", Own)
    register(TRANSFERS, "own", Own)  # the same again does no harm
    assert names(TRANSFERS) == ("own", "test-warm") and names(REENACTORS) == ("test-still",)
    assert isinstance(make(TRANSFERS, "own", None, protocol=Transfer), Own)
    with pytest.raises(UsageError, match="'own' is registered already"):
        register(TRANSFERS, "own", Warm)
    register(TRANSFERS, "mkl", Own)
    assert names(TRANSFERS, ("mkl",)) == ("own", "test-warm")  # a built-in name is not taken
    register(TRANSFERS, "test-warm", Warm)
    with pytest.raises(UsageError, match=r"offered by \(this program\) and aotface-test-plugins 1\.2"):
        make(TRANSFERS, "test-warm", None, protocol=Transfer)


BROKEN = {
    "gone": ("no_such_module_here:X", None, "cannot be imported: ModuleNotFoundError"),
    "raises": ("p_raises:X", "raise RuntimeError('two\\nlines')", "cannot be imported: RuntimeError: two lines"),
    "leaves": ("p_leaves:X", "raise SystemExit(3)", "cannot be imported: SystemExit"),
    "absent": ("p_absent:X", "", "cannot be imported: AttributeError"),
    "number": ("p_number:X", "X = 3", "must name a class or function, got int"),
    "fails": ("p_fails:X", "def X(settings): return settings['no']", "cannot be made: TypeError"),
    "shapeless": ("p_shapeless:X", "class X:\n    def __init__(self, s): pass", "find, identity, name, summary missing"),
    "uncallable": (
        "p_uncallable:X",
        "class X:\n    name = 'uncallable'; summary = ''; find = 1\n"
        "    def __init__(self, s): pass\n    def identity(self): return {}",
        "find missing",
    ),
    "misnamed": (
        "p_misnamed:X",
        "class X:\n    name = 'other'; summary = ''\n    def __init__(self, s): pass\n"
        "    def identity(self): return {}\n    def find(self, pair): pass",
        "calls itself 'other'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_one_line_that_names_its_package(site: Path, name: str) -> None:
    value, source, words = BROKEN[name]
    broken(site, name, value, source)
    with pytest.raises(UsageError) as caught:
        make(TRANSFERS, name, None, protocol=Transfer)
    line = str(caught.value)
    assert words in line and f"pkg-{name} 0.3" in line and "\n" not in line
    make(TRANSFERS, "test-warm", None, protocol=Transfer)  # the twin: the others still work


def test_an_error_of_ours_passes_through(site: Path) -> None:
    source = (
        "from aotface.errors import WeightsError\ndef X(settings): raise WeightsError('w.onnx is missing')"
    )
    broken(site, "weightless", "p_weightless:X", source)
    with pytest.raises(WeightsError, match="w.onnx is missing"):
        make(TRANSFERS, "weightless", None, protocol=Transfer)


def test_damaged_metadata_is_one_line(site: Path) -> None:
    broken(site, "odd", "p_odd:X")
    (site / "pkg_odd-0.3.dist-info" / "entry_points.txt").write_text(
        "[aotface.transfers]\nwords without a sign\n"
    )
    with pytest.raises(UsageError, match="pip check"):
        installed(TRANSFERS)


def test_the_doctor_lists_them(site: Path) -> None:
    broken(site, "mkl", "aotface_test_plugins:Warm")
    broken(site, "gone", "no_such_module_here:X", kind=FORGERY_DETECTORS)
    found = {check.name: check for check in doctor._plugins()}
    assert (
        found["transfer test-warm"].state == "ok"
        and "aotface-test-plugins 1.2" in found["transfer test-warm"].found
    )
    assert {"reenactor test-still", "forgery detector test-red"} <= set(found)
    assert "built-in" in found["transfer mkl"].found
    assert (
        found["forgery detector gone"].state == "note"
        and "pkg-gone 0.3" in found["forgery detector gone"].found
    )


def test_help_names_them_and_imports_none(site: Path) -> None:
    broken(site, "gone", "no_such_module_here:X")
    words = [sys.executable, "-m", "aotface", "swap", "--help"]
    source = str(Path(plugins.__file__).parents[1])
    path = os.pathsep.join((str(site), source))
    run = subprocess.run(
        words, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, timeout=60
    )
    assert run.returncode == 0, run.stderr
    said = " ".join(run.stdout.split())
    assert (
        "Plug-ins installed: transfer gone, test-warm; reenactor test-still; forgery detector test-red."
        in said
    )
    without = subprocess.run(
        words, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": source}, timeout=60
    )
    assert "Plug-ins" not in without.stdout


def test_a_picture_is_swapped_with_them(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from skimage.data import astronaut

    from aotface.cli import main
    from aotface.media.image import read_image, write_image

    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    write_image(tmp_path / "scene.png", np.ascontiguousarray(astronaut()[:300, 60:360]))
    words = ["swap", "-s", "scene.png", "-t", "scene.png", "--no-mark", "--camera-match", "off"]
    for name, more in (("plain", ["--transfer", "none"]), ("warm", ["--transfer", "test-warm"])):
        assert main([*words, "-o", f"{name}.png", *more]) == 0, capsys.readouterr().err
    plain, warm = (read_image(tmp_path / f"{name}.png").frame.astype(float) for name in ("plain", "warm"))
    changed = warm - plain
    blue = np.abs(changed[..., 2])
    assert changed[..., 0].max() > 5 and blue.max() <= 4 and (blue > 3).sum() <= 2  # the mouth is lit as skin
    assert main([*words, "-o", "still.png", "--transfer", "none", "--reenact", "test-still"]) == 0
    assert main([*words, "-o", "no.png", "--transfer", "test-cold"]) == 2
    assert "test-warm" in capsys.readouterr().err
