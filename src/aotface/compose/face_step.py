"""The face step: one face of one frame, from the target's pixels to Y. Pictures, videos and resumed videos all call it.

Align, reenact, find what shows of the face, find what the transfer does to it. The caller applies that, filtered over
frames or not, and blends.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.adjust import adjust
from aotface.face.align import align, chained, crop_matrix, resize_matrix, scale_of, transform_landmarks
from aotface.face.parse import kept_beard, visibility_network, visible_at
from aotface.face.render import render
from aotface.face.texture import brow_outlines, features_mask, hull_mask
from aotface.face.visibility.network import Visibility
from aotface.masked import grown
from aotface.options import DEFAULTS, Options
from aotface.reenact.base import PreparedSource, Reenacted
from aotface.reenact.beards import shows_beard, without_beard
from aotface.transfer.base import Change, FacePair, Maps, Transfer, shrunk
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Geometry, Landmarks, Mask

LARGEST_SIDE = 2048
"""Larger faces are worked on at this side: a 24-megapixel portrait stays under 2 GB."""

FULL_RESOLUTION_SIDE = 1024
"""The same where the finished face is read from the source at the frame's own pixels, whatever the side of its crop."""

BESIDE_BROWS = 4.0
"""How far beside brows places still belong to them, in pixels at 256: skin between the outermost hairs, and a rim."""

Region = Callable[[AlignedFace, Reenacted], Mask | None]
"""Where in the crop, at 256 px, somebody else's swap shows; None: nowhere."""


class Known(NamedTuple):
    """What an earlier run found of a face. ``visible``: at 256 px. ``temporal``: of its change, if that has maps."""

    visible: Mask
    temporal: Maps | None


class Look(NamedTuple):
    """What a frame shows of a face, at 256 px: its crop (``small``), the visible part of it, and the target's mesh there.

    In pictures alone: ``seen``: what the network sees of it; ``bearded``: whether it has a beard; ``stays``: whether that
    stays in front.
    """

    small: Crop
    visible: Mask
    geometry: Geometry | None
    seen: Visibility | None = None
    bearded: bool = False
    stays: bool = False


Looks = Callable[[AlignedFace, Crop], Look]
"""Of an aligned face, and the same at 256 px."""


class SeenFace(NamedTuple):
    """One face before the transfer: ``target``, aligned, at 256 px too (``small``), with its mesh there; X_r; what shows.

    ``larger``: see `FaceInProgress.full_resolution`. ``seen``, ``bearded``, ``stays``: the target, see `Look`.
    """

    target: AlignedFace
    reenacted: Reenacted
    visible: Mask
    small: Crop
    geometry: Geometry | None
    larger: bool
    seen: Visibility | None = None
    bearded: bool = False
    stays: bool = False


@dataclass(frozen=True)
class FaceInProgress:
    """One face before it is blended.

    ``target``: aligned. ``reenacted``: X_r. ``visible``: skin that shows, at 256 px, 0..1. ``change``: what the transfer
    does to X_r. ``small``: the target at 256 px. ``full_resolution``: the face is larger than its crop, and X_r can be read
    at the frame's own pixels. ``options``: how much of the change is wanted. ``seen``: see `Look`.
    ``beard``: see `whose_beard`.
    """

    target: AlignedFace
    reenacted: Reenacted
    visible: Mask
    change: Change
    small: Crop
    full_resolution: bool = False
    options: Options = DEFAULTS
    seen: Visibility | None = None
    beard: str = "none"

    @cached_property
    def mask(self) -> Float32[np.ndarray, "side side"]:
        """Where Y shows."""
        return shown_mask(self.reenacted, self.visible)

    @cached_property
    def counted(self) -> Float32[np.ndarray, "side side"]:
        """Where X_r is moved: where Y shows, without what is the target's own."""
        return self.mask * (1 - self.reenacted.from_target)

    @cached_property
    def swapped(self) -> Crop:
        """Y of this face alone."""
        crop = self.reenacted.crop
        return keep_target_pixels(self.reenacted, adjust(crop, self.change.apply(crop), self.options))

    @cached_property
    def features(self) -> Float32[np.ndarray, "256 256"]:
        """Eyes, brows and lips of X_r and of the target."""
        return features_of(len(self.mask), self.reenacted.landmarks, self.target.landmarks)


