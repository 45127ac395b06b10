"""Which part of the face is visible: hair, glasses, hats, masks and hands stay in front of a swapped face."""

from functools import lru_cache

import cv2
import numpy as np

from aotface.face.align import align, places_of, scale_of, transform_points
from aotface.face.hairs import TRACE, rough_beard
from aotface.face.hands import covered_by_hands
from aotface.face.render import render
from aotface.face.texture import brow_outlines, hull_mask
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import SURE, Visibility, VisibilityNetwork
from aotface.face.visibility.view import view_of_crop
from aotface.masked import grown, risen
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Geometry, Landmarks, Mask

SKIN = 0.3, 0.7
"""Probability of skin at which a pixel beside the mesh begins to count as skin, and at which it counts in full."""

MARGIN = 7
"""Pixels of the view around hair, hands and covers that are not read as a source's face either."""

LOBE = 14
"""Half the width, in pixels at 256, below which a part of a source's forehead between its hair is not read."""

OUTER = 31
"""Width of the stripe along the mesh's outline, twice, in pixels at 256, in which what is beside the face is looked for."""

STRANDS = (0.08, 0.35)
"""Probability of hair, and of what is beside a face, at which a source's pixel begins to be left out, and is: a strand
before a brow is half brow."""

FULL, MOUSTACHE, MOUSTACHE_REACH = (0.105, 0.15), (0.125, 0.165), 9.0
"""Mean probability of beard on chin and jaw, both sides alike, and within so many pixels of the middle of the upper lip, at
which a beard begins to stay, and stays: half of one looks like dirt. Of 949 portraits of ``train`` 31 pass, two of them
shaven (docs/log/2026-11-30-around-mouth.md)."""

BOTH, LESS = 0.15, 0.2
"""Mean probability on the less bearded side of chin and jaw from which on less of a moustache is enough, and how much less,
in parts of what is beyond: moustaches are often told from skin less surely than the beard below."""

BRIDGE = 0.45, 0.65
"""Probability of a frame across the nose, from eye to eye, at which a target begins to wear spectacles, and wears them. An
old face with deep lids can look like a wearer, but not there: of 520 portraits 93 look so; 5 without spectacles had up
to .39, the wearers .76 and more (docs/log/2026-11-29-brows.md)."""

NOSE = (0.15, 0.85), (-0.5, 0.9)
"""Where a bridge is looked for: along the line from one inner corner of an eye to the other, and down from it; in parts of
their distance."""

ISLAND, WITHIN, BESIDE_BROW = 0.25, 0.95, 3.0
"""How surely a place is covered from which on it belongs to an island; how much of one must lie in a brow, or so many pixels
at 256 beside it, for it to be brow. Of 400 portraits eleven show such islands, ten of them wearers; the one rim that lay
so near a brow had .91 of it there (docs/log/2026-11-30-brows-soft.md)."""

BEARD, WIDER = (0.06, 0.25), 7
"""Probability of beard at which a pixel of a full one begins to count, and counts in full; and how far around it, pixels."""


@lru_cache(maxsize=1)
def visibility_network() -> VisibilityNetwork:
    """The packaged network, opened once; many threads may use it."""
    return VisibilityNetwork()


def visible_at(
    frame: Frame,
    face: Face,
    aligned: AlignedFace | None = None,
    geometry: Geometry | None = None,
    around: bool = False,
    seen: Visibility | None = None,
    beard: Mask | None = None,
) -> Mask:
    """The visible face in its canonical crop, seen in the frame's own pixels.

    Args:
        frame: uint8 or uint16, RGB.
        face: one of its faces.
        aligned: the face in its crop of 256 px; cut out when left out.
        geometry: of its mesh there; rendered when left out.
        around: beside the mesh, tell skin (forehead, ears, neck) from all else, instead of 1 everywhere.
        seen: what the network sees of it; left out, it is asked.
        beard: see `kept_beard`; left out, it is found where ``around`` is asked for.

    Returns:
        256 x 256, as for `visible_skin`.
    """
    aligned = align(frame, face) if aligned is None else aligned
    seen = visibility_network().see(frame, face) if seen is None else seen
    geometry = render(aligned.landmarks, CROP_SIDE) if geometry is None else geometry
    visible = _visible(seen, aligned.crop, aligned.landmarks, geometry)
    if not around:
        return visible
    if beard is None:
        beard = kept_beard(seen, aligned.landmarks, geometry, aligned.crop if face.rest is None else None)
    visible = visible * (1 - beard)
    return np.where(geometry.mask > 0, visible, bare_skin(seen)).astype(np.float32)


