"""What a finished video frame was made of: where the swap shows, the swap before the transfer, and where each face sits."""

import json
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from aotface.compose.blend import blend, face_box, frame_mask
from aotface.compose.place import Place, face_row, grey
from aotface.face.align import resize_matrix
from aotface.media.video.decode import VideoFrame
from aotface.media.video.folder import frame_from_rgb
from aotface.media.video.info import grey_info
from aotface.provenance import mark_frame
from aotface.types import Box, Crop, Mask, Matrix


@dataclass(frozen=True)
class CompositedFace:
    """One face as it was laid into a frame: where, X_r, and the mask under which it shows.

    ``around``: see `Beyond.around`; None: nothing beside it was changed.
    """

    track: int
    place: Place
    reenacted: Crop
    mask: Mask
    around: Mask | None = None

    def changed(self, height: int, width: int) -> Mask:
        """How much of each pixel of the frame it may have changed, 0..1."""
        whole = frame_mask(self.mask, self.place.matrix, height, width)
        if self.around is not None:
            np.maximum(whole, frame_mask(self.around, self._small, height, width), out=whole)
        return whole

    def box(self, height: int, width: int) -> Box | None:
        """The pixels of the frame that it can have changed, xyxy."""
        if self.around is None:
            return face_box(self.mask, self.place.matrix, height, width)
        size = self.around.shape[::-1]
        both = np.maximum(self.around, cv2.resize(self.mask, size, interpolation=cv2.INTER_AREA))
        return face_box(both, self._small, height, width)

    @property
    def _small(self) -> Matrix:
        return resize_matrix(
            self.place.matrix, len(self.mask), len(self.mask if self.around is None else self.around)
        )


@dataclass(frozen=True)
class Layers:
    """One frame. ``original``: the target's. ``frame``: finished. ``mark``: whether what shows a swap is watermarked."""

    original: VideoFrame
    frame: VideoFrame
    faces: tuple[CompositedFace, ...]
    mark: bool = True

    def coverage(self) -> Mask:
        """Height x width, 0..1: with which weight swapped faces show; 0 where there is none."""
        info = self.original.info
        whole = np.zeros((info.height, info.width), np.float32)
        for face in self.faces:
            np.maximum(whole, face.changed(*whole.shape), out=whole)
        return whole

    def mask(self) -> VideoFrame:
        """`coverage` as a frame, 0 (black) to 255."""
        original = self.original
        return frame_from_rgb(grey(self.coverage()), original.index, original.pts, grey_info(original.info))

    def reenacted(self) -> VideoFrame:
        """The frame before the transfer: X_r in its place, in its own light up to the edge."""
        if not self.faces:
            return self.original
        frame = self.original.rgb
        for face in self.faces:
            frame = blend(frame, face.reenacted, face.mask, face.place.matrix, ease=False)
        return self.original.edited(mark_frame(frame) if self.mark else frame)

    def line(self, number: int, time: Fraction) -> str:
        """Where each face sits, as one line of JSON; see `face_row`.

        Args:
            number: of the frame in the finished video.
            time: when it is shown there, in seconds.
        """
        faces = [face_row(face.place, track=face.track) for face in self.faces]
        row = {"frame": number, "target_frame": self.original.index, "time": str(time)}
        return json.dumps(row | {"seconds": round(float(time), 6), "faces": faces})