def start_face(
    frame: Frame,
    face: Face,
    source: PreparedSource,
    transfer: Transfer,
    options: Options = DEFAULTS,
    region: Region | None = None,
    known: Known | None = None,
    full_resolution: bool = False,
    looks: Looks | None = None,
) -> FaceInProgress | None:
    """Take one face up to what the transfer does to it.

    Args:
        frame: the target, uint8 or uint16, RGB.
        face: the face of it that is replaced.
        source: gives X_r.
        transfer: see there.
        options: seed of its random numbers, and how much of its change is wanted.
        region: limits the swap to where somebody else's shows.
        known: found earlier; the same face then takes less time, and gives the same bytes.
        full_resolution: the caller can show Y at the frame's own pixels.
        looks: see `see_face`.

    Returns:
        The face; None where ``region`` finds no swap.
    """
    larger = full_resolution and transfer.smooth
    found = see_face(frame, face, source, region is None, known, larger, looks)
    target, reenacted, visible, small, geometry, larger, seen, bearded, stays = found
    if known is not None and known.temporal is not None:
        return FaceInProgress(
            target, reenacted, visible, transfer.restore(known.temporal), small, options=options
        )
    if known is None and region is not None:
        shown = region(target, reenacted)
        if shown is None:
            return None
        visible = visible * shown
    counted = shown_mask(reenacted, visible) * (1 - reenacted.from_target)
    points = target.landmarks, reenacted.landmarks, options.seed, geometry, reenacted.raster, small
    pair = FacePair(reenacted.crop, target.crop, counted, *points)
    if seen is not None and bearded and region is None:
        pair = _without_targets_beard(pair, frame, target, seen)
    beard = whose_beard(reenacted.beard, bearded, stays)
    return FaceInProgress(
        target, reenacted, visible, transfer.find(pair), small, larger, options, seen, beard
    )


def whose_beard(own: str, bearded: bool, stays: bool) -> str:
    """Whose beard a face of a picture shows, for its record.

    Args:
        own: the source's, see `Reenacted.beard`.
        bearded: the target has one.
        stays: and it stays in front.

    Returns:
        ``target's``, ``source's``, ``taken off`` (the source's, for a shaven target), ``covered`` (the target's), ``none``.
    """
    if stays:
        return "target's"
    if own != "none":
        return "source's" if own == "shown" else own
    return "covered" if bearded else "none"


def _without_targets_beard(pair: FacePair, frame: Frame, target: AlignedFace, seen: Visibility) -> FacePair:
    """A face and its target as a transfer shall see them: without the target's beard, where the face itself has none."""
    small = pair.small
    made = AlignedFace(target.face, small.reenacted, target.matrix, small.own_landmarks)
    if shows_beard(made, visibility_network().see_crop(small.reenacted, small.own_landmarks)):
        return pair
    bare = without_beard(frame, target.face, seen)
    crop = align(bare, target.face, len(target.crop)).crop
    return replace(pair, target=crop, small_target=shrunk(crop))


def see_face(
    frame: Frame,
    face: Face,
    source: PreparedSource,
    around: bool = True,
    known: Known | None = None,
    full_resolution: bool = False,
    looks: Looks | None = None,
) -> SeenFace:
    """Take one face up to the transfer.

    Args:
        frame: the target.
        face: of it.
        source: gives X_r.
        around: tell skin beside the mesh, see `aotface.face.parse.visible_at`.
        known: found earlier.
        full_resolution: see `start_face`.
        looks: finds what the frame shows; left out, it is looked at.
    """
    large = full_resolution and work_side(face) > FULL_RESOLUTION_SIDE
    cut = align(frame, face, FULL_RESOLUTION_SIDE if large else work_side(face))
    small = shrunk(cut.crop)
    if known is not None:
        look = Look(small, known.visible, None)
    else:
        look = look_at(frame, cut, small, around) if looks is None else looks(cut, small)
    visible = look.visible
    target, reenacted, larger = _reenact(frame, replace(cut, visible=visible, small=small), source, large)
    if target.crop is not cut.crop:
        small = shrunk(target.crop)
    return SeenFace(
        target, reenacted, visible, small, look.geometry, larger, look.seen, look.bearded, look.stays
    )


