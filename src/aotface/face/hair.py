"""Where hair, a hat or a microphone reaches into the face.

It is unlike this face's own skin in this picture's light, and like what lies just outside the mesh. Skin is
learnt from the face itself. Its brightness is divided by a Lambertian light fitted to the mesh, so that the
shadow side of a face is dark *as expected*, not hair. Every doubt is decided for the face.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, OUTER_LIPS, RIGHT_BROW, RIGHT_EYE
from aotface.face.render import PNCC
from aotface.light_fit import fit_light, shine
from aotface.types import Crop, Geometry, Landmarks, Mask

FLOOR = 0.004
"""Linear light under which a camera records noise: no ratio is taken below it."""

CHROMA_NOISE = 0.06
"""Standard deviation of log-chroma that even uniform skin shows (pores, compression)."""

LIGHT_NOISE = 0.4
"""Standard deviation of log-brightness that the Lambertian light leaves unexplained on bare skin."""

EDGE = (0.07, 0.12)
"""Slope of log-brightness per pixel from which a boundary begins to count as an edge, and counts as one."""

BIAS = 1.8
"""Log-odds for the face, before anything is seen; grows with the distance from the mesh's edge."""

RAISED, TAIL = 0.07, 0.15
"""How far a brow may reach over its landmarks, in face heights, and beyond the outermost, in its own lengths: the
landmark model follows raised brows only part of the way, and what is left over there would pass for hair."""

ABOVE, AROUND, BELIEVED = 12.0, 8.0, (0.4, 0.7)
"""How far above a brow or eye skin is looked at, in pixels, the standard deviation of that neighbourhood, and the share
of it that must be covered for the part to begin to be, and to be, covered itself."""


