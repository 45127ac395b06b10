"""Suite `folder`: triples of your own, NAME_reenacted.png, NAME_target.png and what else there is of NAME."""

from pathlib import Path

import numpy as np

from aotface.datasets.portraits import Say, angle_from_camera
from aotface.errors import InputError, NoFaceError, UsageError
from aotface.evaluation.triple import Facts, Plan, Triple
from aotface.face.align import align, invert, sample, scale_of, transform_landmarks
from aotface.face.detect import detect
from aotface.face.parse import visible_skin
from aotface.face.render import rasterize, render
from aotface.light import estimate_light, light_direction
from aotface.media.files import list_images, show
from aotface.media.image import read_image
from aotface.metrics.colour import ita, tone_group
from aotface.reenact.edge import inner_mask
from aotface.types import CROP_SIDE, AlignedFace, Crop, Frame

ROLES = ("reenacted", "target", "truth", "mask", "source")
"""What a picture can be; only the first two are needed."""


def plan(data: Path, pairs: int, seed: int, say: Say) -> list[Plan]:
    """List the triples of a folder: ``NAME_ROLE.ext``, or ``NAME/ROLE.ext``; sorted by name.

    Args:
        data: the folder.
        pairs: at most so many.
        seed: not used; nothing is drawn.
        say: told of names that lack a picture.

    Raises:
        UsageError: there is no triple.
    """
    groups: dict[str, dict[str, str]] = {}
    folders = [data, *sorted(path for path in data.iterdir() if path.is_dir())] if data.is_dir() else [data]
    for folder in folders:
        for path in _pictures(folder):
            name, _, role = path.stem.rpartition("_") if folder == data else (folder.name, "", path.stem)
            if name and role in ROLES:
                groups.setdefault(name, {})[role] = str(path.relative_to(data))
    complete = {
        name: files for name, files in sorted(groups.items()) if {"reenacted", "target"} <= set(files)
    }
    for name in sorted(groups.keys() - complete.keys()):
        say(f"left out: {name} has no reenacted or no target picture")
    if not complete:
        raise UsageError(
            f"{show(data)}: expected pictures named NAME_reenacted.png and NAME_target.png, found none"
        )
    return [Plan(f"folder-{name}", files, name, name) for name, files in complete.items()][:pairs]


def _pictures(folder: Path) -> list[Path]:
    try:
        return list_images(folder)
    except InputError:  # no picture in it
        return []


def build(plan: Plan, data: Path) -> Triple:
    """Make one triple: the face is found in the target, and everything is cut out alike.

    All pictures but the source must have the target's size.
    """
    frames = {role: read_image(data / file).frame for role, file in plan.files.items()}
    target = _face(frames["target"], plan.files["target"])
    geometry = render(target.landmarks, CROP_SIDE)
    crops = {
        role: _cut(frame, target, frames["target"].shape, plan.files[role])
        for role, frame in frames.items()
        if role not in ("source", "target")
    }
    reenacted = crops["reenacted"]
    visible = visible_skin(target.crop, target.landmarks, geometry)
    if "mask" in crops:
        mask = crops["mask"].mean(axis=2)
    else:
        mask = inner_mask(target.landmarks, rasterize(target.landmarks, CROP_SIDE)) * visible
    source = _face(frames["source"], plan.files["source"]) if "source" in frames else None
    skin = visible * geometry.mask
    angle = angle_from_camera(light_direction(estimate_light(target.crop, geometry.normals, skin)))
    facts = Facts("folder", plan.name, plan.name, tone_group(ita(target.crop, skin)), "unknown", angle)
    return Triple(
        plan.name,
        reenacted,
        target.crop,
        crops.get("truth"),
        mask.astype(np.float32),
        geometry,
        target.landmarks,
        _landmarks_of(frames["reenacted"], target),
        source.crop if source else None,
        source.landmarks if source else None,
        facts,
    )


def _face(frame: Frame, name: str) -> AlignedFace:
    faces = detect(frame)
    if not faces:
        raise NoFaceError(f"{name}: no face found; leave it out")
    return align(frame, faces[0])


def _landmarks_of(frame: Frame, target: AlignedFace) -> np.ndarray:
    """The reenacted face's own landmarks in the target's crop; the target's where no face is found."""
    faces = detect(frame)
    return transform_landmarks(faces[0].landmarks, target.matrix) if faces else target.landmarks


def _cut(frame: Frame, target: AlignedFace, shape: tuple[int, ...], name: str) -> Crop:
    """The target's square out of another picture of its size."""
    if frame.shape != shape:
        raise InputError(f"{name}: expected the target's size {shape[:2]}, got {frame.shape[:2]}; resize it")
    back = invert(target.matrix)
    y, x = np.mgrid[0:CROP_SIDE, 0:CROP_SIDE].astype(np.float32)
    map_x, map_y = ((row[0] * x + row[1] * y + row[2]).astype(np.float32) for row in back)
    return sample(frame, map_x, map_y, scale_of(target.matrix))
