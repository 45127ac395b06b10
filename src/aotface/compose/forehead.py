"""The source's forehead from the mesh's upper edge up to the target's hairline [ours].

The mesh ends in the middle of the forehead. Above it the map into the source's picture goes on. Heights of foreheads
differ, so each column of that map is drawn together, until the source's bare forehead fills the target's. It is never
read where the source shows hair, and never shown where the target shows anything but skin.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.mesh import LEFT_BROW, RIGHT_BROW
from aotface.face.texture import LUMA
from aotface.reenact.base import Reenacted
from aotface.reenact.dense_map import read_mask
from aotface.reenact.reading import Reading
from aotface.types import CROP_SIDE, Box, Crop, Landmarks, Mask

HIGHEST, FADE = 46.0, 12.0
"""Pixels at 256 above the mesh that are looked at, and in which the forehead of the bald ends."""

LEAST, MARGIN = 0.4, 4.0
"""Share of its height to which the map may be drawn together, and pixels that are kept away from the source's hair."""

TEMPLE = (4.0, 16.0)
"""Pixels that the mesh must reach above the brows for a column to be forehead: begins, full."""

JOIN = (1.0, 18.0)
"""Pixels below the mesh's upper edge between which X_r's own light goes over into that of the forehead above."""

STRIP = 14.0
"""Height of the mesh's own forehead that is looked at, pixels."""

EVEN = 7.0
"""Standard deviation, in columns, of what keeps neighbouring columns alike."""

LOW = (2.0, 9.0)
"""Height of bare skin above the mesh, in pixels, from which a column counts as forehead, and counts in full."""

TAKEN, BARE, OWN = 0.8, 0.3, 0.7
"""Share of the target's forehead that the source must fill to be taken; of its columns that must show skin at all; and of
the mesh's own forehead that must show the source."""

LEANING, LONG, WIDE = (-55.0, -28.0, 0.0, 28.0, 55.0), 9, 7
"""Degrees from upright in which strands of hair are looked for; how long they are at least, and how wide at most, pixels."""

DARKER = (0.012, 0.03)
"""By what share darker than what is beside it a line begins to be a strand, and is one."""

BLUNT = 1.4
"""How much more is given than found: the stroke that looks for a strand blunts it."""

Columns = Float32[np.ndarray, " 256"]


@dataclass(frozen=True)
class Forehead:
    """The source's forehead above the mesh.

    ``reading``: whose ``shown`` is how much of it shows, 256 px.
    ``inner``: 1 well inside the mesh, where Y is as it is. ``filled``: share of the target's bare forehead that it fills.
    ``bare``: share of the target's columns that show any. ``own``: share of the mesh's own forehead that shows the source.
    """

    reading: Reading
    inner: Mask
    filled: float
    bare: float
    own: float

    @property
    def verdict(self) -> str:
        """See `verdict_of`."""
        return verdict_of(self.filled, self.bare, self.own)


def verdict_of(filled: float, bare: float, own: float) -> str:
    """``taken``: the source's forehead shows. ``blended``: the target's, in the new face's tone and without creases that the
    face has not. ``target's``: its forehead, or the source's, is covered.

    Args:
        filled, bare, own: see `Forehead`.
    """
    if bare < BARE or own < OWN:
        return "target's"
    return "taken" if filled >= TAKEN else "blended"


def reads_beside(reenacted: Reenacted) -> bool:
    """Whether its source's picture may be read beside the mesh, and the face is large enough for it."""
    reading = reenacted.reading
    if reading is None or reading.skin is None or reading.covered is None:
        return False
    return len(reading.covered) == CROP_SIDE


