"""What must not flicker from frame to frame: a transfer's change and the mask of what covers the face.

Both are averaged over a few frames before and after, in the aligned crop, where the face stands still. A frame counts
the less, place by place, the more the target's light differs there: a lamp switched on is followed at once, and so is
a hand. Every result is a function of its window alone and treats past and future alike, so a video may be made
in pieces, in any order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import LUMINANCE, linear_to_srgb, srgb_to_linear
from aotface.errors import InputError
from aotface.transfer.base import Maps, Part, Transfer, apply_part, shrunk
from aotface.types import Crop, Mask

MAP_REACH = 6
"""Frames before and after that count for a transfer's map."""

MASK_REACH = 3
"""The same for masks."""

SERVES = 0.6
"""How alike (0..1, median of all places) the most alike frame around must be for its maps to serve a frame without its
own: it is a twelfth brighter or darker."""

LEAST = 1e-6
"""What every frame counts at least: where none is alike, all count."""

GRID = 32
"""Places along a side of the crop at which light is compared."""

TOLERANCE = 0.08
"""Difference of natural log light (a twelfth brighter or darker) at which a frame counts 0.6 as much."""

FLOOR = 0.01
"""Linear light added before a logarithm."""


WHOLE = slice(None), slice(None)
"""All of a crop."""

Light = Float32[np.ndarray, "32 32 3"]
Entry = TypeVar("Entry")


def light_grid(target: Crop) -> Light:
    """The target's coarse light: what tells whether two frames are lit, and covered, alike.

    Args:
        target: X_t, side x side x 3, 0..1.

    Returns:
        Natural log of linear light, blurred.
    """
    return np.log(_coarse(srgb_to_linear(target)) + np.float32(FLOOR))


def window(
    entries: Mapping[int, Entry],
    frame: int,
    reach: int,
    stretch: range,
    repeats: Collection[int] = (),
) -> list[Entry | None]:
    """The entries around a frame: an odd number of them, its own in the middle, None beyond the stretch.

    A frame that repeats the one before counts as one with it: both get the very same window, so that what stands still
    in the target stands still in the result.

    Args:
        entries: by frame number; all frames of the stretch within reach.
        frame: the middle one.
        reach: frames before and after; without repeats the window has ``2 reach + 1`` entries.
        stretch: consecutive frames of one face in one shot; nothing is averaged across its ends.
        repeats: frames that show what the one before them shows.

    Raises:
        InputError: an entry within the stretch is missing.
    """
    numbers = range(frame - reach, frame + reach + 1)
    missing = [number for number in numbers if number in stretch and number not in entries]
    if missing:
        raise InputError(
            f"window: expected all frames around {frame}, frame {missing[0]} is missing; compute it first"
        )
    first, last = _alike_around(frame, numbers, stretch, repeats)
    # what each of the frames alike can see, and no more
    before = [n for n in range(first - 1, last - reach - 1, -1) if n + 1 not in repeats or n + 1 == first]
    after = [n for n in range(last + 1, first + reach + 1) if n not in repeats]
    side, nothing = max(len(before), len(after)), list[int | None]([None])
    padded = (
        nothing * (side - len(before)) + [*reversed(before), first, *after] + nothing * (side - len(after))
    )
    return [entries[n] if n is not None and n in stretch else None for n in padded]


def _alike_around(frame: int, numbers: range, stretch: range, repeats: Collection[int]) -> tuple[int, int]:
    """The first and the last of the frames in reach that show what this one shows."""
    first = last = frame
    while first in repeats and first - 1 in stretch and first - 1 in numbers:
        first -= 1
    while last + 1 in repeats and last + 1 in stretch and last + 1 in numbers:
        last += 1
    return first, last


