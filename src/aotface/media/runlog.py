"""The record beside every output: what was asked, of what, with what, and how it went."""

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from aotface.errors import InputError
from aotface.media.files import beside, read_bytes, write_bytes

PACKAGES = (
    "aotface",
    "torch",
    "numpy",
    "scipy",
    "opencv-contrib-python-headless",
    "Pillow",
    "av",
    "POT",
    "onnxruntime",
)
"""Packages whose version can change a pixel."""


def sha256_of(path: Path) -> str | None:
    """The sha256 of a file's bytes, as 64 hexadecimal digits; None where it cannot be read."""
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()
    except InputError:
        return None


def environment() -> dict[str, Any]:
    """Versions, machine and, in a git checkout, the commit (with ``+`` when files differ from it)."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return {"versions": found, "platform": platform.platform(), "commit": _commit()}


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_run_log(path: Path, record: Mapping[str, Any], overwrite: bool = False) -> Path:
    """Write a record as JSON: whole or not at all.

    Args:
        path: ends in ``.json``.
        record: what JSON can hold; paths become text.
        overwrite: replace an existing file.

    Raises:
        OutputExistsError: the file is there and overwriting was not asked for.
        UnwritableError: the folder is missing or full, or may not be written.
    """
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n"
    return write_bytes(path, text.encode(errors="backslashreplace"), overwrite)


def free_name(path: Path) -> Path:
    """``path``, or the first of ``name-2.json``, ``name-3.json``, ... that is free: no log is lost."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = beside(path, f"-{number}{path.suffix}")
    return free


def _commit() -> str | None:
    """The commit of the checkout that this package runs from; None when it was installed from a wheel."""
    package = Path(__file__).resolve().parents[1]
    root = package.parent.parent
    if not (root / ".git").exists() or package != root / "src" / "aotface":
        return None
    try:
        ask = [["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]]
        head, changed = (
            subprocess.run(
                ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True
            ).stdout.strip()
            for words in ask
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+" if changed else "")


def command_line() -> list[str]:
    """The words that started this process, for the record."""
    return ["aotface", *sys.argv[1:]]
