"""Every file of examples/ runs by itself, in a folder of its own, and does what it says."""

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import aotface
from aotface.compose.pipeline import Swapped
from aotface.media.image import read_image
from aotface.media.video.decode import read_frames
from aotface.samples import sample

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
IMPORTS = {"aotface", "numpy", "PIL"}


def start(name: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an example as a newcomer does: another working directory, only the package on the path."""
    source = str(Path(aotface.__file__).parents[1])
    home = {"AOTFACE_HOME": str(folder / "home"), "PYTHONPATH": source}
    command = [sys.executable, str(ROOT / "examples" / name), str(folder / "out"), *words]
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | home, cwd=folder, timeout=300
    )


def outputs(name: str, folder: Path, *words: str) -> tuple[Path, str]:
    """The folder and the lines of an example that ends well."""
    run = start(name, folder, *words)
    assert (run.returncode, run.stderr) == (0, "")
    return folder / "out", run.stdout


def pixels(path: Path) -> np.ndarray:
    return read_image(path).frame.astype(int)


def swap(source: str, target: str, transfer: str = "aot") -> Swapped:
    return aotface.swap(Image.open(sample(source)), Image.open(sample(target)), transfer)


def test_picture(tmp_path: Path) -> None:
    folder, said = outputs("picture.py", tmp_path)
    wanted = swap("source_light_man", "target_medium_man_warm_side")
    np.testing.assert_array_equal(pixels(folder / "in_memory.png"), wanted.frame)
    np.testing.assert_allclose(pixels(folder / "mask.png")[..., 0] / 255, wanted.mask, atol=1 / 255)
    assert np.abs(pixels(folder / "swapped.jpg") - wanted.frame).mean() < 2
    signed, plain = (aotface.verify(folder / name) for name in ("swapped.jpg", "in_memory.png"))
    assert signed.credentials is not None and signed.watermark.found and not signed.tampered
    assert plain.credentials is None and plain.watermark.found
    assert json.loads((folder / "swapped.run.json").read_text())["job"]["output"]
    assert [line.split(":")[1].split(";")[0].strip() for line in said.splitlines() if "Result" in line] == [
        "made with aotface", "made with aotface", "no marks. That does not show that the picture is genuine",
    ]  # fmt: skip


def test_a_picture_without_a_face_is_one_line(tmp_path: Path) -> None:
    Image.new("RGB", (80, 80)).save(tmp_path / "grey.png")
    run = start("picture.py", tmp_path, "grey.png")
    assert run.returncode == 1 and re.fullmatch(r"error: .*grey\.png.*\n", run.stderr), run.stderr
    assert not (tmp_path / "out" / "swapped.jpg").exists()


def test_video(tmp_path: Path) -> None:
    folder, said = outputs("video.py", tmp_path, "--frames", "8")
    steps = re.findall(r"(looking for faces|swapping): (\d+) of 8 frames", said)
    stopped = said.index("stopped: the finished part")
    first = [done for work, done in re.findall(r"(swapping): (\d+) of", said[:stopped])]
    assert first[-1] == "4" and ("looking for faces", "8") in steps and steps[-1] == ("swapping", "8")
    assert "looking" not in said[stopped:]  # the faces were found before the stop
    clip, swapped, mask = (
        np.stack([frame.rgb for frame in read_frames(folder / name)]).astype(int)
        for name in ("clip/clip.mp4", "swapped.mp4", "swapped.mask.mp4")
    )
    assert clip.shape == swapped.shape == mask.shape == (8, 360, 640, 3)
    change = np.abs(swapped - clip).mean(axis=3)
    assert all(change[k][mask[k, ..., 0] > 200].mean() > 8 for k in range(8))
    assert change[mask[..., 0] == 0].mean() < 3  # encoding and watermark
    assert aotface.verify(folder / "swapped.mp4").marked
    assert not (folder / "swapped.mp4.aotface-part").exists()


def test_refine(tmp_path: Path) -> None:
    folder, said = outputs("refine.py", tmp_path)
    other, refined = folder / "other_tool.png", folder / "refined.png"
    raw = aotface.Swapper(transfer="none", mark=False)
    source, target = (
        Image.open(sample(n)) for n in ("source_smiling_woman", "target_deep_woman_cool_window")
    )
    np.testing.assert_array_equal(pixels(other), raw.swap(source, target).frame)
    np.testing.assert_array_equal(pixels(refined), aotface.refine(Image.open(other), target).frame)
    assert aotface.verify(refined).marked and not aotface.verify(other).marked
    numbers = [[int(n) for n in re.findall(r" (\d+)", line)] for line in said.splitlines()]
    original, before, after = (np.array(row) for row in numbers)
    assert np.abs(after - original).max() <= 5 < np.abs(before - original).max() / 4


def test_thousand_swaps(tmp_path: Path) -> None:
    folder, said = outputs("thousand_swaps.py", tmp_path, "12", "--threads", "3")
    assert re.match(r"12 swaps in \d+\.\d s by 3 threads: \d+\.\d\d swaps per second\n", said)
    assert "6 different pictures of 6 targets" in said
    files = sorted(folder.glob("*.png"))
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in files}) == 6
    one = swap("source_medium_woman", "target_deep_man_blue")
    np.testing.assert_array_equal(pixels(folder / "0.png"), one.frame)
    if sys.platform != "win32":
        peak, first = (float(number) for number in re.findall(r"(\d+\.\d) MB", said))
        assert first <= peak < 2 * first


def test_own_transfer(tmp_path: Path) -> None:
    folder, said = outputs("own_transfer.py", tmp_path)
    record = json.loads((folder / "swapped.run.json").read_text())
    assert record["job"]["transfer"] == "grey-card" and aotface.verify(folder / "swapped.jpg").marked
    table, accepted = said[said.index("| method | pairs") :].split("| method | acceptance")
    rows = {row[0]: row for line in table.splitlines() if (row := re.findall(r"[\w.-]+", line))}
    assert {name: row[1] for name, row in rows.items() if name in ("none", "mkl", "aot", "grey-card")} == {
        "none": "3", "mkl": "3", "aot": "3", "grey-card": "3",
    }  # fmt: skip
    assert float(rows["grey-card"][2]) < float(rows["none"][2]) / 3  # LF-dE
    assert "| grey-card |" in accepted
    for path in (folder / "results" / "folder" / "rows").glob("*.json"):
        found = json.loads(path.read_text())["rows"]["grey-card"]
        assert len(found["version"]) == 16 and found["lf_de"] > 0


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_each_stands_alone_and_is_documented(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    used = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    used |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in used} <= IMPORTS | set(sys.stdlib_module_names)
    assert f"python examples/{path.name} OUT" in (ast.get_docstring(tree) or "")
    assert len(text.splitlines()) <= 100, "an example is short"
    assert f"def test_{path.stem}(" in Path(__file__).read_text()
    assert path.name in (ROOT / "examples" / "README.md").read_text()
