"""The field as one plain array: found for one frame, changed elsewhere (made steady over time), laid on a face later."""

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from aotface.errors import InputError
from aotface.transport.apply import apply_field
from aotface.transport.field import Field, resize
from aotface.transport.generator import RelightingGenerator
from aotface.types import Crop, Geometry, Mask

CHANNELS = 7
"""Gain (natural log) of red, green and blue; saturation; bias (linear light) of red, green and blue."""

FieldArray = Float32[np.ndarray, "_side _side 7"]


def find_field(
    generator: RelightingGenerator,
    reenacted: Crop,
    target: Crop,
    mask: Mask,
    geometry: Geometry,
    bf16: bool = False,
    own: Geometry | None = None,
) -> FieldArray | None:
    """The map that the network would lay on X_r, without laying it.

    Args:
        generator: see `transport_crop`.
        reenacted: X_r, of any side from the target's: the same square of the frame.
        target: X_t, side x side x 3, 0..1.
        mask: visible face, side x side, 0..1.
        geometry: of the target's face mesh, side x side.
        bf16: run the networks in bfloat16.
        own: of X_r's own mesh, side x side; left out, the target's.

    Returns:
        The field at the network's side; None from a painting head, which makes pictures and no field.

    Raises:
        InputError: the sizes of target, mask and geometry differ.
    """
    device = next(generator.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
        inputs = field_inputs(reenacted, target, mask, geometry, own, generator.input_side, device)
        field = generator(*inputs).field
    if field is None:
        return None
    stacked = torch.cat([field.gain, field.saturation, field.bias], dim=1)
    return np.ascontiguousarray(stacked[0].float().permute(1, 2, 0).cpu().numpy())


def field_inputs(
    reenacted: Crop,
    target: Crop,
    mask: Mask,
    geometry: Geometry,
    own: Geometry | None,
    side: int,
    device: torch.device,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]:
    """What a generator reads, in its order: X_r at the network's ``side``, the rest at the target's.

    Raises:
        InputError: the sizes of target, mask and geometry differ.
    """
    wanted = len(target)
    given = [("mask", mask), ("geometry", geometry.normals), ("own", (own or geometry).normals)]
    for name, array in given:
        if array.shape[:2] != (wanted, wanted):
            found = " x ".join(map(str, array.shape[:2]))
            raise InputError(
                f"{name}: expected {wanted} x {wanted} as the target, got {found}; crop them alike"
            )
    x_r, x_t = (_to_tensor(crop, device) * 2.0 - 1.0 for crop in (reenacted, target))
    shapes = [None if g is None else np.concatenate([g.normals, g.pncc], axis=2) for g in (geometry, own)]
    shape, own_shape = (None if s is None else _to_tensor(s, device) for s in shapes)
    assert shape is not None  # geometry is never left out
    return resize(x_r, side), x_t, shape, _to_tensor(mask[:, :, None], device), own_shape


def lay_field(
    reenacted: Float32[np.ndarray, "large large 3"], field: FieldArray, device: str = "cpu"
) -> Float32[np.ndarray, "large large 3"]:
    """Apply a field at a face's own resolution.

    Args:
        reenacted: X_r, large x large x 3, 0..1.
        field: at any side.
        device: where it is done.

    Returns:
        Y, large x large x 3, 0..1; with the field of `find_field` it is what `transport_full` gives, up to rounding.
    """
    values = _to_tensor(field, torch.device(device))
    maps = Field(values[:, 0:3], values[:, 3:4], values[:, 4:7])
    with torch.inference_mode():
        moved = apply_field(_to_tensor(reenacted, torch.device(device)) * 2.0 - 1.0, maps)
    result = moved[0].permute(1, 2, 0).mul(0.5).add(0.5).clamp(0.0, 1.0)
    return np.ascontiguousarray(result.cpu().numpy())


def _to_tensor(array: Float32[np.ndarray, "side side channels"], device: torch.device) -> Tensor:
    # Plane after plane: torch is several times slower where the channels of a pixel lie together.
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, 2, 0)))[None].to(device)
