"""The aligned square: a similarity transform from frame to crop, and sampling that neither aliases nor blurs."""

import cv2
import numpy as np
from jaxtyping import Float, Float32

from aotface.face.mesh import MEAN
from aotface.face.pose import fit_pose
from aotface.media.pixel_aspect import to_display
from aotface.types import CROP_SIDE, AlignedFace, Face, Frame, Landmarks, Matrix

FACE_HEIGHT = 0.66
"""Height of the mean face (mesh edge on the forehead to chin) as a share of the crop's side."""

UPWARD_SHIFT = 0.12
"""How far above the middle of the mesh the crop's centre lies, in units of the mean face (room for the forehead)."""


def align(frame: Frame, face: Face, side: int = CROP_SIDE) -> AlignedFace:
    """Cut the face out, upright and at a standard size.

    Args:
        frame: uint8 or uint16, height x width x 3, RGB.
        face: a face of that frame.
        side: side of the crop in pixels.

    Returns:
        The crop, of square pixels, with the matrix that maps frame points to crop points; what lies outside the frame
        repeats its edge.
    """
    upright = crop_matrix(face.landmarks, side)
    matrix = chained(to_display(face.pixel_aspect), upright)
    crop = sample(frame, *places_of(matrix, side), scale_of(matrix))
    return AlignedFace(face, crop, matrix, transform_landmarks(face.landmarks, upright))


def crop_matrix(landmarks: Landmarks, side: int = CROP_SIDE) -> Matrix:
    """From display pixels to the crop, by the rigid 3-D pose: an opened jaw or a turned head does not resize it.

    Args:
        landmarks: 468 x 3, display pixels.
        side: side of the crop in pixels.

    Returns:
        2 x 3, maps display points to crop points (pixel centres at integers).
    """
    pose = fit_pose(MEAN.astype(np.float64), landmarks.astype(np.float64))
    down = pose.rotation[:2, 1]
    upright = np.array([[down[1], -down[0]], [down[0], down[1]]]) / np.linalg.norm(down)  # down -> (0, 1)
    fitted = pose.apply(MEAN.astype(np.float64))[:, :2] @ upright.T
    height = pose.scale * (MEAN[:, 1].max() - MEAN[:, 1].min())
    zoom = FACE_HEIGHT * side / height
    centre = (fitted.min(axis=0) + fitted.max(axis=0)) / 2 - np.array([0.0, UPWARD_SHIFT * pose.scale])
    return np.concatenate([zoom * upright, ((side - 1) / 2 - zoom * centre)[:, None]], axis=1)


def invert(matrix: Matrix) -> Matrix:
    """The matrix that leads back."""
    (a, b, x), (c, d, y) = matrix.tolist()
    area = a * d - b * c
    return np.array([[d, -b, b * y - d * x], [-c, a, c * x - a * y]]) / area


def chained(first: Matrix, then: Matrix) -> Matrix:
    """One matrix that does what two do one after the other."""
    return np.concatenate(
        [then[:, :2] @ first[:, :2], (then[:, :2] @ first[:, 2] + then[:, 2])[:, None]], axis=1
    )


def scale_of(matrix: Matrix) -> float:
    """Crop pixels per frame pixel; of a frame whose pixels are not square, the geometric mean across and down."""
    (a, b, _), (c, d, _) = matrix.tolist()
    return float(abs(a * d - b * c)) ** 0.5


def resize_matrix(matrix: Matrix, side: int, new_side: int) -> Matrix:
    """The matrix of the same crop at another side (pixel edges, not centres, scale)."""
    zoom = new_side / side
    scaled = matrix * zoom
    scaled[:, 2] += (zoom - 1) / 2
    return scaled


def transform_points(points: Float[np.ndarray, "n 2"], matrix: Matrix) -> Float[np.ndarray, "n 2"]:
    """Map points through a matrix."""
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(points.dtype)


def transform_landmarks(landmarks: Landmarks, matrix: Matrix) -> Landmarks:
    """Map landmarks through a matrix; z keeps its sign and takes the matrix's scale."""
    flat = landmarks[:, :2].astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([flat, landmarks[:, 2:] * scale_of(matrix)], axis=1).astype(np.float32)


def places_of(
    matrix: Matrix, side: int
) -> tuple[Float32[np.ndarray, "side side"], Float32[np.ndarray, "side side"]]:
    """Where in the frame each pixel of a crop lies: x, and y.

    Args:
        matrix: from frame to crop.
        side: of the crop, in pixels.
    """
    back, at = invert(matrix), np.arange(side, dtype=np.float32)
    x, y = (row[0] * at + row[1] * at[:, None] + row[2] for row in back)
    return x.astype(np.float32), y.astype(np.float32)


def sample(
    frame: Frame,
    map_x: Float32[np.ndarray, "rows columns"],
    map_y: Float32[np.ndarray, "rows columns"],
    scale: float,
    region: tuple[int, int, int, int] | None = None,
) -> Float32[np.ndarray, "rows columns 3"]:
    """Read a frame at given places, as float 0..1.

    Args:
        frame: uint8 or uint16, RGB.
        map_x: frame x for every output pixel.
        map_y: frame y for every output pixel.
        scale: output pixels per frame pixel; under 1/2 the frame is area-averaged first, so that nothing aliases.
        region: the part that is averaged, xyxy, when the maps are a piece of larger ones: `region_of` those. Each piece
            then gets the very values that it has in the whole.

    Returns:
        rows x columns x 3, 0..1; beyond the frame its edge is repeated.
    """
    left, top, right, bottom = region or region_of(frame, map_x, map_y)
    part = frame[top:bottom, left:right]
    x, y = map_x - np.float32(left), map_y - np.float32(top)
    factor = max(1, int(1 / max(scale, 1e-6)))
    if factor > 1:
        rows, columns = -(-part.shape[0] // factor), -(-part.shape[1] // factor)
        part = cv2.copyMakeBorder(
            part,
            0,
            rows * factor - part.shape[0],
            0,
            columns * factor - part.shape[1],
            cv2.BORDER_REPLICATE,
        )
        part = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA))
        x, y = ((places - np.float32((factor - 1) / 2)) / np.float32(factor) for places in (x, y))
    full = 255.0 if frame.dtype == np.uint8 else 65535.0
    x, y = (places.astype(np.float32, copy=False) for places in (x, y))
    planes = []
    for plane in cv2.split(part):  # OpenCV reads single planes in a third of the time
        values = np.divide(plane, np.float32(full), dtype=np.float32)
        moved = cv2.remap(values, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        planes.append(np.clip(moved, 0, 1, out=moved))
    return cv2.merge(planes)


def region_of(
    frame: Frame, map_x: Float32[np.ndarray, "rows columns"], map_y: Float32[np.ndarray, "rows columns"]
) -> tuple[int, int, int, int]:
    """The part of a frame that maps read, with a margin: xyxy, at least one pixel."""
    left, top = (max(0, int(np.floor(m.min())) - 8) for m in (map_x, map_y))
    left, top = min(left, frame.shape[1] - 1), min(top, frame.shape[0] - 1)
    right, bottom = (int(np.ceil(m.max())) + 9 for m in (map_x, map_y))
    return left, top, max(right, left + 1), max(bottom, top + 1)
