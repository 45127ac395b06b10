"""The field as one plain array: found for one frame, changed elsewhere (made steady over time), laid on a face later."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from aotface.colour_space import luminance_of_linear
from aotface.errors import InputError
from aotface.transfer.aot.apply import to_array, to_tensor
from aotface.transfer.aot.colour_map import ColourMap, changes, resize
from aotface.transfer.aot.generator import RelightingGenerator, lit_by
from aotface.transfer.aot.onnx_write import ANSWER_INPUTS
from aotface.types import Crop, Geometry, Mask

CHANNELS = 7
"""Gain (natural log) of red, green and blue; saturation; bias (linear light) of red, green and blue."""

ColourMapArray = Float32[np.ndarray, "_side _side 7"]

Answer = Callable[[dict[str, np.ndarray]], Float32[np.ndarray, "1 10 side side"]]
"""The networks in another library than torch: inputs by the names of `onnx_write.ANSWER_INPUTS`, at the networks' side;
gain, saturation, bias, and the part of the gain that is the atlas'."""


@dataclass(frozen=True)
class FoundMap:
    """A map in its two parts, both at the network's side.

    ``light``: what the networks let through of the atlas' light, log-gain; None where there is no atlas. ``lit``: X_r under
    that light, 0..1. ``field``: the rest of the map, for that.
    """

    field: ColourMapArray
    light: Float32[np.ndarray, "side side 3"] | None
    lit: Crop

    @property
    def whole(self) -> ColourMapArray:
        """The map that is laid on X_r."""
        return self.with_light(self.field)

    def with_light(self, field: ColourMapArray) -> ColourMapArray:
        """A map for the lit face as one for X_r."""
        if self.light is None:
            return field
        return np.concatenate([field[..., :3] + self.light, field[..., 3:]], axis=2)


def find_colour_map(
    generator: RelightingGenerator,
    reenacted: Crop,
    target: Crop,
    mask: Mask,
    geometry: Geometry,
    bf16: bool = False,
    own: Geometry | None = None,
    answer: Answer | None = None,
) -> FoundMap | None:
    """The map that atlas and networks would lay on X_r, without laying it.

    Args:
        generator: see `transport_full`.
        reenacted: X_r, of any side from the target's: the same square of the frame.
        target: X_t, side x side x 3, 0..1.
        mask: visible face, side x side, 0..1.
        geometry: of the target's face mesh, side x side.
        bf16: run the networks in bfloat16.
        own: of X_r's own mesh, side x side; left out, the target's.
        answer: another library that runs the networks; the generator then has a field.

    Returns:
        The parts at the network's side; None from a painting head, which makes pictures and no field.

    Raises:
        InputError: the sizes of target, mask and geometry differ.
    """
    device, side = next(generator.parameters()).device, generator.input_side
    with torch.inference_mode():
        given = colour_map_inputs(reenacted, target, mask, geometry, own, side, device)
        x_r, light = given[0], generator.light(*given)
        if answer is not None:
            seen = x_r.new_zeros(1, 5, side, side) if light is None else light
            small = (np.ascontiguousarray(resize(tensor, side).numpy()) for tensor in (*given, seen))
            stacked = torch.from_numpy(answer(dict(zip(ANSWER_INPUTS, small, strict=True))))
        else:
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
                made = generator.answer(*given, light=light)
            if (field := made.field) is None:
                return None
            lit = field.gain * 0.0 if made.lit is None else made.lit
            stacked = torch.cat([field.gain, field.saturation, field.bias, lit], dim=1).float()
        if light is None:
            return FoundMap(to_array(stacked[0, :CHANNELS]), None, to_array(x_r[0].mul(0.5).add_(0.5)))
        first = stacked[:, CHANNELS:]
        stacked[:, :3] -= first
        shown = lit_by(x_r, first)[0].mul_(0.5).add_(0.5)
        return FoundMap(to_array(stacked[0, :CHANNELS]), to_array(first[0]), to_array(shown))


def colour_map_inputs(
    reenacted: Crop,
    target: Crop,
    mask: Mask,
    geometry: Geometry,
    own: Geometry | None,
    side: int,
    device: torch.device,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
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
    x_r, x_t = (to_tensor(crop, device=device).mul_(2.0).sub_(1.0) for crop in (reenacted, target))
    shape = to_tensor(geometry.normals, geometry.pncc, device=device)
    own_shape = shape if own is None else to_tensor(own.normals, own.pncc, device=device)
    return resize(x_r, side), x_t, shape, to_tensor(mask, device=device), own_shape


def multiplied(
    linear: Float32[np.ndarray, "rows columns 3"], field: Float32[np.ndarray, "rows columns 7"]
) -> Float32[np.ndarray, "rows columns 3"]:
    """Gain and saturation of a field laid on linear light at the same pixels: the formula of `colour_map`, without bias."""
    grey = luminance_of_linear(linear)[..., None]
    return np.exp(field[..., :3]) * (grey + field[..., 3:4] * (linear - grey))


def apply_colour_map_array(
    reenacted: Float32[np.ndarray, "rows columns 3"],
    field: ColourMapArray,
    device: str = "cpu",
    first_row: int = 0,
    across: tuple[int, int] | None = None,
) -> Float32[np.ndarray, "rows columns 3"]:
    """Apply a field at a face's own resolution.

    Args:
        reenacted: X_r, large x large x 3, 0..1, or a part of it.
        field: at any side.
        device: where it is done.
        first_row: number of the first of these rows.
        across: number of the first of these columns, and the side of X_r; left out, they are all of its columns.

    Returns:
        Y, of the same size, 0..1; with the field of `find_colour_map` it is what `transport_full` gives, up to rounding.
    """
    place, (height, width) = torch.device(device), reenacted.shape[:2]
    first_column, side = (0, width) if across is None else across
    values = to_tensor(field, device=place)
    maps = ColourMap(values[:, 0:3], values[:, 3:4], values[:, 4:7])
    result = np.empty_like(reenacted)
    with torch.inference_mode():
        for rows, change in changes(
            maps, side, side, first_row, first_row + height, first_column, first_column + width
        ):
            here = slice(rows.start - first_row, rows.stop - first_row)
            moved = change(to_tensor(reenacted[here], device=place).mul_(2.0).sub_(1.0))
            result[here] = to_array(moved[0].mul_(0.5).add_(0.5).clamp_(0.0, 1.0))
    return result
