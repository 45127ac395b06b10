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
    "background": (Surface.BACKGROUND,),
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
    inside = broad_frames(labels) & judged
    found, kept = found + int(inside.sum()), kept + int((inside & covered).sum())
    called = covered & judged
    beside = called & ~drawn_frames(labels, REACH)
    return Frames(kept / max(found, 1), gap, float(beside.sum() / max(called.sum(), 1)))


def frame_counts(called: Region, labels: Labels, reach: float = 0.0) -> tuple[int, int, int]:
    """Pixels of drawn frames, arms too, that were right, missed, or falsely called; for `iou`.

    Args:
        called: what was called frame.
        labels: drawn.
        reach: pixels by which either may lie beside the other.
    """
    truth = drawn_frames(labels)
    hit = truth & grown(called, reach)
    false = called & ~drawn_frames(labels, reach)
    return int(hit.sum()), int((truth & ~hit).sum()), int(false.sum())


def points_kept(stroke: Stroke, covered: Region, judged: Region) -> Bool[np.ndarray, " n"]:
    """Whether the frame was found at each pixel along a stroke."""
    wide = grown(covered, REACH + stroke.width / 2)
    steps = [
        a + (b - a) * np.linspace(0, 1, max(2, round(float(np.linalg.norm(b - a)))), endpoint=False)[:, None]
        for a, b in zip(stroke.points, stroke.points[1:], strict=False)
    ]
    x, y = np.clip(np.round(np.concatenate(steps)).astype(int), 0, len(covered) - 1).T
    here = judged[y, x]
    return np.asarray(wide[y, x][here])


def longest_run(values: Bool[np.ndarray, " n"]) -> float:
    """Length of the longest run of yes."""
    best = run = 0
    for value in values:
        run = run + 1 if value else 0
        best = max(best, run)
    return float(best)


def drawn_frames(labels: Labels, reach: float = 0.0) -> Region:
    """Pixels of drawn frames, arms too, and of what lies beside them within ``reach`` pixels."""
    drawn = np.zeros(labels.sets.shape, np.uint8)
    for stroke in labels.strokes:
        line = [np.round(stroke.points * 8).astype(np.int32)]
        wide = stroke.width + (2 * reach + 1 if reach else 0)
        cv2.polylines(drawn, line, False, (1,), max(1, round(wide)), cv2.LINE_8, 3)
    return (drawn > 0) | grown(broad_frames(labels), reach)


def broad_frames(labels: Labels) -> Region:
    """The inside of the outlines of broad frames, without their lenses."""
    drawn = np.zeros(labels.sets.shape, np.uint8)
    for outlines, value in ((labels.areas, 1), (labels.holes, 0)):
        for outline in outlines:
            cv2.fillPoly(drawn, [np.round(outline).astype(np.int32)], (value,))
    return drawn > 0


def grown(region: Region, reach: float) -> Region:
    """A region and what lies within ``reach`` pixels of it."""
    size = 2 * round(reach) + 1
    return cv2.dilate(region.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0


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
