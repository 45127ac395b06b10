"""`scripts/clip_manifest.py`: hashes and people of GRID and CREMA-D, by the names that their files have."""

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 199310\n"


def made(folder: Path, layout: str) -> tuple[int, list[dict[str, str]]]:
    script, output = str(ROOT / "scripts" / "clip_manifest.py"), folder / f"{layout}.csv"
    code = subprocess.run(
        [sys.executable, script, str(folder), "--layout", layout, "-o", str(output)],
        capture_output=True,
        check=False,
    ).returncode
    return code, list(csv.DictReader(output.read_text().splitlines())) if output.exists() else []


def test_both_layouts(tmp_path: Path) -> None:
    for name in ("s1/bbaf2n.mpg", "s12/lwbs6p.mpg", "VideoFlash/1001_IEO_NEU_XX.flv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "VideoFlash/1002_DFA_ANG_XX.flv").write_bytes(POINTER % (b"ab" * 32))
    code, rows = made(tmp_path, "cremad")
    assert code == 0 and [row["person"] for row in rows] == ["cremad-1001", "cremad-1002"]
    assert rows[0]["sha256"] == hashlib.sha256(b"VideoFlash/1001_IEO_NEU_XX.flv").hexdigest()
    assert rows[1]["sha256"] == "ab" * 32  # of the clip, not of the pointer
    code, rows = made(tmp_path / "s1", "cremad")
    assert code == 2 and not rows
    _, rows = made(tmp_path, "grid")
    assert {"grid-s1", "grid-s12"} <= {row["person"] for row in rows}


def test_the_manifest_of_cremad_names_every_actor_once() -> None:
    rows = list(csv.DictReader((ROOT / "runs/forensics/cremad.csv").read_text().splitlines()))
    assert len({row["person"] for row in rows}) == len({row["sha256"] for row in rows}) == len(rows) == 91
