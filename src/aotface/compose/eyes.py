"""Eyes of the target's contrast: a transfer that brings skin to skin leaves whites and pupils grey [ours].

At the frame's own pixels, where everything else is done: a blur or a shift of tone that comes later would take the contrast
away again. In each opening luma is stretched so that it spans what the target's eye spans; colours keep their ratios, so
an iris keeps its hue and gets its depth back. Pupils and lash lines get darker first; whites become hardly brighter than
the target's. What is brighter than a white (a tear, a reflection in the source's lens) is held back. Eyes that are the
target's own (see `aotface.reenact.target_eyes`) have it all, and stay.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.eye_stretch import Span, Stretch, luma_of
from aotface.face.align import transform_landmarks
from aotface.face.mesh import LEFT_EYE, RIGHT_EYE
from aotface.face.texture import FEWEST, HIGH, LOW, eye_opening
from aotface.types import Box, Landmarks, Mask, Matrix

BRIGHTER = 1.05
"""How much brighter than the target's white a white may get."""

DIMMED = 1.1
"""How much brighter than the target's a white may be that is so already: beyond that it glows."""

OWN = 0.5
"""How much each eye's own span counts against that of both: eyes look alike, but a source may be lit from one side."""

STAND_IN = 0.4
"""Greatest share of the target's eye, in luma, where a source's has too little to be stretched: dark, or behind a lens."""

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


class EyePoints(NamedTuple):
    """Landmarks of the new face and of its target."""

    own: Landmarks
    target: Landmarks

    def moved(self, matrix: Matrix) -> "EyePoints":
        """The same in other pixels."""
        own, target = (transform_landmarks(one, matrix).astype(np.float32) for one in (self.own, self.target))
        return EyePoints(own, target)

    def box(self, margin: float, height: int, width: int, eye: np.ndarray = BOTH) -> Box | None:
        """Pixels around an eye, xyxy; None where it lies outside the picture."""
        points = np.concatenate([one[eye, :2] for one in (self.own, self.target)])
        x0, y0 = np.clip(np.floor(points.min(axis=0) - margin), 0, (width, height)).astype(int).tolist()
        x1, y1 = np.clip(np.ceil(points.max(axis=0) + margin), 0, (width, height)).astype(int).tolist()
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


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
        weight: with which the face shows, without what is the target's own.
        points: in these pixels.
        unit: pixels for one of a 256-pixel crop.
        place: x and y of the first pixel in the frame.
    """
    eyes: list[tuple[_Eye, Span, Span]] = []
    for eye in (LEFT_EYE, RIGHT_EYE):
        box = points.box(4.0 * max(unit, 1), len(weight), weight.shape[1], eye)
        if box is None:
            continue
        here = slice(box[1], box[3]), slice(box[0], box[2])
        moved = points.moved(np.array([[1, 0, -box[0]], [0, 1, -box[1]]], np.float64))
        at = place[0] + box[0], place[1] + box[1]
        one = _Eye(face[here], target[here], weight[here], moved, eye, unit, at)
        mine, theirs = one.spans
        if mine is not None and theirs is not None and mine.high - mine.low >= 0.02:
            eyes.append((one, mine, theirs))
    spans = np.array([(mine.high - mine.low, theirs.high - theirs.low) for _, mine, theirs in eyes])
    own, wanted = spans.sum(axis=0) if eyes else (1, 1)
    found = (_stretch(one, mine, theirs, float(wanted / own)) for one, mine, theirs in eyes)
    return [one for one in found if one is not None]


def _stretch(one: _Eye, mine: Span, theirs: Span, ratio: float) -> Stretch | None:
    """What is done in one eye, looked at again until it reaches what is aimed at."""
    aim = _aimed_at(mine, theirs, ratio)
    if max(mine.low - aim.low, abs(aim.high - mine.high)) <= 0.004:
        return None
    masks = _masks(one.points.own, one.eye, one.weight.shape, one.unit)
    after, reached = aim, mine
    for _ in range(CORRECTIONS + 1):
        made = Stretch(mine, after, *masks, one.place)
        reached = one.span(made.lay(one.face), one.points.own) or reached
        low = np.clip(after.low + aim.low - reached.low, 0, mine.low)
        high = np.clip(after.high + aim.high - reached.high, min(mine.high, aim.high), aim.high + 0.1)
        after = Span(float(low), float(high), 1.0)
    share = 1 - (reached.high - reached.low) / max(MARGIN * (theirs.high - theirs.low), 1e-3)
    if share <= 0:
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


def _masks(landmarks: Landmarks, eye: np.ndarray, shape: tuple[int, ...], unit: float) -> tuple[Mask, Mask]:
    """For what becomes brighter, without lids: they are skin; and for what becomes darker, with the lash line."""
    drawn = cv2.GaussianBlur(eye_opening(landmarks, eye, shape), (0, 0), max(SOFT * unit, 0.3))
    narrow, wide = (np.clip((drawn - edge) / 0.4, 0, 1).astype(np.float32) for edge in (0.4, 0.1))
    return narrow, wide
