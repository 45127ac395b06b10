"""Reads the little that is needed of an ONNX file itself: stored matrices, and which files lie beside it.

An ONNX file is a protocol buffer. Its messages are walked here, so that the ``onnx`` package is not needed.

Source: onnx.proto3 and onnx/docs/ExternalData.md of the ONNX project; the wire format of Protocol Buffers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aotface.errors import WeightsError
from aotface.media.files import show

LAST = "last"
"""Stands for the last stored tensor, whatever its name."""

_GRAPH, _INITIALIZER = 7, 5  # field numbers in ModelProto and GraphProto
_DIMS, _TYPE, _FLOATS, _NAME, _RAW, _DOUBLES, _EXTERNAL = 1, 2, 4, 8, 9, 10, 13  # in TensorProto
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 10: np.dtype("<f2"), 11: np.dtype("<f8")}


@dataclass
class _Tensor:
    """A stored tensor. ``external``: the keys location, offset, length of one that lies in another file."""

    name: str = ""
    dims: list[int] = field(default_factory=list)
    kind: int = 0
    raw: list[memoryview] = field(default_factory=list)
    external: dict[str, str] = field(default_factory=dict)


def external_files(data: bytes, path: Path) -> list[Path]:
    """Files in which the network's tensors lie, beside its own.

    Args:
        data: the ONNX file.
        path: where it lies.

    Raises:
        WeightsError: not an ONNX file, a file outside its folder, or a file that is not there.
    """
    names = {t.external["location"] for t in _tensors(data, path) if "location" in t.external}
    return [_beside(path, name) for name in sorted(names)]


def stored_matrix(data: bytes, path: Path, name: str) -> np.ndarray:
    """A tensor that is stored in a network, as float32.

    Args:
        data: the ONNX file.
        path: where it lies.
        name: of the tensor, or `LAST`.

    Raises:
        WeightsError: there is none of that name, or it holds no floating-point numbers.
    """
    tensors = _tensors(data, path)
    chosen = tensors[-1:] if name == LAST else [t for t in tensors if t.name == name]
    if not chosen:
        raise WeightsError(f"{show(path)} has no stored tensor {name!r}: check projection_tensor")
    tensor = chosen[0]
    count = int(np.prod(tensor.dims, dtype=np.int64))
    kind = _TYPES.get(tensor.kind)
    raw = _external_bytes(tensor, path) if tensor.external else b"".join(tensor.raw)
    if kind is None or not 0 < count * kind.itemsize <= len(raw):
        raise WeightsError(f"{show(path)}: the stored tensor {tensor.name!r} holds no floating-point numbers")
    return np.frombuffer(raw, kind, count).reshape(tensor.dims).astype(np.float32)


def _beside(path: Path, name: str) -> Path:
    folder = path.resolve().parent
    try:
        file = (folder / name).resolve()
        inside, there = file.is_relative_to(folder), file.is_file()
    except (OSError, ValueError):  # a name that no file can have
        inside, there = True, False
    if not inside:
        raise WeightsError(f"{show(path)} wants weights from outside its folder: {show(file)}; not opened")
    if not there:
        raise WeightsError(f"{show(path)} needs {show(name)} beside it: put both into one folder")
    return file


def _external_bytes(tensor: _Tensor, path: Path) -> bytes:
    try:
        with open(_beside(path, tensor.external["location"]), "rb") as file:
            file.seek(int(tensor.external.get("offset", 0)))
            return file.read(int(tensor.external.get("length", -1)))
    except (OSError, KeyError, ValueError) as fault:
        raise WeightsError(
            f"{show(path)}: cannot read its stored tensor {tensor.name!r} ({fault})"
        ) from fault


def _tensors(data: bytes, path: Path) -> list[_Tensor]:
    """The initializers of the graph, in the file's order."""
    try:
        view = memoryview(data)
        graphs = [
            value for number, value in _fields(view) if number == _GRAPH and isinstance(value, memoryview)
        ]
        parts = (entry for graph in graphs for entry in _fields(graph))
        return [
            _tensor(value) for number, value in parts if number == _INITIALIZER and not isinstance(value, int)
        ]
    except (IndexError, ValueError, UnicodeDecodeError):
        raise WeightsError(f"{show(path)} is not an ONNX network: get a whole copy") from None


def _tensor(message: memoryview) -> _Tensor:
    tensor = _Tensor()
    for number, value in _fields(message):
        if isinstance(value, int):
            tensor.dims += [value] if number == _DIMS else []
            tensor.kind = value if number == _TYPE else tensor.kind
        elif number == _DIMS:  # packed
            tensor.dims += list(_varints(value))
        elif number == _NAME:
            tensor.name = bytes(value).decode()
        elif number in (_FLOATS, _DOUBLES, _RAW):
            tensor.raw.append(value)
        elif number == _EXTERNAL:
            words = {n: bytes(word).decode() for n, word in _fields(value) if not isinstance(word, int)}
            tensor.external[words.get(1, "")] = words.get(2, "")
    return tensor


def _fields(message: memoryview) -> Iterator[tuple[int, "int | memoryview"]]:
    """Field numbers and values of a message; a length-delimited value as a view, a number as it is."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError("no such wire type")
        if place + size > len(message):
            raise ValueError("cut short")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
        if shift > 63:
            raise ValueError("too long a number")


def _varints(message: memoryview) -> Iterator[int]:
    place = 0
    while place < len(message):
        value, place = _varint(message, place)
        yield value
