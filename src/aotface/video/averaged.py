"""One face of a frame by what the frames around it know: mask and maps of the window, somebody else's face under them."""

from collections.abc import Callable

import numpy as np

from aotface.compose.face_step import shown_mask
from aotface.compose.refined import with_share
from aotface.compose.refined_frame import RefinedInFrame, refined_crop
from aotface.reenact.base import Reenacted
from aotface.transfer.base import Maps, Part, shrunk
from aotface.types import Crop, Mask
from aotface.video.frame_state import FaceState, FrameInputs, TemporalFeatures
from aotface.video.temporal_filter import MAP_REACH, MASK_REACH, filter_mask, serves, temporal_filter


def refined(
    face: FaceState, known: dict[int, TemporalFeatures], around: Callable[..., list], read: FrameInputs
) -> tuple[Crop, Mask, RefinedInFrame]:
    """Somebody else's face, refined: its crop and mask, and the same at the frame's own pixels."""
    assert face.made is not None and read.swapped is not None and face.made.apart is not None
    reenacted, matrix = face.made.reenacted, face.made.place.matrix
    mask, _, maps = averaged(reenacted, known, around)
    maps = with_share(maps, shrunk(mask), face.made.apart)
    finer = RefinedInFrame(read.swapped, maps, matrix, len(reenacted.crop))
    return refined_crop(reenacted.crop, maps), mask, finer


def averaged(
    reenacted: Reenacted,
    known: dict[int, TemporalFeatures],
    around: Callable[..., list],
    own: Callable[[], Maps] | None = None,
) -> tuple[Mask, Mask, Maps]:
    """A face's mask, what is visible at 256 px, and its maps, all filtered over the window.

    ``own`` finds the frame's own maps, where it has none and those around do not serve.
    """
    lights = {index: one.light for index, one in known.items()}
    visibles = around({index: one.visible for index, one in known.items()}, reach=MASK_REACH)
    visible = filter_mask(visibles, around(lights, reach=MASK_REACH))
    maps = around({index: one.maps for index, one in known.items()}, reach=MAP_REACH)
    around_lights = around(lights, reach=MAP_REACH)
    if own is not None and not serves(maps, around_lights):
        maps[len(maps) // 2] = own()
    filtered = temporal_filter(maps, around_lights)
    return shown_mask(reenacted, visible), visible, filtered


def shown_part(mask: Mask, margin: int) -> Part:
    """Rows and columns of a crop that show, and so many around them; all of it where nothing shows."""
    side = len(mask)
    found = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    rows, columns = (
        slice(max(0, int(at[0]) - margin), min(side, int(at[-1]) + 1 + margin)) if len(at) else slice(0, side)
        for at in found
    )
    return rows, columns
