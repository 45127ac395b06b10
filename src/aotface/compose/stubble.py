"""The target's stubble, which goes on below the mesh, ends gradually on a shaven face above it [ours].

The mesh ends at the jaw. Stubble on jaw and neck then stops at a line, in a few pixels. Where both sides of that line are
much rougher in the target than its own cheeks, and the new face is not, the target's chin and jaw show through along it.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.align import resize_matrix, transform_landmarks
from aotface.face.hairs import roughness
from aotface.face.mesh import OUTER_LIPS
from aotface.face.texture import features_mask, hull_mask
from aotface.masked import falling, resized, risen, rising
from aotface.types import CROP_SIDE, Crop, Landmarks, Mask

INSIDE, OUTSIDE, FACE = (1.0, 14.0), 9.0, 6.0
"""Pixels at 256 from the mesh's edge within which its inner and its outer side are looked at; and from which on the new face
is."""

KEPT, FEWEST = 80, 64
"""Percentile of roughness over which it is edges; and pixels that tell any."""

STUBBLE, SHAVEN = (1.75, 2.1), (0.75, 0.95)
"""How many times as rough as the target's cheeks both sides are where stubble begins, and is; and what part of that the new
face may have for it to be shaven, and at which it is none. Of 210 random pairs of ``train`` ten have 2.1 and more, all with
stubble or a beard; shaven ones up to 2.0."""

SHOWS, REACH, LOW, OFF = 0.95, (4.0, 28.0), (0.0, 12.0), (4.0, 10.0)
"""How much of the target shows at most; over which distance from the mesh's edge that ends; and how far below the corners of
the mouth, and from the lips, it begins: pixels at 256."""

SOFT = 2.0
"""Standard deviation of what eases all that."""

CORNERS, CHIN, NOSE, LIDS = [61, 291], 152, 2, [145, 374]
"""Landmarks."""

Plane = Float32[np.ndarray, "256 256"]


def stubble_shown(
    target: Crop, reenacted: Crop, mask: Mask, visible: Mask, theirs: Landmarks, own: Landmarks
) -> Plane:
    """How much of the target's stubble shows at the new face's jaw, at 256 px, 0..1; all 0 where there is none.

    Args:
        target: at 256 px.
        reenacted: X_r.
        mask: where X_r is, 0..1, at its side.
        visible: skin that shows, 0..1, at 256 px.
        theirs: 468 x 3, of the target, pixels of X_r's crop.
        own: of X_r, likewise.

    Source: [ours].
    """
    shrink = resize_matrix(np.eye(2, 3), len(reenacted), CROP_SIDE)
    points, made = (transform_landmarks(one, shrink) for one in (theirs, own))
    face = resized(mask, CROP_SIDE) > 0
    inner, outer = (cv2.distanceTransform(one.astype(np.uint8), cv2.DIST_L2, 5) for one in (face, ~face))
    mouth, down = points[CORNERS, :2].mean(axis=0), points[CHIN, :2] - points[NOSE, :2]
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    rows, columns = np.indices(face.shape, np.float32)
    height = (columns - mouth[0]) * down[0] + (rows - mouth[1]) * down[1]
    skin = (visible > 0.8) & (features_mask(face.shape, points, made) < 0.1)
    nose, lids = (float((points[at, :2].mean(axis=0) - mouth) @ down) for at in ([NOSE], LIDS))
    cheeks = skin & (inner > INSIDE[1] / 2) & (height < nose) & (height > lids)
    sides = (
        skin & (height > 0) & (inner > INSIDE[0]) & (inner < INSIDE[1]),
        skin & (height > 0) & (outer > 0) & (outer < OUTSIDE),
    )
    own_chin = sides[0] & (inner > FACE)
    rough, mine = roughness(target), roughness(resized(reenacted, CROP_SIDE))
    found = [_mean(rough, one) for one in (*sides, cheeks)] + [_mean(mine, one) for one in (own_chin, cheeks)]
    if min(found) <= 0:
        return np.zeros_like(inner)
    times, shaven = min(found[:2]) / found[2], found[3] / found[4]
    amount = risen(times, STUBBLE) * (1 - risen(shaven / times, SHAVEN))
    if amount <= 0:
        return np.zeros_like(inner)
    lips = hull_mask(face.shape, points[OUTER_LIPS], made[OUTER_LIPS])
    off = cv2.distanceTransform((lips == 0).astype(np.uint8), cv2.DIST_L2, 5)
    shown = np.float32(SHOWS * amount) * falling(inner, REACH) * rising(height, LOW) * rising(off, OFF)
    return np.asarray(cv2.GaussianBlur(shown * face, (0, 0), SOFT) * face, np.float32)


def _mean(values: Plane, where: np.ndarray) -> float:
    """Root of the mean of the lower ones; 0 where they are too few."""
    found = np.sort(values[where])
    return float(np.sqrt(found[: len(found) * KEPT // 100].mean())) if len(found) >= FEWEST else 0.0
