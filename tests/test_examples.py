"""Every file of examples/ runs by itself, in a folder of its own, and does what it says."""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import aotface
from aotface.errors import InputError
from aotface.media.image import read_image
from aotface.media.video.decode import read_frames
from aotface.samples import sample

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
IMPORTS = {"aotface", "numpy", "PIL"}
README = (ROOT / "README.md").read_text()


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


def test_picture(tmp_path: Path) -> None:
    folder, said = outputs("picture.py", tmp_path)
    target, plain, mask = (
        pixels(path)
        for path in (sample("target_medium_man_warm_side"), folder / "in_memory.png", folder / "mask.png")
    )
    change = np.abs(plain - target).max(axis=2)
    assert change[mask[..., 0] == 0].max() < 16 and change[mask[..., 0] == 255].mean() > 10  # watermark, face
    assert np.abs(pixels(folder / "swapped.jpg") - plain).mean() < 2
    signed, unsigned = (aotface.verify(folder / name) for name in ("swapped.jpg", "in_memory.png"))
    assert signed.credentials is not None and signed.watermark.found and not signed.tampered
    assert unsigned.credentials is None and unsigned.watermark.found
    assert json.loads((folder / "swapped.run.json").read_text())["job"]["output"]
    results = [line.split("Result: ")[1][:8] for line in said.splitlines() if "Result" in line]
    assert results == ["made wit", "made wit", "no marks"]
    many_swaps(tmp_path / "many", plain)


def many_swaps(place: Path, same: np.ndarray) -> None:
    """`thousand_swaps.py` uses the pair of `picture.py`: another process, several threads, the same pixels."""
    place.mkdir()
    folder, said = outputs("thousand_swaps.py", place, "7", "--threads", "3")
    assert re.match(r"7 swaps in \d+\.\d s by 3 threads: \d+\.\d\d swaps per second\n", said)
    assert "6 different pictures of 6 targets" in said
    files = {path.name: pixels(path) for path in folder.glob("*.png")}
    assert len({picture.tobytes() for picture in files.values()}) == len(files) == 6
    assert [name for name, picture in files.items() if np.array_equal(picture, same)] == ["4.png"]
    if sys.platform != "win32":
        peak, first = (float(number) for number in re.findall(r"(\d+\.\d) MB", said))
        assert first <= peak < 2 * first


def test_what_a_user_can_cause_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise InputError("gone.png: no such file")

    monkeypatch.setattr(aotface, "Swapper", refused)
    monkeypatch.setattr(sys, "argv", ["picture.py", str(tmp_path / "out"), "gone.png"])
    with pytest.raises(SystemExit, match=r"^error: gone\.png: no such file$"):
        runpy.run_path(str(ROOT / "examples" / "picture.py"), run_name="__main__")


def test_video(tmp_path: Path) -> None:
    folder, said = outputs("video.py", tmp_path, "--frames", "6")
    steps = re.findall(r"(looking for faces|swapping): (\d+) of 6 frames", said)
    stopped = said.index("stopped: the finished part")
    first = [done for work, done in re.findall(r"(swapping): (\d+) of", said[:stopped])]
    assert first[-1] == "3" and ("looking for faces", "6") in steps and steps[-1] == ("swapping", "6")
    assert "looking" not in said[stopped:]  # the faces were found before the stop
    clip, swapped, mask = (
        np.stack([frame.rgb for frame in read_frames(folder / name)]).astype(int)
        for name in ("clip/clip.mp4", "swapped.mp4", "swapped.mask.mp4")
    )
    assert clip.shape == swapped.shape == mask.shape == (6, 360, 640, 3)
    change = np.abs(swapped - clip).mean(axis=3)
    assert all(change[k][mask[k, ..., 0] > 200].mean() > 6 for k in range(6))
    assert change[mask[..., 0] == 0].mean() < 3  # encoding and watermark
    assert aotface.verify(folder / "swapped.mp4").marked
    assert not (folder / "swapped.mp4.aotface-part").exists()


def test_refine(tmp_path: Path) -> None:
    folder, said = outputs("refine.py", tmp_path)
    other, refined = folder / "other_tool.png", folder / "refined.png"
    assert aotface.verify(refined).marked and not aotface.verify(other).marked
    target = pixels(sample("target_deep_woman_cool_window"))
    before, after = pixels(other) - target, pixels(refined) - target
    face = np.abs(before).max(axis=2) > 60
    assert 0.02 < face.mean() < 0.2 and np.abs(after[face].mean(axis=0)).max() < 12  # in the target's tone
    assert np.abs(after[face]).mean() > 5  # and another face
    assert not before[:100].any() and np.abs(after[:100]).max() < 16
    original, swapped, done = ([int(n) for n in re.findall(r" (\d+)", line)] for line in said.splitlines())
    assert np.abs(np.subtract(done, original)).max() <= 5 and np.subtract(swapped, original).min() > 20


def test_own_transfer(tmp_path: Path) -> None:
    folder, said = outputs("own_transfer.py", tmp_path)
    used, plain = pixels(folder / "warm.png"), pixels(folder / "triples" / "warm_reenacted.png")
    assert np.abs(used - plain)[250:400, 250:400].mean() > 20 and np.abs(used - plain)[:100].max() < 16
    assert aotface.verify(folder / "warm.png").marked
    table, accepted = said[said.index("| method | pairs") :].split("| method | acceptance")
    rows = {row[0]: row for line in table.splitlines() if (row := re.findall(r"[\w.-]+", line))}
    assert {name: row[1] for name, row in rows.items() if name in ("copy", "mkl", "grey-card")} == {
        "copy": "3", "mkl": "3", "grey-card": "3",
    }  # fmt: skip
    value, limit = re.findall(r"\| grey-card \| (?:pass|fail) \| ([\d.]+) <= ([\d.]+)", accepted)[0]
    assert 0 < float(value) < float(limit) / 2  # LF-dE against 0.7 of the gap that was there before
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
    assert f'outputs("{path.name}"' in Path(__file__).read_text()
    assert path.stem.replace("_", " ") in README, "README.md names it"