def kept_beard(seen: Visibility, landmarks: Landmarks, geometry: Geometry, crop: Crop | None = None) -> Mask:
    """How much of a full beard each pixel of the canonical crop, at 256 px, shows; all 0 where there is none.

    A beard reaches beyond the mesh: a shaven face over it would leave a ring. So a full one, with a
    moustache, stays in front. Shadow on one side and a shaven chin are often taken for a beard, but not for a moustache.

    Args:
        seen: of a face.
        landmarks: 468 x 3, pixels of the crop.
        geometry: of its mesh there.
        crop: of a picture's face: its hairs tell a beard, too, see `aotface.face.hairs`. None: the network alone.
    """
    beard = seen.in_crop(seen.of(Surface.BEARD), CROP_SIDE)
    if float(beard.max()) <= (TRACE[0] / 2 if crop is not None else FULL[0]):  # no mean of it is more
        return np.zeros_like(beard)
    chin, nose, lip = (landmarks[n, :2].astype(np.float64) for n in (152, 2, 0))
    down = (chin - nose) / max(float(np.linalg.norm(chin - nose)), 1e-6)
    place = np.moveaxis(np.indices(beard.shape)[::-1], 0, 2) - chin
    across = place @ np.array([-down[1], down[0]])
    low = (place @ down > (landmarks[17, :2] - chin) @ down) & (geometry.mask > 0)
    upper = np.hypot(*np.moveaxis(place + chin - (nose + lip) / 2, 2, 0)) < MOUSTACHE_REACH
    halves = [low & (across < 0), low & (across >= 0)]
    sides = [float(beard[half].mean() if half.any() else 0) for half in halves]
    moustache = float(beard[upper].mean()) if upper.any() else 0.0
    trace = sum(sides) / 2 + moustache
    moustache += LESS * max(min(sides) - BOTH, 0)
    amount = risen(sum(sides) / 2, FULL) * risen(moustache, MOUSTACHE)
    rough = np.zeros_like(beard)
    if crop is not None and amount < 1:
        rough = rough_beard(crop, landmarks, halves, trace)
    amount = max(amount, float(rough.max()))
    if amount <= 0:
        return rough
    kept = np.clip((cv2.dilate(beard, np.ones((WIDER,) * 2)) - BEARD[0]) / (BEARD[1] - BEARD[0]), 0, 1)
    kept = np.float32(amount) * cv2.GaussianBlur(kept, (0, 0), WIDER / 3)
    return np.asarray(np.maximum(kept, rough), np.float32)


