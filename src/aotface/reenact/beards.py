"""A beard is taken off: a source's before its face is laid on a shaven one, a target's before a shaven one is lit [ours].

A source's beard ends at the mesh's edge, in the middle of a shaven jaw. A map that is made for skin lifts it to the tone of
skin: its hairs become white threads, specks and grey patches. And to a transfer a target's moustache looks like a shadow,
which it draws on a shaven lip. Tone is carried on from the cheeks, with grain as strong as their pores. What form chin and
lips have is then what light shows. In pictures alone.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool

from aotface.face.align import align, resize_matrix, scale_of, transform_landmarks
from aotface.face.hairs import roughness, times_cheeks
from aotface.face.mesh import LEFT_EYE, NOSE_WINGS, OUTER_LIPS, OVAL, RIGHT_EYE
from aotface.face.parse import kept_beard, visibility_network
from aotface.face.render import render
from aotface.face.texture import hull_mask
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility
from aotface.masked import falling, grown, resized, rising
from aotface.reenact.skin_fill import FLOOR, Plane, apart_from, bare_skin, laid, tone_of
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Landmarks, Mask

LARGEST = 512
"""Side of the crop in which a beard is filled, at most."""

CHIN = np.array([84, 314, 17, 32, 262, 199, 200, 208, 428, 152])
LIP = np.array([98, 327, 165, 391, 40, 270, 0])
"""Landmarks whose hulls are the chin, and the skin above the upper lip."""

FULL, MOUSTACHE = (0.1, 0.075), 0.2
"""Mean probability of beard on the chin and above the upper lip from both of which on a face has one; and above the lip
alone. A chin in shade is often taken for a beard, an upper lip seldom. Of 402 portraits 14 pass `shows_beard`, two of them
shaven (docs/log/2026-12-01-visibility.md)."""

HAIRY, TOLD, LEAST = 4.0, 0.26, 0.04
"""How many times as rough as the cheeks an upper lip is at least on which a moustache is told by its hairs; the least of
that times its mean probability; and the least of this (docs/log/2026-11-30-target-beards.md, 2026-12-01-visibility.md)."""

SHAVEN = 0.1, 0.15
"""The same up to both of which it is shaven."""

NOSE, CHIN_TIP, CORNERS = 2, 152, [61, 291]
"""Landmarks."""

STARTS, BEYOND = (-6.0, -2.0), 12.0
"""How far below the base of the nose beards begin, beside it; and how far beyond the mesh they are filled: pixels at 256."""

HAIRS, SKIN = (0.04, 0.2), 0.6
"""Probability of beard at which a pixel begins to go, and goes; and of skin from which it tells what skin looks like."""

BESIDE, EYES, TURNED = 4.0, 6.0, 14.0
"""Pixels at 256 around what may be beard, around eyes, and within the outline that tell nothing: skin that turns away,
or lies beside hair, is darker."""

ALIKE, HUE, ROUNDS = 0.12, 0.06, 3
"""By how much skin beside a beard may differ from what is known, and in colour, to tell more (logarithms); and how often
that is asked."""

STANDS, PART = (0.12, 0.3), 0.3
"""By how much a pixel differs from skin, a logarithm, where it begins to go, and goes; and from which share on it belongs to
what hangs together with hairs."""

RIM, RED, DARK = (3.0, 5.0), (0.0, 0.06), (0.1, 0.3)
"""How deep in the outline of the lips, in pixels at 256, hairs may hang; how much redder than skin (logarithms) what is no
hair begins to be, and is; and how much darker than skin what is hair."""

CLOSED, WIDER, SOFT = 4.0, 3.0, 3.0
"""Holes that are closed, how much further what goes reaches, and the standard deviation of its edge: pixels at 256."""


class _Place(NamedTuple):
    """Of a crop. ``low``: how far below the base of the nose, pixels at 256; ``mouth``: the same of the mouth's corners.
    ``oval``, ``lips``, ``eyes``, ``nose``: 1 there."""

    low: Plane
    mouth: float
    oval: Mask
    lips: Mask
    eyes: Mask
    nose: Mask


def is_bearded(aligned: AlignedFace, seen: Visibility) -> bool:
    """Whether a face has a beard.

    Args:
        aligned: 256 x 256.
        seen: what its picture shows of it.
    """
    chin, lip = _shares(seen, aligned.landmarks)
    return lip >= MOUSTACHE or (chin >= FULL[0] and lip >= FULL[1])


def shows_beard(aligned: AlignedFace, seen: Visibility) -> bool:
    """The same, or a moustache of which the network sees a trace, and whose hairs stand out.

    Args:
        aligned: 256 x 256.
        seen: what its picture shows of it.
    """
    if is_bearded(aligned, seen):
        return True
    points = aligned.landmarks
    lip = _shares(seen, points)[1]
    if lip < LEAST:
        return False
    above = hull_mask(aligned.crop.shape[:2], points[LIP]) > 0
    hairy = times_cheeks(roughness(aligned.crop), points, above)
    return hairy >= HAIRY and hairy * lip >= TOLD


def hairs_of(aligned: AlignedFace, seen: Visibility) -> Mask | None:
    """Where a source has a beard, a moustache or strong stubble by its hairs, as a target is told, 0..1; None: it has none.

    Args:
        aligned: 256 x 256.
        seen: what its picture shows of it.
    """
    points = aligned.landmarks
    kept = kept_beard(seen, points, render(points, CROP_SIDE), aligned.crop)
    return kept if kept.max() > 0.5 or shows_beard(aligned, seen) else None


def is_shaven(target: AlignedFace) -> bool:
    """Whether a face surely has no beard.

    Args:
        target: of any side.
    """
    crop = target.crop if target.small is None else target.small
    shrink = resize_matrix(np.eye(2, 3), len(target.crop), CROP_SIDE)
    points = transform_landmarks(target.landmarks, shrink)
    chin, lip = _shares(visibility_network().see_crop(resized(crop, CROP_SIDE), points), points)
    return chin <= SHAVEN[0] and lip <= SHAVEN[1]


def without_beard(frame: Frame, face: Face, seen: Visibility, hairs: Mask | None = None) -> Frame:
    """A picture without a face's beard.

    Args:
        frame: uint8 or uint16, RGB.
        face: of it.
        seen: what it shows of that face.
        hairs: see `hairs_of`: beard, too. None: the network alone tells it.

    Source: [ours].
    """
    side = int(np.clip(CROP_SIDE / scale_of(align(frame, face).matrix), CROP_SIDE, LARGEST))
    aligned = align(frame, face, side)
    crop, unit, place = aligned.crop, side / CROP_SIDE, _place_of(aligned)
    beard, skin = (seen.in_crop(seen.of(one), side) for one in (Surface.BEARD, Surface.SKIN))
    if hairs is not None:
        beard = np.maximum(beard, resized(hairs, side))
    may_be = ((beard > HAIRS[0]) & (place.low > 0)).astype(np.float32)
    free = place.oval * (1 - grown(may_be, BESIDE * unit)) * (1 - grown(place.eyes, EYES * unit))
    free *= (skin > SKIN) & (
        cv2.distanceTransform(place.oval.astype(np.uint8), cv2.DIST_L2, 5) > TURNED * unit
    )
    plain = (free * (place.low < 0)).astype(np.float32)
    if not plain.any():
        return frame
    known = _followed(crop, plain, free * (place.low < place.mouth), unit)
    gone = _gone(crop, tone_of(crop, known), beard, place, unit)
    return laid(frame, bare_skin(crop, known, plain), gone, aligned.matrix)


def _shares(seen: Visibility, points: Landmarks) -> tuple[float, float]:
    """Mean probability of beard on the chin and above the upper lip; ``points``: pixels of the crop at 256 px."""
    beard = seen.in_crop(seen.of(Surface.BEARD), CROP_SIDE)
    chin, lip = (beard[hull_mask(beard.shape, points[those]) > 0] for those in (CHIN, LIP))
    return float(chin.mean()) if len(chin) else 0.0, float(lip.mean()) if len(lip) else 0.0


def _place_of(aligned: AlignedFace) -> _Place:
    points, side = aligned.landmarks[:, :2], len(aligned.crop)
    down = points[CHIN_TIP] - points[NOSE]
    down = down / max(float(np.linalg.norm(down)), 1e-6) * (CROP_SIDE / side)
    rows, columns = np.indices((side, side), np.float32)
    low = (columns - points[NOSE, 0]) * down[0] + (rows - points[NOSE, 1]) * down[1]
    rings = (OVAL,), (OUTER_LIPS,), (LEFT_EYE, RIGHT_EYE), (NOSE_WINGS,)
    drawn = [hull_mask((side, side), *(points[ring] for ring in those)) for those in rings]
    return _Place(low, float((points[CORNERS].mean(axis=0) - points[NOSE]) @ down), *drawn)


def _followed(crop: Crop, known: Mask, free: Mask, unit: float) -> Mask:
    """What is known, and skin beside it as long as it is alike."""
    square = np.ones((2 * round(unit) + 1,) * 2)
    for _ in range(ROUNDS):
        apart, hue = apart_from(crop, tone_of(crop, known), unit)
        alike = (((apart < ALIKE) & (hue < HUE)) * free).astype(np.float32)
        known = np.maximum(known, cv2.morphologyEx(alike, cv2.MORPH_OPEN, square))
    return known


def _gone(crop: Crop, tone: Crop, beard: Plane, place: _Place, unit: float) -> Mask:
    """With which weight skin shows instead: of what is likely beard, and of what is no skin and hangs together with it."""
    zone = grown(place.oval, BEYOND * unit) * rising(place.low, STARTS)
    zone *= 1 - cv2.erode(place.nose, np.ones((2 * round(unit) + 1,) * 2))
    zone = np.where(place.lips > 0, zone * _hairs_on_lips(crop, tone, place, unit), zone)
    apart = apart_from(crop, tone, unit)[0]
    gone = np.maximum(rising(beard, HAIRS), rising(apart, STANDS)) * zone
    gone = _connected(gone, beard * zone > HAIRS[1]) * gone
    gone = cv2.morphologyEx(gone, cv2.MORPH_CLOSE, np.ones((2 * round(CLOSED * unit) + 1,) * 2))
    soft = cv2.GaussianBlur(grown(gone, WIDER * unit), (0, 0), SOFT * unit) * zone
    return np.clip(soft, 0, 1).astype(np.float32)


def _hairs_on_lips(crop: Crop, tone: Crop, place: _Place, unit: float) -> Plane:
    """How surely hairs hang over the rim of the lips: they are dark, and not red."""
    over = np.log((cv2.GaussianBlur(crop, (0, 0), 0.5 * unit) + FLOOR) / (tone + FLOOR))
    depth = cv2.distanceTransform(place.lips.astype(np.uint8), cv2.DIST_L2, 5) / np.float32(unit)
    pale = falling(over[..., 0] - over[..., 1], RED) * rising(-over.mean(axis=2), DARK)
    return np.asarray(falling(depth, RIM) * pale, np.float32)


def _connected(gone: Mask, sure: Bool[np.ndarray, "_side _side"]) -> Mask:
    """1 in and beside what hangs together with what is surely beard."""
    count, labels = cv2.connectedComponents((gone > PART).astype(np.uint8))
    keep = np.zeros(count, np.uint8)
    keep[np.unique(labels[sure])] = 1
    keep[0] = 0
    return cv2.dilate(keep[labels], np.ones((5, 5), np.uint8)).astype(np.float32)
