"""The field: a locally affine colour map in linear light, small and smooth, applied at any resolution.

For a linear pixel X with luminance L::

    Y = exp(gain) * (L + saturation * (X - L)) + bias

The gain follows light and tone, the saturation the depth of colour, the bias haze and highlights. All the
arithmetic of light in this room is here, in float32. Source: [ours]; the paper repaints the face instead.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from aotface.colour_space import LUMINANCE

LIGHT_FLOOR = 2.0**-8
"""Added to linear light before a logarithm that a network reads: one 8-bit step of a mid grey, no more."""
GREY_CHROMA = 3.0 / 255.0
LEAK = 0.1
BAND_PIXELS = 1 << 15
"""A picture is changed in bands of rows of about so many pixels: what one needs stays near the processor."""
RESAMPLED_ROWS = 64
"""Rows of an enlarged field that are made by one matrix product."""


@dataclass  # not frozen: Lightning Fabric rebuilds it on the way out of a wrapped module
class ColourMap:
    """What happens to each pixel. ``gain``: natural log; ``saturation``: factor; ``bias``: linear light."""

    gain: Float[Tensor, "batch 3 height width"]
    saturation: Float[Tensor, "batch 1 height width"]
    bias: Float[Tensor, "batch 3 height width"]


def to_linear(images: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Display-encoded sRGB -1..1 to linear light 0..1."""
    display = (images.float() + 1.0) * 0.5
    curve = _power((display.clamp_min(0.04045) + 0.055) / 1.055, 2.4)
    return torch.where(display <= 0.04045, display / 12.92, curve)