def bridge_of(seen: Visibility, landmarks: Landmarks) -> float:
    """How surely a frame goes over the nose: median, from eye to eye, of the likeliest pixel up or down from there.

    Args:
        seen: of a face.
        landmarks: 468 x 3, pixels of its canonical crop at 256 px.
    """
    start, stop = landmarks[133, :2], landmarks[362, :2]
    along = stop - start
    down = np.array([-along[1], along[0]])
    u, v = (np.linspace(*span, count) for span, count in zip(NOSE, (15, 40), strict=True))
    places = (start + u[:, None, None] * along + v[None, :, None] * down).astype(np.float32)
    rim = seen.in_crop(seen.of(Surface.FRAME), CROP_SIDE)
    found = cv2.remap(rim, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    return float(np.median(found.max(axis=1)))


def bare_skin(seen: Visibility) -> Mask:
    """How surely each pixel of the canonical crop, at 256 px, shows bare skin: not hair, beard, ground or cloth."""
    skin = seen.in_crop(seen.of(Surface.SKIN, Surface.BROW), CROP_SIDE)
    return np.clip((skin - np.float32(SKIN[0])) / np.float32(SKIN[1] - SKIN[0]), 0, 1).astype(np.float32)


def visible_skin(crop: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """How much of the face (skin, eyes, brows, lips, beard) each pixel of a canonical crop shows.

    Args:
        crop: side x side x 3, 0..1, RGB, see `face.align`.
        landmarks: 468 x 3, crop pixels.
        geometry: rendered from those landmarks at the crop's side.

    Returns:
        side x side, 1 where the face is visible (and off the mesh), 0 where it is covered; soft between.

    Source: [ours]; docs/adr/0018-one-visibility-network.md.
    """
    return _visible(visibility_network().see_crop(crop, landmarks), crop, landmarks, geometry)


def usable_texture(frame: Frame, aligned: AlignedFace, seen: Visibility | None = None) -> Mask:
    """Where a source's picture may be read as its face, in its canonical crop.

    Not under hair, hands and covers, nor within a few pixels of them: a strand carried over looks like dirt. Nor beside the
    face. Frames of spectacles are left: they are taken off, see `aotface.reenact.spectacles`.

    Args:
        frame: uint8 or uint16, RGB.
        aligned: a face of it, 256 x 256.
        seen: what the network sees of it; left out, it is asked.

    Returns:
        256 x 256, 0..1, soft.

    Source: [ours].
    """
    return source_planes(frame, aligned, seen)[0]


def source_planes(frame: Frame, aligned: AlignedFace, seen: Visibility | None = None) -> tuple[Mask, Mask]:
    """`usable_texture`, and where of it bare skin shows, beside the mesh too: the forehead up to the hair.

    Args:
        frame: uint8 or uint16, RGB.
        aligned: a face of it, 256 x 256.
        seen: what the picture shows of it, where that is known.
    """
    seen = seen or visibility_network().see(frame, aligned.face)
    hair, beside, things = (
        seen.in_crop(np.clip((seen.of(*surfaces) - low) / (high - low), 0, 1), CROP_SIDE)
        for surfaces, (low, high) in (
            ((Surface.HAIR,), STRANDS),
            ((Surface.BACKGROUND,), STRANDS),
            ((Surface.HAND, Surface.COVER), SURE),
        )
    )
    geometry = render(aligned.landmarks, CROP_SIDE)
    hands = covered_by_hands(aligned.crop, aligned.landmarks, geometry)
    beside *= cv2.erode(geometry.mask, np.ones((OUTER,) * 2)) == 0  # a dark mouth is not beside the face
    reach = 2 * MARGIN + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    free = np.minimum(cv2.erode(1 - np.maximum(np.maximum(hair, things), hands), disc), 1 - beside)
    free = np.minimum(free, _in_picture(frame, aligned))
    whole = np.minimum(free, _without_lobes(free, aligned.landmarks))
    usable, beside = (
        np.clip(cv2.GaussianBlur(one, (0, 0), MARGIN / 2), 0, 1).astype(np.float32) for one in (whole, free)
    )
    return usable, beside * bare_skin(seen)


def _without_lobes(free: Mask, landmarks: Landmarks) -> Mask:
    """1 but where a forehead shows between strands alone: there lies their shadow, and half of it would look like a blot."""
    half = cv2.resize(free, (CROP_SIDE // 2, CROP_SIDE // 2), interpolation=cv2.INTER_AREA)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (LOBE | 1, LOBE | 1))
    opened = cv2.resize(
        cv2.morphologyEx(half, cv2.MORPH_OPEN, disc), free.shape, interpolation=cv2.INTER_LINEAR
    )
    brows = float(landmarks[[66, 296], 1].mean())
    above = np.clip((np.float32(brows) - np.arange(CROP_SIDE, dtype=np.float32)) / 2, 0, 1)[:, None]
    return np.asarray(1 - above * (1 - opened), np.float32)


def _in_picture(frame: Frame, aligned: AlignedFace) -> Mask:
    """1 where a canonical crop lies in its frame, not less than a few of the crop's pixels from the edge."""
    places, (height, width) = places_of(aligned.matrix, CROP_SIDE), frame.shape[:2]
    least = MARGIN / scale_of(aligned.matrix)
    inside = [
        (at > least) & (at < size - 1 - least) for at, size in zip(places, (width, height), strict=True)
    ]
    return np.asarray(inside[0] & inside[1], np.float32)


def _visible(seen: Visibility, crop: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """What is in front by the network, and hands by their joints: the network has learnt few hands."""
    side = len(crop)
    frames = seen.in_crop(worn_frames(seen, landmarks * (CROP_SIDE / side)), side)
    covered = np.maximum(seen.in_crop(seen.things, side), frames) * (geometry.mask > 0)
    if side == CROP_SIDE:
        hands = covered_by_hands(crop, landmarks, geometry)
    else:
        scale = CROP_SIDE / side
        size = (CROP_SIDE, CROP_SIDE)
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        moved = ((landmarks + np.array([0.5, 0.5, 0])) * scale - np.array([0.5, 0.5, 0])).astype(np.float32)
        hands = cv2.resize(covered_by_hands(small, moved, render(moved, CROP_SIDE)), (side, side))
    return np.clip(1 - np.maximum(without_islands(covered, landmarks), hands), 0, 1).astype(np.float32)


def without_islands(covered: Mask, landmarks: Landmarks) -> Mask:
    """What covers a face, without what lies in a brow alone: hairs that look like a piece of a frame, or like a strand."""
    found = (covered > ISLAND).astype(np.uint8)
    brows = hull_mask(covered.shape, *brow_outlines(landmarks))
    brows = grown(brows, BESIDE_BROW * len(covered) / CROP_SIDE) > 0
    if not found[brows].any():
        return covered
    count, labels = cv2.connectedComponents(found)
    sizes, inner = (np.bincount(one.ravel(), minlength=count) for one in (labels, labels[brows]))
    islands = inner >= WITHIN * sizes
    islands[0] = False
    gone = islands[labels].astype(np.uint8)
    near = (cv2.dilate(gone, np.ones((5, 5), np.uint8)) > 0) & ((found == 0) | (gone > 0))
    return np.where(near, 0, covered).astype(np.float32)


def worn_frames(seen: Visibility, landmarks: Landmarks) -> Mask:
    """How surely each pixel of a view shows a frame; none where no frame goes over the nose."""
    if not seen.spectacles.any() or seen.patched:
        return seen.frames
    worn = risen(bridge_of(seen, landmarks), BRIDGE)
    if worn == 0:
        return np.zeros_like(seen.frames)
    there = view_of_crop(CROP_SIDE)
    eyes, *brows = (
        transform_points(points.astype(np.float64), there)
        for points in (landmarks[[33, 263], :2], *brow_outlines(landmarks))
    )
    return np.float32(worn) * seen.rims(eyes, brows)
