"""What lies in deep shadow on one side of a source's face gets its detail from the other side [ours].

A lamp from the side leaves half of a photograph nearly black, with sharp edges beside the nose. A map that lights
it lifts noise, and leaves those edges. The same place of the other half, mirrored, shows the same skin in good light. It
is laid in where it is two stops brighter, in the shadow's own broad tone: what light does to one half alone is known by that
later (`aotface.transfer.aot.both_sides`). With the tone of the lit half a dark line down the nose stayed for good.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import linear_to_srgb, luminance_of_linear, srgb_to_linear
from aotface.face.align import align
from aotface.face.mesh import MIRROR, OVAL, to_vertices, triangle_areas
from aotface.face.render import Raster, rasterize
from aotface.face.skin_light import raised_forehead
from aotface.face.texture import features_mask, hull_mask
from aotface.masked import grown, local_mean, rising
from aotface.reenact.dense_map import dense_map, enlarge
from aotface.reenact.mouth_shading import NOSE
from aotface.reenact.skin_fill import laid
from aotface.types import CROP_SIDE, AlignedFace, Crop, Frame, Landmarks, Mask

SHADE, NOSTRILS = (1.4, 2.0), 0.8
"""How much brighter (a logarithm of linear light) the other side must be to begin to stand in, and to do so wholly; and how
much more at the base of the nose: two nostrils laid over each other are none."""

NEAR, FURTHER, SOFT = 2.5, 5.0, 2.5
"""Blur under which both are compared, how much further the other side is laid in, and how softly it ends: pixels at 256."""

TONE = 6.0
"""Blur of the tone that the other side gets, in the same pixels."""

SMALLER = (0.4, 0.7)
"""Size of the other side over this one's at which it begins to be seen well enough, and is."""

SEEN = (0.5, 0.9)
"""How far the other side may be read, likewise."""

LEAST = 0.01
"""Share of the crop below which nothing is done."""

FLOOR = np.float32(4e-3)
"""Linear light added before a logarithm, or a ratio."""

UNSEEN = np.float32(1e-3)
"""Weight in means of what may not be read."""

Places = Float32[np.ndarray, "256 256 2"]


def without_dark_side(frame: Frame, face: AlignedFace, texture: Mask, side: int) -> Frame:
    """A source's picture without what deep shadow on one side leaves of its detail; the very same where there is none.

    Args:
        frame: uint8 or uint16, RGB.
        face: of it, aligned, 256 x 256; its crop may be of another picture.
        texture: where its picture may be read, 256 x 256, 0..1.
        side: of the crop in which detail is laid.

    Source: [ours].
    """
    raster = rasterize(face.landmarks, CROP_SIDE)
    places = dense_map(raster, face.landmarks[MIRROR, :2])
    light = srgb_to_linear(align(frame, face.face).crop)
    share = _dark(light, face.landmarks, texture, places) * as_large(face.landmarks, raster)
    if share.mean() < LEAST:
        return frame
    own = local_mean(light, texture + UNSEEN, TONE) + FLOOR
    large = align(frame, face.face, side)
    other = srgb_to_linear(np.clip(_read(large.crop, places), 0, 1)) * enlarge(own / _read(own, places), side)
    return laid(frame, linear_to_srgb(np.clip(other, 0, 1)), enlarge(share, side), large.matrix)


def _dark(light: Crop, points: Landmarks, texture: Mask, places: Places) -> Mask:
    """How much darker each place is than the same one of the other side, where that may be read: 0..1.

    Args:
        light: the face, linear.
        points: 468 x 3, its pixels.
        texture: see `without_dark_side`.
        places: of the other side.
    """
    face = hull_mask(texture.shape, np.concatenate([points[OVAL, :2], raised_forehead(points)]))
    usable = face * texture
    logs = np.log(local_mean(luminance_of_linear(light), usable + UNSEEN, NEAR) + FLOOR)
    nose = features_mask((CROP_SIDE, CROP_SIDE), points, unit=2.0, parts=(np.array(NOSE),))
    dark = rising(_read(logs, places) - logs - np.float32(NOSTRILS) * nose, SHADE) * face
    dark = cv2.GaussianBlur(grown(dark, FURTHER), (0, 0), SOFT) * cv2.GaussianBlur(face, (0, 0), SOFT)
    return np.asarray(dark * rising(_read(usable, places), SEEN), np.float32)


def as_large(points: Landmarks, raster: Raster) -> Mask:
    """How well the camera sees the other side of each place, beside that place; 1 beyond the mesh."""
    flipped = (points * np.array([-1, 1, 1], np.float32))[MIRROR]
    own, other = (np.maximum(triangle_areas(one), np.float32(1e-6)) for one in (points, flipped))
    sizes = rising(to_vertices(other / own), SMALLER)[:, None]
    return np.where(raster.covered, raster.interpolate(sizes)[..., 0], np.float32(1))


def _read(values: np.ndarray, places: Places) -> np.ndarray:
    """Values, at any side, at places of the crop at 256 px."""
    side = len(values)
    there = (enlarge(places, side) + np.float32(0.5)) * np.float32(side / CROP_SIDE) - np.float32(0.5)
    x, y = (np.ascontiguousarray(there[..., k]) for k in (0, 1))
    flags = cv2.INTER_LINEAR if side == CROP_SIDE else cv2.INTER_CUBIC
    return cv2.remap(values, x, y, flags, borderMode=cv2.BORDER_REPLICATE)
