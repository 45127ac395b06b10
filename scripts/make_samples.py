"""Make the sample faces in ``src/aotface/samples``: faces of nobody, each the mean of eight or more people.

    python scripts/make_samples.py FOLDER

FOLDER holds the Face Research Lab London Set (DeBruine & Jones 2017, CC BY 4.0): ``london_neutral_front``
and ``london_smiling_front`` with files named ``london-012__neutral.jpg``. Each portrait is warped to its
group's mean shape (which is then moved by chance), brought to the group's tone, and averaged band by band;
the bands get back the energy that averaging takes, so that skin stays crisp. Hair comes from one or few
whose hair is alike; ears, neck and clothes come from one. The lit targets are such faces under lamps drawn
on a relief of head and shoulders.
"""

import sys
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from scipy.interpolate import RBFInterpolator

from aotface.colour.space import linear_to_srgb, srgb_to_linear
from aotface.face.detect import detect
from aotface.face.mesh import INNER_LIPS, LEFT_EYE, MEAN, OVAL, RIGHT_EYE
from aotface.face.quiet import silenced
from aotface.face.render import render
from aotface.face.template import similarity_between
from aotface.media.image import read_image
from aotface.training.shading import Lamps, Surface, extend, shade

SIDE = 640
FACE_HEIGHT = 290.0
"""Of the mesh, in pixels of the sample."""

CENTRE = (SIDE / 2, 0.53 * SIDE)
"""Where the middle of the mesh lies."""

PLACES = Path(__file__).parent.parent / "src" / "aotface" / "samples"
ANGLES = np.deg2rad(np.arange(-8, 189, 4))
"""Of the rays on which the outline of the hair is found; 0 = right, 90 = up."""


@dataclass(frozen=True)
class Group:
    """People whose mean is one face; all but ``people`` names who counts where.

    ``tone``: whose skin tone the face has (all when empty). ``yaw``, degrees; ``jitter``, pixels.
    """

    people: dict[str, float]
    hair: dict[str, float]
    body: str
    tone: str = ""
    expression: str = "neutral"
    yaw: float = 0.0
    jitter: float = 3.0


def equal(people: str) -> dict[str, float]:
    return dict.fromkeys(people.split(), 1.0)


GROUPS = {
    "light_woman": Group(
        equal("010 100 102 107 013 087")
        | {"090": 0.4, "139": 0.6, "027": 0.5, "001": 0.5, "122": 0.3, "124": 0.3},
        {"124": 4.0, "122": 1.0},
        "124",
        yaw=-6,
        jitter=4,
    ),
    "light_man": Group(
        equal("012 018 026 068 131 117 105 173 036 115 119"), equal("141 117"), "141", yaw=4, jitter=4
    ),
    "medium_woman": Group(
        equal("006 087 127 027 013 139 124 100 107") | {"094": 0.4, "001": 0.2},
        equal("094 127"),
        "094",
        tone="006 087 094 127",
        yaw=5,
        jitter=4,
    ),
    "medium_man": Group(
        equal("036 037 070 092 115 117 119 018 104"),
        equal("117 018 119"),
        "117",
        tone="036 037 070 092 115 119",
        yaw=-5,
    ),
    "deep_woman": Group(
        equal("006 094 127 087 043 096") | {"062": 1.3, "114": 0.6, "025": 0.2},
        equal("025 006"),
        "025",
        tone="025 062 043 096 114",
        yaw=4,
        jitter=4,
    ),
    "deep_man": Group(
        equal("115 119 036 037 006 062 025") | {"043": 1.4, "096": 1.3, "114": 0.2},
        equal("114"),
        "114",
        tone="025 062 043 096 114",
        yaw=-4,
        jitter=2,
    ),
    "smiling_woman": Group(
        equal("010 090 100 102 107 122 124 139 013 094 127 087"),
        {"090": 3.0, "124": 1.0},
        "124",
        expression="smiling",
    ),
}


