"""What a swapper in an ONNX file expects: a small TOML, read into types, every mistake named.

::

    model = "swapper.onnx"          # beside this file, or an absolute path
    sha256 = "..."                  # optional everywhere: refuse another file

    [target]                        # the target's face as a picture
    input = "target"                # the network's name for it
    size = 128
    template = "arcface-128"        # or five [x, y] pairs in shares of the side
    range = [0.0, 1.0]              # black and white; then (value - mean) / std
    mean = [0.0, 0.0, 0.0]
    std = [1.0, 1.0, 1.0]
    channels = "RGB"                # or "BGR"
    layout = "NCHW"                 # or "NHWC"

    [source]                        # the person: a picture (keys as in [target]), or an embedding:
    input = "source"
    projection = "matrix.npy"       # optional: embedding @ matrix, then made a unit vector again
    vector = "person.npy"           # optional: this person, whatever the source picture shows

    [embedding]                     # the network that makes the embedding; model, sha256, and keys as in
    [target] model = "identity.onnx"

    [output]
    name = "output"                 # keys range, mean, std, channels, layout as in [target]
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aotface.errors import InputError
from aotface.face.template import TEMPLATES, FivePoints


@dataclass(frozen=True)
class Encoding:
    """How a network writes colours: ``(black + (white - black) * value - mean) / std``, in this order."""

    range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    channels: str = "RGB"
    layout: str = "NCHW"


@dataclass(frozen=True)
class PictureInput:
    """An aligned face as a network's input. An empty name stands for the only input."""

    input: str
    size: int
    template: FivePoints
    encoding: Encoding


@dataclass(frozen=True)
class Network:
    """An ONNX file; ``sha256`` empty when any will do."""

    model: Path
    sha256: str


@dataclass(frozen=True)
class VectorInput:
    """An identity as a vector: from ``vector`` when given, else from the embedding network."""

    input: str
    network: Network | None
    picture: PictureInput | None
    projection: Path | None
    vector: Path | None


@dataclass(frozen=True)
class SwapperSpec:
    """The whole file."""

    network: Network
    target: PictureInput
    source: PictureInput | VectorInput
    output: str
    output_encoding: Encoding


_ENCODING = {"range", "mean", "std", "channels", "layout"}
_PICTURE = {"input", "size", "template"} | _ENCODING
_VECTOR = {"input", "projection", "vector"}


def parse_spec(data: dict[str, Any], folder: Path, where: str) -> SwapperSpec:
    """Check and type what a TOML file said.

    Args:
        data: its tables.
        folder: to which paths in it are relative.
        where: name of the file, for messages.

    Raises:
        InputError: a key is missing, unknown, or holds something else than it should.
    """
    _check(
        data,
        {"model", "sha256", "target", "source", "embedding", "output"},
        {"model", "target", "source"},
        where,
    )
    embedding, source = data.get("embedding"), data["source"]
    if embedding is None and "vector" not in source:
        person: PictureInput | VectorInput = _picture(source, f"{where} [source]")
    else:
        person = _vector(source, embedding, folder, where)
    output = data.get("output", {})
    _check(output, {"name"} | _ENCODING, set(), f"{where} [output]")
    return SwapperSpec(
        _network(data, folder, where),
        _picture(data["target"], f"{where} [target]"),
        person,
        _text(output, "name", "", f"{where} [output]"),
        _encoding(output, f"{where} [output]"),
    )


def _vector(
    source: dict[str, Any], embedding: dict[str, Any] | None, folder: Path, where: str
) -> VectorInput:
    _check(source, _VECTOR, {"input"}, f"{where} [source]")
    places = [_text(source, key, "", f"{where} [source]") for key in ("projection", "vector")]
    projection, vector = (folder / place if place else None for place in places)
    network = picture = None
    if embedding is not None:
        _check(
            embedding, _PICTURE | {"model", "sha256"}, {"model", "size", "template"}, f"{where} [embedding]"
        )
        network = _network(embedding, folder, f"{where} [embedding]")
        rest = {key: value for key, value in embedding.items() if key not in ("model", "sha256")}
        picture = _picture({"input": "", **rest}, f"{where} [embedding]")
    return VectorInput(_text(source, "input", "", where), network, picture, projection, vector)


def _network(table: dict[str, Any], folder: Path, where: str) -> Network:
    return Network(folder / _text(table, "model", "", where), _text(table, "sha256", "", where))


def _picture(table: dict[str, Any], where: str) -> PictureInput:
    _check(table, _PICTURE, {"input", "size", "template"}, where)
    size = table["size"]
    if not isinstance(size, int) or not 16 <= size <= 2048:
        raise InputError(f"{where}: size must be a whole number of pixels from 16 to 2048, got {size!r}")
    return PictureInput(
        _text(table, "input", "", where), size, _template(table["template"], where), _encoding(table, where)
    )


def _template(value: object, where: str) -> FivePoints:
    if isinstance(value, str) and value in TEMPLATES:
        return TEMPLATES[value]
    try:
        points = np.array(value, np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.shape != (5, 2):
        names = ", ".join(TEMPLATES)
        raise InputError(
            f"{where}: template must be one of {names}, or five [x, y] in shares of the side; got {value!r}"
        )
    return points


def _encoding(table: dict[str, Any], where: str) -> Encoding:
    default = Encoding()
    black_white = _numbers(table, "range", default.range, 2, where)
    mean, std = (_numbers(table, key, getattr(default, key), 3, where) for key in ("mean", "std"))
    if black_white[0] == black_white[1] or 0 in std:
        raise InputError(f"{where}: black and white of range must differ, and std must not be 0")
    channels = _one_of(table, "channels", default.channels, ("RGB", "BGR"), where)
    layout = _one_of(table, "layout", default.layout, ("NCHW", "NHWC"), where)
    return Encoding((black_white[0], black_white[1]), mean, std, channels, layout)


def _check(table: object, allowed: set[str], required: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise InputError(f"{where} must be a table with the keys {', '.join(sorted(allowed))}")
    for key in sorted(set(table) - allowed):
        raise InputError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(allowed))}")
    for key in sorted(required - set(table)):
        raise InputError(f"{where}: the key {key!r} is missing")


def _text(table: dict[str, Any], key: str, default: str, where: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise InputError(f"{where}: {key} must be text in quotes, got {value!r}")
    return value


def _one_of(table: dict[str, Any], key: str, default: str, allowed: tuple[str, ...], where: str) -> str:
    value = _text(table, key, default, where)
    if value not in allowed:
        raise InputError(f"{where}: {key} must be {' or '.join(allowed)}, got {value!r}")
    return value


def _numbers(
    table: dict[str, Any], key: str, default: tuple[float, ...], count: int, where: str
) -> tuple[float, ...]:
    value = table.get(key, default)
    good = isinstance(value, list | tuple) and len(value) == count
    if not good or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
        raise InputError(f"{where}: {key} must be {count} numbers, got {value!r}")
    return tuple(float(v) for v in value)
