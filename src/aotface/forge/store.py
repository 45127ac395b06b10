"""The canonical store of a finished set, and how to read it.

::

    from aotface.forge.store import open_store

    store = open_store("set")
    for sample in store.samples(split="train", label="fake"):
        for frame, mask in zip(sample.frames(), sample.masks()):
            ...
        real = store.real_of(sample)

Each sample is a folder ``samples/ID`` with ``frames/000000.png``, ``masks/``, ``hard/``, ``landmarks.npy`` and
``matrices.npy``; ``manifest.jsonl`` has one line for each. Fields of a line are those of `Sample`.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from aotface.errors import InputError
from aotface.forge.plan import Plan, is_rate
from aotface.media.files import read_bytes, show
from aotface.media.plain import array_of

MANIFEST, PLAN, STORE, ABOUT, LICENCE, SIGNATURE = (
    "manifest.jsonl",
    "plan.json",
    "store.json",
    "ABOUT.md",
    "LICENCE.txt",
    "manifest.sig.json",
)
SAMPLES, FRAMES, MASKS, HARD = "samples", "frames", "masks", "hard"
LANDMARKS, MATRICES = "landmarks.npy", "matrices.npy"
RECORD = "sample.json"

HARD_FROM = 128
"""A hard mask is where the soft one is at least this."""

_WORD = re.compile(r"[\w-][\w.-]*", re.ASCII)
"""Names and inputs of samples: they become names of files."""

T = TypeVar("T")


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One picture or clip of a set: a line of the manifest.

    ``label``: ``real`` or ``fake``. ``method``: of a fake. ``control``: it is there for comparison, see `plan.CONTROLS`.
    ``target``, ``source``: ids of inputs; of a real only the target. ``stratum``: of the appearance gap between both, and
    ``gap`` its parts, before the swap. ``before``, ``after``: distances from the target's light and tone under the mask, of
    the middle frame, before the transfer and in the finished frame. ``files``: SHA-256 by path in the sample's folder.
    ``key``: of everything that decides the files. ``perturbation``: what was done to all frames, as ``CS:3 GB:2``.
    """

    id: str
    label: str
    split: str
    kind: str
    target: str
    target_person: str
    method: str | None = None
    control: bool = False
    source: str | None = None
    source_person: str | None = None
    stratum: str | None = None
    gap: dict[str, float | None] | None = None
    before: dict[str, float | None] | None = None
    after: dict[str, float | None] | None = None
    frames_count: int = 1
    rate: str = "25"
    height: int = 0
    width: int = 0
    first_frame: int = 0
    tone: str = "unknown"
    light: tuple[float, float, float] = (0.0, 0.0, 0.0)
    transfer: str | None = None
    reenact: str | None = None
    weights_sha256: str | None = None
    seed: int = 0
    target_sha256: str = ""
    source_sha256: str | None = None
    licences: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    marked: bool = False
    perturbation: str | None = None
    perturbation_seed: int | None = None
    key: str = ""
    files: dict[str, str] = {}


@dataclass(frozen=True)
class StoredSample:
    """A sample with its folder: `info` is its line, the rest reads its files."""

    info: Sample
    folder: Path

    def frames(self) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        """Every frame, RGB, in order."""
        return (self.array(FRAMES, number) for number in range(self.info.frames_count))

    def masks(self) -> Iterator[UInt8[np.ndarray, "height width"]]:
        """The soft mask of every frame: 0..255, with which weight a swapped face shows; 0 all over in reals."""
        return (self.array(MASKS, number) for number in range(self.info.frames_count))

    def hard_masks(self) -> Iterator[UInt8[np.ndarray, "height width"]]:
        """0 or 255: where the swapped face is more than half of what shows."""
        return (self.array(HARD, number) for number in range(self.info.frames_count))

    def landmarks(self) -> Float32[np.ndarray, "frames 468 3"]:
        """Of the target's face, in pixels of the stored frames; NaN where it is not seen."""
        return np.asarray(self._numbers(LANDMARKS), np.float32)

    def matrices(self) -> Float64[np.ndarray, "frames 2 3"]:
        """From points of the stored frames to the aligned crop of 256 px; NaN where the face is not seen."""
        return np.asarray(self._numbers(MATRICES), np.float64)

    def path(self, kind: str, number: int) -> Path:
        """The file of one frame, mask or hard mask."""
        return self.folder / kind / f"{number:06d}.png"

    def array(self, kind: str, number: int) -> UInt8[np.ndarray, "..."]:
        """One frame, mask or hard mask.

        Raises:
            InputError: no PNG that can be read, or one with too many pixels.
        """
        path = self.path(kind, number)
        data = read_bytes(path)
        try:
            return array_of(data)
        except InputError as error:
            raise type(error)(f"{show(path)}: {error}") from None

    def _numbers(self, name: str) -> np.ndarray:
        try:
            return np.load(io.BytesIO(read_bytes(self.folder / name)), allow_pickle=False)
        except ValueError as error:
            raise InputError(f"{show(self.folder / name)}: not an array file: {error}") from None