@dataclass(frozen=True)
class Portrait:
    """One input: picture (0..1), landmarks, and where the outline of the hair lies, all in its own pixels."""

    picture: np.ndarray
    landmarks: np.ndarray
    matrix: np.ndarray
    outline: np.ndarray


@dataclass(frozen=True)
class Composite:
    """A face of nobody: linear picture, landmarks, the wall behind it, how much each pixel is person."""

    linear: np.ndarray
    landmarks: np.ndarray
    wall: np.ndarray
    alpha: np.ndarray


# --- reading the portraits


@cache
def _segmenter():
    with silenced():
        from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

        return SelfieSegmentation(model_selection=0)


def person_alpha(frame: np.ndarray) -> np.ndarray:
    """Where the person is, 0..1, its edge laid on the edges of the picture."""
    with silenced():
        rough = _segmenter().process(frame).segmentation_mask.astype(np.float32)
    guide = frame.astype(np.float32) / 255
    fine = cv2.ximgproc.guidedFilter(
        guide, np.clip((rough - 0.2) / 0.6, 0, 1), max(4, len(frame) // 60), 1e-4
    )
    return np.clip((fine - 0.1) / 0.8, 0, 1)


@cache
def portrait(path: Path) -> Portrait:
    frame = read_image(path).frame
    landmarks = detect(frame)[0].landmarks
    template = MEAN * (FACE_HEIGHT / np.ptp(MEAN[:, 1]))
    template = template[:, :2] - template[:, :2].mean(axis=0) + CENTRE
    matrix = similarity_between(landmarks[:, :2].astype(np.float64), template)
    return Portrait(
        frame.astype(np.float32) / 255, landmarks, matrix, outline(person_alpha(frame), landmarks)
    )


def outline(alpha: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Where rays from between the eyes leave the head."""
    middle = landmarks[168, :2].astype(np.float64)
    reach = np.arange(0, 0.5 * len(alpha), 1.0)
    rays = middle + reach[:, None, None] * np.stack([np.cos(ANGLES), -np.sin(ANGLES)], axis=1)
    x, y = rays[..., 0].astype(np.float32), rays[..., 1].astype(np.float32)
    inside = cv2.remap(cv2.GaussianBlur(alpha, (0, 0), 4), x, y, cv2.INTER_LINEAR) > 0.5
    radius = inside.shape[0] - 1 - np.argmax(inside[::-1], axis=0)
    radius = cv2.GaussianBlur(radius[None].astype(np.float64), (0, 0), 1.5)[0]
    return middle + radius[:, None] * np.stack([np.cos(ANGLES), -np.sin(ANGLES)], axis=1)


# --- the mean shape, and the way to it


def moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    flat = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([flat, points[:, 2:] * np.hypot(*matrix[:, 0])], axis=1)


def wobble(points: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Move points smoothly by chance: nobody's two halves are alike."""
    waves = rng.uniform(0.7, 2.2, (6, 2)) * rng.choice([-1, 1], (6, 2)) * 2 * np.pi / SIDE
    phase, size = rng.uniform(0, 2 * np.pi, 6), rng.normal(0, strength / np.sqrt(3), (6, 2))
    return points + np.sin(points @ waves.T + phase) @ size


def group_shape(
    group: Group, portraits: dict[str, Portrait], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (468 x 3) and outline of the hair (n x 2) of the face that is made."""
    weight = np.array(list(group.people.values()))
    shapes = np.stack([moved(portraits[p].landmarks, portraits[p].matrix) for p in group.people])
    shape = np.einsum("p,pvk->vk", weight / weight.sum(), shapes)
    hair = np.stack([moved(portraits[p].outline, portraits[p].matrix) for p in group.hair]).mean(axis=0)
    ear = shape[[234, 454], 2].mean()
    whole = np.concatenate([shape, np.column_stack([hair, np.full(len(hair), ear)])])
    turn = np.deg2rad(group.yaw)
    x, z = whole[:, 0] - CENTRE[0], whole[:, 2] - ear
    whole[:, 0], whole[:, 2] = (
        CENTRE[0] + np.cos(turn) * x + np.sin(turn) * z,
        np.cos(turn) * z - np.sin(turn) * x + ear,
    )
    whole[:, :2] = wobble(whole[:, :2], group.jitter, rng)
    return whole[:468].astype(np.float32), whole[468:, :2]


def warped(person: Portrait, shape: np.ndarray, hair: np.ndarray | None) -> np.ndarray:
    """The portrait in the shape, over the whole sample: a thin-plate spline on a coarse grid."""
    edge = np.linspace(-0.3, 1.3, 6) * SIDE
    frame = np.array([(x, y) for x in edge for y in edge if x in edge[[0, -1]] or y in edge[[0, -1]]])
    back = cv2.invertAffineTransform(person.matrix)
    here, there = [shape[:, :2], frame], [person.landmarks[:, :2], moved(frame, back)]
    if hair is not None:
        here.append(hair)
        there.append(person.outline)
    spline = RBFInterpolator(
        np.concatenate(here), np.concatenate(there), kernel="thin_plate_spline", smoothing=2.0
    )
    nodes = np.arange(-16, SIDE + 24, 8.0)
    grid = spline(np.stack(np.meshgrid(nodes, nodes), axis=2).reshape(-1, 2)).reshape(
        len(nodes), len(nodes), 2
    )
    at = np.arange(SIDE, dtype=np.float32) / 8 + 2
    x, y = np.meshgrid(at, at)
    full = cv2.remap(grid.astype(np.float32), x, y, cv2.INTER_CUBIC)
    softened = cv2.GaussianBlur(person.picture, (0, 0), 0.45)  # the sample is coarser than the portrait
    return np.clip(cv2.remap(softened, full, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), 0, 1)


# --- tone


def region(rings: list[np.ndarray], shape: np.ndarray, grow: int = 0) -> np.ndarray:
    """The convex areas around groups of vertices, grown by some pixels."""
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    for ring in rings:
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.round(shape[ring, :2]).astype(np.int32)), 1)
    return cv2.dilate(drawn, np.ones((2 * grow + 1, 2 * grow + 1))) > 0


def soft(mask: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)


def tone(linear: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Median of cheeks and nose, linear."""
    cheeks = region([np.array([116, 50, 205, 187, 123]), np.array([345, 280, 425, 411, 352])], shape)
    return np.median(linear[cheeks], axis=0)


def skin(linear: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """How much each pixel is this person's skin, 0..1: the face without its eyes, and what has its colour."""
    share = linear / (linear.sum(axis=2, keepdims=True) + 0.02)
    wanted = tone(share, shape)
    likeness = np.clip((share[..., 0] - share[..., 2]) / (wanted[0] - wanted[2]), 0, 1)
    bright = np.clip(linear.mean(axis=2) / (0.35 * tone(linear, shape).mean()), 0, 1)
    face = soft(region([OVAL], shape), 10)
    looks = np.clip(1.6 * likeness - 0.3, 0, 1) * bright
    spared = soft(region([LEFT_EYE, RIGHT_EYE, INNER_LIPS], shape, grow=1), 1.5)
    return np.maximum(face, looks) * (1 - spared)


# --- the outline


def matte(linear: np.ndarray, rough: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The wall alone, and how much of each pixel is not wall, from the colours on both sides."""
    body = (rough > 0.5).astype(np.uint8)
    inner = cv2.erode(body, np.ones((19, 19))).astype(np.float32)
    outer = 1 - cv2.dilate(body, np.ones((33, 33))).astype(np.float32)
    wall, person = (carried(linear, known) for known in (outer, inner))
    wall = soft(wall, 4)
    away = person - wall
    share = ((linear - wall) * away).sum(axis=2) / ((away**2).sum(axis=2) + 1e-4)
    # A white shirt is hardly unlike a pale wall: there the first guess, made sharp, decides.
    sure = np.clip((away**2).sum(axis=2) / 0.12, 0, 1) ** 2
    guess = np.clip((soft(rough, 2) - 0.5) * 3 + 0.5, 0, 1)
    alpha = np.clip((sure * share + (1 - sure) * guess - 0.04) / 0.86, 0, 1)
    alpha = np.where(cv2.erode(body, np.ones((15, 15))) > 0, 1, alpha) * (1 - outer)
    # Between strands and neck the wall shows through, well inside the outline.
    unlike = np.abs(linear - wall).max(axis=2) / (wall.mean(axis=2) + 0.02)
    y, x = np.mgrid[:SIDE, :SIDE]
    beside = np.abs(x - shape[152, 0]) > 0.36 * np.ptp(shape[:, 0])
    free = soft(beside & (y < shape[152, 1] + 10) & ~region([OVAL], shape, grow=12), 5)
    alpha = alpha + free * (np.minimum(alpha, np.clip((unlike - 0.05) / 0.5, 0, 1)) - alpha)
    return wall, soft(alpha, 0.5)


def carried(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What is known, carried smoothly over the rest."""
    return extend(tensor(picture), tensor(known[..., None]))[0].permute(1, 2, 0).numpy()


def unmixed(face: Composite) -> np.ndarray:
    """The person's own colour at the outline, where the camera mixed it with the wall's."""
    alpha = face.alpha[..., None]
    own = (face.linear - (1 - alpha) * face.wall) / np.maximum(alpha, 0.08)
    top = face.linear + 0.02
    return np.clip(own, 0, np.where(alpha > 0.98, 1.0, top))


# --- averaging


def pyramid(picture: np.ndarray, levels: int = 6) -> list[np.ndarray]:
    bands = []
    for _ in range(levels):
        small = cv2.pyrDown(picture)
        bands.append(picture - cv2.pyrUp(small, dstsize=picture.shape[1::-1]))
        picture = small
    return [*bands, picture]


def averaged(pictures: list[np.ndarray], weights: list[np.ndarray], within: np.ndarray) -> np.ndarray:
    """Weighted mean, band by band; ``within`` (0..1), a fine band keeps its inputs' local energy."""
    total = np.sum(weights, axis=0)
    bands = [pyramid(p) for p in pictures]
    shares = []
    for weight in weights:
        share = [weight / total]
        for _ in range(6):
            share.append(cv2.pyrDown(share[-1]))
        shares.append(share)
    picture = None
    for level in reversed(range(7)):
        parts = [b[level] for b in bands]
        share = [s[level][..., None] for s in shares]
        mean = sum(s * p for s, p in zip(share, parts, strict=True))
        if level < 4:
            energy = sum(s[..., 0] * rms(p) for s, p in zip(share, parts, strict=True))
            # Unlike strands and pores cancel; at the eyes' edges everybody agrees and the gain is near 1.
            gain = np.clip(energy / (rms(mean) + 1e-4), 1, 2.0) - 1
            mean = (
                mean
                * (1 + gain * cv2.resize(within, gain.shape[::-1], interpolation=cv2.INTER_AREA))[..., None]
            )
        picture = mean if picture is None else cv2.pyrUp(picture, dstsize=mean.shape[1::-1]) + mean
    return np.clip(picture, 0, 1)


def rms(band: np.ndarray) -> np.ndarray:
    return np.sqrt(soft((band**2).mean(axis=2), 6))


def weights_of(group: Group, shape: np.ndarray) -> dict[str, np.ndarray]:
    """Who counts where: everybody on the face, the hair's few above, one for neck and clothes."""
    y = np.mgrid[:SIDE, :SIDE][0].astype(np.float32)
    brow = float(shape[9, 1])  # ears are below it
    inner = shape.copy()
    inner[:, :2] = (inner[:, :2] - CENTRE) * 0.93 + CENTRE
    above = np.maximum(shape[9, 1] - shape[:, 1], 0)  # fringes hang into some foreheads
    inner[:, 1] += 0.25 * above
    face = soft(region([OVAL], inner), 8)
    body = np.clip((y - brow) / 30 + 0.5, 0, 1)
    weights = {}
    for person in group.people | group.hair | {group.body: 1.0}:
        around = (1 - body) * group.hair.get(person, 0) / sum(group.hair.values()) + body * (
            person == group.body
        )
        own = group.people.get(person, 0) / sum(group.people.values())
        weights[person] = (face * own + (1 - face) * around + 1e-6).astype(np.float32)
    return weights


def composite(name: str, folder: Path) -> Composite:
    group = GROUPS[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    everybody = list(group.people | group.hair | {group.body: 1.0})
    wanted_of = group.tone.split() or everybody
    portraits = {p: portrait(find(folder, p, group.expression)) for p in {*everybody, *wanted_of}}
    shape, hair = group_shape(group, portraits, rng)
    pictures = {
        p: srgb_to_linear(warped(portraits[p], shape, hair if p in group.hair else None)) for p in portraits
    }
    wanted = np.median([tone(pictures[p], shape) for p in wanted_of], axis=0)
    toned = []
    for p in everybody:
        gain = wanted / tone(pictures[p], shape)
        weight = skin(pictures[p], shape)[..., None]
        toned.append(
            linear_to_srgb(np.clip(pictures[p] * (1 + weight * (gain - 1)), 0, 1).astype(np.float32))
        )
    weights = weights_of(group, shape)
    plain = (
        sum(weights[p][..., None] * t for p, t in zip(everybody, toned, strict=True))
        / sum(weights.values())[..., None]
    )
    alpha = person_alpha(np.rint(plain * 255).astype(np.uint8))
    # At the outline only the edges of unlike heads would be raised: not there.
    within = soft(cv2.erode((alpha > 0.9).astype(np.uint8), np.ones((23, 23))), 5)
    mean = averaged(toned, [weights[p] for p in everybody], within)
    linear = srgb_to_linear(mean.astype(np.float32))
    return Composite(linear, shape, *matte(linear, alpha, shape))


def find(folder: Path, person: str, expression: str) -> Path:
    return folder / f"london_{expression}_front" / f"london-{person}__{expression}.jpg"


# --- light


@dataclass(frozen=True)
class Light:
    """A place to be photographed in.

    ``key`` and ``fill`` point from the face to the lamp (x right, y down, z to the camera) and carry linear
    colour; ``wall`` and ``cloth`` are linear colours; ``grey`` makes a black-and-white picture; ``noise`` in
    display units.
    """

    key: tuple[float, float, float]
    key_colour: tuple[float, float, float]
    fill: tuple[float, float, float] = (0.3, -0.3, 0.9)
    fill_colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    ambient: tuple[float, float, float] = (0.06, 0.06, 0.06)
    wall: tuple[float, float, float] = (0.3, 0.3, 0.3)
    cloth: tuple[float, float, float] = (1.0, 1.0, 1.0)
    wrap: float = 0.15
    sheen: float = 0.05
    grey: bool = False
    noise: float = 0.006


LIGHTS = {
    "warm_side": Light(
        (-0.9, -0.25, 0.36),
        (2.3, 1.5, 0.82),
        ambient=(0.05, 0.045, 0.045),
        wall=(0.10, 0.065, 0.04),
        cloth=(0.16, 0.18, 0.22),
    ),
    "dim": Light(
        (0.35, -0.6, 0.7),
        (0.15, 0.125, 0.1),
        ambient=(0.02, 0.021, 0.024),
        wall=(0.028, 0.027, 0.027),
        cloth=(0.4, 0.4, 0.42),
        noise=0.016,
    ),
    "blue": Light(
        (0.6, -0.25, 0.75),
        (0.25, 0.75, 3.4),
        (-0.8, -0.1, 0.5),
        (0.5, 0.1, 0.7),
        ambient=(0.06, 0.12, 0.4),
        wall=(0.008, 0.02, 0.1),
        cloth=(0.3, 0.3, 0.3),
        sheen=0.08,
    ),
    "yellow": Light(
        (-0.45, -0.65, 0.6),
        (1.45, 1.0, 0.3),
        (0.8, 0.0, 0.6),
        (0.16, 0.2, 0.3),
        ambient=(0.13, 0.11, 0.07),
        wall=(0.55, 0.38, 0.14),
        cloth=(0.55, 0.55, 0.5),
    ),
    "grey": Light(
        (0.75, -0.45, 0.48),
        (1.25, 1.25, 1.25),
        (-0.7, 0.0, 0.7),
        (0.1, 0.1, 0.1),
        ambient=(0.1, 0.1, 0.1),
        wall=(0.12, 0.12, 0.12),
        cloth=(0.3, 0.3, 0.3),
        grey=True,
        noise=0.014,
    ),
    "cool_window": Light(
        (0.9, -0.25, 0.42),
        (2.3, 2.8, 3.5),
        (-0.6, -0.2, 0.75),
        (0.08, 0.08, 0.08),
        ambient=(0.14, 0.15, 0.17),
        wall=(0.2, 0.23, 0.27),
        cloth=(0.2, 0.2, 0.22),
    ),
}


def relief(face: Composite) -> Surface:
    """Normals and depth of head and shoulders: the mesh, carried smoothly to an outline that turns away.

    Source: Johnston, "Lumo: illumination for cel animation", 2002, for normals grown from an outline.
    """
    geometry = render(face.landmarks, SIDE)
    alpha = soft(face.alpha, 2)
    mesh = cv2.erode(geometry.mask, np.ones((13, 13)))
    slope = np.stack([-cv2.Sobel(soft(alpha, 3), -1, *d, ksize=5) for d in ((1, 0), (0, 1))], axis=2)
    slope /= np.linalg.norm(slope, axis=2, keepdims=True) + 1e-6
    turned = np.concatenate([0.94 * slope, np.full((SIDE, SIDE, 1), 0.34)], axis=2)
    inside = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    rim = ((inside > 0) & (inside < 7) & (mesh == 0)).astype(np.float32)
    y = np.mgrid[:SIDE, :SIDE][0]
    chin = face.landmarks[152, 1]
    neck = ((y > chin + 26) & (inside > 30)).astype(np.float32)
    flat = np.array([0.0, -0.12, 0.99])
    known = mesh + rim + 0.15 * neck
    normals = (
        geometry.normals * mesh[..., None] + turned * rim[..., None] + 0.15 * flat * neck[..., None]
    ) / np.maximum(known, 1e-6)[..., None]
    back = float(-face.landmarks[:, 2].max())
    depths = (geometry.depth * mesh + (back - 30) * rim + 0.15 * (back + 10) * neck) / np.maximum(known, 1e-6)
    weight = tensor(np.minimum(known, 1)[..., None])
    person = tensor((alpha > 0.5)[..., None].astype(np.float32))
    whole = extend(tensor(normals), weight)
    whole = whole / whole.norm(dim=1, keepdim=True).clamp_min(1e-3)
    depth = torch.nn.functional.avg_pool2d(extend(tensor(depths[..., None]), weight), 9, 1, 4)
    return Surface(whole * person, depth * person, person)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.astype(np.float32))).permute(2, 0, 1)[None]


def lit(face: Composite, light: Light, seed: int) -> np.ndarray:
    """Photograph the face in a light; display values 0..1."""
    lamps = Lamps(
        direction=torch.nn.functional.normalize(torch.tensor([[light.key, light.fill]]), dim=2),
        colour=torch.tensor([[light.key_colour, light.fill_colour]]),
        distance=torch.zeros(1, 2),
        wrap=torch.full((1, 2), light.wrap),
        penumbra=torch.full((1, 2), 0.06),
        sky=torch.tensor([light.ambient]),
        ground=0.6 * torch.tensor([light.ambient]),
        up=torch.tensor([[0.0, -1.0, 0.0]]),
        exponent=torch.tensor([16.0]),
    )
    reached, shine = shade(relief(face), lamps, torch.ones(1, 1, SIDE, SIDE))
    arriving, gloss = (t[0].permute(1, 2, 0).numpy() for t in (reached, shine))
    arriving = cv2.GaussianBlur(arriving, (0, 0), 1.5)
    x, y = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    fall = np.exp(0.35 * (x * light.key[0] + y * light.key[1]))[..., None]
    sheen = light.sheen * gloss * skin(face.linear, face.landmarks)[..., None]
    seen = unmixed(face) * cloth(face, light) * arriving + sheen
    behind = face.wall * np.array(light.wall) / 0.6 * fall
    linear = seen * face.alpha[..., None] + (1 - face.alpha[..., None]) * behind
    if light.grey:
        linear = np.repeat(linear @ np.array([[0.3], [0.59], [0.11]]), 3, axis=2)
    shoulder = np.where(linear > 0.7, 0.7 + 0.3 * np.tanh((linear - 0.7) / 0.3), linear)
    shown = linear_to_srgb(np.clip(shoulder, 0, 1).astype(np.float32))
    grain = np.random.default_rng(seed).normal(0, light.noise, (SIDE, SIDE, 1 if light.grey else 3))
    return np.clip(shown + soft_grain(grain), 0, 1)


def soft_grain(grain: np.ndarray) -> np.ndarray:
    """Noise as it survives a camera's demosaicing: not quite white."""
    blurred = cv2.GaussianBlur(grain, (0, 0), 0.6)
    return blurred.reshape(grain.shape)


def cloth(face: Composite, light: Light) -> np.ndarray:
    """What dyes the white shirt: the cloth's colour on it, 1 elsewhere."""
    y = np.mgrid[:SIDE, :SIDE][0]
    shown = linear_to_srgb(face.linear)
    dark = 1.15 * float(linear_to_srgb(tone(face.linear, face.landmarks)).min())
    share = np.clip((shown.min(axis=2) - dark) / (0.88 - dark), 0, 1)  # pixels at its edge are dyed by halves
    solid = ((share > 0.7) & (np.ptp(shown, axis=2) < 0.1) & (y > face.landmarks[152, 1] + 10)).astype(
        np.uint8
    )
    solid = cv2.dilate(cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((13, 13))), np.ones((7, 7)))
    white = share * soft(solid, 1.5)
    return 1 + white[..., None] * (np.array(light.cloth) - 1)


# --- writing

TARGETS = (
    ("medium_man", "warm_side"),
    ("light_woman", "dim"),
    ("deep_man", "blue"),
    ("light_man", "yellow"),
    ("deep_woman", "cool_window"),
    ("medium_woman", "grey"),
)
SOURCES = ("light_man", "medium_woman", "deep_woman", "smiling_woman")


def save(name: str, shown: np.ndarray) -> None:
    pixels = np.rint(shown * 255).astype(np.uint8)
    Image.fromarray(pixels).save(PLACES / f"{name}.jpg", quality=91, subsampling=0, optimize=True)


def main(folder: Path) -> None:
    for name in SOURCES:
        save(f"source_{name}", linear_to_srgb(composite(name, folder).linear))
    for number, (name, light) in enumerate(TARGETS):
        save(f"target_{name}_{light}", lit(composite(name, folder), LIGHTS[light], number))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
