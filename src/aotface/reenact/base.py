"""What a reenactor is: it puts a source's face into a target's pose and expression. The mesh is one, a network another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from aotface.face.render import Raster
from aotface.reenact.reading import Reading
from aotface.reenact.target_brows import TargetBrows
from aotface.reenact.target_eyes import TargetEye
from aotface.reenact.target_mouth import TargetMouth
from aotface.types import AlignedFace, Crop, Face, Frame, Landmarks, Mask


@dataclass(frozen=True)
class Reenacted:
    """X_r: the source's identity in the target's crop, before the transfer. All arrays have the crop's side.

    ``crop``: outside ``mask`` it is the target's own. ``mask``: soft, 0..1, where the source's face shows.
    ``from_target``: 0..1, where inside the mask the pixels already are the target's (mouth, eyes) and must not be moved
    again. ``landmarks``: of the new shape, crop pixels. ``reading``: where in the source's picture X_r was read; None for
    reenactors that do not read one. ``eyes``, ``mouth``, ``brows``: what of the target is laid over Y; none: X_r's pixels
    where ``from_target``. ``raster``: of X_r's mesh, at 256 px; None: it is not known. ``beard``: the source's: ``none``,
    ``shown``, or ``taken off``.
    """

    crop: Crop
    mask: Mask
    from_target: Mask
    landmarks: Landmarks
    reading: Reading | None = None
    eyes: tuple[TargetEye, ...] = ()
    mouth: TargetMouth | None = None
    brows: TargetBrows | None = None
    raster: Raster | None = None
    beard: str = "none"

    @property
    def laid(self) -> tuple[TargetBrows | TargetEye | TargetMouth, ...]:
        """All of it, in its order."""
        return *(part for part in (self.brows, self.mouth) if part is not None), *self.eyes


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
