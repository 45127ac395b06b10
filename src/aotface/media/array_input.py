"""Pictures as people hold them in Python, as a frame: NumPy arrays, PIL pictures, torch tensors.

Nobody can tell BGR from RGB by looking at numbers: what OpenCV reads has to be turned by the caller first.
"""

import sys
from typing import Any

import numpy as np

from aotface.errors import InputError, TooLargeError
from aotface.media.image import MAX_PIXELS
from aotface.types import Frame

ACCEPTED = (
    "expected a picture as uint8, uint16 or float 0..1, RGB, height x width x 3 (or grey, RGBA, a PIL picture, "
    "a torch tensor 3 x height x width)"
)

SLACK = 1e-3
"""How far a float may lie outside 0..1 and still be taken for rounding."""


def as_frame(picture: Any, name: str = "picture") -> Frame:
    """Turn what a caller holds into a frame. OpenCV's arrays are BGR: pass ``array[..., ::-1]``.

    Args:
        picture: one of

            - array, height x width x 3, uint8 or uint16, RGB: used as it is;
            - the same as float 0..1: becomes uint16;
            - grey, height x width (x 1): the same value in all three channels;
            - RGBA, height x width x 4: the colours; transparency is left out;
            - a PIL picture in any mode, turned upright by its EXIF orientation;
            - a torch tensor, 3 x height x width or height x width x 3 (1 and 4 channels too), or a batch of one of them.
        name: what the caller calls it, for the message.

    Returns:
        uint8 or uint16, height x width x 3, contiguous; never a view that later writes of the caller would change.

    Raises:
        InputError: another kind, shape, type or range, an empty picture, or numbers that are not finite.
        TooLargeError: more pixels than the limit.
    """
    if _is_a(picture, "PIL.Image", "Image"):
        array = _from_pil(picture, name)
    elif _is_a(picture, "torch", "Tensor"):
        array = _from_tensor(picture, name)
    elif isinstance(picture, np.ndarray):
        array = picture
    else:
        raise InputError(f"{name}: {ACCEPTED}, got {type(picture).__name__}")
    return _checked(_three_channels(array, name), name)


def _is_a(picture: Any, module: str, kind: str) -> bool:
    """Whether it is of a library's class, without importing that library."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(picture, getattr(loaded, kind))


def _from_pil(picture: Any, name: str) -> np.ndarray:
    from PIL import ImageOps

    width, height = picture.size
    _not_too_large(width, height, name)  # it may not be decoded yet
    try:
        upright = ImageOps.exif_transpose(picture)
        if upright.mode in ("I;16", "I;16L", "I;16B"):
            return np.asarray(upright).astype(np.uint16)
        return np.asarray(upright.convert("RGB"))
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: the PIL picture cannot be read ({error}); load it again") from None


def _from_tensor(picture: Any, name: str) -> np.ndarray:
    tensor = picture.detach().cpu()
    if tensor.ndim == 4:
        if len(tensor) != 1:
            raise InputError(
                f"{name}: expected one picture, got a batch of {len(tensor)}; pass them one by one"
            )
        tensor = tensor[0]
    tensor = tensor.float() if "bfloat16" in str(tensor.dtype) else tensor
    array: np.ndarray = tensor.numpy()
    channels_first = array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4)
    return np.moveaxis(array, 0, 2) if channels_first else array


def _three_channels(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise InputError(
            f"{name}: {ACCEPTED}, got an array of {' x '.join(map(str, array.shape)) or 'one number'}"
        )
    if not array.size:
        raise InputError(
            f"{name}: expected a picture, got an empty array of {array.shape[1]} x {array.shape[0]} pixels"
        )
    _not_too_large(array.shape[1], array.shape[0], name)
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[..., :3]


def _not_too_large(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise TooLargeError(
            f"{name}: {width} x {height} pixels are more than {MAX_PIXELS // 1_000_000} million: scale it down"
        )


def _checked(array: np.ndarray, name: str) -> Frame:
    if array.dtype in (np.uint8, np.uint16):
        return np.array(array, order="C")
    if array.dtype.kind != "f":
        raise InputError(f"{name}: {ACCEPTED}, got numbers of type {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{name}: expected finite numbers, got NaN or infinity")
    if low < -SLACK or high > 1 + SLACK:
        raise InputError(
            f"{name}: expected floats in 0..1, got {low:.3g} to {high:.3g}; divide by 255, or convert to uint8"
        )
    return np.rint(np.clip(array.astype(np.float64), 0, 1) * 65535).astype(np.uint16)
