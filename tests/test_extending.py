"""In a copy of the package, a new metric, transfer and output layer touch one new file and one line each."""

import difflib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from media.made_faces import face_frame, write_frames

import aotface
from aotface.media.image import read_image, write_image
from aotface.media.video.decode import read_frames
from aotface.samples import sample

PACKAGE = Path(aotface.__file__).parent

METRIC = '''"""How much redder Y is than X_t."""

from aotface.masked import Colours
from aotface.types import Mask


def redness(result: Colours, target: Colours, mask: Mask) -> float:
    """Mean difference of red under the mask, 0..1 of full scale."""
    return float(((result - target)[..., 0] * mask).sum() / mask.sum())
'''

TRANSFER = '''"""A tenth more red."""

from aotface.types import Crop, Mask


def transfer(reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
    """Scale red under the mask."""
    moved = reenacted.copy()
    moved[..., 0] = (moved[..., 0] * (1 + 0.1 * (mask > 0))).clip(0, 1)
    return moved
'''

NEW_FILES = {"metrics/redness.py": METRIC, "transfer/classical/warmer.py": TRANSFER}

NEW_LINES = {
    "metrics/__init__.py": (
        "    for metric in (\n",
        '        Metric("redness", "target", "", "redness.redness", _PAIR),\n',
    ),
    "transfer/__init__.py": (
        "LISTED: dict[str, Listed] = {\n",
        '    "warmer": Listed("classical.warmer", "a tenth more red"),\n',
    ),
    "compose/output_layers.py": (
        "LAYERS: tuple[OutputLayer, ...] = (\n",
        '    OutputLayer("target", "the target as it was", ".target.png", ".target.mp4", lambda done: done.original, '
        "of_frame=lambda made: made.original),\n",
    ),
}
"""File to the line after which, and the line that, is added."""

RUN = """
import sys
from aotface.cli import main
swap = ["swap", "-s", sys.argv[1], "--transfer", "warmer", "--no-mark", "--save-target"]
codes = [
    main(["bench", "--suite", "folder", "--data", "data", "-o", "results", "--methods", "none,warmer"]),
    main([*swap, "-t", "data/one_target.png", "-o", "out.png"]),
    main([*swap, "-t", "scene.mp4", "-o", "out.mp4"]),
]
sys.exit(codes != [0, 0, 0])
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the new files and lines."""
    copy = tmp_path_factory.mktemp("extended") / "aotface"
    shutil.copytree(PACKAGE, copy)
    for name, text in NEW_FILES.items():
        (copy / name).write_text(text)
    for name, (after, line) in NEW_LINES.items():
        text = (copy / name).read_text()
        assert text.count(after) == 1
        (copy / name).write_text(text.replace(after, after + line))
    return copy


def changed(before: Path, after: Path) -> dict[str, list[str]]:
    """By file, the lines that differ, as a diff shows them."""
    names = {path.relative_to(root).as_posix() for root in (before, after) for path in root.rglob("*.py")}
    found = {}
    for name in sorted(names):
        texts = [(root / name).read_text() if (root / name).exists() else "" for root in (before, after)]
        lines = [line for line in difflib.ndiff(*(text.splitlines() for text in texts)) if line[0] in "+-"]
        if lines:
            found[name] = lines
    return found


def test_only_new_files_and_one_line_each(extended: Path) -> None:
    found = changed(PACKAGE, extended)
    assert set(found) == {*NEW_FILES, *NEW_LINES}
    for name, (_, line) in NEW_LINES.items():
        assert found[name] == [f"+ {line.rstrip()}"]


def test_the_copy_measures_swaps_and_writes_with_them(extended: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    face = face_frame(0)
    write_image(tmp_path / "data" / "one_reenacted.png", face)
    write_image(tmp_path / "data" / "one_target.png", face)
    write_frames(tmp_path / "scene.mp4", [face_frame(k) for k in range(5)])
    env = os.environ | {"PYTHONPATH": str(extended.parent), "AOTFACE_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-c", RUN, str(sample("source_light_man"))]
    run = subprocess.run(words, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=300)
    assert run.returncode == 0, run.stderr
    rows = json.loads((tmp_path / "results/folder/rows/folder-one.json").read_text())["rows"]
    assert rows["none"]["redness"] == 0 and 0.01 < rows["warmer"]["redness"] < 0.1
    assert "<th>redness</th>" in (tmp_path / "results" / "report.html").read_text()
    np.testing.assert_array_equal(read_image(tmp_path / "out.target.png").frame, face)
    shown = [
        [f.rgb.astype(int) for f in read_frames(tmp_path / n)]
        for n in ("scene.mp4", "out.target.mp4", "out.mp4")
    ]
    target, layer, swapped = (np.stack(frames) for frames in shown)
    assert target.shape == layer.shape and np.abs(layer - target).mean() < 3 < np.abs(swapped - target).max()


def test_the_package_itself_has_none_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The twin."""
    from aotface.cli import main
    from aotface.metrics import METRICS

    words = ["swap", "-s", "a.png", "-t", "b.png", "-o", str(tmp_path / "c.png")]
    assert main([*words, "--save-target"]) == 2 and "--save-target" in capsys.readouterr().err
    assert main([*words, "--transfer", "warmer"]) == 2 and "warmer" in capsys.readouterr().err
    assert "redness" not in METRICS