@dataclass(frozen=True)
class Store:
    """A finished set."""

    folder: Path
    lines: tuple[Sample, ...]

    def samples(self, **wanted: Any) -> Iterator[StoredSample]:
        """Samples whose fields have these values, in the order of the manifest.

        Args:
            wanted: fields of `Sample`, as ``split="test"``, ``label="fake"``, ``method="aot"``, ``stratum="large"``.
        """
        for line in self.lines:
            if all(getattr(line, name) == value for name, value in wanted.items()):
                yield StoredSample(line, self.folder / SAMPLES / line.id)

    def find(self, id: str) -> StoredSample | None:
        """One sample; None where there is none."""
        line = self._by_id.get(id)
        return None if line is None else StoredSample(line, self.folder / SAMPLES / id)

    def sample(self, id: str) -> StoredSample:
        """One sample.

        Raises:
            InputError: there is none.
        """
        found = self.find(id)
        if found is None:
            raise InputError(f"{show(self.folder)}: there is no sample {id!r}")
        return found

    @cached_property
    def _by_id(self) -> dict[str, Sample]:
        return {line.id: line for line in self.lines}

    def real_of(self, sample: StoredSample) -> StoredSample:
        """The real of the same target: the same frames before anything was swapped."""
        return self.sample(real_id(sample.info.target))

    def plan(self) -> Plan:
        """The plan that it was built from."""
        return decoded(self.folder / PLAN, Plan)

    def facts(self) -> dict[str, Any]:
        """Of the whole set: versions, code, plan, counts."""
        return decoded(self.folder / STORE, dict)


def real_id(target: str) -> str:
    """The name of the real sample of an input."""
    return f"real-{target}"


def open_store(folder: str | Path) -> Store:
    """Open a finished set.

    Raises:
        InputError: there is none, or it is not finished.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        what = (
            "is not finished: run `aotface forge build` again"
            if (folder / PLAN).is_file()
            else "holds no set"
        )
        raise InputError(f"{show(folder)}: {what} (no {MANIFEST})")
    try:
        lines = [
            msgspec.json.decode(row, type=Sample) for row in read_bytes(path).splitlines() if row.strip()
        ]
    except msgspec.DecodeError as error:
        raise InputError(f"{show(path)}: cannot be understood: {str(error).replace('`', '')}") from None
    for line in lines:
        if wrong := _wrong(line):
            raise InputError(f"{show(path)}: sample {line.id!r}: {wrong}; use a set that you trust")
    return Store(folder, tuple(lines))


def decoded(path: Path, kind: type[T]) -> T:
    """A JSON file of a store.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return msgspec.json.decode(read_bytes(path), type=kind)
    except msgspec.DecodeError as error:
        raise InputError(f"{show(path)}: cannot be understood: {str(error).replace('`', '')}") from None


def _wrong(line: Sample) -> str | None:
    """What of a line would lead out of the store's folder, or is no number of frames; a set may be anybody's."""
    for word in (line.id, line.target, line.split, line.source, line.method):
        if word is not None and not _WORD.fullmatch(word):
            return f"expected a name of letters, digits, dots and dashes, got {word!r}"
    for name in line.files:
        if not all(_WORD.fullmatch(part) for part in name.split("/")):
            return f"expected files in its own folder, got {name!r}"
    sound = is_rate(line.rate) and line.frames_count > 0
    return None if sound else f"expected frames and a rate, got {line.frames_count} at {line.rate!r}"


def encode_sample(sample: Sample) -> bytes:
    """A line of the manifest."""
    return msgspec.json.encode(sample, order="deterministic")
