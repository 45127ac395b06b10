"""The examples of docs/api.md, run one after the other by a shell against the server of these tests."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from web.conftest import Running

from aotface.provenance.verify import verify
from aotface.samples import sample

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def examples() -> str:
    """Every indented block of the section *A swap*."""
    section = GUIDE.split("## A swap\n")[1].split("\n## ")[0]
    return "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_run(studio: Running, tmp_path: Path) -> None:
    shutil.copy(sample("source_light_man"), tmp_path / "person.jpg")
    shutil.copy(sample("target_medium_man_warm_side"), tmp_path / "scene.jpg")
    script = examples()
    assert script.count("curl") >= 10 and "http://127.0.0.1:8765" in script
    script = "set -euo pipefail\n" + script.replace("http://127.0.0.1:8765", studio.address)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert '"faces":[{"index":0' in done.stdout and '"state":"done"' in done.stdout
    assert '"state":"marked"' in done.stdout and verify(tmp_path / "out.jpg").state == "marked"
    assert json.loads((tmp_path / "record.json").read_text())["job"]["transfer"] == "mkl"
    assert (tmp_path / "mask.png").read_bytes().startswith(b"\x89PNG")


def test_every_code_is_documented() -> None:
    """Codes that the sources name stand in the table, or in the line on failed jobs."""
    sources = (Path(__file__).parents[2] / "src" / "aotface" / "web").glob("*.py")
    text = "\n".join(path.read_text() for path in sources)
    named = set(re.findall(r'ApiError\(\s*(?:4\d\d),\s*"(\w+)"', text)) | set(
        re.findall(r'ChildError\(\s*"(\w+)"', text)
    )
    assert len(named) > 15
    missing = {code for code in named if f"`{code}`" not in GUIDE}
    assert missing == set(), "docs/api.md does not explain these codes"
