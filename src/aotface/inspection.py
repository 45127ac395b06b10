"""What the line sees in a picture, as findings and as one sheet to look at."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.colour_space import linear_to_srgb
from aotface.errors import InputError, NoFaceError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import TRIANGLES
from aotface.face.parse import visible_skin
from aotface.face.render import render
from aotface.light import Light, estimate_light, harmonics
from aotface.media.sheet import Panel, annotated, sheet
from aotface.types import CROP_SIDE, AlignedFace, Face, Frame, Geometry

OVERVIEW_SIDE = 1024
"""Longer side of the overview in pixels."""

GREEN, YELLOW = (60, 220, 110), (255, 220, 60)


@dataclass(frozen=True)
class InspectedFace:
    """Everything found for one face at 256 px; ``light`` is None when too little skin shows to tell."""

    aligned: AlignedFace
    geometry: Geometry
    visible: Float32[np.ndarray, "side side"]
    light: Light | None


@dataclass(frozen=True)
class Inspection:
    """The faces, largest first (their order is what ``--face INDEX`` counts), and the labelled sheet."""

    faces: tuple[InspectedFace, ...]
    sheet: UInt8[np.ndarray, "rows columns 3"]


def inspect(frame: Frame) -> Inspection:
    """Find everything and draw it.

    Args:
        frame: uint8 or uint16, height x width x 3, RGB.

    Returns:
        Findings and sheet.

    Raises:
        NoFaceError: there is nothing to show.
    """
    found = detect(frame)
    if not found:
        raise NoFaceError(
            "no face found in the picture: it needs one of at least about 64 pixels, not turned away"
        )
    faces = tuple(_look(frame, face) for face in found)
    rows = [[Panel(_overview(frame, found), f"{frame.shape[1]} x {frame.shape[0]} px, {len(found)} face(s)")]]
    rows += [_panels(face) for face in faces]
    return Inspection(faces, sheet(rows, [640] + [256] * len(faces)))


def _look(frame: Frame, face: Face) -> InspectedFace:
    aligned = align(frame, face)
    geometry = render(aligned.landmarks, CROP_SIDE)
    visible = visible_skin(aligned.crop, aligned.landmarks, geometry)
    try:
        light = estimate_light(aligned.crop, geometry.normals, visible * geometry.mask)
    except InputError:
        light = None
    return InspectedFace(aligned, geometry, visible, light)


def _panels(face: InspectedFace) -> list[Panel]:
    found, geometry = face.aligned.face, face.geometry
    crop = _bytes(face.aligned.crop)
    width = found.box[2] - found.box[0]
    covered = geometry.mask[..., None]
    tint = np.array([0.24, 0.86, 0.43], np.float32)
    skin = (face.visible * geometry.mask)[..., None]
    return [
        Panel(_dots(crop, face.aligned.landmarks), f"{found.index}: {width:.0f} px wide, {found.score:.2f}"),
        Panel(_wires(crop, face.aligned.landmarks), "mesh"),
        Panel(_bytes((geometry.normals + 1) / 2 * covered), "normals"),
        Panel(_bytes(geometry.pncc), "PNCC"),
        Panel(_bytes(face.aligned.crop * (1 - 0.6 * skin) + 0.6 * tint * skin), "visible skin"),
        Panel(_ball(face.light), "estimated light" if face.light is not None else "light: too little skin"),
    ]


def _overview(frame: Frame, faces: list[Face]) -> UInt8[np.ndarray, "rows columns 3"]:
    zoom = min(1.0, OVERVIEW_SIDE / max(frame.shape[:2]))
    picture = frame if frame.dtype == np.uint8 else (frame >> 8).astype(np.uint8)
    picture = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    marks: list[tuple[float, float, str]] = []
    for face in faces:
        x0, y0, x1, y1 = (round(value * zoom) for value in face.box)
        cv2.rectangle(picture, (x0, y0), (x1, y1), YELLOW, max(1, len(picture) // 256))
        marks.append((float(max(x0, 0)), max(y0 - len(picture) / 14, 0.0), str(face.index)))
    return annotated(picture, marks, size=max(10, len(picture) // 16))


def _dots(crop: UInt8[np.ndarray, "side side 3"], landmarks: np.ndarray) -> UInt8[np.ndarray, "side side 3"]:
    picture = crop.copy()
    for x, y in landmarks[:, :2]:
        cv2.circle(picture, (round(float(x) * 16), round(float(y) * 16)), 12, GREEN, -1, cv2.LINE_AA, 4)
    return picture


def _wires(crop: UInt8[np.ndarray, "side side 3"], landmarks: np.ndarray) -> UInt8[np.ndarray, "side side 3"]:
    picture = (crop // 2).astype(np.uint8)
    corners = np.rint(landmarks[TRIANGLES][..., :2] * 16).astype(np.int32)
    cv2.polylines(picture, list(corners), True, GREEN, 1, cv2.LINE_AA, 4)
    return picture


def _ball(light: Light | None) -> UInt8[np.ndarray, "side side 3"]:
    """A ball of this skin under this light, seen from the camera."""
    y, x = (np.mgrid[:CROP_SIDE, :CROP_SIDE] + 0.5) / CROP_SIDE * 2.2 - 1.1
    inside = x**2 + y**2 < 1
    ball = np.full((CROP_SIDE, CROP_SIDE, 3), 0.12, np.float32)
    if light is not None:
        z = np.sqrt(1 - x[inside] ** 2 - y[inside] ** 2)
        shade = harmonics(np.stack([x[inside], y[inside], z], axis=1)) @ light.T
        ball[inside] = linear_to_srgb(np.clip(shade, 0, 1))
    return _bytes(ball)


def _bytes(values: np.ndarray) -> UInt8[np.ndarray, "side side 3"]:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
