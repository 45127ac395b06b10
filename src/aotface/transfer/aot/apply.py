"""From crops to a crop: the door of this room for everyone who has numpy pictures and not torch in mind."""

import cv2
import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from aotface.errors import InputError
from aotface.transfer.aot.colour_map import apply_colour_map, resize
from aotface.transfer.aot.generator import RelightingGenerator
from aotface.types import Crop, Geometry, Mask

__all__ = ["apply_colour_map", "bf16_is_fast", "to_array", "to_tensor", "transport_full"]


def bf16_is_fast(device: torch.device | str = "cpu") -> bool:
    """Whether the processor multiplies bfloat16 by itself; without that, bf16 is slower than fp32."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return False
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in checks)


def transport_full(
    generator: RelightingGenerator,
    reenacted: Float32[np.ndarray, "large large 3"],
    target: Crop,
    mask: Mask,
    geometry: Geometry,
    bf16: bool = False,
    own: Geometry | None = None,
) -> Float32[np.ndarray, "large large 3"]:
    """The swapped face: the reenacted face under the target's appearance. It may be larger, and keeps every pore.

    Args:
        generator: on any device, in evaluation mode or not (nothing in it depends on that).
        reenacted: X_r, large x large x 3, 0..1, display-encoded sRGB: the same square of the frame as ``target``.
        target: X_t, side x side x 3.
        mask: visible face, side x side, 0..1.
        geometry: of the target's face mesh, side x side.
        bf16: run the networks in bfloat16 (see bf16_is_fast); light is computed in float32 all the same.
        own: of X_r's own face mesh in the target's pose, side x side; left out, that of the target.

    Returns:
        Y, large x large x 3, 0..1.

    Raises:
        InputError: the sizes of target, mask and geometry differ.
    """
    _check_sizes(target, mask, geometry)
    device = next(generator.parameters()).device
    x_r, x_t = (to_tensor(crop, device=device).mul_(2.0).sub_(1.0) for crop in (reenacted, target))
    shape, own_shape = (
        None if g is None else to_tensor(g.normals, g.pncc, device=device) for g in (geometry, own)
    )
    cover = to_tensor(mask, device=device)
    with torch.inference_mode():
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
            small = generator(resize(x_r, generator.input_side), x_t, shape, cover, own_shape)
        painted = small.field is None
        swapped = (
            resize(small.swapped.float(), x_r.shape[-1]) if painted else apply_colour_map(x_r, small.field)
        )
        return to_array(swapped[0].mul(0.5).add_(0.5).clamp_(0.0, 1.0))


def _check_sizes(target: Crop, mask: Float32[np.ndarray, "height width"], geometry: Geometry) -> None:
    side = target.shape[0]
    for name, array in (("mask", mask), ("normals", geometry.normals), ("pncc", geometry.pncc)):
        if array.shape[:2] != (side, side):
            found = " x ".join(map(str, array.shape[:2]))
            raise InputError(f"{name}: expected {side} x {side} as the target, got {found}; crop them alike")


def to_tensor(*arrays: Float32[np.ndarray, "rows columns ..."], device: torch.device) -> Tensor:
    """Pictures or masks of one size, their channels one after the other."""
    # Plane after plane: torch is several times slower where the channels of a pixel lie together.
    parts = [np.ascontiguousarray(np.atleast_3d(array), np.float32) for array in arrays]
    planes = np.empty((sum(part.shape[2] for part in parts), *parts[0].shape[:2]), np.float32)
    first = 0
    for part in parts:
        cv2.split(part, list(planes[first : first + part.shape[2]]))  # several times as fast as NumPy's copy
        first += part.shape[2]
    return torch.from_numpy(planes)[None].to(device)


def to_array(
    planes: Float32[Tensor, "channels rows columns"],
) -> Float32[np.ndarray, "rows columns channels"]:
    """The way back."""
    return np.asarray(cv2.merge(list(planes.cpu().contiguous().numpy())))