def temporal_filter(values: Sequence[Maps | None], lights: Sequence[Light | None]) -> Maps:
    """The middle frame's maps, averaged over the window as far as the light is the same.

    Args:
        values: maps of consecutive frames, all of one shape, an odd number of them; None where there is no frame, or it has
            no maps of its own; not all None.
        lights: of the same frames, by `light_grid`.

    Returns:
        The weighted mean; nearer frames count more. Of equal maps it is that map, up to rounding.

    Raises:
        InputError: not a window.

    Source: [ours], after Tomasi and Manduchi, "Bilateral filtering for gray and color images", ICCV 1998: here over
        time, and steered by the target.
    """
    shape = next((value.shape for value in values if value is not None), None)
    lit = [light is not None for light in lights]
    if shape is None or not len(values) % 2 or len(values) != len(lights) or not lit[len(lit) // 2]:
        raise InputError(
            f"window: expected an odd number of frames, light of the middle one and maps of one, got light of {lit}"
        )
    reach = len(values) // 2
    total, weights = np.zeros(shape, np.float32), np.zeros(shape[:2], np.float32)
    for offset, (value, alike) in enumerate(zip(values, _alike(lights), strict=True)):
        if value is not None:
            near = np.maximum(alike, np.float32(LEAST)) * np.float32(reach + 1 - abs(offset - reach))
            weight = _enlarged(near, shape[0])
            total += weight[..., None] * value
            weights += weight
    return total / weights[..., None]


def serves(values: Sequence[Maps | None], lights: Sequence[Light | None]) -> bool:
    """Whether the maps of a window, see `temporal_filter`, serve its middle frame: it has some, or a frame around is lit
    alike."""
    if values[len(values) // 2] is not None:
        return True
    given = [alike for alike, value in zip(_alike(lights), values, strict=True) if value is not None]
    return bool(given) and float(np.median(np.max(given, axis=0))) >= SERVES


def filter_mask(masks: Sequence[Mask | None], lights: Sequence[Light | None]) -> Mask:
    """The middle frame's mask without what flickers: the mean of the middle half of the window's values.

    What covers the face for most of the window covers it wholly, what shows for one frame only does not show; where
    the target's light tells that something has come or gone, the frames beyond do not count.

    Args:
        masks: of consecutive frames, side x side, 0..1, an odd number of them; None where there is no frame.
        lights: of the same frames.

    Returns:
        side x side, 0..1.

    Raises:
        InputError: not a window.

    Source: [ours]; interquartile mean: Tukey's trimming.
    """
    middle = _middle(masks, lights)
    known = [(mask, alike) for mask, alike in zip(masks, _alike(lights), strict=True) if mask is not None]
    values = np.array([mask for mask, _ in known])
    result = values.min(axis=0)
    open_to_doubt = result != values.max(axis=0)  # elsewhere the mean of equal values is that value
    values = values[:, open_to_doubt]
    weights = np.array([_enlarged(alike, len(middle))[open_to_doubt] for _, alike in known])
    order = np.argsort(values, axis=0, kind="stable")
    values, weights = (np.take_along_axis(array, order, axis=0) for array in (values, weights))
    upper = np.cumsum(weights, axis=0)
    lower, total = upper - weights, upper[-1]
    inner = np.maximum(np.minimum(upper, 0.75 * total) - np.maximum(lower, 0.25 * total), 0)
    result[open_to_doubt] = np.clip((inner * values).sum(axis=0) / inner.sum(axis=0), 0, 1)
    return result


@dataclass(frozen=True)
class FilterableChange:
    """What a transfer does to one face, as the frames around may change it.

    ``maps``: those of the change; of one without maps, what it did to the tone. ``swapped``: Y, where the maps do not
    decide it.
    """

    maps: Maps
    swapped: Crop | None

    def apply(
        self, transfer: Transfer, reenacted: Crop, filtered: Maps, part: Part = WHOLE
    ) -> Float32[np.ndarray, "rows columns 3"]:
        """Y of X_r, by the maps of the window around it.

        Args:
            transfer: found the change.
            reenacted: X_r, large x large x 3, 0..1.
            filtered: of the window, by `temporal_filter`.
            part: rows and columns that are wanted.
        """
        if self.swapped is None:
            change = transfer.restore(filtered)
            return change.apply(reenacted) if part == WHOLE else apply_part(change, reenacted, part)
        return apply_filtered_tone(self.swapped, self.maps, filtered)[part]


def filterable(reenacted: Crop, swapped: Crop, mask: Mask) -> FilterableChange:
    """Of a change without maps.

    Args:
        reenacted: X_r, side x side x 3, 0..1.
        swapped: Y, the same.
        mask: where X_r was moved, side x side, 0..1.
    """
    return FilterableChange(tone_of(shrunk(reenacted), shrunk(swapped), shrunk(mask)), swapped)


def tone_of(reenacted: Crop, swapped: Crop, mask: Mask) -> Light:
    """What a transfer without maps did, coarsely: log light of Y against the luminance of X_r.

    Args:
        reenacted: X_r, side x side x 3, 0..1.
        swapped: Y, the same.
        mask: what was transferred, side x side, 0..1.

    Returns:
        Natural log of the ratio; a grey Y gives equal channels.
    """
    after, before = srgb_to_linear(swapped), srgb_to_linear(reenacted) @ np.array(LUMINANCE, np.float32)
    together = (
        np.concatenate([after, before[..., None], np.ones_like(before)[..., None]], axis=2) * mask[..., None]
    )
    mean = together[..., :4].sum(axis=(0, 1)) / max(float(mask.sum()), 1e-6)
    coarse = _coarse(together)
    logs = np.log((coarse[..., :4] + 0.02 * mean) / (coarse[..., 4:] + np.float32(0.02)) + np.float32(FLOOR))
    return (logs[..., :3] - logs[..., 3:]).astype(np.float32)


def apply_filtered_tone(swapped: Crop, tone: Light, filtered_tone: Light) -> Crop:
    """Bring one frame's Y to its filtered tone, at any resolution.

    Args:
        swapped: Y, large x large x 3, 0..1.
        tone: its own, by `tone_of`.
        filtered_tone: of the window around it, by `temporal_filter`.

    Returns:
        Y with the coarse difference made up for in linear light; grey stays grey.
    """
    grey = bool((swapped == swapped[..., :1]).all())
    change = filtered_tone - tone
    change = np.repeat(change.mean(axis=2, keepdims=True), 3, axis=2) if grey else change
    gain = _enlarged(np.exp(change), len(swapped))
    moved = np.clip(linear_to_srgb(np.clip(srgb_to_linear(swapped) * gain, 0, 1)), 0, 1).astype(np.float32)
    # Powers of equal numbers may differ in the last bit: a grey face takes its first channel.
    return np.repeat(moved[..., :1], 3, axis=2) if grey else moved


def _alike(lights: Sequence[Light | None]) -> list[Float32[np.ndarray, "32 32"]]:
    """How far each frame is lit like the middle one, 0..1, place by place; 0 for None."""
    middle = lights[len(lights) // 2]
    nothing = np.zeros((GRID, GRID), np.float32)
    steps = [None if light is None else light - middle for light in lights]
    apart = [None if step is None else np.einsum("ijk,ijk->ij", step, step) for step in steps]
    return [nothing if a is None else np.exp(a * np.float32(-0.5 / 3 / TOLERANCE**2)) for a in apart]


def _middle(values: Sequence[np.ndarray | None], lights: Sequence[Light | None]) -> np.ndarray:
    """The entry that the window is about; the window is checked."""
    middle = values[len(values) // 2] if len(values) % 2 else None
    given = [value is not None for value in values]
    if middle is None or given != [light is not None for light in lights]:
        raise InputError(
            f"window: expected an odd number of frames with light each and the middle one present, got {given}"
        )
    return middle


def _coarse(values: Maps) -> Float32[np.ndarray, "32 32 _channels"]:
    """Blurred by one cell of the grid and read at its cells."""
    fine = 4 * GRID
    small = cv2.resize(values, (fine, fine), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), 4), (GRID, GRID), interpolation=cv2.INTER_AREA)


def _enlarged(plane: Float32[np.ndarray, "32 32 ..."], side: int) -> Float32[np.ndarray, "side side ..."]:
    return cv2.resize(plane, (side, side), interpolation=cv2.INTER_LINEAR)
