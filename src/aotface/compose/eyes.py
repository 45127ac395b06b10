"""Eyes of the target's contrast: a transfer that brings skin to skin leaves whites and pupils grey [ours].

At the frame's own pixels, where everything else is done: a blur or a shift of tone that comes later would take the contrast
away again. In each opening luma is stretched so that it spans what the target's eye spans; colours keep their ratios, so
an iris keeps its hue and gets its depth back. Pupils and lash lines get darker first; whites become hardly brighter than
the target's. What is brighter than a white (a tear, a reflection in the source's lens) is held back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.catch_light import Glint, find_glint, moved_glint, without_glint
from aotface.face.align import transform_landmarks
from aotface.face.gaze import eye_axes
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import FEWEST, HIGH, LOW, LUMA, eye_opening
from aotface.types import Gaze, Landmarks, Mask, Matrix

HELD = 0.25
"""What is left of the stretch above the white of an eye."""

BRIGHTER = 1.05
"""How much brighter than the target's white a white may get."""

DIMMED = 1.1
"""How much brighter than the target's a white may be that is so already: beyond that it glows."""

OWN = 0.5
"""How much each eye's own span counts, against that of both: eyes shall look alike, but a source may be lit from one side."""

STAND_IN = 0.4
"""Greatest share of the target's eye, in luma, where a source's has too little to be stretched: dark, or behind a lens."""

WHITE = (0.55, 0.9)
"""Saturation over that of what is around the eye, up to which all and from which on little is made brighter: lids in the
corners stay, and brown irises get no bright specks."""

LEAST_BRIGHTER = 0.35
"""What is left of the brightening there."""

MARGIN = 1.03
"""By how much more than the target's span is aimed at: rounding and grain take some of it away."""

MOST = 2.2
"""Greatest stretch of an eye's luma."""

FADE = 3.0
"""Multiple of the least opening from which on an eye gets all of it: as it closes, less."""

SOFT = 1.0
"""Standard deviation, in pixels at 256, of the edge of what is changed."""

CORRECTIONS = 2
"""How many times what was reached is looked at: the edge of an opening gets less than its middle."""

BOTH = np.concatenate([LEFT_EYE, RIGHT_EYE])

Pixels = Float32[np.ndarray, "rows columns 3"]
Plane = Float32[np.ndarray, "rows columns"]
Box = tuple[int, int, int, int]


class EyePoints(NamedTuple):
    """Landmarks of the new face and of its target, and where the target's irises lie, if that is known."""

    own: Landmarks
    target: Landmarks
    gaze: Gaze | None = None

    def moved(self, matrix: Matrix) -> "EyePoints":
        """The same in other pixels."""
        own, target = (transform_landmarks(one, matrix).astype(np.float32) for one in self[:2])
        return EyePoints(own, target, self.gaze)

    def box(self, margin: float, height: int, width: int, eye: np.ndarray = BOTH) -> Box | None:
        """Pixels around an eye, xyxy; None where it lies outside the picture."""
        points = np.concatenate([one[eye, :2] for one in self[:2]])
        x0, y0 = np.clip(np.floor(points.min(axis=0) - margin), 0, (width, height)).astype(int).tolist()
        x1, y1 = np.clip(np.ceil(points.max(axis=0) + margin), 0, (width, height)).astype(int).tolist()
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


class Span(NamedTuple):
    """Luma of an eye: dark end, bright end (0..1), and how far it is open (0..1)."""

    low: float
    high: float
    open: float


