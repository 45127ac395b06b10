"""The visibility network at work: probabilities of every surface, in the view, the crop or the frame.

seen = VisibilityNetwork().see(frame, face)
covered = seen.in_frame(seen.things, frame.shape[:2])
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from aotface.errors import WeightsError
from aotface.face.align import chained, invert, transform_landmarks
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.fringe import with_fringe
from aotface.face.visibility.rims import beside_likeliest, likely_rims, rims_of
from aotface.face.visibility.view import VIEW_SIDE, cut, view_matrix, view_of_crop
from aotface.media.files import show
from aotface.media.onnx_runtime import open_session
from aotface.media.pixel_aspect import to_display
from aotface.media.weights import verified_bytes
from aotface.types import Crop, Face, Frame, Landmarks, Mask, Matrix

SHA256 = "407a542d4f7846674870d8267ccff7de3d900f3576c697d6ec2ab7c0112f8d00"
"""Of the packaged ``visibility.onnx``."""

MIDDLE = (0.25, 0.8), (0.28, 0.72)
"""Rows and columns of a view, in its side, where mostly face is."""

COLOURS = (1.02, 0.5), (1.7, 1.0)
"""Least and most red over green and blue over green, display values, of faces in ordinary light."""

RETURN, FURTHEST = 0.4, 0.16
"""How far inside a colour is brought, as a share of how far outside it was, and at most; logarithms."""

DIM, MOST_GAIN = 0.25, 4.0
"""Mean display value below which a face is brightened, and by how much at most."""

LIKELY, WORN = 0.5, 200
"""Probability of a frame, and how many pixels of a view must have it before a face wears spectacles. Of 127 bare portraits 1
reaches 200 pixels, of 39 wearers none has fewer than 277 (network of 2026-11-29: docs/log/2026-11-29-visible-face.md)."""

CERTAIN, EACH_SIDE = 500, 120
"""Fewer likely pixels than the first must lie on both sides, so many on each, or beside a cover (an eye patch): creases
below one eye look like a rim. Of 320 portraits of ``train`` 9 bare ones had 200, 2 are left; no wearer is lost (same
network)."""

UNSURE = 0.08, 0.24
"""Probability of a frame at which a wearer's pixel begins to count, and at which it counts in full."""

ALONG, LINE = 7, (0.2, 0.45)
"""Pixels of a view across which a frame's pixels are compared; and the share of the likeliest of them at which one begins to
count, and counts in full: what is less likely is skin along the frame."""

BROW_LEADS = 4.0
"""How many times likelier than frame a brow must be to be no frame."""

SURE = 0.2, 0.8
"""The same of hair, hands and other covers."""

PATCH, BESIDE, UNSURE_BESIDE = 100, 10, (0.05, 0.3)
"""Beside a patch of so many likely pixels of hand or cover, within so many pixels, these probabilities count instead: of
made microphones .92 is kept, not .72 (docs/log/2026-11-29-measured.md)."""

Planes = Float32[np.ndarray, "outputs side side"]


