"""How right a network, or a set of rules, is on the hand labels."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt16

from aotface.face.visibility.classes import Surface
from aotface.training.visibility.hand_labels import Labels, Stroke
from aotface.training.visibility.labels import bits

REACH = 1.5
"""Pixels of the view that a drawn line may lie beside the frame."""

WHOLE, LONGEST_GAP = 0.95, 6.0
"""A pair came through whole: this share of rims and bridge is kept, and no gap is longer than these pixels."""

GROUPS = {
    "skin": (Surface.SKIN, Surface.BROW, Surface.EYE),
    "mouth": (Surface.LIPS, Surface.INNER_MOUTH),
    "hair": (Surface.HAIR,),
    "beard": (Surface.BEARD,),
    "hand": (Surface.HAND,),
    "cover": (Surface.COVER,),
    "front": (Surface.HAIR, Surface.HAND, Surface.COVER),
}
"""What the hand labels tell apart; ``front`` is what the rules of today look for besides spectacles."""

Region = Bool[np.ndarray, "side side"]


@dataclass(frozen=True)
class Frames:
    """Of one pair of spectacles. ``kept``: share of rims and bridge, 0..1. ``gap``: the longest missing piece, pixels.
    ``false``: share of what was called frame that lies beside it."""

    kept: float
    gap: float
    false: float

    @property
    def whole(self) -> bool:
        """Whether rims and bridge came through."""
        return self.kept >= WHOLE and self.gap <= LONGEST_GAP


def judge_frames(covered: Region, labels: Labels, judged: Region) -> Frames:
    """Compare what was called frame with the drawn strokes.

    Args:
        covered: what was called frame.
        labels: drawn.
        judged: where it counts, as the face's mesh; points elsewhere are left out.
    """
    found = kept = 0
    gap = 0.0
    for stroke in labels.strokes:
        if stroke.part == "arm":
            continue
        hits = points_kept(stroke, covered, judged)
        found, kept = found + len(hits), kept + int(hits.sum())
        gap = max(gap, longest_run(~hits))
    for area in labels.areas:
        inside = filled_area(area, labels) & judged
        found, kept = found + int(inside.sum()), kept + int((inside & covered).sum())
    called = covered & judged
    beside = called & ~near(labels)
    return Frames(kept / max(found, 1), gap, float(beside.sum() / max(called.sum(), 1)))


def points_kept(stroke: Stroke, covered: Region, judged: Region) -> Bool[np.ndarray, " n"]:
    """Whether the frame was found at each pixel along a stroke."""
    reach = REACH + stroke.width / 2
    size = 2 * round(reach) + 1
    grown = cv2.dilate(covered.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    steps = [
        a + (b - a) * np.linspace(0, 1, max(2, round(float(np.linalg.norm(b - a)))), endpoint=False)[:, None]
        for a, b in zip(stroke.points, stroke.points[1:], strict=False)
    ]
    x, y = np.clip(np.round(np.concatenate(steps)).astype(int), 0, len(covered) - 1).T
    here = judged[y, x]
    return np.asarray(grown[y, x][here] > 0)


def longest_run(values: Bool[np.ndarray, " n"]) -> float:
    """Length of the longest run of yes."""
    best = run = 0
    for value in values:
        run = run + 1 if value else 0
        best = max(best, run)
    return float(best)


def near(labels: Labels) -> Region:
    """Pixels on or beside a drawn frame, arms too."""
    drawn = np.zeros(labels.sets.shape, np.uint8)
    for stroke in labels.strokes:
        line = [np.round(stroke.points * 8).astype(np.int32)]
        cv2.polylines(drawn, line, False, (1,), max(1, round(stroke.width + 2 * REACH + 1)), cv2.LINE_8, 3)
    for area in labels.areas:
        cv2.fillPoly(drawn, [np.round(area).astype(np.int32)], (1,))
    return drawn > 0


def filled_area(area: np.ndarray, labels: Labels) -> Region:
    """The inside of an outline."""
    drawn = np.zeros(labels.sets.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(area).astype(np.int32)], (1,))
    return drawn > 0


def confusion(
    planes: Float32[np.ndarray, "outputs side side"], sets: UInt16[np.ndarray, "side side"]
) -> dict[str, tuple[int, int, int]]:
    """Counts of one picture for each group of surfaces: right, missed, false, in pixels.

    Args:
        planes: probabilities.
        sets: drawn; only pixels whose set lies within one group count.
    """
    named = planes[: len(Surface)].argmax(axis=0)
    within = {name: (sets & ~np.uint16(bits(*group))) == 0 for name, group in GROUPS.items()}
    known = np.logical_or.reduce(list(within.values()))
    counts: dict[str, tuple[int, int, int]] = {}
    for name, group in GROUPS.items():
        truth, said = within[name], np.isin(named, group)
        right = int((truth & said).sum())
        counts[name] = right, int(truth.sum()) - right, int((known & ~truth & said).sum())
    return counts


def iou(counts: list[tuple[int, int, int]]) -> float:
    """Intersection over union of summed counts; NaN where nothing was drawn."""
    right, missed, false = (sum(part) for part in zip(*counts, strict=True))
    return right / (right + missed + false) if right + missed else float("nan")
