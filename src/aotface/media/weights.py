"""Weights: found by name, hashed, and opened without ever running code that might be in them.

Only safetensors files are opened as weights: they hold numbers and nothing else. PyTorch's own files are
pickles, and opening one runs whatever it says.
"""

import hashlib
import json
import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from aotface.errors import WeightsError
from aotface.media.files import show

if TYPE_CHECKING:
    import torch

MAX_BYTES = 4 << 30
"""Largest weights file that is opened, in bytes."""

FACTS = "__metadata__"
"""What the format calls the plain facts in a header."""

_SUFFIX = ".safetensors"
_BLOCK = 1 << 20
_PICKLES = (b"PK\x03\x04", b"\x80")


def find_weights(name: str | os.PathLike[str]) -> Path:
    """Find a weights file: the user's own path, else one that comes with the package.

    Args:
        name: a path to a file, or the bare name of packaged weights, with or without ``.safetensors``.

    Returns:
        The path of an existing file.

    Raises:
        WeightsError: there is none.

    Source: [ours].
    """
    given = Path(name).expanduser()
    if given.is_file():
        return given
    folder = Path(str(resources.files("aotface"))) / "weights"
    bare = given.name if given.suffix == _SUFFIX else given.name + _SUFFIX
    if given.name == os.fspath(given) and (folder / bare).is_file():
        return folder / bare
    packaged = ", ".join(sorted(path.stem for path in folder.glob("*" + _SUFFIX))) or "none"
    raise WeightsError(
        f"{show(given)}: no such weights file; "
        f"expected a path to a {_SUFFIX} file or packaged weights ({packaged})"
    )


def sha256(path: str | os.PathLike[str]) -> str:
    """Hash a file.

    Args:
        path: the file.

    Returns:
        The SHA-256 of its bytes, 64 lower-case hexadecimal digits.

    Raises:
        WeightsError: it cannot be read.

    Source: FIPS 180-4.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise WeightsError(f"cannot read the weights {show(path)}: {error.strerror or error}") from error
    return digest.hexdigest()


def verified_bytes(path: Path, sha256: str | None = None, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a weights file.

    Args:
        path: the file.
        sha256: what it must hash to, 64 hexadecimal digits; None takes the file as it is.
        max_bytes: limit in bytes, checked before anything is read.

    Returns:
        Its bytes: the very ones that were hashed.

    Raises:
        WeightsError: missing, unreadable, too large, or another file than the one that was meant.

    Source: [ours].
    """
    try:
        if not path.is_file():
            raise WeightsError(f"{show(path)}: no such weights file; check the name")
        if (size := path.stat().st_size) > max_bytes:
            raise WeightsError(f"{show(path)}: {size:,} bytes, the limit is {max_bytes:,}; check the file")
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the weights {show(path)}: {error.strerror or error}") from error
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256.lower():
        raise WeightsError(
            f"{show(path)} is another file than was meant: expected sha256 {sha256}, got {found}"
        )
    return data


def load_safetensors(
    path: str | os.PathLike[str], expected_sha256: str | None = None, max_bytes: int = MAX_BYTES
) -> "dict[str, torch.Tensor]":
    """Open a safetensors file.

    Args:
        path: the file.
        expected_sha256: what it must hash to; None takes the file as it is.
        max_bytes: limit in bytes.

    Returns:
        The tensors by name, on the CPU.

    Raises:
        WeightsError: missing, too large, another file than was meant, or not safetensors.

    Source: [ours].
    """
    path = Path(path)
    data = verified_bytes(path, expected_sha256, max_bytes)
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        if data.startswith(_PICKLES):  # asked only now: the length that safetensors begin with may look alike
            raise WeightsError(
                f"{show(path)}: expected safetensors, found a PyTorch pickle, which can run code on opening; "
                "convert it to safetensors where you trust it"
            ) from None
        reason = " ".join(str(error).split())[:100]
        raise WeightsError(f"{show(path)}: expected safetensors ({reason}); get a whole copy") from error


def in_order(data: bytes) -> bytes:
    """A safetensors file with the facts of its header sorted: the library writes them in another order each time.

    Args:
        data: the whole file, as ``safetensors`` made it.

    Returns:
        As many bytes, the same facts and tensors, the same each time.

    Source: [ours].
    """
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    if FACTS in header:
        header[FACTS] = dict(sorted(header[FACTS].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return data[:8] + text.ljust(size) + data[8 + size :]


def read_facts(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the plain facts in the header of a safetensors file (size, options, steps); no tensor is loaded.

    Raises:
        WeightsError: missing or not safetensors.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:100]
        raise WeightsError(f"{show(path)}: expected safetensors ({reason}); get a whole copy") from error
