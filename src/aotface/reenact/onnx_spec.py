"""What a swapper in an ONNX file expects: a small TOML, read into types, every mistake named.

::

    model = "swapper.onnx"          # beside this file, or an absolute path
    sha256 = "..."                  # optional everywhere: refuse another file
    summary = "..."                 # optional, for people; licence = "..." too

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
    projection = "matrix.npy"       # optional: unit embedding @ matrix
    projection_tensor = "last"      # the same with a tensor stored in the swapper: its name, or "last"
    normalise = true                # make a unit vector of what comes out
    vector = "person.npy"           # optional: this person, whatever the source picture shows

    [embedding]                     # the network that makes the embedding; keys model, sha256, and as in [target]
    model = "identity.onnx"

    [converter]                     # optional: a network that turns that embedding into the swapper's own
    model = "converter.onnx"

    [output]
    name = "output"                 # keys range, mean, std, channels, layout as in [target]
    mask = "mask"                   # optional: an output that says 0..1 where the face shows
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aotface.errors import InputError
from aotface.face.template import TEMPLATES, FivePoints
from aotface.reenact.encoding import Encoding


@dataclass(frozen=True)
class PictureInput:
    """An aligned face as a network's input. An empty name stands for the only input."""

    input: str
    size: int
    template: FivePoints
    encoding: Encoding


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file; ``sha256`` empty when any will do."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class VectorInput:
    """An identity as a vector: from ``vector`` when given, else from the embedding network.

    Then through ``converter``, or times ``projection`` or the stored tensor ``projection_tensor``; then made a unit
    vector where ``normalise`` says so.
    """

    input: str
    embedding: ModelFile | None
    picture: PictureInput | None
    converter: ModelFile | None
    projection: Path | None
    projection_tensor: str
    normalise: bool
    vector: Path | None


@dataclass(frozen=True)
class SwapperSpec:
    """The whole file."""

    model: ModelFile
    target: PictureInput
    source: PictureInput | VectorInput
    output: str
    output_encoding: Encoding
    mask: str


@dataclass(frozen=True)
class ModelPaths:
    """ONNX files that stand in the place of a configuration's own."""

    model: Path | None = None
    embedding: Path | None = None
    converter: Path | None = None


NO_MODELS = ModelPaths()

_ENCODING = {"range", "mean", "std", "channels", "layout"}
_PICTURE = {"input", "size", "template"} | _ENCODING
_FILE = {"model", "sha256"}
_VECTOR = {"input", "projection", "projection_tensor", "normalise", "vector"}
_TABLES = {"target", "source", "embedding", "converter", "output"}
_WORDS = {"summary", "licence"}


def with_models(data: dict[str, Any], models: ModelPaths) -> dict[str, Any]:
    """A configuration with other networks; their hashes go, since they were those of the files it named.

    Args:
        data: tables of a TOML file.
        models: paths, relative to the working folder.
    """
    made = dict(data)
    for name, path in (("embedding", models.embedding), ("converter", models.converter)):
        table = data.get(name)
        if path is not None and isinstance(table, dict):
            made[name] = _with_model(table, path)
    return made if models.model is None else _with_model(made, models.model)


def _with_model(table: dict[str, Any], path: Path) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "sha256"} | {"model": str(path.resolve())}


def parse_spec(data: dict[str, Any], folder: Path, where: str) -> SwapperSpec:
    """Check and type what a TOML file said.

    Args:
        data: its tables.
        folder: to which paths in it are relative.
        where: name of the file, for messages.

    Raises:
        InputError: a key is missing, unknown, or holds something else than it should.
    """
    _check(data, _FILE | _TABLES | _WORDS, {"model", "target", "source"}, where)
    source, output = data["source"], data.get("output", {})
    by_vector = bool({"embedding", "converter"} & set(data)) or (
        isinstance(source, dict) and "vector" in source
    )
    person = _vector(data, folder, where) if by_vector else _picture(source, f"{where} [source]")
    _check(output, {"name", "mask"} | _ENCODING, set(), f"{where} [output]")
    return SwapperSpec(
        _model(data, folder, where),
        _picture(data["target"], f"{where} [target]"),
        person,
        _text(output, "name", "", f"{where} [output]"),
        _encoding(output, f"{where} [output]"),
        _text(output, "mask", "", f"{where} [output]"),
    )


def _vector(data: dict[str, Any], folder: Path, where: str) -> VectorInput:
    source, place = data["source"], f"{where} [source]"
    _check(source, _VECTOR, {"input"}, place)
    projection, vector = (_path(source, key, folder, place) for key in ("projection", "vector"))
    tensor = _text(source, "projection_tensor", "", place)
    if (projection is not None) + bool(tensor) + ("converter" in data) > 1:
        raise InputError(
            f"{where}: expected one of projection, projection_tensor and [converter], got several"
        )
    if "embedding" not in data and vector is None:
        raise InputError(f"{place} needs a vector, or a table [embedding] with a network that makes it")
    embedding, picture = _embedding(data["embedding"], folder, where) if "embedding" in data else (None, None)
    converter = None
    if "converter" in data:
        _check(data["converter"], _FILE, {"model"}, f"{where} [converter]")
        converter = _model(data["converter"], folder, f"{where} [converter]")
    normalise = source.get("normalise", True)
    if not isinstance(normalise, bool):
        raise InputError(f"{place}: normalise must be true or false, got {normalise!r}")
    name = _text(source, "input", "", place)
    return VectorInput(name, embedding, picture, converter, projection, tensor, normalise, vector)


def _embedding(table: dict[str, Any], folder: Path, where: str) -> tuple[ModelFile, PictureInput]:
    place = f"{where} [embedding]"
    _check(table, _PICTURE | _FILE, {"model", "size", "template"}, place)
    rest = {key: value for key, value in table.items() if key not in _FILE}
    return _model(table, folder, place), _picture({"input": "", **rest}, place)


def _model(table: dict[str, Any], folder: Path, where: str) -> ModelFile:
    return ModelFile(folder / _text(table, "model", "", where), _text(table, "sha256", "", where))


def _path(table: dict[str, Any], key: str, folder: Path, where: str) -> Path | None:
    text = _text(table, key, "", where)
    return folder / text if text else None


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