def find_forehead(reenacted: Reenacted, visible: Mask) -> Forehead | None:
    """How far the source's forehead can go up.

    Args:
        reenacted: X_r.
        visible: of the target, 256 px: the visible face; beside the mesh, skin.

    Returns:
        The forehead; None where the reenactor reads nothing beside the mesh.
    """
    reading = reenacted.reading
    if reading is None or reading.covered is None or not reads_beside(reenacted):
        return None
    brows = _brows(reenacted.landmarks, len(reenacted.mask))
    here = slice(max(1, min(CROP_SIDE, int(brows) + 2)))  # rows that are looked at
    covered, visible = reading.covered[here], visible[here]
    top, inner = _upper_edge(reading.covered, brows)
    above = top - np.arange(here.stop, dtype=np.float32)[:, None]
    cap = np.clip((HIGHEST - above) / FADE, 0, 1) * (above > 0)
    weight, skin = _skin(reading, here, top)
    theirs, ours = (_upwards(plane, above) * cap for plane in (visible, skin))
    wanted, there = (_along(one.sum(axis=0), inner) for one in (theirs, ours))
    room = np.maximum(there - np.float32(MARGIN), 0)
    share = np.clip(room / np.maximum(wanted, 1), LEAST, 1)
    reach = room / share
    maps = reading.maps.copy()
    maps[here], both = (_drawn(one, above, share) for one in (reading.maps[here], np.dstack([weight, skin])))
    column = inner * _begun(wanted, LOW) * _begun(room / LEAST, LOW)
    ends = np.where(reach < wanted, np.clip((reach - above) / FADE + 0.5, 0, 1), 1)
    beyond = theirs * np.minimum(_upwards(both[..., 1], above) * 1.5, 1) * ends
    rows = np.arange(here.stop, dtype=np.float32)[:, None]
    within = visible * skin * np.clip((brows - rows) / 10, 0, 1)
    shown = cv2.GaussianBlur((column * np.where(covered, within, beyond)).astype(np.float32), (0, 0), 1.2)
    lower = inner * covered * (above > -STRIP)
    return Forehead(
        replace(
            reading, maps=maps, weight=_whole(both[..., 0]), shown=_whole(shown), parting=None, skin=None
        ),
        _whole(_own_light(covered, above, brows), 1.0),
        filled=_share(inner * np.minimum(reach, wanted), inner * wanted),
        bare=_share(inner * (wanted > LOW[1]), inner),
        own=_share(lower * skin, lower),
    )


def read_forehead(forehead: Forehead, crop: Crop) -> tuple[Crop, Mask]:
    """X_r with the forehead in it, and how much of it shows.

    Args:
        forehead: see there.
        crop: X_r, at any side.
    """
    side = len(crop)
    shown = cv2.resize(forehead.reading.shown, (side, side), interpolation=cv2.INTER_LINEAR)
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    whole = crop.copy()
    if not len(rows):
        return whole, shown
    box: Box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    face, _ = forehead.reading.read(np.eye(2, 3), side, box)
    face = without_strands(face, side / CROP_SIDE)
    part = whole[box[1] : box[3], box[0] : box[2]]
    covered = forehead.reading.covered
    assert covered is not None  # it was found by it
    inner = cv2.erode(covered.astype(np.float32), np.ones((5, 5)))
    inner = cv2.resize(inner, (side, side), interpolation=cv2.INTER_LINEAR)
    part[:] = face + (part - face) * inner[box[1] : box[3], box[0] : box[2], None]
    return whole, shown


def without_strands(face: Crop, unit: float) -> Crop:
    """A forehead without thin dark lines that go up it: hair that the source has before its face. Wrinkles go across.

    Args:
        face: part of a crop, rows x columns x 3, 0..1.
        unit: pixels of it in one of a crop of 256.
    """
    luma = np.asarray(cv2.transform(face, LUMA), np.float32)
    across = cv2.getStructuringElement(cv2.MORPH_RECT, (round(WIDE * unit) | 1, 1))
    depth = np.zeros_like(luma)
    for degrees in LEANING:
        drawn = cv2.filter2D(luma, -1, _stroke(degrees, LONG * unit), borderType=cv2.BORDER_REFLECT)
        np.maximum(depth, cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, across) - drawn, out=depth)
    depth /= np.maximum(luma, np.float32(0.05))
    gain = 1 + BLUNT * depth * np.clip((depth - DARKER[0]) / (DARKER[1] - DARKER[0]), 0, 1)
    return np.clip(face * gain[..., None], 0, 1).astype(np.float32)


@lru_cache(maxsize=64)
def _stroke(degrees: float, length: float) -> Float32[np.ndarray, "side side"]:
    """A line through the middle, its values 1 in all."""
    side = int(length) | 1
    kernel = np.zeros((side, side), np.float32)
    middle, lean = side // 2, np.tan(np.radians(degrees))
    for row in range(side):
        kernel[row, int(np.clip(round(middle + (row - middle) * lean), 0, side - 1))] = 1
    return kernel / kernel.sum()


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / max(float(whole.sum()), 1e-6))


