"""A transfer alone: the light and tone of a target's face for a face that is in place already; the rest is the caller's."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from aotface.compose.blend import blend, frame_mask
from aotface.compose.changed import given_region
from aotface.compose.face_step import Region, start_face
from aotface.compose.pipeline import choose
from aotface.errors import InputError, NoFaceError
from aotface.face.align import resize_matrix
from aotface.face.detect import detect
from aotface.options import Options
from aotface.reenact.base import Reenacted
from aotface.reenact.given import GivenSwap
from aotface.transfer import transfer_for
from aotface.types import CROP_SIDE, AlignedFace, Frame, Mask


class RecolouredPicture(NamedTuple):
    """``frame``: the picture with its faces moved. ``mask``: height x width, 0..1, with which weight they are."""

    frame: Frame
    mask: Mask


def recolour(
    picture: Frame, target: Frame, options: Options, mask: Mask | None = None, mark: bool = True
) -> RecolouredPicture:
    """Move the chosen faces of a picture into the light and tone of a target's faces at the same places.

    Nothing is blended into the target, and no grain, texture or sharpness is matched.

    Args:
        picture: uint8 or uint16, RGB: X_r in its place.
        target: of the same size.
        options: which faces of the target, which transfer, and how strongly.
        mask: what of each face is moved, height x width, 0..1; what shows of the target's face when left out.
        mark: embed the invisible watermark.

    Raises:
        InputError: pictures or mask of other sizes.
        FaceError: see `choose`; or the mask touches no chosen face, or something covers each of them.
    """
    height, width = target.shape[:2]
    for name, other in (("picture", picture), ("mask", mask)):
        if other is not None and other.shape[:2] != (height, width):
            raise InputError(
                f"the {name} is {other.shape[1]} x {other.shape[0]}: expected the target's {width} x {height}"
            )
    chosen = choose(detect(target), options.face, "target")
    transfer, bare = transfer_for(options), replace(options, camera_match="off")
    frame, shown = picture, np.zeros((height, width), np.float32)
    source, region = GivenSwap(picture, height, width), None if mask is None else _under(mask)
    touched = False
    for face in chosen:
        one = start_face(target, face, source, transfer, bare, region)
        if one is None:
            continue
        touched = True
        frame = blend(frame, one.swapped, one.mask, one.target.matrix, ease=False)
        np.maximum(shown, frame_mask(one.mask, one.target.matrix, height, width), out=shown)
    if not shown.any():
        raise NoFaceError(
            "no skin of a chosen face shows in the target: choose another face or picture"
            if touched
            else "the mask touches no chosen face of the target: draw it over one, or choose another face"
        )
    if mark:
        from aotface.provenance import mark_frame  # brings scipy.fft: only who marks waits for it

        frame = mark_frame(frame)
    return RecolouredPicture(frame, shown)


def _under(mask: Mask) -> Region:
    """The part of a face that a mask of the whole picture shows."""

    def region(target: AlignedFace, reenacted: Reenacted) -> Mask | None:
        return given_region(mask, resize_matrix(target.matrix, len(target.crop), CROP_SIDE))

    return region
