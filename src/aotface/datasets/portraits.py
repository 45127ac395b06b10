"""Portraits that suites draw from: the list, the face in each, and one face laid into another's geometry."""

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from aotface.errors import InputError, NoFaceError, UsageError, reason_of_file
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.parse import visible_skin
from aotface.face.render import render
from aotface.light import estimate_light, light_direction
from aotface.media.files import list_images, read_bytes, show
from aotface.media.image import read_image
from aotface.metrics.colour import ita, tone_group
from aotface.reenact.base import Reenacted
from aotface.reenact.mesh import MeshReenactor
from aotface.types import CROP_SIDE, AlignedFace, Crop, Frame, Geometry, Mask

Say = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """A picture of the list: path relative to the data folder, whom it shows, which set it is from."""

    file: str
    person: str
    dataset: str = ""


@dataclass(frozen=True)
class Seen:
    """A picture and the largest face in it, aligned at 256 px, and what follows from the two."""

    frame: Frame
    aligned: AlignedFace

    @cached_property
    def geometry(self) -> Geometry:
        """The mesh in the crop."""
        return render(self.aligned.landmarks, CROP_SIDE)

    @cached_property
    def visible(self) -> Mask:
        """Where nothing is in front of the face."""
        return visible_skin(self.aligned.crop, self.aligned.landmarks, self.geometry)

    @cached_property
    def skin(self) -> Mask:
        """The face as far as it shows."""
        return self.visible * self.geometry.mask

    @cached_property
    def tone_degrees(self) -> float:
        """Individual typology angle; NaN for a grey picture."""
        return ita(self.aligned.crop, self.skin)

    @cached_property
    def light(self) -> Float64[np.ndarray, " 3"]:
        """Unit vector towards the main light as estimated; x right, y down, z towards the camera."""
        return light_direction(estimate_light(self.aligned.crop, self.geometry.normals, self.skin))

    @property
    def tone(self) -> str:
        """Tone group."""
        return tone_group(self.tone_degrees)


def read_index(data: Path) -> list[dict[str, str]]:
    """The rows of ``index.csv`` in a data folder; empty where there is none.

    Raises:
        InputError: it is no such table, or a row names no file.
    """
    path = data / "index.csv"
    if not path.is_file():
        return []
    try:
        rows = list(csv.DictReader(io.StringIO(read_bytes(path).decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{show(path)}: expected comma-separated text in UTF-8 ({error})") from None
    if not all(row.get("file") for row in rows):
        raise InputError(f"{show(path)}: expected a column file, and a name in each row")
    return rows


def read_portraits(data: Path, split: str = "val") -> list[Entry]:
    """List portraits.

    Args:
        data: a folder with ``index.csv`` (columns file, person, dataset, split; the paths are relative to the
            folder or to the one above), or a folder of pictures, where each file is a person of its own.
        split: rows of another split are left out.

    Returns:
        At least two entries, in the order of the list.

    Raises:
        UsageError: fewer than two pictures.
    """
    rows = read_index(data)
    if rows:
        entries = [
            Entry(_relative(data, row["file"]), row.get("person") or row["file"], row.get("dataset", ""))
            for row in rows
            if row.get("split", split) == split
        ]
    else:
        entries = [Entry(path.name, path.stem) for path in list_images(data)]
    if len(entries) < 2:
        raise UsageError(f"{show(data)}: expected at least two portraits, found {len(entries)}; give more")
    return entries


def _relative(data: Path, file: str) -> str:
    """Paths in an index may begin with the name of the folder that holds it."""
    head, _, rest = file.partition("/")
    return rest if head == data.name and not (data / file).exists() else file


@lru_cache(maxsize=24)
def look(path: Path) -> Seen:
    """Find the largest face of a picture.

    Raises:
        NoFaceError: there is none.
        InputError: the picture cannot be read.
    """
    frame = read_image(path).frame
    faces = detect(frame)
    if not faces:
        raise NoFaceError(f"{show(path)}: no face found; leave this picture out")
    return Seen(frame, align(frame, faces[0]))


def usable(data: Path, entries: Iterable[Entry], say: Say) -> list[tuple[Entry, Seen]]:
    """The entries in which a face is found; for each of the others a line."""
    found = []
    for entry in entries:
        try:
            found.append((entry, look(data / entry.file)))
        except Exception as error:  # of any kind: one file does not end the work
            say(f"left out: {reason_of_file(show(data / entry.file), error)}")
    return found


def lay(source: Seen, target: Seen, target_crop: Crop | None = None) -> tuple[Reenacted, Mask]:
    """The source's face in the target's geometry, and the mask under which results count.

    Args:
        source: whose identity is wanted.
        target: whose pose, outline and surroundings are kept.
        target_crop: the target's crop under another light.

    Returns:
        The reenacted face, and 0..1: shown, visible in the target, and not the target's own pixels.
    """
    aligned = target.aligned if target_crop is None else replace(target.aligned, crop=target_crop)
    made = MeshReenactor().prepare(source.frame, source.aligned.face).reenact(aligned)
    return made, (made.mask * target.visible * (1 - made.from_target)).astype(np.float32)


def angle_from_camera(direction: Float64[np.ndarray, " 3"]) -> float:
    """Degrees between a direction and the camera's axis; NaN for no direction."""
    length = float(np.linalg.norm(direction))
    return math.degrees(math.acos(min(1.0, direction[2] / length))) if length > 0 else math.nan
