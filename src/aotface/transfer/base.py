"""What a transfer is: given a reenacted face and its target, it finds a change of light and tone, and applies it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from aotface.errors import InputError
from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.render import Raster, rasterize, render
from aotface.masked import resized
from aotface.transfer.resolution import apply_at_resolution
from aotface.types import CROP_SIDE, Box, Crop, Geometry, Landmarks, Mask, Matrix, Part

Maps = Float32[np.ndarray, "_side _side _channels"]
"""Small and smooth: it may be averaged over the frames of a video."""

COARSE_SIDE = 64
"""Side at which places of one mesh are found on another."""


@dataclass(frozen=True)
class FacePair:
    """All that a transfer may ask for of one face. Everything at one side, in the target's crop.

    ``reenacted``: X_r, 0..1. ``target``: X_t, 0..1. ``mask``: pixels of both that count, 0..1. ``landmarks``: of the target,
    crop pixels. ``own_landmarks``: of X_r. ``seed``: of the random numbers that a transfer may draw. Where they are there
    already, all at 256 px: ``rendered``: the target's mesh. ``raster``: X_r's. ``small_target``: X_t.
    """

    reenacted: Crop
    target: Crop
    mask: Mask
    landmarks: Landmarks
    own_landmarks: Landmarks
    seed: int = 0
    rendered: Geometry | None = None
    raster: Raster | None = None
    small_target: Crop | None = None

    @cached_property
    def small(self) -> "FacePair":
        """The same face at 256 px, at which transfers are found; itself where it is not larger."""
        side = len(self.mask)
        if side <= CROP_SIDE:
            return self
        reenacted, mask = shrunk(self.reenacted), shrunk(self.mask)
        target = shrunk(self.target) if self.small_target is None else self.small_target
        shrink = resize_matrix(np.eye(2, 3), side, CROP_SIDE)
        theirs, own = (transform_landmarks(one, shrink) for one in (self.landmarks, self.own_landmarks))
        return FacePair(reenacted, target, mask, theirs, own, self.seed, self.rendered, self.raster)

    @cached_property
    def geometry(self) -> Geometry:
        """Of the target's mesh."""
        if self.rendered is not None and len(self.mask) == CROP_SIDE:
            return self.rendered
        return render(self.landmarks, len(self.mask))

    @cached_property
    def coarse(self) -> Raster:
        """X_r's mesh at `COARSE_SIDE`."""
        shrink = resize_matrix(np.eye(2, 3), len(self.mask), COARSE_SIDE)
        return rasterize(transform_landmarks(self.own_landmarks, shrink), COARSE_SIDE)

    @cached_property
    def own_geometry(self) -> Geometry:
        """Of X_r's mesh."""
        raster = self.raster if len(self.mask) == CROP_SIDE else None
        return render(self.own_landmarks, len(self.mask), raster)


@runtime_checkable
class InFrame(Protocol):
    """A change at the pixels of a frame, strip by strip."""

    def __call__(
        self, face: Float32[np.ndarray, "rows columns 3"], strip: Box
    ) -> Float32[np.ndarray, "rows columns 3"]:
        """Y of X_r, both 0..1, at the pixels of a strip of the frame."""


@runtime_checkable
class Change(Protocol):
    """What a transfer does to one face."""

    @property
    def temporal(self) -> Maps | None:
        """Maps that decide all of it, see `Transfer.restore`; None where only Y is known."""

    def apply(self, reenacted: Crop) -> Crop:
        """Y of X_r, 0..1: with maps at any side, else of the very crop that it was found for."""

    def in_frame(self, matrix: Matrix, side: int) -> InFrame | None:
        """The same at the frame's own pixels; None where only Y of the crop is known.

        Args:
            matrix: frame points to points of the crop.
            side: of that crop, pixels.
        """


@runtime_checkable
class Local(Protocol):
    """A change that can be applied to a part of a crop alone, which takes less time."""

    def apply_part(self, reenacted: Crop, part: Part) -> Float32[np.ndarray, "rows columns 3"]:
        """What `Change.apply` gives in a part of the crop, up to rounding."""


def apply_part(change: Change, reenacted: Crop, part: Part) -> Float32[np.ndarray, "rows columns 3"]:
    """Y in a part of a crop.

    Args:
        change: any.
        reenacted: X_r, all of it.
        part: rows and columns of it.
    """
    if isinstance(change, Local):
        return change.apply_part(reenacted, part)
    return change.apply(reenacted)[part]


@runtime_checkable
class Multiplied(Protocol):
    """A change whose Y can be multiplied, at whatever side it is applied."""

    def with_gain(self, gain: Float32[np.ndarray, "_side _side 3"]) -> Change:
        """The same and then that: logarithms of linear light, at any side."""


@runtime_checkable
class Transfer(Protocol):
    """A transfer, ready for many threads. ``summary``: one line for people."""

    @property
    def name(self) -> str:
        """Under which it is listed."""

    @property
    def summary(self) -> str:
        """What it does, in one line."""

    @property
    def smooth(self) -> bool:
        """Whether its changes have maps."""

    def find(self, pair: FacePair) -> Change:
        """What to do to one face: the same pair, the same change."""

    def restore(self, temporal: Maps) -> Change:
        """The change that some maps stand for: found earlier, or averaged over frames.

        Raises:
            InputError: its changes have no maps.
        """

    def identity(self) -> Mapping[str, str | None]:
        """Which version of it this is, for records: the hash of its weights, the version of its backend."""


@dataclass(frozen=True)
class Recoloured:
    """A change of which only Y is known."""

    swapped: Crop
    temporal: None = None

    def apply(self, reenacted: Crop) -> Crop:
        """Y.

        Raises:
            InputError: X_r is of another size than Y.
        """
        if reenacted.shape != self.swapped.shape:
            raise InputError(
                f"expected the crop that this change was found for, {self.swapped.shape}, got {reenacted.shape}"
            )
        return self.swapped

    def in_frame(self, matrix: Matrix, side: int) -> None:
        """It is not known there."""


@runtime_checkable
class RecolourFunction(Protocol):
    """A transfer as one function of pictures. With parameters ``geometry`` and ``own`` it gets both meshes' maps, too."""

    def __call__(self, reenacted: Crop, target: Crop, mask: Mask, *, seed: int = 0) -> Crop:
        """Y, 0..1 float32; where the mask is 0, X_r unchanged."""


@dataclass(frozen=True)
class Recolour:
    """A `RecolourFunction` as a transfer: run at 256 px, its change applied at the crop's own side.

    ``version``: of the function, for records; the benchmark measures another version anew.
    """

    name: str
    function: Callable[..., Crop]
    summary: str = ""
    smooth: bool = False
    version: str | None = None

    def find(self, pair: FacePair) -> Recoloured:
        """Run the function."""
        small, more = pair.small, {}
        if "geometry" in signature(self.function).parameters:
            more = {"geometry": small.geometry, "own": small.own_geometry}
        moved = self.function(small.reenacted, small.target, small.mask, seed=pair.seed, **more)
        return Recoloured(apply_at_resolution(pair.reenacted, small.reenacted, moved, small.mask))

    def restore(self, temporal: Maps) -> Recoloured:
        """There are no maps.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"transfer {self.name}: expected no maps, since it finds none; find the change again"
        )

    def identity(self) -> dict[str, str | None]:
        """A formula has no weights; its version where it has one."""
        return {"model_sha256": None} | ({} if self.version is None else {"version": self.version})


def shrunk(values: np.ndarray) -> np.ndarray:
    """A crop or mask at 256 px."""
    return resized(values, CROP_SIDE)