@dataclass(frozen=True)
class Visibility:
    """What each pixel of a face's view shows.

    ``planes``: probabilities; the first eleven, one for each `Surface`, sum to 1; the last: seen through a lens.
    ``matrix``: maps points of the frame (or crop) that was looked at to points of the view. ``view``: what was looked at;
    None: nothing finer than the probabilities is known.
    """

    planes: Planes
    matrix: Matrix
    view: Crop | None = None

    def of(self, *surfaces: Surface) -> Mask:
        """Probability that a pixel shows one of these surfaces."""
        return np.asarray(self.planes[list(surfaces)].sum(axis=0), np.float32)

    @cached_property
    def spectacles(self) -> Mask:
        """How surely a pixel shows a frame, 0..1: all 0 for a face without spectacles.

        Thin frames are worth keeping from a low probability on, and a low probability stands on many bare faces. So
        first `WORN` pixels must be likely; then `UNSURE` counts.
        """
        frame = self.of(Surface.FRAME)
        if not self._worn(frame > LIKELY):
            return np.zeros_like(frame)
        return np.clip((frame - UNSURE[0]) / (UNSURE[1] - UNSURE[0]), 0, 1)

    def _worn(self, likely: Bool[np.ndarray, "side side"]) -> bool:
        """Whether a face wears spectacles, by where a frame is likely."""
        middle = likely.shape[1] // 2
        sides = np.count_nonzero(likely[:, :middle]), np.count_nonzero(likely[:, middle:])
        if sum(sides) < WORN:
            return False
        return bool(sum(sides) >= CERTAIN or min(sides) >= EACH_SIDE or self.patched)

    @property
    def patched(self) -> bool:
        """Whether a face wears a cover, an eye patch perhaps, whose straps look like frames."""
        return bool(np.count_nonzero(self.of(Surface.COVER) > LIKELY) >= PATCH)

    @cached_property
    def things(self) -> Mask:
        """How much of hair, hands and covers stays in front of a swapped face, 0..1; of spectacles see `frames`.

        Edges of hands and covers are unsure; low probabilities count beside likely ones.
        """
        others = self.of(Surface.HAIR, Surface.HAND, Surface.COVER)
        return np.maximum(np.clip((others - SURE[0]) / (SURE[1] - SURE[0]), 0, 1), self._beside_things)

    @property
    def _beside_things(self) -> Mask:
        """How much of a hand or cover shows, 0..1, where one is likely near by; 0 elsewhere."""
        thing = self.of(Surface.HAND, Surface.COVER)
        _, patch, facts, _ = cv2.connectedComponentsWithStats((thing > LIKELY).astype(np.uint8))
        large = facts[:, cv2.CC_STAT_AREA] >= PATCH
        large[0] = False  # what is no patch
        if not large.any():
            return np.zeros_like(thing)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BESIDE + 1,) * 2)
        near = cv2.dilate(large[patch].astype(np.float32), disc)
        low, high = UNSURE_BESIDE
        return near * np.clip((thing - np.float32(low)) / np.float32(high - low), 0, 1)

    @cached_property
    def frames(self) -> Mask:
        """`spectacles` without brows behind them, and without the skin along them."""
        worn = self.spectacles
        if not worn.any():
            return worn
        frame, brow = self.of(Surface.FRAME), self.of(Surface.BROW)
        share = frame / np.maximum(cv2.dilate(frame, np.ones((ALONG,) * 2)), 1e-3)
        line = np.clip((share - LINE[0]) / (LINE[1] - LINE[0]), 0, 1)
        return worn * line * np.clip(BROW_LEADS - brow / np.maximum(frame, 1e-3), 0, 1)

    def rims(
        self, eyes: Float[np.ndarray, "2 2"], brows: Sequence[Float[np.ndarray, "_points 2"]] = ()
    ) -> Mask:
        """`frames` without the skin and brows along them: of spectacles, where the view is known. Straps of a patch stay.

        Args:
            eyes, brows: see `rims_of`.
        """
        if self.view is None or self.patched:
            return self.frames
        return self.frames * rims_of(self.view, self.planes, self.frames, eyes, brows)

    @cached_property
    def lines(self) -> tuple[Mask, Mask]:
        """How likely a pixel is part of a rim, 0..1; and how likely it is beside the likeliest near by. Both are a frame's
        where the view is not known."""
        if self.view is None:
            return (self.of(Surface.FRAME),) * 2
        found = likely_rims(self.view, self.planes, self.spectacles) * (self.spectacles > 0)
        return found, beside_likeliest(found)

    def in_crop(self, plane: Mask, side: int) -> Mask:
        """A plane of the view in the face's canonical crop of this side; 0 beyond the view."""
        back = invert(view_of_crop(side))
        return np.asarray(cv2.warpAffine(plane, back, (side, side), flags=cv2.INTER_LINEAR), np.float32)

    def in_frame(self, plane: Mask, size: tuple[int, int], beyond: float = 0.0) -> Mask:
        """A plane of the view, at the places of the frame (or crop) that was looked at.

        Args:
            plane: one of this view.
            size: height and width of the frame.
            beyond: value outside the view.
        """
        height, width = size
        return np.asarray(
            cv2.warpAffine(
                plane,
                invert(self.matrix),
                (width, height),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(beyond,),
            ),
            np.float32,
        )