@dataclass(frozen=True)
class Stretch:
    """What is done in one eye: from one span to another, under a soft mask.

    ``mask``: for what becomes brighter; ``wide``: for what becomes darker, lash lines too. ``place``: x and y of their first
    pixel. ``more``: luma that is added in the end. ``glint``: the catch-light to be laid on; None: none. ``iris``: landmarks, eye and gaze, in pixels of the mask, by
    which the new face's own catch-light is found.
    """

    before: Span
    after: Span
    mask: Mask
    wide: Mask
    place: tuple[int, int]
    more: Plane | None = None
    glint: Glint | None = None
    iris: tuple[Landmarks, int, Float32[np.ndarray, " 2"]] | None = None

    def gain(self, luma: Plane) -> Plane:
        """By how much pixels of a luma are multiplied."""
        before, after = self.before, self.after
        slope = (after.high - after.low) / (before.high - before.low)
        moved = after.low + (np.minimum(luma, before.high) - before.low) * slope
        moved += HELD * np.maximum(luma - before.high, 0)
        deep = luma * np.float32(
            after.low / max(before.low, 1e-4)
        )  # what is darker keeps its ratio: no black holes
        moved = np.where(luma < before.low, deep, moved) / np.maximum(luma, np.float32(0.01))
        return 1 + (moved - 1) * np.where(moved < 1, self.wide, self.mask)

    def _whiteness(self, picture: Pixels) -> Plane:
        """How much of a brightening each pixel gets."""
        saturation = 1 - picture.min(axis=2) / np.maximum(picture.max(axis=2), np.float32(0.02))
        beside = saturation[self.wide == 0]
        usual = float(np.median(beside)) if beside.size else 0.0
        first, last = (max(usual * one, 0.08 + 0.1 * one) for one in WHITE)
        share = np.clip((last - saturation) / (last - first), 0, 1)
        return (LEAST_BRIGHTER + (1 - LEAST_BRIGHTER) * share).astype(np.float32)

    def lay(self, picture: Pixels) -> Pixels:
        """All of it in the mask's pixels."""
        made = picture
        if self.glint is not None and self.iris is not None:
            made = picture + (without_glint(picture, *self.iris) - picture) * self.mask[..., None]
        luma = luma_of(made)
        gain = self.gain(luma)
        gain = 1 + (gain - 1) * np.where(gain > 1, self._whiteness(made), 1)
        made = made * gain[..., None]
        if self.more is not None:
            made = np.maximum(made + (self.more * self.mask)[..., None], 0)
        if self.glint is not None:
            made += (self.glint.weight * self.mask * np.maximum(self.glint.luma - luma * gain, 0))[..., None]
        return np.clip(made, 0, 1)


def luma_of(picture: Pixels) -> Plane:
    """0..1."""
    return np.asarray(cv2.transform(np.ascontiguousarray(picture), LUMA), np.float32)


@dataclass(frozen=True)
class _Eye:
    """One eye in a box of its own: the new face's and the target's."""

    face: Pixels
    target: Pixels
    weight: Mask
    points: EyePoints
    eye: np.ndarray
    unit: float
    place: tuple[int, int]

    @cached_property
    def spans(self) -> tuple[Span | None, Span | None]:
        """Of both."""
        return self.span(self.face, self.points.own), self.span(self.target, self.points.target)

    def span(self, picture: Pixels, landmarks: Landmarks) -> Span | None:
        """Of one of them; None where it is closed or covered."""
        opening = eye_opening(landmarks, self.eye, self.weight.shape)
        area, least = float(opening.sum()), FEWEST * self.unit**2
        if area < least or float((opening * self.weight).sum()) < 0.7 * area:
            return None
        luma = luma_of(picture)[(opening > 0) & (self.weight > 0.5)]
        low, high = np.percentile(luma, (LOW, HIGH)).tolist()
        return Span(low, high, min(1.0, (area / least - 1) / (FADE - 1)))

    @cached_property
    def standing_in(self) -> Plane:
        """By how much the target's luma differs from the mean of its eye."""
        luma = luma_of(self.target)
        inside = eye_opening(self.points.target, self.eye, luma.shape)
        return luma - np.float32((luma * inside).sum() / max(float(inside.sum()), 1.0))


def match_eyes(
    face: Pixels,
    target: Pixels,
    weight: Mask,
    points: EyePoints,
    unit: float,
    place: tuple[int, int] = (0, 0),
) -> list[Stretch]:
    """What gives the new eyes the contrast of the target's: those that have it already are left alone.

    Args:
        face: 0..1.
        target: the same pixels.
        weight: with which the face shows.
        points: in these pixels.
        unit: pixels for one of a 256-pixel crop.
        place: x and y of the first pixel in the frame.
    """
    eyes = []
    for eye in (LEFT_EYE, RIGHT_EYE):
        box = points.box(4 * max(unit, 1), *weight.shape, eye)
        if box is None:
            continue
        here = slice(box[1], box[3]), slice(box[0], box[2])
        moved = points.moved(np.array([[1, 0, -box[0]], [0, 1, -box[1]]], np.float64))
        at = place[0] + box[0], place[1] + box[1]
        one = _Eye(face[here], target[here], weight[here], moved, eye, unit, at)
        mine, theirs = one.spans
        if mine is not None and theirs is not None and mine.high - mine.low >= 0.02:
            eyes.append((one, mine, theirs))
    sums = [sum(one[k].high - one[k].low for one in eyes) for k in (1, 2)]
    found = (_stretch(one, mine, theirs, sums[1] / sums[0]) for one, mine, theirs in eyes)
    return [one for one in found if one is not None]


