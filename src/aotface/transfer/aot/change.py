"""The change that the network finds: a colour map, applied to a crop of any side, or at the frame's own pixels.

The map is small and smooth whatever the size of the face. So for a face larger than the largest crop it is carried to the
frame, and applied there to X_r as it is read anew from the source, strip by strip: nothing of the source's detail is lost.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float32

from aotface.face.align import invert, resize_matrix, transform_points
from aotface.masked import resized
from aotface.transfer.aot.apply import to_array, to_tensor
from aotface.transfer.aot.colour_map import ColourMap, changes
from aotface.transfer.aot.colour_map_arrays import ColourMapArray, apply_colour_map_array
from aotface.types import Box, Crop, Matrix, Part

CARRIED = 2
"""How many times finer than it is the map is drawn in the frame: it is turned there, once, and enlarged from there."""


@dataclass(frozen=True)
class ColourMapChange:
    """A change that a colour map decides; ``device``: where it is applied."""

    temporal: ColourMapArray
    device: str = "cpu"

    def apply(self, reenacted: Crop) -> Crop:
        """Y of X_r, at any side."""
        return apply_colour_map_array(reenacted, self.temporal, self.device)

    def apply_part(self, reenacted: Crop, part: Part) -> Float32[np.ndarray, "rows columns 3"]:
        """Y in a part of X_r."""
        rows, columns = part
        return apply_colour_map_array(
            np.ascontiguousarray(reenacted[part]),
            self.temporal,
            self.device,
            rows.start,
            (columns.start, len(reenacted)),
        )

    def with_gain(self, gain: Float32[np.ndarray, "_side _side 3"]) -> "ColourMapChange":
        """See `aotface.transfer.base.Multiplied`."""
        more, changed = resized(gain, len(self.temporal)), self.temporal.copy()
        changed[..., :3] += more
        changed[..., 4:] *= np.exp(more)
        return ColourMapChange(changed, self.device)

    def in_frame(self, matrix: Matrix, side: int) -> "ColourMapInFrame":
        """The map in the frame, see `aotface.transfer.base.Change`."""
        return ColourMapInFrame(self.temporal, matrix, side, self.device)


@dataclass(frozen=True)
class ColourMapInFrame:
    """A colour map at the frame's own pixels. ``matrix``: frame points to points of a crop of ``side`` pixels."""

    colour_map: ColourMapArray
    matrix: Matrix
    side: int
    device: str

    def __call__(
        self, face: Float32[np.ndarray, "rows columns 3"], strip: Box
    ) -> Float32[np.ndarray, "rows columns 3"]:
        """Y of X_r at the pixels of a strip."""
        box, place = self._box(strip), torch.device(self.device)
        values = to_tensor(self._map_in(box), device=place)
        maps, result = ColourMap(values[:, 0:3], values[:, 3:4], values[:, 4:7]), np.empty_like(face)
        height, width, first = box[3] - box[1], box[2] - box[0], strip[1] - box[1]
        with torch.inference_mode():
            for rows, change in changes(maps, height, width, first, first + len(face)):
                here = slice(rows.start - first, rows.stop - first)
                moved = change(to_tensor(face[here], device=place).mul_(2.0).sub_(1.0))
                result[here] = to_array(moved[0].mul_(0.5).add_(0.5).clamp_(0.0, 1.0))
        return result

    def _box(self, strip: Box) -> Box:
        """The columns of a strip, over all rows that the crop has in the frame: the same for all strips of a face."""
        edge = self.side - 0.5
        corners = np.array([(-0.5, -0.5), (edge, -0.5), (-0.5, edge), (edge, edge)])
        rows = transform_points(corners, invert(self.matrix))[:, 1]
        return strip[0], int(np.floor(rows.min())) - 2, strip[2], int(np.ceil(rows.max())) + 3

    def _map_in(self, box: Box) -> ColourMapArray:
        """The map over that box."""
        own = len(self.colour_map)
        side = CARRIED * own
        height, width = box[3] - box[1], box[2] - box[0]
        small = resize_matrix(self.matrix, self.side, own)
        zoom = np.array([width / side, height / side])
        start = np.array(box[:2]) + (zoom - 1) / 2  # pixel edges scale, not centres
        linear = small[:, :2] * zoom
        back = np.concatenate([linear, (small[:, :2] @ start + small[:, 2])[:, None]], axis=1)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        parts = [
            cv2.warpAffine(part, back, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
            for part in (self.colour_map[..., :4], self.colour_map[..., 4:])
        ]
        return np.concatenate(parts, axis=2)