class VisibilityNetwork:
    """Looks at one face at a time; may be used by many threads at once.

    Args:
        weights: an ONNX file of `training.visibility.export`; left out, the packaged one.

    Raises:
        WeightsError: there is none, or it is another file than the one that was meant.
    """

    def __init__(self, weights: str | os.PathLike[str] | None = None):
        data = _packaged() if weights is None else verified_bytes(Path(weights))
        self._data, self._lock, self._session, self._process = data, threading.Lock(), None, 0

    def probabilities(self, view: Crop) -> Planes:
        """Probabilities of one view.

        Args:
            view: 256 x 256 x 3, 0..1, the face as `view.view_matrix` places it.
        """
        values = np.ascontiguousarray(in_ordinary_light(view).transpose(2, 0, 1)[None], np.float32)
        return shuffled(self._opened().run(None, {"input": values})[0][0])

    def see(self, frame: Frame, face: Face) -> Visibility:
        """What a frame shows of a face.

        Args:
            frame: uint8 or uint16, RGB.
            face: one of its faces.
        """
        of_landmarks = view_matrix(face.landmarks)
        matrix = chained(to_display(face.pixel_aspect), of_landmarks)
        view = cut(frame, matrix)
        planes = with_fringe(
            self.probabilities(view), view, transform_landmarks(face.landmarks, of_landmarks)
        )
        return Visibility(planes, matrix, view)

    def see_crop(self, crop: Crop, landmarks: Landmarks) -> Visibility:
        """What a canonical crop (see `face.align`) shows; a little softer than `see`, because it is sampled twice.

        Args:
            crop: side x side x 3, 0..1.
            landmarks: 468 x 3, crop pixels.
        """
        matrix = view_of_crop(len(crop))
        method = cv2.INTER_AREA if len(crop) > 1.5 * VIEW_SIDE else cv2.INTER_CUBIC
        if method == cv2.INTER_AREA:
            small = cv2.resize(crop, (VIEW_SIDE, VIEW_SIDE), interpolation=method)
            view = _warped(small, view_of_crop(VIEW_SIDE))
        else:
            view = _warped(crop, matrix)
        planes = with_fringe(self.probabilities(view), view, transform_landmarks(landmarks, matrix))
        return Visibility(planes, matrix, view)

    def _opened(self) -> Any:
        with self._lock:
            if self._session is None or self._process != os.getpid():  # a forked child opens its own
                self._session, self._process = open_session(self._data), os.getpid()
            return self._session


def in_ordinary_light(view: Crop) -> Crop:
    """A view whose face has a colour and a brightness that skin has in ordinary light.

    The network was trained on portraits, and takes a face in blue light for a mask. So red over green and blue over green
    of the view's middle are brought into `COLOURS`, the further inside, the further outside they were; and its brightness
    to `DIM` at least.

    Args:
        view: see `VisibilityNetwork.probabilities`.
    """
    rows, columns = (slice(round(low * len(view)), round(high * len(view))) for low, high in MIDDLE)
    means = view[rows, columns].reshape(-1, 3).mean(axis=0).astype(np.float64) + 1e-3
    ratios = np.log(means[[0, 2]] / means[1])
    low, high = (np.log(bounds) for bounds in COLOURS)
    beyond = np.maximum(low - ratios, 0) - np.maximum(ratios - high, 0)
    inside = np.clip(RETURN * beyond, -FURTHEST, FURTHEST)
    red, blue = np.exp(np.clip(ratios, low, high) + inside - ratios)
    gains = np.array([red, 1.0, blue])
    gains *= np.clip(DIM / max(float((gains * means).mean()), 1e-3), 1, MOST_GAIN)
    lit = view * gains.astype(np.float32)
    return np.clip(lit, 0, 1, out=lit)


def shuffled(quarters: Float32[np.ndarray, "outputs 4 _h _w"]) -> Planes:
    """Planes whose four quarters of each pixel lie beside each other, as the network gives them, at full side."""
    outputs, _, height, width = quarters.shape
    whole = np.empty((outputs, 2 * height, 2 * width), np.float32)
    for number in range(4):
        whole[:, number // 2 :: 2, number % 2 :: 2] = quarters[:, number]
    return whole


def _warped(crop: Crop, matrix: Matrix) -> Crop:
    size = (VIEW_SIDE, VIEW_SIDE)
    moved = cv2.warpAffine(crop, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(moved, 0, 1).astype(np.float32)


def _packaged() -> bytes:
    file = resources.files("aotface.face.models").joinpath("visibility.onnx")
    path = Path(str(file))
    if not path.is_file():
        raise WeightsError(f"{show(path)}: this package has no visibility network; give a file of weights")
    return verified_bytes(path, SHA256 or None)