def to_display(linear: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Linear light to display-encoded sRGB -1..1; values outside 0..1 go on along the curve, unclipped."""
    curve = 1.055 * _power(linear.clamp_min(0.0031308), 1.0 / 2.4) - 0.055
    display = torch.where(linear <= 0.0031308, linear * 12.92, curve)
    return display * 2.0 - 1.0


def _power(values: Float[Tensor, "*shape"], exponent: float) -> Float[Tensor, "*shape"]:
    """Powers of positive numbers, in a third of the time that torch's own take; they differ in the last digit."""
    return torch.exp(torch.log(values) * exponent)


def log_light(linear: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Logarithm of linear light for a network: 0 gives -1, 1 gives (almost) 1, a stop is 0.25."""
    return torch.log2(linear.clamp_min(0.0) + LIGHT_FLOOR) * 0.25 + 1.0


def luminance(linear: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 1 height width"]:
    """Rec. 709 luminance of linear light."""
    return LUMINANCE[0] * linear[:, 0:1] + LUMINANCE[1] * linear[:, 1:2] + LUMINANCE[2] * linear[:, 2:3]


def clip_softly(display: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Clip to -1..1 exactly, but let a tenth of the gradient through so that a blown pixel can come back."""
    clipped = display.clamp(-1.0, 1.0)
    if not display.requires_grad:
        return clipped
    outside = LEAK * (display - clipped)
    return clipped + (outside - outside.detach())


def colourfulness(
    images: Float[Tensor, "batch 3 height width"], mask: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, "batch 1 1 1"]:
    """0 for a face that is exactly grey, 1 from a chroma (largest minus smallest channel) of 3/255 on."""
    chroma = (images.amax(1, keepdim=True) - images.amin(1, keepdim=True)) * 0.5
    return ((chroma * mask).amax((2, 3), keepdim=True) / GREY_CHROMA).clamp(0.0, 1.0)


def forbid_colour(
    values: Float[Tensor, "batch 3 height width"], weight: Float[Tensor, "batch 1 1 1"]
) -> Float[Tensor, "batch 3 height width"]:
    """Pull the channels to their mean: at weight 0 they are equal bit for bit, at weight 1 untouched."""
    mean = values.mean(1, keepdim=True)
    return mean + weight * (values - mean)


def brighter(field: ColourMap, log_gain: Float[Tensor, "batch 3 height width"]) -> ColourMap:
    """The field whose answer is ``exp(log_gain)`` times as bright."""
    return ColourMap(field.gain + log_gain, field.saturation, field.bias * torch.exp(log_gain))


def apply_colour_map(
    images: Float[Tensor, "batch 3 height width"], field: ColourMap
) -> Float[Tensor, "batch 3 height width"]:
    """Apply the map to pictures of any size; the field is upsampled, the picture's own detail is untouched.

    Args:
        images: X_r, display-encoded, -1..1, any height and width.
        field: at any (usually much smaller) size.

    Returns:
        Y, display-encoded, -1..1.

    Source: [ours]. Works in bands of rows, so that a 6,000 px face does not need a field of 6,000 px.
    """
    height, width = images.shape[-2:]
    bands = [change(images[:, :, rows]) for rows, change in changes(field, height, width)]
    return bands[0] if len(bands) == 1 else torch.cat(bands, dim=2)


def changes(
    field: ColourMap,
    height: int,
    width: int,
    first: int = 0,
    last: int | None = None,
    left: int = 0,
    right: int | None = None,
) -> Iterator[tuple[slice, Callable[[Tensor], Tensor]]]:
    """The map band by band: which rows, and what changes pictures that are these rows.

    Args:
        field: at any size.
        height, width: of the whole picture, pixels.
        first, last: rows from which and up to which; all of them when left out.
        left, right: the same of columns.

    Yields:
        A band's rows, and the function from X_r to Y (both batch x 3 x rows x width, -1..1) on them.

    Source: [ours].
    """
    last = height if last is None else last
    colourless = _colourless(field)
    stacked = torch.cat([field.gain, field.saturation, field.bias], dim=1).float()
    right = width if right is None else right
    columns = _resample_rows(stacked.transpose(2, 3), width, left, right).transpose(2, 3).contiguous()
    step = max(1, BAND_PIXELS // (right - left))
    for start in range(first, last, step):
        rows = slice(start, min(start + step, last))
        band = _resample_rows(columns, height, rows.start, rows.stop)
        yield rows, partial(_affine, field=band, colourless=colourless)


def _affine(
    images: Float[Tensor, "batch 3 height width"],
    field: Float[Tensor, "batch 7 height width"],
    colourless: Bool[Tensor, "batch 1 1 1"],
) -> Float[Tensor, "batch 3 height width"]:
    moved = lit(to_linear(images), field[:, 0:3], field[:, 3:4], field[:, 4:7])
    display = clip_softly(to_display(moved))
    return torch.where(colourless, display[:, :1], display)


def lit(
    linear: Tensor, gain: Tensor, saturation: Tensor, bias: Tensor
) -> Float[Tensor, "batch 3 height width"]:
    """The formula of this file, in linear light; everything at one size."""
    grey = luminance(linear)
    return torch.exp(gain) * (grey + saturation * (linear - grey)) + bias


def _colourless(field: ColourMap) -> Bool[Tensor, "batch 1 1 1"]:
    """Which pictures become grey. They take their first channel for all three, so that they are grey bit for bit.

    Powers and sums over the last few pixels of an array are rounded differently from the rest.
    """
    equal = [(values == values[:, :1]).all(1, keepdim=True) for values in (field.gain, field.bias)]
    everywhere = (field.saturation == 0.0) & equal[0] & equal[1]
    return everywhere.flatten(1).all(1).view(-1, 1, 1, 1)


@lru_cache(maxsize=32)
def _resampling(rows: int, height: int, device: torch.device) -> Float[Tensor, "height rows"]:
    """Catmull-Rom weights that stretch ``rows`` to ``height``, pixel centres at halves; the edge is repeated."""
    at = (np.arange(height) + 0.5) * (rows / height) - 0.5
    first = np.floor(at)
    t = at - first
    weights = (
        ((2.0 - t) * t - 1.0) * t * 0.5,
        ((3.0 * t - 5.0) * t * t + 2.0) * 0.5,
        ((4.0 - 3.0 * t) * t + 1.0) * t * 0.5,
        (t - 1.0) * t * t * 0.5,
    )
    matrix = np.zeros((height, rows))
    for step, weight in enumerate(weights):
        place = np.clip(first.astype(int) + step - 1, 0, rows - 1)
        np.add.at(matrix, (np.arange(height), place), weight)
    with torch.inference_mode(False):
        return torch.from_numpy(matrix.astype(np.float32)).to(device)


def _resample_rows(
    values: Float[Tensor, "batch channels rows columns"], height: int, start: int = 0, stop: int | None = None
) -> Float[Tensor, "batch channels band columns"]:
    """Rows ``start:stop`` (all when left out) of the values stretched to ``height`` rows."""
    rows, stop = values.shape[2], height if stop is None else stop
    if rows == height:
        return values[:, :, start:stop]
    # Each needs four rows of the values; those of a few neighbours are one small matrix product.
    matrix, reach = _resampling(rows, height, values.device), 2
    blocks = []
    for top in range(start, stop, RESAMPLED_ROWS):
        end = min(top + RESAMPLED_ROWS, stop)
        low = max(0, math.floor((top + 0.5) * rows / height - 0.5) - reach)
        high = min(rows, math.floor((end - 0.5) * rows / height - 0.5) + reach + 2)
        blocks.append(matrix[top:end, low:high] @ values[:, :, low:high])
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=2)


def resize(
    images: Float[Tensor, "batch channels height width"], side: int
) -> Float[Tensor, "batch channels side side"]:
    """Area mean when shrinking, linear when growing."""
    if images.shape[-2:] == (side, side):
        return images
    height, width = images.shape[-2:]
    if width > side and height % side == 0 and width % side == 0:
        return _mean_of_blocks(images, height // side, width // side)
    if width > side:
        return F.interpolate(images, size=(side, side), mode="area")
    return F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)


def _mean_of_blocks(
    images: Float[Tensor, "batch channels height width"], down: int, across: int
) -> Float[Tensor, "batch channels _ _"]:
    """Area mean by whole numbers: sums of every n-th row, then column, are ten times as fast as torch's pooling."""
    rows = images[:, :, ::down]
    for step in range(1, down):
        rows = rows + images[:, :, step::down]
    blocks = rows[..., ::across]
    for step in range(1, across):
        blocks = blocks + rows[..., step::across]
    return blocks * (1.0 / (down * across))
