"""The visibility network at work: probabilities of every surface, in the view, the crop or the frame.

seen = VisibilityNetwork().see(frame, face)
covered = seen.in_frame(seen.covered, frame.shape[:2])
"""

import os
import threading
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.errors import WeightsError
from aotface.face.align import invert
from aotface.face.visibility.classes import FACE, IN_FRONT, LENS, Surface
from aotface.face.visibility.view import VIEW_SIDE, cut, view_matrix, view_of_crop
from aotface.media.files import show
from aotface.media.onnx_runtime import open_session
from aotface.media.weights import verified_bytes
from aotface.types import Crop, Face, Frame, Mask, Matrix

SHA256 = "5ace7d4f97abcff98b56b6caf9290801513370318521b0b09bb526222dbe2677"
"""Of the packaged ``visibility.onnx``."""

Planes = Float32[np.ndarray, "outputs side side"]


@dataclass(frozen=True)
class Visibility:
    """What each pixel of a face's view shows.

    ``planes``: probabilities; the first eleven, one for each `Surface`, sum to 1; the last: seen through a lens.
    ``matrix``: maps points of the frame (or crop) that was looked at to points of the view.
    """

    planes: Planes
    matrix: Matrix

    def of(self, *surfaces: Surface) -> Mask:
        """Probability that a pixel shows one of these surfaces."""
        return np.asarray(self.planes[list(surfaces)].sum(axis=0), np.float32)

    @property
    def lens(self) -> Mask:
        """Probability that a pixel is seen through a lens."""
        return self.planes[LENS]

    @property
    def face(self) -> Mask:
        """Probability of the face itself: skin, brow, eye, lips, inner mouth, beard."""
        return self.of(*FACE)

    @property
    def covered(self) -> Mask:
        """Probability of what stays in front of a swapped face: hair, frame, hand, other cover."""
        return self.of(*IN_FRONT)

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
        values = np.ascontiguousarray(view.transpose(2, 0, 1)[None], np.float32)
        return shuffled(self._opened().run(None, {"input": values})[0][0])

    def see(self, frame: Frame, face: Face) -> Visibility:
        """What a frame shows of a face.

        Args:
            frame: uint8 or uint16, RGB.
            face: one of its faces.
        """
        matrix = view_matrix(face.landmarks)
        return Visibility(self.probabilities(cut(frame, matrix)), matrix)

    def see_crop(self, crop: Crop) -> Visibility:
        """What a canonical crop (see `face.align`) shows; a little softer than `see`, because it is sampled twice.

        Args:
            crop: side x side x 3, 0..1.
        """
        matrix = view_of_crop(len(crop))
        method = cv2.INTER_AREA if len(crop) > 1.5 * VIEW_SIDE else cv2.INTER_CUBIC
        if method == cv2.INTER_AREA:
            small = cv2.resize(crop, (VIEW_SIDE, VIEW_SIDE), interpolation=method)
            view = _warped(small, view_of_crop(VIEW_SIDE))
        else:
            view = _warped(crop, matrix)
        return Visibility(self.probabilities(view), matrix)

    def _opened(self) -> Any:
        with self._lock:
            if self._session is None or self._process != os.getpid():  # a forked child opens its own
                self._session, self._process = open_session(self._data), os.getpid()
            return self._session


def shuffled(quarters: Float32[np.ndarray, "outputs 4 _h _w"]) -> Planes:
    """Planes whose four quarters of each pixel lie beside each other, as the network gives them, at full side."""
    outputs, _, height, width = quarters.shape
    spread = quarters.reshape(outputs, 2, 2, height, width).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(spread).reshape(outputs, 2 * height, 2 * width)


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
