"""Which pictures and clips a set is made of, and whom each shows: folders, an ``index.csv``, or a manifest of hashes."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aotface.errors import InputError, UsageError
from aotface.media.files import read_bytes, show
from aotface.media.kinds import CONTAINERS, is_video
from aotface.media.weights import sha256

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"})
CLIPS = frozenset({*CONTAINERS, ".mpg", ".mpeg", ".avi", ".webm", ".flv"})

PERSON_RULES = {
    "ffpp": r"(?:^|/)(\d{3})(?:_\d{3})?\.\w+$",
    "celebdf": r"(?:^|/)(id\d+)_[^/]*$",
    "dfdc": r"(?:^|/)([^/]+)/[^/]+$",
    "grid": r"(?:^|/)(s\d+)(?:/|_)",
    "cremad": r"(?:^|/)(\d{4})_[^/]*$",
    "folder": r"(?:^|/)([^/]+)/[^/]+$",
    "file": r"([^/]+)\.\w+$",
}
"""How well-known sets name people in their paths; ``folder``: one folder for each; ``file``: every file is another."""


@dataclass(frozen=True)
class Listed:
    """One file and what is said of it; ``split`` is empty where nothing is said."""

    file: Path
    person: str
    licence: str = ""
    consent: str = ""
    split: str = ""
    sha256: str = field(default="", compare=False)


def list_inputs(places: Sequence[Path], person: str = "auto", manifest: Path | None = None) -> list[Listed]:
    """Find the files, and whom they show.

    Args:
        places: folders (searched through) and files. A folder with ``index.csv`` (columns file and person, perhaps
            licence, consent, split) is what that says.
        person: a name out of `PERSON_RULES`, a regular expression with one group for the path below the folder, or
            ``auto``: the index, else the subfolder, else every file is another person.
        manifest: CSV or JSON lines with ``sha256`` and ``person``, perhaps licence, consent, split: only files of these
            hashes are taken.

    Raises:
        UsageError, InputError: nothing there, or a list that cannot be understood.
    """
    found: list[Listed] = []
    for place in places:
        index = place / "index.csv"
        if place.is_dir() and index.is_file() and person == "auto" and manifest is None:
            found += _from_index(place, index)
        else:
            found += _from_files(place, "file" if manifest is not None else person)
    if manifest is not None:
        found = _from_manifest(found, manifest)
    if not found:
        raise UsageError(f"{', '.join(map(show, places))}: no picture and no clip there; check the names")
    return sorted(dict.fromkeys(found), key=lambda one: (one.person, str(one.file)))


def _from_index(place: Path, index: Path) -> list[Listed]:
    rows = _table(index)
    if rows and not {"file", "person"} <= rows[0].keys():
        raise InputError(f"{show(index)}: expected columns file and person, got {', '.join(rows[0])}")
    found = []
    for row in rows:
        if not row["file"]:
            raise InputError(f"{show(index)}: a row names no file: {row}")
        file = place / row["file"]
        head, _, rest = row["file"].partition("/")
        if not file.exists() and head == place.name:
            file = place / rest
        if not file.is_file():
            raise InputError(f"{show(index)}: {show(file)}: no such file; correct the list")
        found.append(Listed(file, row["person"] or Path(row["file"]).stem, *_said(row)))
    return found


def _table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; cells that are not there are empty.

    Raises:
        InputError: it is none.
    """
    text = read_bytes(path).decode("utf-8-sig", "replace")
    try:
        rows = list(csv.DictReader(io.StringIO(text), restval="", restkey="more"))
    except csv.Error as error:
        raise InputError(f"{show(path)}: expected comma-separated text: {error}") from None
    return [{name: cell for name, cell in row.items() if name != "more"} for row in rows]


def _said(row: dict[str, str]) -> tuple[str, str, str]:
    licence, consent, split = ((row.get(name) or "").strip() for name in ("licence", "consent", "split"))
    return licence, consent, split


def _from_files(place: Path, rule: str) -> list[Listed]:
    if not place.exists():
        raise UsageError(f"{show(place)}: no such file or folder; check the name")
    files = sorted(path for path in place.rglob("*") if _is_media(path)) if place.is_dir() else [place]
    return [Listed(path, _person(path, place, rule)) for path in files]


def _is_media(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in PICTURES | CLIPS and path.is_file() and not hidden


def _person(path: Path, place: Path, rule: str) -> str:
    below = path.relative_to(place).as_posix() if path != place else path.name
    if rule == "auto":
        rule = "folder" if "/" in below else "file"
    try:
        pattern = re.compile(PERSON_RULES.get(rule, rule))
    except re.error as error:
        raise UsageError(f"--person {rule!r}: expected a rule or a regular expression: {error}") from None
    if pattern.groups != 1:
        raise UsageError(f"--person {rule!r}: expected one of {', '.join(PERSON_RULES)}, or one (group)")
    match = pattern.search(below)
    if match is None:
        raise UsageError(f"{show(path)}: --person {rule} finds no name in {below!r}; give another rule")
    return match[1]


def _from_manifest(files: Iterable[Listed], manifest: Path) -> list[Listed]:
    rows = {row.get("sha256", "").lower(): row for row in _rows(manifest)}
    found = []
    for one in files:
        digest = sha256(one.file)
        if digest in rows:
            row = rows[digest]
            found.append(Listed(one.file, row.get("person") or one.person, *_said(row), sha256=digest))
    if missing := len(rows) - len({one.sha256 for one in found}):
        raise UsageError(
            f"{show(manifest)}: {missing} of its {len(rows)} files were not found by their hashes"
        )
    return found


def _rows(manifest: Path) -> list[dict[str, str]]:
    if manifest.suffix.lower() == ".csv":
        return _table(manifest)
    text = read_bytes(manifest).decode("utf-8-sig", "replace")
    try:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise InputError(f"{show(manifest)}: expected one JSON object a line: {error}") from None
    return [{key: str(value) for key, value in row.items()} for row in rows if isinstance(row, dict)]


def hashed(listed: Sequence[Listed], warn: Callable[[str], None]) -> list[Listed]:
    """The same with the hash of each file; files of one content are there once.

    Where one file stands under two names, one of them is wrong, and people could get into two splits: all files of both
    names are left out, with a line.
    """
    found: dict[str, Listed] = {}
    doubtful: set[str] = set()
    for one in listed:
        digest = one.sha256 or sha256(one.file)
        first = found.setdefault(digest, replace(one, sha256=digest))
        if first.person != one.person:
            doubtful |= {first.person, one.person}
            warn(
                f"left out: all of {first.person!r} and {one.person!r}: {show(first.file)} and {show(one.file)} are one "
                "file under two names; correct the list"
            )
    return [one for one in found.values() if one.person not in doubtful]


def kind_of(path: Path) -> str:
    """``picture`` or ``clip``, by content."""
    return "clip" if is_video(path) or path.suffix.lower() in CLIPS else "picture"


def files_by_hash(folders: Sequence[Path]) -> dict[str, Path]:
    """All files below some folders by their hash, for a plan whose files lie elsewhere now."""
    files = [path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*"))]
    return {sha256(path): path for path in sorted(files) if _is_media(path)}


__all__ = ["PERSON_RULES", "Listed", "files_by_hash", "hashed", "kind_of", "list_inputs"]
