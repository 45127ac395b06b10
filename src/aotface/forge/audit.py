"""Shortcuts: how well one simple number tells reals from fakes. A good set cannot be solved by any of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from aotface.face.texture import LUMA
from aotface.forge.store import FRAMES, StoredSample
from aotface.media.plain import jpeg_of

LIMIT = 0.65
"""Area under the curve above which a cue is flagged."""

QUALITY = 90
"""Of the JPEG whose size is a cue."""


@dataclass(frozen=True)
class Regions:
    """One frame's luma in 0..255 and colours, where the face is well inside, around it, and along its edge."""

    frame: UInt8[np.ndarray, "rows columns 3"]
    luma: Float32[np.ndarray, "rows columns"]
    inside: Bool[np.ndarray, "rows columns"]
    ring: Bool[np.ndarray, "rows columns"]
    edge: Bool[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Finding:
    """``auc``: 0.5 tells nothing, 1 everything; towards whichever side. ``reals``, ``fakes``: how many were compared."""

    cue: str
    method: str
    auc: float
    reals: int
    fakes: int

    @property
    def flagged(self) -> bool:
        """Whether a detector could live on it."""
        return self.auc > LIMIT


def regions_of(
    frame: UInt8[np.ndarray, "rows columns 3"], points: Float[np.ndarray, "n 2"]
) -> Regions | None:
    """The parts of a frame that are compared; None where the face is not seen or fills the frame."""
    if not np.isfinite(points).all():
        return None
    whole = np.zeros(frame.shape[:2], np.uint8)
    cv2.fillConvexPoly(whole, cv2.convexHull(np.round(points).astype(np.int32)), (1,))
    reach = max(3, round(0.08 * float(np.ptp(points[:, 1]))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inner, outer = cv2.erode(whole, disc), cv2.dilate(whole, disc)
    inside, ring = inner > 0, (cv2.dilate(outer, disc) > 0) & (outer == 0)
    edge = (outer > 0) & (inner == 0)
    if min(np.count_nonzero(part) for part in (inside, ring, edge)) < 50:
        return None
    return Regions(frame, frame.astype(np.float32) @ LUMA[0], inside, ring, edge)


def sharpness(at: Regions) -> float:
    """Energy of the Laplacian inside against around."""
    energy = cv2.Laplacian(at.luma, cv2.CV_32F) ** 2
    return float(np.log((energy[at.inside].mean() + 1e-3) / (energy[at.ring].mean() + 1e-3)))


def inner_sharpness(at: Regions) -> float:
    """Share of the finest detail in all detail inside."""
    fine = cv2.GaussianBlur(at.luma, (0, 0), 0.7)
    coarse = cv2.GaussianBlur(at.luma, (0, 0), 1.4)
    bands = [float(((a - b) ** 2)[at.inside].mean()) for a, b in ((at.luma, fine), (fine, coarse))]
    return float(np.log((bands[0] + 1e-3) / (bands[1] + 1e-3)))


def noise(at: Regions) -> float:
    """Median size of what a small median filter takes away, inside against around."""
    rest = np.abs(at.luma - cv2.medianBlur(at.luma.astype(np.uint8), 3))
    return float(np.log((rest[at.inside].mean() + 0.05) / (rest[at.ring].mean() + 0.05)))


def edge(at: Regions) -> float:
    """Gradients along the edge of the face against those inside."""
    steps = [cv2.Sobel(cv2.GaussianBlur(at.luma, (0, 0), 1.5), cv2.CV_32F, *way) for way in ((1, 0), (0, 1))]
    size = np.hypot(*steps)
    return float(np.log((size[at.edge].mean() + 0.1) / (size[at.inside].mean() + 0.1)))


def colour(at: Regions) -> float:
    """Distance of the mean chroma inside and around."""
    lab = cv2.cvtColor(at.frame, cv2.COLOR_RGB2LAB).astype(np.float32)[..., 1:]
    return float(np.linalg.norm(lab[at.inside].mean(axis=0) - lab[at.edge].mean(axis=0)))


def blocks(at: Regions) -> float:
    """Steps across the grid of JPEG inside the face, against those elsewhere in it."""
    steps = np.abs(np.diff(at.luma, axis=1))
    here = at.inside[:, 1:]
    phases = [float(steps[:, k::8][here[:, k::8]].mean()) for k in range(8) if here[:, k::8].any()]
    return float(max(phases) / (np.median(phases) + 0.05)) if phases else 1.0


def jpeg_size(at: Regions) -> float:
    """Bytes of the frame as JPEG, for each pixel."""
    return len(jpeg_of(at.frame, QUALITY)) / at.luma.size


CUES: dict[str, Callable[[Regions], float]] = {
    "sharpness": sharpness,
    "fine detail": inner_sharpness,
    "noise": noise,
    "edge": edge,
    "colour": colour,
    "blocks": blocks,
    "JPEG size": jpeg_size,
}
"""By name; the size of the stored file is another."""

FILE_SIZE = "file size"


def cues_of(sample: StoredSample) -> dict[str, float] | None:
    """Every cue of the middle frame; None where the face is not seen there."""
    number = sample.info.frames_count // 2
    at = regions_of(sample.array(FRAMES, number), sample.landmarks()[number, :, :2])
    if at is None:
        return None
    found = {name: function(at) for name, function in CUES.items()}
    return found | {FILE_SIZE: sample.path(FRAMES, number).stat().st_size / at.luma.size}


def area_under_curve(reals: Sequence[float], fakes: Sequence[float]) -> float:
    """How well a number tells two groups apart, towards whichever side: 0.5 to 1.

    Source: Mann and Whitney, 1947.
    """
    from scipy.stats import rankdata

    ranks = rankdata([*reals, *fakes])
    above = ranks[len(reals) :].sum() - len(fakes) * (len(fakes) + 1) / 2
    area = float(above / (len(reals) * len(fakes)))
    return max(area, 1 - area)


def audit(values: Sequence[tuple[StoredSample, dict[str, float]]]) -> list[Finding]:
    """Compare the reals with all fakes (controls left out), and with those of each method.

    Args:
        values: samples with their cues.
    """
    real = [cues for sample, cues in values if sample.info.label == "real"]
    fakes = [(sample.info, cues) for sample, cues in values if sample.info.label == "fake"]
    groups = {"all methods": [cues for info, cues in fakes if not info.control]}
    for name in dict.fromkeys(info.method for info, _ in fakes):
        groups[str(name)] = [cues for info, cues in fakes if info.method == name]
    return [
        Finding(
            cue,
            method,
            area_under_curve([r[cue] for r in real], [f[cue] for f in group]),
            len(real),
            len(group),
        )
        for method, group in groups.items()
        if group and real
        for cue in (*CUES, FILE_SIZE)
    ]
