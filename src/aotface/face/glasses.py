"""Spectacles: are there any, and which pixels do their frames cover.

A frame is a thin line where bare faces have none: across the bridge of the nose and below the eyes. The
strongest such lines are found by dynamic programming on patches laid out by the mesh; a small logistic model
weighs them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int

from aotface.face.mesh import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from aotface.types import Crop, Geometry, Landmarks, Mask

ANGLES, RADII, ACROSS, DOWN = 60, 44, 20, 46
"""Samples around an eye, away from it, across the bridge and down it."""

NOSE = np.array([188, 412, 437, 327, 98, 217])
"""Around the flanks of the nose, from below its bridge to the nostrils: folds there look like rims."""

WEIGHTS = np.array([10.56, 2.05, 1.32, 1.11, 0.58, -0.44, 0.09, 0.62, -0.62, -1.01])
"""Of the logistic model (see ``signs_of_glasses``), fitted to 171 portraits with spectacles, 930 without, and
bare faces under hard light."""

SURE = 0.6
"""Probability under which none are assumed; 5 of 930 bare portraits and 73 % of spectacles exceed it
(cross-validated by person; labels by eye)."""


@dataclass(frozen=True)
class Patch:
    """Places of a crop, laid out as ``along x across``: a line of interest runs along the first axis."""

    x: Float32[np.ndarray, "along across"]
    y: Float32[np.ndarray, "along across"]

    def read(self, plane: Mask) -> Float32[np.ndarray, "along across"]:
        """Values of a plane there."""
        return cv2.remap(plane, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@dataclass(frozen=True)
class Line:
    """The strongest line through a patch: its places, and the strength at each."""

    x: Float32[np.ndarray, " along"]
    y: Float32[np.ndarray, " along"]
    strength: Float32[np.ndarray, " along"]


def covered_by_glasses(crop: Crop, landmarks: Landmarks, geometry: Geometry) -> Mask:
    """How surely each pixel shows the frame of spectacles.

    Args:
        crop: 256 x 256 x 3, 0..1.
        landmarks: 468 x 3, crop pixels.
        geometry: of the same crop.

    Returns:
        side x side, 0 (face) .. 1 (frame).
    """
    light = log_light(crop)
    patches = lay_out(landmarks)
    doubt = doubtful(landmarks, len(crop))
    pairs = [strongest_lines(patch, light, doubt) for patch in patches]
    lines = {sign: [pair[sign] for pair in pairs] for sign in (1, -1)}
    if probability(lines, contrast_of(light, landmarks)) < SURE:
        return np.zeros_like(light)
    dark = np.mean([line.strength.mean() for line in lines[1]])
    bright = np.mean([line.strength.mean() for line in lines[-1]])
    sign = 1 if dark >= 0.7 * bright else -1
    return trace(lines[sign], light, doubt, sign) * (geometry.mask > 0)


def log_light(crop: Crop) -> Mask:
    """Logarithm of linear light, lightly smoothed."""
    linear = cv2.GaussianBlur(crop**2.2, (0, 0), 0.7)
    return np.log(linear + 0.03).mean(axis=2)


def lay_out(landmarks: Landmarks) -> list[Patch]:
    """The bridge of the nose (lines run across it), the rings around the eyes, right first, the temples."""
    down = landmarks[152, :2] - landmarks[10, :2]
    down = down / np.linalg.norm(down)
    a, b = landmarks[133], landmarks[362]
    u = np.linspace(0.28, 0.72, ACROSS)[:, None, None]
    v = np.linspace(-0.55, 0.6, DOWN)[None, :, None] * np.linalg.norm(b - a)
    patches = [_patch(a[:2] + u * (b - a)[:2] + v * down)]
    for outer, inner, top, bottom in ((33, 133, 159, 145), (263, 362, 386, 374)):
        centre = landmarks[[outer, inner, top, bottom], :2].mean(axis=0)
        width = float(np.linalg.norm(landmarks[outer] - landmarks[inner]))
        out = (landmarks[outer] - landmarks[inner])[:2] / width
        angle = (np.arange(ANGLES) * (2 * np.pi / ANGLES))[:, None, None]
        radius = np.linspace(0.5, 1.5, RADII)[None, :, None] * width
        patches.append(_patch(centre + radius * (np.cos(angle) * out + np.sin(angle) * down)))
    for outer, temple in ((33, 127), (263, 356)):
        start, end = landmarks[outer, :2], landmarks[temple, :2]
        reach = float(np.linalg.norm(landmarks[temple] - landmarks[outer]))
        along = start + np.linspace(0.35, 1, 12)[:, None, None] * (end - start)
        patches.append(_patch(along + np.linspace(-0.6, 0.5, 30)[None, :, None] * reach * down))
    return patches


def _patch(places: Float[np.ndarray, "along across 2"]) -> Patch:
    return Patch(places[..., 0].astype(np.float32), places[..., 1].astype(np.float32))


def doubtful(landmarks: Landmarks, side: int) -> Mask:
    """How much a line counts: nothing on eyes, little beside the nose, less on brows (they are lines too)."""
    worth = np.ones((side, side), np.float32)
    for ring, value in ((LEFT_BROW, 0.5), (RIGHT_BROW, 0.5), (NOSE, 0.15), (LEFT_EYE, 0.0), (RIGHT_EYE, 0.0)):
        hull = cv2.convexHull(np.round(landmarks[ring, :2]).astype(np.int32))
        cv2.fillConvexPoly(worth, hull, (value,))
    return cv2.GaussianBlur(cv2.erode(worth, np.ones((3, 3), np.uint8)), (0, 0), 1.5)


def strongest_lines(patch: Patch, light: Mask, worth: Mask) -> dict[int, Line]:
    """The dark and the bright line through a patch, by dynamic programming.

    Args:
        patch: where to look; a line runs along its first axis and moves at most one sample across per step.
        light: logarithm of light.
        worth: how much a line counts at each pixel, 0..1.

    Returns:
        At 1 the line darker than its surroundings, at -1 the brighter one; the strength is the second derivative across
        it, at the better of two widths.
    """
    values, counted = patch.read(light), patch.read(worth)
    signs = {1: np.float32(1), -1: np.float32(-1)}
    strength = np.zeros((len(signs), *values.shape), np.float32)
    for sigma in (1.2, 2.2):
        smooth = cv2.GaussianBlur(values, (0, 0), sigmaX=sigma, sigmaY=1.0)
        bend = np.zeros_like(values)
        bend[:, 1:-1] = sigma**2 * (smooth[:, :-2] + smooth[:, 2:] - 2 * smooth[:, 1:-1])
        np.maximum(strength, [sign * bend for sign in signs.values()], out=strength)
    strength *= counted
    strength[..., :3] = strength[..., -3:] = 0
    along, across = np.arange(len(values)), _best_ways(strength / (strength + 0.25))
    # one black stretch does not outweigh a whole grey line
    return {
        sign: Line(patch.x[along, at], patch.y[along, at], strength[number, along, at])
        for number, (sign, at) in enumerate(zip(signs, across, strict=True))
    }


def _best_ways(gain: Float32[np.ndarray, "ways along across"]) -> Int[np.ndarray, "ways along"]:
    """The places across that gain most, step by step along; a step to the side costs a little."""
    ways, steps, width = gain.shape
    edge, came_from = np.full((ways, 1), -np.inf), np.zeros(gain.shape, np.int64)
    total = gain[:, 0].astype(np.float64)
    for step in range(1, steps):
        left = np.concatenate([edge, total[:, :-1]], axis=1) - 0.05
        right = np.concatenate([total[:, 1:], edge], axis=1) - 0.05
        choices = np.stack([left, total, right])
        came_from[:, step] = choices.argmax(axis=0) - 1
        total = choices.max(axis=0) + gain[:, step]
    at = [total.argmax(axis=1)]
    for step in range(steps - 1, 0, -1):
        at.append(at[-1] + came_from[np.arange(ways), step, at[-1]])
    return np.stack(at[::-1], axis=1)


def signs_of_glasses(lines: dict[int, list[Line]], contrast: float) -> Float[np.ndarray, " 10"]:
    """What the logistic model weighs: 1, then log strengths: bridge, under either eye, temples;
    last the face's own contrast: hard light draws lines too."""
    low = slice(ANGLES // 12, ANGLES * 5 // 12)  # from 30 to 150 degrees, downwards
    values = [1.0]
    for sign in (1, -1):
        bridge, *eyes, _, _ = lines[sign]
        under = sorted(float(eye.strength[low].mean()) for eye in eyes)
        values += [float(np.percentile(bridge.strength, 20)), under[0], under[1]]
    values += sorted(float(np.percentile(line.strength, 20)) for line in lines[1][3:])
    return np.array([values[0], *np.log(np.array([*values[1:], contrast]) + 0.01)])


def probability(lines: dict[int, list[Line]], contrast: float) -> float:
    """That spectacles are worn."""
    return float(1 / (1 + np.exp(-signs_of_glasses(lines, contrast) @ WEIGHTS)))


def contrast_of(light: Mask, landmarks: Landmarks) -> float:
    """Standard deviation of the logarithm of light over the landmarks."""
    x, y = (landmarks[:, k].astype(np.float32)[:, None] for k in (0, 1))
    return float(Patch(x, y).read(light).std())


def trace(lines: list[Line], light: Mask, worth: Mask, sign: int) -> Mask:
    """Soft mask of thin structures along lines.

    Args:
        lines: of the bridge and both eyes.
        light: logarithm of light.
        worth: how much a line counts at each pixel, 0..1.
        sign: 1 for dark frames, -1 for bright ones.

    Returns:
        side x side, 0..1.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15))
    operation = cv2.MORPH_BLACKHAT if sign > 0 else cv2.MORPH_TOPHAT
    thin = cv2.morphologyEx(light, operation, kernel)
    band = np.zeros(light.shape, np.uint8)
    typical = float(np.median(np.concatenate([line.strength for line in lines[:3]])))
    depth: list[float] = []
    for line in lines:
        level = cv2.blur(line.strength[:, None], (1, 5))[:, 0]
        here = Patch(line.x[:, None], line.y[:, None]).read(worth)[:, 0]
        brow = (here < 0.8) & (level > 1.1 * typical * np.maximum(here, 0.5))  # a rim does not thicken there
        strong = (level > 0.5 * typical) & ~brow
        points = np.round(np.stack([line.x, line.y], axis=1)).astype(np.int32)
        for k in np.flatnonzero(strong[:-1] & strong[1:]):
            cv2.line(band, points[k].tolist(), points[k + 1].tolist(), (1,), 9)
            x, y = np.clip(points[k], 0, len(thin) - 1)
            depth.append(float(thin[y, x]))
    full = max(float(np.median(depth)) if depth else 0.0, 0.15)
    soft = np.clip((thin / full - 0.25) / 0.45, 0, 1)
    return (soft * cv2.GaussianBlur(band.astype(np.float32), (0, 0), 1.0)).astype(np.float32)
