"""One face of a data set, measured once, and kept so that a stopped run need not start over."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save

from aotface.colour_space import srgb_to_lab
from aotface.errors import NoFaceError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.parse import visible_skin
from aotface.face.render import render
from aotface.media.files import show, write_bytes
from aotface.media.image import read_image
from aotface.training.delight import delight, own_shading
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Landmarks, Mask

STEPS = 65535
"""Crops and masks are kept with 16 bits."""


@dataclass(frozen=True)
class Portrait:
    """One face. ``even``: the crop with most of its own shading divided out. ``visible``: skin that shows.

    ``person`` groups pictures that must not part over splits or meet in a pair. ``tone_degrees``: NaN where
    the colour says nothing about skin. ``shading``: spread of the smooth log shading of its own light.
    """

    file: str
    person: str
    split: str
    aligned: AlignedFace
    even: Crop
    visible: Mask
    tone_degrees: float
    shading: float = 0.0


def measure(path: Path, name: str, person: str, split: str, strength: float) -> Portrait:
    """Read a picture and measure its largest face.

    Args:
        path: the picture.
        name, person, split: see Portrait.
        strength: share of the photograph's own shading that is divided out, 0..1.

    Raises:
        InputError: the picture cannot be read.
        NoFaceError: nobody is on it.
    """
    frame = read_image(path).frame
    faces = detect(frame)
    if not faces:
        raise NoFaceError(f"{show(path)}: no face found")
    aligned = align(frame, faces[0])
    aligned = replace(aligned, face=in_crop(aligned.landmarks))
    geometry = render(aligned.landmarks, CROP_SIDE)
    visible = visible_skin(aligned.crop, aligned.landmarks, geometry) * geometry.mask
    even, shading = _even(aligned.crop, geometry.normals, geometry.mask, strength)
    tone = tone_degrees(even, geometry.mask)
    return Portrait(name, person, split, aligned, even, visible, tone, shading)


def _even(crop: Crop, normals: np.ndarray, mask: Mask, strength: float) -> tuple[Crop, float]:
    images, maps, masks = (
        torch.from_numpy(np.ascontiguousarray(np.atleast_3d(a))).permute(2, 0, 1)[None]
        for a in (crop, normals, mask)
    )
    even = delight(images, maps, masks, strength=strength)[0].permute(1, 2, 0).contiguous().numpy()
    return even, float(own_shading(images, maps, masks)[0])


def tone_degrees(crop: Crop, mask: Mask) -> float:
    """Individual typology angle of the face, degrees; NaN where the colour is not skin's (b* under 1)."""
    lightness, _, b = (srgb_to_lab(crop)[mask > 0.5]).mean(axis=0)
    return math.degrees(math.atan2(float(lightness) - 50, float(b))) if b >= 1 else math.nan


def keep(portraits: list[Portrait], notes: list[str], path: Path) -> None:
    """Write measured faces, whole or not at all.

    Args:
        portraits: the faces; may be none.
        notes: one line per picture that was left out.
        path: the file.
    """
    arrays: dict[str, np.ndarray] = {}
    facts: list[dict[str, Any]] = []
    for number, portrait in enumerate(portraits):
        parts = {"crop": portrait.aligned.crop, "even": portrait.even, "visible": portrait.visible}
        arrays |= {f"{number}/{name}": _wide(values) for name, values in parts.items()}
        arrays[f"{number}/landmarks"] = np.ascontiguousarray(portrait.aligned.landmarks)
        facts.append(
            {
                "file": portrait.file,
                "person": portrait.person,
                "split": portrait.split,
                "matrix": portrait.aligned.matrix.tolist(),
                "tone_degrees": portrait.tone_degrees,
                "shading": portrait.shading,
            }
        )
    arrays["count"] = np.array([len(portraits)])
    header = {"faces": json.dumps(facts), "notes": json.dumps(notes)}
    write_bytes(path, save(arrays, header), overwrite=True)


@dataclass(frozen=True)
class Shelf:
    """Kept faces of one file, read one at a time: a large data set does not fit into memory.

    ``facts``: of each face, ``file``, ``person``, ``split``, ``tone_degrees``. ``notes``: see `keep`.
    """

    path: Path
    facts: list[dict[str, Any]]
    notes: list[str]

    def portrait(self, number: int) -> Portrait:
        """Read one face."""
        fact = self.facts[number]
        with safe_open(str(self.path), framework="numpy") as file:
            crop, even, visible, landmarks = (
                file.get_tensor(f"{number}/{name}") for name in ("crop", "even", "visible", "landmarks")
            )
        aligned = AlignedFace(in_crop(landmarks), _narrow(crop), np.array(fact["matrix"]), landmarks)
        who = (fact["file"], fact["person"], fact["split"])
        numbers = (fact["tone_degrees"], fact["shading"])
        return Portrait(*who, aligned, _narrow(even), _narrow(visible), *numbers)


def in_crop(landmarks: Landmarks) -> Face:
    """The face as it lies in its crop; where it lay in its picture no longer matters from here on."""
    return Face(0, (0.0, 0.0, float(CROP_SIDE), float(CROP_SIDE)), 1.0, landmarks)


def recall(path: Path) -> Shelf:
    """Open what `keep` wrote."""
    with safe_open(str(path), framework="numpy") as file:
        header = file.metadata()
    return Shelf(path, json.loads(header["faces"]), json.loads(header["notes"]))


def _wide(values: np.ndarray) -> np.ndarray:
    # safetensors writes memory as it lies: a transposed view would come back scrambled.
    return np.ascontiguousarray(np.clip(values * STEPS + 0.5, 0, STEPS).astype(np.uint16))


def _narrow(values: np.ndarray) -> np.ndarray:
    return (values / STEPS).astype(np.float32)
