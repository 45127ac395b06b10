"""Another tool's face at the frame's own pixels, under the maps that refine it: nothing is read in a crop [ours].

The maps are small and smooth, so they may be averaged over the frames of a video: gain of linear light (natural log, three
channels), what a gain cannot say (display values, three channels), and by how much fine detail is raised (natural log).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.compose.blend import carry
from aotface.face.align import resize_matrix
from aotface.face.texture import LUMA
from aotface.masked import resized
from aotface.types import Box, Crop, Frame, Matrix

CHANNELS = 7

FINE = 1.4
"""Standard deviation, in pixels of the frame, of the blur below which detail is fine."""

HALO = 7
"""Pixels beside a box that this blur reads."""

RefineMaps = Float32[np.ndarray, "_side _side 7"]


@dataclass(frozen=True)
class RefinedInFrame:
    """What `blend` asks for: the other tool's pixels, with or without what is done to them.

    ``frame``: after the swap. ``maps``: see above; None: nothing is done. ``matrix``: frame points to points of a crop of
    ``side`` pixels.
    """

    frame: Frame
    maps: RefineMaps | None
    matrix: Matrix
    side: int

    def __call__(
        self, strip: Box
    ) -> tuple[Float32[np.ndarray, "rows columns 3"], Float32[np.ndarray, "rows columns"]]:
        """The pixels of a box of the frame, xyxy; all of them are from here."""
        (height, width), (x0, y0, x1, y1) = self.frame.shape[:2], strip
        wide = max(0, x0 - HALO), max(0, y0 - HALO), min(width, x1 + HALO), min(height, y1 + HALO)
        white = np.float32(np.iinfo(self.frame.dtype).max)
        face = self.frame[wide[1] : wide[3], wide[0] : wide[2]].astype(np.float32) / white
        if self.maps is not None:
            small = resize_matrix(self.matrix, self.side, len(self.maps))
            parts = [np.ascontiguousarray(self.maps[..., k : k + 3]) for k in (0, 3)]
            gain, rest = (carry(p, small, wide, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE) for p in parts)
            face = refined(face, gain, rest, float(self.maps[..., 6].mean()))
        rows, columns = slice(y0 - wide[1], y1 - wide[1]), slice(x0 - wide[0], x1 - wide[0])
        face = np.ascontiguousarray(face[rows, columns])
        return face, np.ones(face.shape[:2], np.float32)


def refined(
    face: Float32[np.ndarray, "rows columns 3"],
    gain: Float32[np.ndarray, "rows columns 3"],
    rest: Float32[np.ndarray, "rows columns 3"],
    detail: float = 0.0,
) -> Float32[np.ndarray, "rows columns 3"]:
    """Pixels of a face under the maps at their places.

    Args:
        face: 0..1, display-encoded.
        gain: natural log, of linear light.
        rest: added to display values.
        detail: natural log of the factor of fine detail.
    """
    lit = linear_to_srgb(srgb_to_linear(face) * np.exp(gain)).astype(np.float32)
    lit += rest
    if detail > 0:
        lit += np.float32(np.expm1(detail)) * fine_detail(lit)[..., None]
    return lit


def refined_crop(given: Crop, maps: RefineMaps) -> Crop:
    """The same of an aligned crop: what `blend` takes tone from.

    Args:
        given: the other tool's face.
        maps: see above.
    """
    gain, rest = (resized(maps[..., k : k + 3], len(given)) for k in (0, 3))
    return np.clip(refined(given, gain, rest), 0, 1)


def fine_detail(
    picture: Float32[np.ndarray, "rows columns 3"], sigma: float = FINE
) -> Float32[np.ndarray, "rows columns"]:
    """Luma without what a blur of it keeps."""
    luma = cv2.transform(picture, LUMA)
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), sigma), np.float32)
