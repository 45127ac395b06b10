"""What solvers are measured on: colours under the mask, and the trained encoder's features there."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float64, Int
from torch import Tensor, nn

from aotface.errors import InputError
from aotface.evaluation.solvers.rows import COLOURS, LEVELS
from aotface.evaluation.triple import Triple
from aotface.face.render import render
from aotface.transfer.aot.generator import RelightingGenerator, Transported
from aotface.types import Crop, Geometry

Vectors = Float64[np.ndarray, "points channels"]
Places = Int[np.ndarray, " points"]

_MAGIC = 404  # keeps this draw apart from every other use of a seed


@dataclass(frozen=True)
class Cloud:
    """Vectors of the same pixels: of X_r (``here``), of X_t (``there``) and of the ground truth.

    ``places``: of the pixels in the flattened picture, or in the flattened feature map.
    """

    name: str
    places: Places
    here: Vectors
    there: Vectors
    truth: Vectors


def transported(generator: RelightingGenerator, triple: Triple) -> Transported:
    """One pass of the generator over a triple: the only place here that knows what the generator is given."""
    x_r, x_t = (_tensor(crop) * 2.0 - 1.0 for crop in (triple.reenacted, triple.target))
    shape_r, shape_t = (
        _tensor(np.concatenate([shape.normals, shape.pncc], axis=2))
        for shape in (render(triple.landmarks, len(triple.target)), triple.geometry)
    )
    with torch.inference_mode():
        passed: Transported = generator(x_r, x_t, shape_t, _tensor(triple.mask[:, :, None]), shape_r)
    return passed


def truth_of(triple: Triple) -> Crop:
    """The ground truth.

    Raises:
        InputError: there is none.
    """
    if triple.truth is None:
        raise InputError(f"{triple.name}: solvers are measured where there is ground truth; use relit or lit")
    return triple.truth


def colours(triple: Triple, most: int) -> Cloud:
    """RGB of pixels under the mask, display-encoded, 0..1.

    Args:
        triple: with ground truth.
        most: where there are more pixels, this many of them are drawn, the same ones for every solver.
    """
    places = _draw(triple.mask > 0.5, most)
    parts = (triple.reenacted, triple.target, truth_of(triple))
    return Cloud(COLOURS, places, *(crop.reshape(-1, 3)[places].astype(np.float64) for crop in parts))


def features(passed: Transported, truth: Transported, level: int, most: int) -> Cloud:
    """The encoder's vectors of one level under the mask.

    Args:
        passed: the pass over X_r.
        truth: the pass over the truth in the place of X_r.
        level: 0 .. 2 for F^1 .. F^3.
        most: see `colours`.
    """
    inside = F.avg_pool2d(passed.mask, 2 ** (level + 1))[0, 0] > 0.5
    places = _draw(inside.numpy(), most)
    parts = (passed.features_r[level], passed.features_t[level], truth.features_r[level])
    return Cloud(LEVELS[level], places, *(rows_of(part, places) for part in parts))


def rows_of(feature_map: Tensor, places: Places) -> Vectors:
    """Vectors of a feature map (1 channels height width) at some places, a row each."""
    rows = feature_map[0].flatten(1).T[torch.from_numpy(places)]
    return rows.double().numpy()


def column_of(feature_map: Tensor, places: Places) -> Tensor:
    """The same vectors laid out as a picture one pixel wide (1 channels points 1), as the plan takes them."""
    column: Tensor = feature_map[0].flatten(1)[:, torch.from_numpy(places)][None, :, :, None]
    return column.contiguous()


def decoded(
    generator: RelightingGenerator, triple: Triple, places: Sequence[np.ndarray], moved: Sequence[np.ndarray]
) -> Crop:
    """The picture that the trained decoder makes of a solver's F_Y^1 .. F_Y^3 instead of the learned plan's.

    Args:
        generator: with its learned plan; it is not changed.
        triple: what the vectors are from.
        places: of the moved vectors, a list per level; elsewhere those of X_r stay.
        moved: the vectors, a row for each place; each level has as many as it has and as long as they are.

    Returns:
        side x side x 3, 0..1.
    """
    twin = copy.copy(generator)
    twin._modules = {**generator._modules, "notpe": _Given(places, moved)}
    swapped = transported(twin, triple).swapped[0].permute(1, 2, 0).mul(0.5).add(0.5).clamp(0.0, 1.0)
    return np.ascontiguousarray(swapped.numpy())


class _Given(nn.Module):
    """Stands in the place of the learned plan."""

    def __init__(self, places: Sequence[np.ndarray], moved: Sequence[np.ndarray]):
        super().__init__()
        self.given = list(zip(places, moved, strict=True))

    def forward(
        self, features_r: list[Tensor], pixels: list[Tensor], features_t: list[Tensor]
    ) -> list[Tensor]:
        maps = []
        for feature_map, (places, moved) in zip(features_r, self.given, strict=True):
            flat = feature_map[0].flatten(1).clone()
            flat[:, torch.from_numpy(places)] = torch.from_numpy(moved.T).to(flat.dtype)
            maps.append(flat.view(feature_map.shape))
        return maps


def scaled(triple: Triple, pixels: int) -> Triple:
    """The same triple at the size at which its face has this many pixels or a few more.

    Args:
        triple: at any size.
        pixels: how many places with a mask above 1/2 are wanted.

    Raises:
        InputError: there is no face under the mask.
    """
    side, count = len(triple.mask), int(np.count_nonzero(triple.mask > 0.5))
    if not count:
        raise InputError(f"{triple.name}: no face under the mask; leave it out")
    size = math.ceil(side * math.sqrt(pixels / count))
    while np.count_nonzero(_stretch(triple.mask, size) > 0.5) < pixels:
        size += 1
    changes: dict[str, Any] = {}
    for name in (field.name for field in fields(triple)):
        value = getattr(triple, name)
        if isinstance(value, Geometry):
            changes[name] = Geometry(*(_stretch(getattr(value, part.name), size) for part in fields(value)))
        elif isinstance(value, np.ndarray) and value.shape[:2] == (side, side):
            changes[name] = _stretch(value, size)
    zoom = size / side
    moved = triple.landmarks * zoom + np.array([(zoom - 1) / 2, (zoom - 1) / 2, 0])
    return replace(triple, **changes, landmarks=moved.astype(np.float32))


def wide(generator: RelightingGenerator, side: int) -> RelightingGenerator:
    """The same networks for pictures of another side, a multiple of 16: more vectors from one face."""
    twin = copy.copy(generator)
    twin.size = replace(generator.size, side=math.ceil(side / 16) * 16)
    return twin


def _stretch(array: np.ndarray, size: int) -> np.ndarray:
    smaller = size < len(array)
    return cv2.resize(array, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _draw(inside: Bool[np.ndarray, "height width"], most: int) -> Places:
    """Places that are inside, in their order; ``most`` of them, drawn with a fixed seed, where there are more."""
    found = np.flatnonzero(inside)
    if len(found) > most:
        found = np.sort(np.random.default_rng([_MAGIC, most]).choice(found, most, replace=False))
    return found


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32)).permute(2, 0, 1)[None]
