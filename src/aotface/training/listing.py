"""Which pictures, who is on them, and which of the people are held out."""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aotface.errors import InputError, UsageError
from aotface.media.files import list_images, read_bytes, show

Split = Literal["train", "validation"]

INDEX = "index.csv"
VALIDATION_WORDS = ("validation", "val", "test")


@dataclass(frozen=True)
class Listed:
    """One picture; ``name`` is its path within the folder, ``person`` groups what never parts or meets."""

    path: Path
    name: str
    person: str
    split: Split


def list_pictures(folder: Path, validation: float) -> list[Listed]:
    """Find the pictures of a data set and say who is on them.

    With ``index.csv`` in the folder (columns ``file``, ``person``, perhaps ``split``) its pictures count and
    no others; names are relative to the folder or to the one above. Else a subfolder is a person, and a
    picture in the folder itself is a person of its own.

    Args:
        folder: the data set.
        validation: share of the people to hold out, 0..1, where the index does not say who.

    Returns:
        The pictures, sorted by name, so that the same folder gives the same list.

    Raises:
        UsageError: no folder, a share outside 0..1, or an index of another form.
        InputError: no picture in it.
    """
    if not 0 <= validation < 1:
        raise UsageError(f"expected --validation to be at least 0 and below 1, got {validation}")
    if not folder.is_dir():
        raise UsageError(f"expected a folder with pictures, got {show(folder)}")
    found = _of_index(folder, validation) if (folder / INDEX).is_file() else _of_folders(folder, validation)
    return sorted(found, key=lambda listed: listed.name)


def split_of(person: str, validation: float) -> Split:
    """The side a person falls on: by a hash of the name, so that it never changes when pictures are added."""
    place = int.from_bytes(hashlib.sha256(person.encode("utf-8", "surrogateescape")).digest()[:8], "big")
    return "validation" if place < validation * 2**64 else "train"


def _of_index(folder: Path, validation: float) -> list[Listed]:
    where = show(folder / INDEX)
    try:
        rows = list(csv.DictReader(io.StringIO(read_bytes(folder / INDEX).decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{where}: expected comma-separated text in UTF-8 ({error})") from None
    if not rows or not {"file", "person"} <= rows[0].keys():
        raise UsageError(f"{where}: expected the columns file and person, and at least one row")
    found = []
    for row in rows:
        name, person, word = (str(row.get(key) or "").strip() for key in ("file", "person", "split"))
        if not name or not person:
            raise UsageError(f"{where}: a row has no file or no person: {row}")
        if word not in ("", "train", *VALIDATION_WORDS):
            raise UsageError(f"{where}: expected split to be train or validation, got {word!r} for {name}")
        split: Split = (
            split_of(person, validation) if not word else "train" if word == "train" else "validation"
        )
        path = folder / name if (folder / name).exists() else folder.parent / name
        found.append(Listed(path, name, person, split))
    sides: dict[str, set[str]] = {}
    for listed in found:
        sides.setdefault(listed.person, set()).add(listed.split)
    torn = sorted(person for person, both in sides.items() if len(both) > 1)
    if torn:
        raise UsageError(
            f"{where}: {torn[0]} is in train and in validation ({len(torn)} people are); choose one side"
        )
    return found


def _of_folders(folder: Path, validation: float) -> list[Listed]:
    people = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    found = []
    for place in (folder, *people):
        if any(path.is_file() for path in place.iterdir()):
            try:
                pictures = list_images(place)
            except InputError:  # a folder of notes is no person
                continue
            for path in pictures:
                person = path.name if place == folder else place.name
                name = str(path.relative_to(folder))
                found.append(Listed(path, name, person, split_of(person, validation)))
    if not found:
        raise InputError(f"{show(folder)}: expected pictures, or subfolders with pictures; found none")
    return found
