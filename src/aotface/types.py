"""The few array types that travel between rooms: axes, range and colour order stand in the type.

Points are ``(x, y)``, pixel centres lie at integers, sizes are ``height, width``, boxes ``xyxy``; colour is RGB.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Shaped

Frame = Shaped[np.ndarray, "_height _width 3"]
"""A whole picture: uint8 or uint16, RGB, display-encoded sRGB."""

Crop = Float32[np.ndarray, "_side _side 3"]
"""An aligned square: 0..1, RGB, display-encoded sRGB."""

Box = tuple[int, int, int, int]
"""Part of a frame: columns and rows, xyxy."""

Part = tuple[slice, slice]
"""Part of a crop: rows and columns."""

Mask = Float32[np.ndarray, "_height _width"]
"""Coverage, 0..1."""

Landmarks = Float32[np.ndarray, "468 3"]
"""Face mesh in pixels: x right, y down, z smaller = nearer the camera."""

Iris = Float32[np.ndarray, "10 3"]
"""Both irises in pixels, axes as of `Landmarks`: centre and four points of the edge of the person's right, then left eye."""

Gaze = Float32[np.ndarray, "2 2"]
"""Where the irises of the person's right and left eye lie: from the middle between an eye's corners along the line from one
to the other, and down from it, in widths of the eye."""

Matrix = Float64[np.ndarray, "2 3"]
"""Maps frame points to crop points: a similarity, after the stretch to display pixels where the frame's are not square."""

CROP_SIDE = 256
"""Side of the canonical crop in pixels."""


@dataclass(frozen=True)
class Face:
    """One face found in a frame. ``box`` and ``landmarks`` are in display pixels; ``score`` is 0..1.

    Display pixels are those of the frame, unless ``pixel_aspect`` (width over height of the frame's pixels) is not 1:
    see `aotface.media.pixel_aspect`.
    ``rest``: its shape at rest, in the mean face's pose, where more is known of it than this frame; else None.
    ``iris``: where the face was searched in this very frame; else None. ``gaze``: of a face of a track, where it is known.
    """

    index: int
    box: tuple[float, float, float, float]
    score: float
    landmarks: Landmarks
    rest: Landmarks | None = None
    iris: Iris | None = None
    pixel_aspect: float = 1.0
    gaze: Gaze | None = None


@dataclass(frozen=True)
class AlignedFace:
    """A face cut out of its frame; ``matrix`` maps frame to crop, ``landmarks`` are in crop pixels.

    ``visible``: how much of it nothing covers, 0..1, at 256 px; None: not known. ``small``: the crop at 256 px, where it is
    there already.
    """

    face: Face
    crop: Crop
    matrix: Matrix
    landmarks: Landmarks
    visible: Mask | None = None
    small: Crop | None = None


@dataclass(frozen=True)
class Geometry:
    """What the mesh knows about each crop pixel; every map is 0 outside the face.

    ``normals``: unit vectors, x right, y down, z towards the camera. ``pncc``: 0..1.
    ``depth``: crop pixels, larger = nearer the camera. ``mask``: hard coverage, 0 or 1.
    """

    normals: Float32[np.ndarray, "side side 3"]
    pncc: Float32[np.ndarray, "side side 3"]
    depth: Float32[np.ndarray, "side side"]
    mask: Float32[np.ndarray, "side side"]