def _whole(rows: np.ndarray, below: float = 0.0) -> Mask:
    """A plane of the upper rows as one of all rows."""
    whole = np.full((CROP_SIDE, CROP_SIDE), below, np.float32)
    whole[: len(rows)] = rows
    return whole


def _begun(values: Columns, bounds: tuple[float, float]) -> Columns:
    """0 up to the first bound, 1 from the second on."""
    return np.clip((values - np.float32(bounds[0])) / np.float32(bounds[1] - bounds[0]), 0, 1)


def _brows(points: Landmarks, side: int) -> float:
    """The row, at 256 px, at which the brows are."""
    return float(points[np.concatenate([LEFT_BROW, RIGHT_BROW]), 1].mean()) * CROP_SIDE / side


def _upper_edge(covered: Bool[np.ndarray, "256 256"], brows: float) -> tuple[Columns, Columns]:
    """The mesh's first row in each column, and how much a column is one of the forehead's."""
    some = covered.any(axis=0)
    top = np.where(some, covered.argmax(axis=0), CROP_SIDE).astype(np.float32)
    inner = _begun(np.float32(brows) - top, TEMPLE)
    return top, inner * inner * (3 - 2 * inner)


def _own_light(covered: np.ndarray, above: np.ndarray, brows: float) -> Mask:
    """Where Y is as it is, 0..1: not near the mesh's upper edge; everywhere from the brows down."""
    rows = np.arange(len(above), dtype=np.float32)[:, None]
    inside = np.clip((-above - JOIN[0]) / (JOIN[1] - JOIN[0]), 0, 1) * covered
    inside = np.maximum(inside, 1 - np.clip((brows - rows) / 10, 0, 1))
    return cv2.GaussianBlur((inside * inside * (3 - 2 * inside)).astype(np.float32), (0, 0), 2.0)


def _upwards(plane: Mask, above: Mask) -> Mask:
    """A plane, in each column no more than anything between a pixel and the mesh's upper edge."""
    free = np.where(above > 0, cv2.GaussianBlur(plane, (0, 0), 1.0), 1)
    return np.minimum.accumulate(free[::-1], axis=0)[::-1].astype(np.float32)


def _along(values: Columns, weight: Columns) -> Columns:
    """Weighted mean of each column with its neighbours."""
    both = np.stack([values * weight, weight]).astype(np.float32)
    eased = cv2.GaussianBlur(both, (0, 0), sigmaX=EVEN, sigmaY=1e-3, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(eased[0] / np.maximum(eased[1], np.float32(1e-4)), np.float32)


def _skin(reading: Reading, here: slice, top: Columns) -> tuple[Mask, Mask]:
    """The weight of the face's own side, beside the mesh too, and how surely either side shows the source's skin."""
    assert reading.covered is not None and reading.skin is not None
    plane, matrix, maps = reading.skin.plane, reading.skin.matrix, reading.maps[here]
    seen = [read_mask(plane, matrix, maps[..., k : k + 2]) for k in (0, 2)]
    edge = np.minimum(top + 3, CROP_SIDE - 1).astype(int)
    weight = np.where(reading.covered[here], reading.weight[here], reading.weight[edge, np.arange(CROP_SIDE)])
    own = weight * seen[0]
    share = own / np.maximum(own + (1 - own) * seen[1], 1e-3) * (own > 1e-3)
    weight = np.where(reading.covered[here], weight, cv2.GaussianBlur(share.astype(np.float32), (0, 0), 1.5))
    return weight.astype(np.float32), np.maximum(own, seen[1]).astype(np.float32)


def _drawn(
    values: Float32[np.ndarray, "rows 256 channels"], above: Float32[np.ndarray, "rows 256"], share: Columns
) -> Float32[np.ndarray, "rows 256 channels"]:
    """Each column above the mesh drawn together: a share of its height is spread over all of it."""
    x, y = np.meshgrid(*(np.arange(size, dtype=np.float32) for size in above.shape[::-1]))
    place = y + np.maximum(above, 0) * (1 - share)
    return cv2.remap(values, x, place.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
