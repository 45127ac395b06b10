"""Five points, and the templates on which other people's networks expect them."""

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64

from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.types import Landmarks, Matrix

FivePoints = Float64[np.ndarray, "5 2"]
"""Eye, eye, nose tip, mouth corner, mouth corner; of each pair the picture's left one first."""

NOSE_TIP, MOUTH_CORNERS = 4, (61, 291)

_ARCFACE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)

TEMPLATES: dict[str, FivePoints] = {
    "arcface-112": _ARCFACE / 112,
    "arcface-128": (_ARCFACE + (8, 0)) / 128,
    "arcface-112-v1": np.array(
        [(39.73, 51.138), (72.27, 51.138), (56, 68.493), (42.463, 87.01), (69.537, 87.01)]
    )
    / 112,
    "ffhq-512": np.array(
        [
            (192.98138, 239.94708),
            (318.90277, 240.1936),
            (256.63416, 314.01935),
            (201.26117, 371.41043),
            (313.08905, 371.15118),
        ]
    )
    / 512,
    "mtcnn-512": np.array(
        [
            (0.36562865, 0.46733799),
            (0.63305391, 0.46585885),
            (0.50019127, 0.61942959),
            (0.39032951, 0.77598822),
            (0.61178945, 0.77476328),
        ]
    ),
}
"""By name, in shares of the square's side. Sources: Deng et al., "ArcFace", CVPR 2019; -128: 8 px wider; -v1 and
ffhq-512: points that SimSwap aligns to (the frontal ones of its five poses); mtcnn-512: as facefusion gives it."""


def five_points(landmarks: Landmarks) -> FivePoints:
    """The five points of a mesh, in its pixels: the middles of both eyes, nose tip, mouth corners."""
    flat = landmarks[:, :2].astype(np.float64)
    eyes = (flat[RIGHT_EYE].mean(axis=0), flat[LEFT_EYE].mean(axis=0))
    return np.stack([*eyes, flat[NOSE_TIP], *flat[list(MOUTH_CORNERS)]])


def similarity_between(points: Float64[np.ndarray, "n 2"], wanted: Float64[np.ndarray, "n 2"]) -> Matrix:
    """Rotation, scale and shift that bring ``points`` nearest to ``wanted``: least squares, no mirroring.

    Source: Umeyama, PAMI 1991; in two dimensions it is one complex factor.
    """
    here, there = points @ (1, 1j), wanted @ (1, 1j)
    a, b = here - here.mean(), there - there.mean()
    turn = np.vdot(a, b) / np.vdot(a, a).real
    shift = there.mean() - turn * here.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def template_matrix(landmarks: Landmarks, template: Float[np.ndarray, "5 2"], side: int) -> Matrix:
    """From the landmarks' pixels to the pixels of a square in which the five points lie on the template.

    Args:
        landmarks: 468 x 3, pixels.
        template: five points in shares of the side.
        side: of the square, pixels.
    """
    return similarity_between(five_points(landmarks), np.asarray(template, np.float64) * side)


def cut_square(
    crop: Float32[np.ndarray, "height width 3"], matrix: Matrix, side: int
) -> Float32[np.ndarray, "side side 3"]:
    """Sample a float picture through a matrix, without aliasing; beyond its edge the edge is repeated."""
    zoom = float(np.hypot(*matrix[:, 0]))
    if zoom < 0.7:  # bilinear sampling alone would alias
        crop = cv2.GaussianBlur(crop, (0, 0), 0.4 / zoom, borderType=cv2.BORDER_REPLICATE)
    flags = cv2.INTER_LINEAR if zoom < 0.7 else cv2.INTER_CUBIC
    square = cv2.warpAffine(crop, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(square, 0, 1)
