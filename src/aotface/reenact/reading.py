"""X_r at the frame's own pixels, however large the face: the source's picture read anew, strip by strip.

A crop has a largest side, so that memory stays small; what the source's picture shows beyond that would be lost. The map
from crop to source is smooth, so it is kept small, and read at every pixel of the frame.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.align import region_of, resize_matrix, sample
from aotface.reenact.lips import Parting
from aotface.types import Box, Frame, Mask, Matrix

FINER = 4
"""How many times finer than it is kept a map is drawn before it goes to the frame: OpenCV reads at 32nds of a pixel."""


@dataclass(frozen=True)
class SourceSkin:
    """Where a source's picture shows bare skin. ``plane``: 0..1. ``matrix``: the picture's points to the plane's pixels."""

    plane: Mask
    matrix: Matrix


@dataclass(frozen=True)
class Reading:
    """Where in the source's picture each pixel of the crop, at a small side, is read.

    ``frame``: the source's. ``maps``: x and y of the face itself, and x and y of its mirrored side. ``weight``: of the
    first. ``shown``: where X_r is the source's, 0..1. ``parting``: of the lips, None where they have one map. ``covered``:
    where the mesh is; beside it the maps go on. ``skin``: of the source. Both None where nothing may be read beside it.
    ``shading``: light added around the mouth, see `aotface.reenact.mouth_shading`; None: none. ``balance``: by what the
    mirrored side is multiplied; None: it has the tone of the face's own.
    """

    frame: Frame
    maps: Float32[np.ndarray, "grid grid 4"]
    weight: Mask
    shown: Mask
    parting: Parting | None = None
    covered: Bool[np.ndarray, "grid grid"] | None = None
    skin: SourceSkin | None = None
    shading: Float32[np.ndarray, "grid grid 3"] | None = None
    balance: Float32[np.ndarray, "grid grid 3"] | None = None

    def finer(self) -> "Reading":
        """The same, drawn finer: once for all strips."""
        side = FINER * len(self.maps)

        def drawn(values: np.ndarray) -> np.ndarray:
            return cv2.resize(values, (side, side), interpolation=cv2.INTER_LINEAR)

        parting = None
        if self.parting is not None:
            parting = Parting(*map(drawn, (self.parting.below, self.parting.jump, self.parting.shade)))
        shading, even = (None if one is None else drawn(one) for one in (self.shading, self.balance))
        maps, weight, shown = map(drawn, (self.maps, self.weight, self.shown))
        return Reading(self.frame, maps, weight, shown, parting, shading=shading, balance=even)

    def read(
        self, matrix: Matrix, side: int, strip: Box
    ) -> tuple[Float32[np.ndarray, "rows columns 3"], Float32[np.ndarray, "rows columns"]]:
        """X_r at the frame's pixels, and where it is the source's.

        Args:
            matrix: frame points to points of the crop.
            side: of that crop.
            strip: xyxy, frame pixels.
        """
        small = resize_matrix(matrix, side, len(self.maps))
        shown = _carried(self.shown, small, strip)
        maps, weight = _carried(self.maps, small, strip), _carried(self.weight, small, strip)
        if self.parting is not None:
            below = _carried(self.parting.below, small, strip) > 0
            maps += _carried(self.parting.jump, small, strip) * below[..., None]
        parts = [self._sampled(maps[..., k : k + 2], small) for k in ((0, 2) if (weight < 1).any() else (0,))]
        face = parts[0]
        if len(parts) == 2:
            if self.balance is not None:
                parts[1] *= _carried(self.balance, small, strip)
            face = parts[1] + (parts[0] - parts[1]) * weight[..., None]
        if self.shading is not None:
            face += _carried(self.shading, small, strip)
        if self.parting is not None:
            face *= _carried(self.parting.shade, small, strip)[..., None]
        return face, shown

    def _sampled(
        self, places: Float32[np.ndarray, "rows columns 2"], small: Matrix
    ) -> Float32[np.ndarray, "rows columns 3"]:
        step = float(np.sqrt(abs(np.linalg.det(small[:, :2])))) * self._steepness
        x, y = (np.ascontiguousarray(places[..., k]) for k in (0, 1))
        whole = self.maps[self.shown > 0]
        region = region_of(self.frame, whole[:, :1], whole[:, 1:2]) if step >= 2 else None
        return sample(self.frame, x, y, 1 / max(step, 1e-6), region)

    @cached_property
    def _steepness(self) -> float:
        """Source pixels per pixel of the small crop, typically."""
        some = self.maps[::FINER, :, :2], self.maps[:, ::FINER, :2]
        steps = [np.linalg.norm(np.diff(one, axis=1 - axis), axis=2) for axis, one in enumerate(some)]
        return float(np.mean([np.median(one) for one in steps]))


def _carried(values: np.ndarray, matrix: Matrix, strip: Box) -> np.ndarray:
    x0, y0, x1, y1 = strip
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (x0, y0)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, shifted, (x1 - x0, y1 - y0), flags=flags, borderMode=cv2.BORDER_REPLICATE)
