"""What a forgery detector looks at: aligned faces of a store's samples, or of any picture, as small square crops."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from aotface.errors import InputError
from aotface.face.align import resize_matrix
from aotface.forge.store import FRAMES, Sample, StoredSample
from aotface.media.plain import decoded_jpeg, jpeg_of
from aotface.types import CROP_SIDE

SIDE = 128
"""Side of a crop in pixels."""

ZOOM = 1.4
"""Against the aligned crop of 256 px: at 1, occlusion maps showed that a probe looks at collars and flags."""

QUALITY = (60, 96)
"""JPEG qualities from which each sample's is drawn, reals and fakes alike: old compression gives nothing away."""

Clip = UInt8[np.ndarray, "_frames side side 3"]


@dataclass(frozen=True, eq=False)
class Item:
    """One sample as detectors see it: its line of the manifest, and its crops."""

    info: Sample
    clip: Clip

    @property
    def name(self) -> str:
        """See `name_of`."""
        return name_of(self.info)

    @property
    def fake(self) -> bool:
        """Whether it was swapped."""
        return self.info.label == "fake"


def name_of(line: Sample) -> str:
    """Unique over stores: a real stands in several with one content, and is one sample then."""
    return f"{line.id} {line.key[:12]}"


def crop_of(
    frame: UInt8[np.ndarray, "rows columns 3"], matrix: Float64[np.ndarray, "2 3"], side: int = SIDE
) -> UInt8[np.ndarray, "side side 3"]:
    """The aligned face of a frame.

    Args:
        frame: RGB.
        matrix: from frame points to the crop of 256 px.
        side: of the result.
    """
    double = ZOOM * resize_matrix(matrix, CROP_SIDE, 2 * side)
    double[:, 2] += (1 - ZOOM) * (side - 0.5)  # the middle stays the middle
    large = cv2.warpAffine(
        frame, double, (2 * side, 2 * side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def compressed(crop: UInt8[np.ndarray, "side side 3"], word: str) -> UInt8[np.ndarray, "side side 3"]:
    """A crop after JPEG of a quality that the word decides."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]))
    return decoded_jpeg(jpeg_of(crop, int(rng.integers(*QUALITY))))


def spread(count: int, wanted: int) -> list[int]:
    """Which frames are looked at: spread evenly over all, never only the first ones; repeated where there are fewer."""
    return [min(count - 1, int((k + 0.5) * count / wanted)) for k in range(wanted)]


def item_of(sample: StoredSample, frames: int = 1, side: int = SIDE) -> Item | None:
    """The crops of one sample; None where its face is not seen."""
    matrices, crops = sample.matrices(), []
    seen = np.flatnonzero(np.isfinite(matrices).all(axis=(1, 2)))
    if not len(seen):
        return None
    for place in spread(len(seen), frames):
        number = int(seen[place])
        crop = crop_of(sample.array(FRAMES, number), matrices[number], side)
        crops.append(compressed(crop, sample.info.id))
    return Item(sample.info, np.stack(crops))


def stacked(items: Sequence[Item]) -> UInt8[np.ndarray, "n frames side side 3"]:
    """Crops of many items.

    Raises:
        InputError: there are none.
    """
    if not items:
        raise InputError("expected at least one sample with a face in it, got none")
    return np.stack([item.clip for item in items])
