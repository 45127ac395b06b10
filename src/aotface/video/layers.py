"""What a finished video frame was made of: where the swap shows, the swap before the transfer, and where each face sits."""

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from aotface.compose.blend import blend, frame_mask
from aotface.media.video.colour import Colour
from aotface.media.video.decode import VideoFrame
from aotface.media.video.folder import frame_from_rgb
from aotface.media.video.info import VideoInfo
from aotface.provenance import mark_frame
from aotface.types import AlignedFace, Crop, Frame, Mask, Matrix

_GREY = Colour("bt709", "bt709", "bt709", full_range=True, tags=(1, 1, 1, 2))


class Place(NamedTuple):
    """Where a face sits. ``side``: of its crop in pixels. ``matrix``: from frame points to crop points.

    ``box``: of its landmarks, in frame pixels, xyxy.
    """

    side: int
    matrix: Matrix
    box: tuple[float, float, float, float]


def place_of(target: AlignedFace) -> Place:
    """Where an aligned face sits."""
    return Place(len(target.crop), target.matrix, target.face.box)


@dataclass(frozen=True)
class CompositedFace:
    """One face as it was laid into a frame: where, X_r, and the mask under which it shows."""

    track: int
    place: Place
    reenacted: Crop
    mask: Mask


@dataclass(frozen=True)
class Layers:
    """One frame. ``original``: the target's. ``frame``: finished. ``mark``: whether what shows a swap is watermarked."""

    original: VideoFrame
    frame: VideoFrame
    faces: tuple[CompositedFace, ...]
    mark: bool = True

    def mask(self) -> VideoFrame:
        """0 (black) to 255: with which weight swapped faces show; all black where there is none."""
        info = grey_info(self.original.info)
        whole = np.zeros((info.height, info.width), np.float32)
        for face in self.faces:
            np.maximum(whole, frame_mask(face.mask, face.place.matrix, *whole.shape), out=whole)
        return frame_from_rgb(grey(whole), self.original.index, self.original.pts, info)

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


def face_row(place: Place, **more: int) -> dict[str, object]:
    """Where a face sits, as plain values.

    Args:
        place: of the face.
        more: put first.

    Returns:
        ``side``: of the crop in pixels. ``matrix``: 2 x 3, from frame points to crop points; pixel centres are whole
        numbers. ``box``: of the landmarks in the frame, x0, y0, x1, y1.
    """
    box = [round(float(edge), 3) for edge in place.box]
    return {**more, "side": place.side, "matrix": place.matrix.tolist(), "box": box}


def grey_info(info: VideoInfo) -> VideoInfo:
    """Of the video of masks: size, turn and times of the target; 8 bits in full range, so that all 256 steps are kept."""
    return replace(info, layout=info.layout._replace(depth=8), bit_depth=8, colour=_GREY)


def grey(mask: Mask) -> Frame:
    """A mask of 0..1 as a grey picture."""
    return np.repeat(np.rint(mask * 255).astype(np.uint8)[..., None], 3, axis=2)