def _stretch(one: _Eye, mine: Span, theirs: Span, ratio: float) -> Stretch | None:
    """What is done in one eye, looked at again until it reaches what is aimed at."""
    aim = _aimed_at(mine, theirs, ratio)
    glint, iris = _glint(one)
    if max(mine.low - aim.low, abs(aim.high - mine.high)) <= 0.004 and glint is None:
        return None
    masks = _masks(one.points.own, one.eye, one.weight.shape, one.unit)
    after = aim
    for _ in range(CORRECTIONS + 1):
        made = Stretch(mine, after, *masks, one.place, glint=glint, iris=iris)
        reached = one.span(made.lay(one.face), one.points.own)
        assert reached is not None  # the same opening
        low = np.clip(after.low + aim.low - reached.low, 0, mine.low)
        high = np.clip(after.high + aim.high - reached.high, min(mine.high, aim.high), aim.high + 0.1)
        after = Span(float(low), float(high), 1.0)
    share = 1 - (reached.high - reached.low) / max(MARGIN * (theirs.high - theirs.low), 1e-3)
    if share <= 0.02:
        return made
    return replace(made, more=one.standing_in * np.float32(min(share * mine.open * theirs.open, STAND_IN)))


def _aimed_at(mine: Span, theirs: Span, ratio: float) -> Span:
    """What an eye's span becomes; ``ratio``: of the spans of both eyes, so that they look alike."""
    low, span = min(mine.low, theirs.low), mine.high - mine.low
    wanted = theirs.high - theirs.low
    high = low + MARGIN * (span * ratio) ** (1 - OWN) * max(wanted, 1e-3) ** OWN
    high = max(min(mine.high, DIMMED * theirs.high), min(high, BRIGHTER * theirs.high))
    much = min(1.0, (MOST - 1) * span / max(high - low - span, 1e-6)) * min(mine.open, theirs.open)
    return Span(mine.low + much * (low - mine.low), mine.high + much * (high - mine.high), 1.0)


def _glint(one: _Eye) -> tuple[Glint | None, tuple | None]:
    """The target's catch-light where the new face's iris is, and where that is."""
    points = one.points
    if points.gaze is None:
        return None, None
    number = 0 if one.eye is RIGHT_EYE else 1
    gaze, luma = points.gaze[number], luma_of(one.target)
    glint = find_glint(luma, eye_opening(points.target, one.eye, luma.shape), points.target, number, gaze)
    if glint is None:
        return None, None
    own, theirs = (eye_axes(landmarks, number)[0] for landmarks in points[:2])
    return moved_glint(glint, np.float32(own - theirs)), (points.own, number, gaze)


def _masks(landmarks: Landmarks, eye: np.ndarray, shape: tuple[int, ...], unit: float) -> tuple[Mask, Mask]:
    """For what becomes brighter, without lids: they are skin; and for what becomes darker, with the lash line."""
    drawn = cv2.GaussianBlur(eye_opening(landmarks, eye, shape), (0, 0), max(SOFT * unit, 0.3))
    narrow, wide = (np.clip((drawn - edge) / 0.4, 0, 1).astype(np.float32) for edge in (0.4, 0.1))
    return narrow, wide


def stretch_eyes(picture: Pixels, stretches: Sequence[Stretch], place: tuple[int, int] = (0, 0)) -> Pixels:
    """The face with its eyes stretched, in place.

    Args:
        picture: the face, or a strip of it.
        stretches: see there.
        place: x and y of its first pixel in the frame.
    """
    for one in stretches:
        x, y = one.place[0] - place[0], one.place[1] - place[1]
        rows, columns = one.mask.shape
        top, left = max(0, -y), max(0, -x)
        bottom, right = min(rows, picture.shape[0] - y), min(columns, picture.shape[1] - x)
        if top < bottom and left < right:
            here = slice(y + top, y + bottom), slice(x + left, x + right)
            whole = np.zeros((rows, columns, 3), np.float32)
            whole[top:bottom, left:right] = picture[here]
            picture[here] = one.lay(whole)[top:bottom, left:right]
    return picture
