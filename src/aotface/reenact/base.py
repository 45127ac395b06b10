"""What a reenactor is: it puts a source's face into a target's pose and expression. The mesh is one, a network another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from aotface.reenact.reading import Reading
from aotface.reenact.target_brows import TargetBrows
from aotface.reenact.target_mouth import TargetMouth
from aotface.types import AlignedFace, Crop, Face, Frame, Landmarks, Mask


@dataclass(frozen=True)
class TargetPixels:
    """The target's pixels in a part of the crop, without the source's that X_r may have mixed in.

    ``here``: rows and columns of the crop. ``pixels``: theirs. ``weight``: how much of them shows, 0..1.
    """

    here: tuple[slice, slice]
    pixels: Crop
    weight: Mask


@dataclass(frozen=True)
class Reenacted:
    """X_r: the source's identity in the target's crop, before the transfer. All arrays have the crop's side.

    ``crop``: outside ``mask`` it is the target's own. ``mask``: soft, 0..1, where the source's face shows.
    ``from_target``: 0..1, where inside the mask the pixels already are the target's (inner mouth, closed eyes) and must
    not be moved again. ``landmarks``: of the new shape, crop pixels. ``reading``: where in the source's picture X_r was
    read; None for reenactors that do not read one. ``target_pixels``, ``mouth``, ``brows``: what of the
    target is laid over Y; all None: X_r's pixels where ``from_target``.
    """

    crop: Crop
    mask: Mask
    from_target: Mask
    landmarks: Landmarks
    reading: Reading | None = None
    target_pixels: TargetPixels | None = None
    mouth: TargetMouth | None = None
    brows: TargetBrows | None = None


@runtime_checkable
class PreparedSource(Protocol):
    """One source person, ready for any number of targets. Safe from many threads; same target, same bytes."""

    def reenact(self, target: AlignedFace) -> Reenacted:
        """Put the source's face into the target's pose and expression.

        Args:
            target: the aligned target face; its crop's side is the side of the result.

        Returns:
            X_r.
        """


@runtime_checkable
class Reenactor(Protocol):
    """A method of reenactment.

    ``name``: for records: ``mesh``, ``onnx``, or what a plug-in calls itself. ``files``: weights and configuration that
    take part; records and the work folder of a video hold their SHA-256.
    """

    @property
    def name(self) -> str:
        """For records."""

    @property
    def files(self) -> Sequence[Path]:
        """Weights and configuration that take part."""

    def prepare(self, source: Frame, face: Face) -> PreparedSource:
        """Do once what every target needs of the source.

        Args:
            source: the picture of the source, uint8 or uint16, RGB.
            face: the face in it.
        """
