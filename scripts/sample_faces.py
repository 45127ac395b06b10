"""Faces of nobody out of portraits: warped to a mean shape, brought to one tone, averaged band by band."""

import zlib
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from sample_people import ANGLES, CENTRE, FACE_HEIGHT, GROUPS, SIDE, Composite, Group, Portrait
from scipy.interpolate import RBFInterpolator

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.face.detect import detect
from aotface.face.mesh import INNER_LIPS, LEFT_EYE, MEAN, OVAL, RIGHT_EYE
from aotface.face.template import similarity_between
from aotface.media.image import read_image
from aotface.training.shading import extend


@cache
def _segmenter():
    """Google's selfie segmentation; the samples were made with mediapipe 0.10.21 (commit 8aa1b3e makes the same ones)."""
    from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

    return SelfieSegmentation(model_selection=0)


def person_alpha(frame: np.ndarray) -> np.ndarray:
    """Where the person is, 0..1, its edge laid on the edges of the picture."""
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
    similarity = np.clip((share[..., 0] - share[..., 2]) / (wanted[0] - wanted[2]), 0, 1)
    bright = np.clip(linear.mean(axis=2) / (0.35 * tone(linear, shape).mean()), 0, 1)
    face = soft(region([OVAL], shape), 10)
    looks = np.clip(1.6 * similarity - 0.3, 0, 1) * bright
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


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.astype(np.float32))).permute(2, 0, 1)[None]


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