def covered_by_hair(crop: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """How surely each pixel shows what hangs in from outside the face.

    Args:
        crop: 256 x 256 x 3, 0..1.
        landmarks: 468 x 3, crop pixels.
        geometry: of the same crop.

    Returns:
        side x side, 0 (face) .. 1 (covered).
    """
    half = cv2.resize(crop**2.2, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    planes = (geometry.normals, geometry.pncc, geometry.depth, geometry.mask)
    small = Geometry(*(plane[::2, ::2] for plane in planes))
    odds = odds_of_cover(half, (landmarks / 2).astype(np.float32), small)
    odds = cv2.resize(odds, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    inside = geometry.mask > 0.5
    sure = 1 / (1 + np.exp(-1.5 * cv2.ximgproc.guidedFilter(crop, odds, 6, 1e-3)))
    parts = eyes_and_raised_brows(landmarks, len(crop))
    covered = from_the_border(believed(sure, parts, inside), inside)
    if not covered.any():
        return covered
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    return covered * sharply_bounded(covered, cv2.GaussianBlur(crop, (0, 0), 1.0) ** 2.2, depth)


def odds_of_cover(linear: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """Log-odds that a pixel shows something else than the face.

    Args:
        linear: 128 x 128 x 3, linear light.
        landmarks: 468 x 3, in these pixels.
        geometry: at this side.

    Returns:
        side x side, -6..6; 0 far from the face.
    """
    side = len(linear)
    inside = geometry.mask > 0.5
    outward, nearest = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lookup = np.zeros((nearest.max() + 1, 3), np.float32)
    lookup[nearest[inside]] = geometry.normals[inside]
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    parts = features_of_the_face(landmarks, side, grow=2)
    core = inside & (depth > 3) & ~parts & central(geometry)
    if core.sum() < 64:
        return np.full((side, side), -6, np.float32)  # a sliver of a face: nothing to learn skin from

    signs = appearance(linear, lookup[nearest], core)
    level, spread = column_level(signs[..., 2], core)
    signs[..., 2] = (signs[..., 2] - level) / (1 + spread / LIGHT_NOISE)
    unlike_skin = skin_distance(signs, core)
    ring = (outward > 1) & (outward < 12)
    like_ring = ring_distance(signs, ring, unlike_skin)
    low = geometry.pncc[..., 1] > PNCC[4, 1]
    beard = np.where(low, mirrored(unlike_skin, geometry), 0)  # grows on both sides; a microphone does not
    unlike_skin = unlike_skin - beard
    bias = BIAS + np.where(low, 2.0, depth / 8 + 6.0 * parts)
    odds = np.clip(0.5 * (unlike_skin - like_ring) - bias, -6, 6)
    return np.where(inside | ring, odds, 0).astype(np.float32)


def central(geometry: Geometry) -> Bool[np.ndarray, "side side"]:
    """Cheeks and nose: skin that is seldom covered, and seldom bearded."""
    x, y = geometry.pncc[..., 0], geometry.pncc[..., 1]
    low = PNCC[[61, 291], 1].mean()
    return (y > PNCC[168, 1]) & (y < low) & (x > 0.07) & (x < 0.93)


def appearance(linear: Crop, normals: np.ndarray, core: np.ndarray) -> Float32[np.ndarray, "side side 3"]:
    """Log-chroma (2) and log-brightness (1), each less what the light explains.

    Chroma may drift with the direction of the surface (coloured lamps) and with brightness; brightness
    follows a lamp that is fitted to the core.
    """
    brightness = linear.mean(axis=2)
    light = fit_light(brightness[core], normals[core])
    expected = shine(light, normals)
    relief = np.log((brightness + FLOOR) / (expected + FLOOR))
    trust = brightness / (brightness + 2 * FLOOR)
    logs = np.log(linear + FLOOR)
    chroma = np.stack([logs[..., 0] - logs[..., 1], logs[..., 2] - logs[..., 1]], axis=2)
    low, high = np.percentile(normals[core], [5, 95], axis=0)
    n = np.clip(normals, low, high)
    dim = np.clip(np.log(brightness + FLOOR), *np.percentile(np.log(brightness[core] + FLOOR), [5, 100]))
    design = np.concatenate([np.ones_like(n[..., :1]), n[..., :2], dim[..., None]], axis=2)
    a, b = design[core].astype(np.float64), chroma[core].astype(np.float64)
    weight = np.ones(len(a))
    for _ in range(3):
        weighted = a * weight[:, None]
        solution = np.linalg.solve(weighted.T @ a + 1e-2 * np.eye(4) * [0, 1, 1, 1] * len(a), weighted.T @ b)
        weight = 1 / (1 + ((b - a @ solution) ** 2).sum(axis=1) / 0.05**2)
    chroma = (chroma - design @ solution) * trust[..., None]
    return np.concatenate([chroma, relief[..., None]], axis=2).astype(np.float32)


def column_level(relief: np.ndarray, core: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of the core's brightness up and down each column: the light a lamp model cannot follow.

    A forehead that is as dark as the cheek below it is in shadow; one that is darker is covered.
    """
    weight = core.astype(np.float32)
    moments = (np.ones_like(relief), relief, relief**2)
    sums = [cv2.GaussianBlur((weight * v).sum(axis=0)[None], (0, 0), 3) for v in moments]
    mass = sums[0] + 1e-6
    mean = sums[1] / mass
    spread = np.sqrt(np.maximum(sums[2] / mass - mean**2, 0))
    known = np.flatnonzero(core.any(axis=0))
    column = np.clip(np.arange(relief.shape[1]), known[0], known[-1])
    return mean[:, column], spread[:, column]


def skin_distance(signs: np.ndarray, core: np.ndarray) -> Float32[np.ndarray, "side side"]:
    """Squared distance, in standard deviations, from this face's skin."""
    known = signs[core]
    spread = 1.48 * np.median(np.abs(known - np.median(known, axis=0)), axis=0)
    sigma = np.sqrt(spread**2 + np.array([CHROMA_NOISE, CHROMA_NOISE, LIGHT_NOISE]) ** 2)
    scaled = signs / sigma
    scaled[..., 2] = np.where(scaled[..., 2] > 0, 0.4 * scaled[..., 2], scaled[..., 2])
    glossy = np.clip((signs[..., 2] - 0.1) / 0.25, 0, 1)  # a highlight takes the lamp's colour
    return ((1 - glossy) * np.minimum((scaled**2).sum(axis=2), 30)).astype(np.float32)


def ring_distance(signs: np.ndarray, ring: np.ndarray, unlike_skin: np.ndarray) -> Mask:
    """Squared distance from what is seen outside the nearest stretch of the mesh's edge, skin left out."""
    weight = ring * (unlike_skin / (unlike_skin + 6))
    stack = np.concatenate([signs, signs**2, np.ones_like(signs[..., :1])], axis=2) * weight[..., None]
    stack = np.asarray(cv2.GaussianBlur(stack.astype(np.float32), (0, 0), 8), np.float32)
    mass = stack[..., 6:] + 1e-5
    mean = stack[..., :3] / mass
    variance = np.maximum(stack[..., 3:6] / mass - mean**2, 0)
    floor = np.array([CHROMA_NOISE, CHROMA_NOISE, 0.3], np.float32) ** 2
    distance = ((signs - mean) ** 2 / (variance + floor)).sum(axis=2)
    return distance + 6 * 0.02 / (mass[..., 0] + 0.02)


def mirrored(plane: Mask, geometry: Geometry) -> Mask:
    """The largest value near each pixel's counterpart on the other side of the face."""
    size = 64
    inside = geometry.mask > 0
    x, y = (np.round(geometry.pncc[inside, k] * (size - 1)).astype(np.int64) for k in (0, 1))
    unrolled = np.zeros((size, size), np.float32)
    np.maximum.at(unrolled, (y, x), plane[inside])
    unrolled = np.asarray(cv2.dilate(unrolled, np.ones((5, 5), np.uint8)), np.float32)
    result = np.zeros_like(plane)
    result[inside] = unrolled[y, size - 1 - x]
    return result


def believed(covered: Mask, parts: np.ndarray, inside: np.ndarray) -> Mask:
    """On brows and eyes, which are as dark as hair, cover counts only where the skin above them is covered too.

    Args:
        covered: side x side, 0..1.
        parts: brows and eyes.
        inside: the mesh.
    """
    skin = (inside & ~parts).astype(np.float32)
    down = np.array([[1, 0, 0], [0, 1, ABOVE]], np.float64)
    sums = [cv2.warpAffine(v, down, v.shape[::-1]) for v in (skin, covered * skin)]
    mass, found = (cv2.GaussianBlur(v, (0, 0), AROUND) for v in sums)
    worth = np.clip((found / np.maximum(mass, 1e-3) - BELIEVED[0]) / (BELIEVED[1] - BELIEVED[0]), 0, 1)
    return np.where(parts, covered * worth, covered).astype(np.float32)


def from_the_border(covered: Mask, inside: np.ndarray) -> Mask:
    """Keep only what reaches the mesh's edge."""
    solid = ((covered > 0.4) & inside).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    edge = inside & (cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0)
    touching = np.bincount(labels[edge], minlength=count)
    keep = (touching > 3) & (stats[:, cv2.CC_STAT_AREA] > 40)
    keep[0] = False
    grown = cv2.dilate(keep[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return (covered * grown * inside).astype(np.float32)


def sharply_bounded(covered: Mask, linear: Crop, depth: np.ndarray) -> Mask:
    """1 where the nearby boundary between face and cover is an edge, 0 where one fades into the other.

    Highlights and reflected light can take any colour, but they fade; hair and brims end.
    """
    logs = np.log(linear + FLOOR)
    slope = np.zeros(covered.shape, np.float32)
    for channel in cv2.split(logs):
        step_x = cv2.Sobel(channel, -1, 1, 0, scale=1 / 8)
        step_y = cv2.Sobel(channel, -1, 0, 1, scale=1 / 8)
        slope = np.maximum(slope, np.sqrt(step_x**2 + step_y**2))
    brightness = linear.mean(axis=2)
    trusted = slope * brightness / (brightness + 2 * FLOOR)
    near = cv2.dilate(trusted, np.ones((7, 7), np.uint8))
    solid = (covered > 0.5).astype(np.uint8)
    boundary = ((solid - cv2.erode(solid, np.ones((3, 3), np.uint8)) > 0) & (depth > 3)).astype(np.float32)
    mass = cv2.GaussianBlur(boundary, (0, 0), 7) + 1e-4
    edge = cv2.GaussianBlur(boundary * near, (0, 0), 7) / mass
    return np.clip((edge - EDGE[0]) / (EDGE[1] - EDGE[0]), 0, 1)


def features_of_the_face(landmarks: Landmarks, side: int, grow: int) -> Bool[np.ndarray, "side side"]:
    """Eyes, brows and lips, grown by some pixels: parts of the face that do not look like skin."""
    drawn = np.zeros((side, side), np.uint8)
    for ring in (LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, OUTER_LIPS):
        hull = cv2.convexHull(np.round(landmarks[ring, :2]).astype(np.int32))
        cv2.fillConvexPoly(drawn, hull, (1,))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
    return cv2.dilate(drawn, kernel) > 0


def eyes_and_raised_brows(landmarks: Landmarks, side: int) -> Bool[np.ndarray, "side side"]:
    """Eyes, and brows with all that they may reach over their landmarks."""
    drawn = np.zeros((side, side), np.uint8)
    up = (landmarks[10, :2] - landmarks[152, :2]) * RAISED
    for brow, eye in ((LEFT_BROW, LEFT_EYE), (RIGHT_BROW, RIGHT_EYE)):
        points = landmarks[brow, :2]
        apart = np.linalg.norm(points - landmarks[168, :2], axis=1)
        outer, inner = points[apart.argmax()], points[apart.argmin()]
        tail = outer + TAIL * (outer - inner) + up / 2
        for outline in (landmarks[eye, :2], np.concatenate([points, points + up, tail[None]])):
            cv2.fillConvexPoly(drawn, cv2.convexHull(np.round(outline).astype(np.int32)), (1,))
    return cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))) > 0