def look_at(frame: Frame, target: AlignedFace, crop: Crop, around: bool = True) -> Look:
    """What of the target's face shows.

    Args:
        frame: the target.
        target: its face, aligned at any side.
        crop: the same at 256 px.
        around: see `see_face`.
    """
    shrink = resize_matrix(np.eye(2, 3), len(target.crop), CROP_SIDE)
    points = transform_landmarks(target.landmarks, shrink)
    geometry = render(points, CROP_SIDE)
    small = AlignedFace(target.face, crop, chained(target.matrix, shrink), points)
    seen = visibility_network().see(frame, target.face)
    picture = target.face.rest is None
    beard = kept_beard(seen, points, geometry, crop if picture else None) if around else None
    visible = visible_at(frame, target.face, small, geometry, around=around, seen=seen, beard=beard)
    if not picture:
        return Look(crop, visible, geometry)
    stays = beard is not None and float(beard.max()) > 0.5
    return Look(crop, visible, geometry, seen, shows_beard(small, seen), stays)


def _reenact(
    frame: Frame, target: AlignedFace, source: PreparedSource, large: bool
) -> tuple[AlignedFace, Reenacted, bool]:
    """The aligned target and X_r; and whether the face is larger than they are and X_r can be read anew."""
    reenacted = source.reenact(target)
    if not large or reenacted.reading is not None:
        return target, reenacted, large
    target = replace(align(frame, target.face, work_side(target.face)), visible=target.visible)
    return target, source.reenact(target), False


def work_side(face: Face) -> int:
    """Side of the crop that keeps the face's full resolution: a multiple of 32 from 256 to `LARGEST_SIDE`."""
    needed = CROP_SIDE / scale_of(crop_matrix(face.landmarks))
    return int(np.clip(np.ceil(needed / 32) * 32, CROP_SIDE, LARGEST_SIDE))


def shown_mask(reenacted: Reenacted, visible: Mask) -> Float32[np.ndarray, "side side"]:
    """Where Y shows: inside the mask of X_r, and nothing in front of it."""
    side = len(reenacted.mask)
    if len(visible) != side:
        visible = cv2.resize(visible, (side, side), interpolation=cv2.INTER_LINEAR)
    return reenacted.mask * visible


def features_of(side: int, *landmarks: Landmarks) -> Float32[np.ndarray, "256 256"]:
    """Eyes, brows and lips, by landmarks in a crop of ``side`` pixels: 0..1, at 256 px."""
    shrink = resize_matrix(np.eye(2, 3), side, CROP_SIDE)
    points = (transform_landmarks(one, shrink) for one in landmarks)
    return features_mask((CROP_SIDE, CROP_SIDE), *points)


def brows_of(side: int, landmarks: Landmarks, kept: Mask | None) -> Float32[np.ndarray, "256 256"]:
    """Brows of X_r and what is next to them, by landmarks in a crop of ``side`` pixels, without what is the target's own
    (``kept``, at 256 px): 0..1, at 256 px."""
    points = transform_landmarks(landmarks, resize_matrix(np.eye(2, 3), side, CROP_SIDE))
    drawn = grown(hull_mask((CROP_SIDE, CROP_SIDE), *brow_outlines(points)), BESIDE_BROWS)
    soft = np.asarray(cv2.GaussianBlur(drawn, (0, 0), 1.0), np.float32)
    return soft if kept is None else soft * (1 - kept)


def kept_of(reenacted: Reenacted) -> Float32[np.ndarray, "256 256"]:
    """Where the face shows the target's own pixels: 0..1, at 256 px."""
    return cv2.resize(reenacted.from_target, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)


def keep_target_pixels(reenacted: Reenacted, moved: Crop) -> Crop:
    """Y where X_r was moved; what X_r took from the target as it is (an open mouth) stays as it is.

    Args:
        reenacted: X_r.
        moved: Y of all of it, the same side.
    """
    result = moved.copy()  # a transfer may give back what it was given
    lay_target_pixels(reenacted, result)
    return result


def lay_target_pixels(reenacted: Reenacted, moved: Crop) -> None:
    """The same, in place."""
    for one in reenacted.laid:
        one.lay(moved)
    if reenacted.laid:
        return
    rows, columns = (np.flatnonzero(reenacted.from_target.any(axis=axis)) for axis in (1, 0))
    if len(rows):
        here = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        moved[here] += (reenacted.crop[here] - moved[here]) * reenacted.from_target[here][..., None]
