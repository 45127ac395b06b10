"""Crops, masks and geometry as shards hold them: shrunk, in few bytes, channels first."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int8, UInt8
from safetensors.numpy import save

from aotface.media.files import write_bytes
from aotface.types import Geometry


def shrunk_to(values: Float[np.ndarray, "high wide *channels"], side: int) -> np.ndarray:
    """A square map at a side in pixels; the very same where it has that side."""
    if len(values) == side:
        return values
    return np.asarray(cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA))


def as_bytes(values: Float[np.ndarray, "high wide *channels"], side: int) -> UInt8[np.ndarray, "*shape"]:
    """Values 0..1 as uint8: 3 x side x side of a crop, side x side of a mask."""
    small = np.clip(shrunk_to(values, side) * 255 + 0.5, 0, 255).astype(np.uint8)
    return small.transpose(2, 0, 1) if small.ndim == 3 else small


def shape_arrays(
    geometry: Geometry, side: int
) -> dict[str, Int8[np.ndarray, "3 s s"] | UInt8[np.ndarray, "3 s s"]]:
    """Normals in 127ths, and PNCC in 255ths."""
    normals = np.rint(shrunk_to(geometry.normals, side).transpose(2, 0, 1) * 127).astype(np.int8)
    return {"normals": normals, "pncc": as_bytes(geometry.pncc, side)}


def stacked(rows: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Rows of equal arrays as one array a name."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def write_arrays(arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Write one shard, whole or not at all."""
    # safetensors writes memory as it lies: a transposed view would come back scrambled.
    write_bytes(path, save({name: np.ascontiguousarray(a) for name, a in arrays.items()}), overwrite=True)
