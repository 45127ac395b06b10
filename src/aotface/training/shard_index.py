"""The index of a folder of shards: who may write into the folder, and how the index is read."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aotface.errors import InputError, OutputExistsError, UsageError
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder

INDEX, MARKER = "index.json", "prepare.json"


def claim(folder: Path, request: dict[str, Any], made: Iterable[str], holds: str, overwrite: bool) -> None:
    """Take a folder for a request; what another request left is refused, or removed when asked to.

    Args:
        folder: made if it is not there.
        request: what is written as the marker; its ``fingerprint`` tells requests apart.
        made: patterns of what a request leaves beside index and marker; nothing else is ever removed.
        holds: what such a folder holds, for the message.
        overwrite: remove what another request left.

    Raises:
        OutputExistsError: the folder belongs to another request.
    """
    marker = make_folder(folder) / MARKER
    before = json.loads(read_bytes(marker)) if marker.exists() else {}
    if before.get("fingerprint") != request["fingerprint"]:
        left = [path for pattern in (INDEX, MARKER, *made) for path in folder.glob(pattern)]
        if left and not overwrite:
            raise OutputExistsError(
                f"{show(folder)} holds {holds} of other pictures or options; "
                "choose another folder, or say --overwrite"
            )
        for path in left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_bytes(marker, json.dumps(request, indent=1).encode(), overwrite=True)


def read_index(path: Path, expected: str, advice: str, formats: int) -> dict[str, Any]:
    """Read an index.

    Args:
        path: the file.
        expected: what its folder holds, for messages.
        advice: what to do where there is none.
        formats: the number of the format that is read.

    Raises:
        UsageError: there is none, or it is of another format.
        InputError: it is broken.
    """
    if not path.exists():
        raise UsageError(f"{show(path.parent)}: expected {expected}, found none; {advice}")
    try:
        index = dict(json.loads(read_bytes(path)))
    except (ValueError, TypeError):
        raise InputError(f"{show(path)}: expected JSON of `aotface prepare`; prepare again") from None
    if index.get("format") != formats:
        found = index.get("format")
        raise UsageError(
            f"{show(path)}: expected {expected} of format {formats}, found {found}; prepare again"
        )
    return index
