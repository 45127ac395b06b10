"""What a file says about itself: its content credentials and its watermark, in plain words.

Absence proves nothing: any re-encoding strips credentials, and other tools do not know this watermark. The
words chosen here never say that a picture is genuine.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from aotface.errors import UnreadableImageError
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.media.kinds import is_video
from aotface.media.source_type import COMPOSITE, says_ai
from aotface.media.video.decode import read_frames
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times
from aotface.media.video.xmp import video_source_type
from aotface.provenance import watermark
from aotface.provenance.authority import NAME
from aotface.provenance.credentials import Credentials, read_credentials
from aotface.provenance.watermark import Watermark

LOOKS, MORE_LOOKS = 5, 10
"""Frames of a video that are looked at, spread over all of it; and how many more where none of them carries the mark:
only frames with a swapped face do."""

VERY_SURE, WEAK = 1e-9, 0.01
"""Bounds on a false alarm below which a watermark that was found is called very sure, and one that was not a trace."""

State = Literal["marked", "unmarked", "invalid"]

EXIT_CODES: dict[State, int] = {"marked": 0, "unmarked": 20, "invalid": 21}
"""What `aotface verify` ends with."""


@dataclass(frozen=True)
class Verification:
    """The marks of one file. ``credentials`` is None where the file carries none.

    ``watermark``: of a video that of the frame where it is strongest. ``looks``: of a video, by frame; else empty.
    ``source_type``: what its XMP says of how it came to be. ``damaged``: its pixels cannot be read.
    """

    file: Path
    credentials: Credentials | None
    watermark: Watermark
    looks: tuple[tuple[int, Watermark], ...] = ()
    source_type: str | None = None
    damaged: bool = False

    @property
    def tampered(self) -> bool:
        """The file was signed and changed afterwards, or its credentials are broken."""
        return self.credentials is not None and self.credentials.state == "Invalid"

    @property
    def marked(self) -> bool:
        """A mark of this tool was found: its watermark, or credentials that it wrote and that hold."""
        ours = self.credentials is not None and self.credentials.record is not None and not self.tampered
        return ours or self.watermark.found

    @property
    def state(self) -> State:
        """``marked`` also where another tool declares AI; ``invalid`` where credentials do not hold."""
        if self.tampered:
            return "invalid"
        return "marked" if self.marked or self.declared_ai else "unmarked"

    @property
    def declared_ai(self) -> bool:
        """Credentials that hold, or XMP, of any tool, declare that all or a part of it was made by AI."""
        credentials = None if self.credentials is None or self.tampered else self.credentials.source_type
        return says_ai(credentials) or says_ai(self.source_type)

    @property
    def false_alarm(self) -> float:
        """Upper bound of the chance that a file without the watermark scores this high in any frame looked at."""
        return min(1.0, self.watermark.false_alarm * max(len(self.looks), 1))

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain values for JSON."""
        mark = asdict(self.watermark) | {"false_alarm": self.false_alarm, "confidence": self.confidence}
        return {
            "file": str(self.file),
            "state": self.state,
            "aotface": self.marked,
            "declared_ai": self.declared_ai,
            "credentials": None if self.credentials is None else asdict(self.credentials),
            "source_type": self.source_type,
            "damaged": self.damaged,
            "watermark": mark,
            "frames": {str(number): look.score for number, look in self.looks},
        }

    @property
    def confidence(self) -> str:
        """Of the watermark in words, from the bound on a false alarm: very high, high, low, or none."""
        if self.watermark.found:
            return "very high" if self.false_alarm < VERY_SURE else "high"
        return "low" if self.false_alarm < WEAK else "none"

    def lines(self) -> list[str]:
        """The findings, one sentence a line, to be shown to people."""
        return [
            show(self.file),
            *_about_credentials(self.credentials),
            *_about_xmp(self.source_type),
            self._about_watermark(),
            self._sum(),
        ]

    def _about_watermark(self) -> str:
        """One line; of a video it says in how many frames."""
        found, looks, kind = self.watermark, self.looks, "video" if self.looks else "picture"
        if self.damaged:
            return "Watermark: cannot be read, the picture is damaged."
        if found.too_small:
            return f"Watermark: cannot be read, the {kind} is smaller than {watermark.MIN_SIDE // 2} pixels."
        strength = f"{'best ' if looks else ''}score {found.score:.1f}, threshold {watermark.THRESHOLD}"
        chance = f"by chance below {max(self.false_alarm, 1e-12):.0e}"
        if not found.found:
            where = f" in the {len(looks)} frames looked at" if looks else ""
            trace = f"; a weak trace, confidence low, {chance}" if self.confidence == "low" else ""
            return f"Watermark: none found{where} ({strength}{trace})."
        where = (
            f" in {sum(mark.found for _, mark in looks)} of {len(looks)} frames looked at" if looks else ""
        )
        version = f"aotface version {found.version} of the mark"
        return f"Watermark: FOUND{where}, {version}; confidence {self.confidence} ({strength}, {chance})."

    def _sum(self) -> str:
        kind = "video" if self.looks else "picture"
        if self.tampered:
            return "Result: the file was CHANGED after it was signed, or its credentials are broken."
        if self.marked:
            return f"Result: made with aotface; a face in this {kind} was swapped or refined."
        if self.declared_ai:
            return "Result: declared as made or edited with AI by another tool, no mark of aotface."
        if self.credentials is not None:
            return "Result: signed by another tool, no mark of aotface."
        return (
            f"Result: no marks. That does not show that the {kind} is genuine: marks can be lost or removed."
        )


def verify(path: Path | str) -> Verification:
    """Read both marks of a picture, or of a video.

    Args:
        path: a picture or a video, of this tool or not.

    Returns:
        What was found; in a video a few frames are looked at.

    Raises:
        InputError: the file cannot be read, or is neither a picture nor a video.

    Source: [ours]
    """
    path = Path(path)
    if not is_video(path):
        return _verify_picture(path)
    looks = tuple(_look(path))
    best = max((mark for _, mark in looks), key=lambda mark: mark.score)
    return Verification(path, read_credentials(path), best, looks, video_source_type(path))


def _verify_picture(path: Path) -> Verification:
    """Of a picture; one that a change has damaged still tells that it was changed."""
    credentials = read_credentials(path)
    try:
        picture = read_image(path)
    except UnreadableImageError:
        if credentials is None or credentials.state != "Invalid" or not credentials.issuer:
            raise  # no issuer: the library could not read the file either, which may never have been signed
        return Verification(path, credentials, Watermark(False, 0.0, 1.0, 0.0, 0), damaged=True)
    found = watermark.detect(picture.frame)
    return Verification(path, credentials, found, source_type=picture.source_type)


def _look(path: Path) -> Iterator[tuple[int, Watermark]]:
    """The watermark of a few frames of a video, in the order in which they are looked at."""
    info, times = probe(path), frame_times(path, allow_damage=True)
    looked: set[int] = set()
    for looks in (LOOKS, MORE_LOOKS):
        found = False
        for number in sorted({len(times) * (2 * k + 1) // (2 * looks) for k in range(looks)} - looked):
            looked.add(number)
            (frame,) = read_frames(path, number, number + 1, info, times)
            mark = watermark.detect(frame.rgb)
            found |= mark.found
            yield number, mark
        if found:
            return


def _about_credentials(found: Credentials | None) -> Iterator[str]:
    if found is None:
        yield "Content credentials: none in this file."
        return
    where = "in a file beside it" if found.in_sidecar else "in the file"
    if found.state == "Invalid":
        yield f"Content credentials: INVALID ({where}): {show(', '.join(found.faults)) or 'not readable'}."
    else:
        yield f"Content credentials: valid ({where}): unchanged since it was signed."
    if found.signer or found.issuer:
        yield f"  Signed by {show(found.signer)} ({show(found.issuer)}){_worth(found)}."
    if found.time is not None:
        yield f"  Time stamp: {show(found.time)}."
    if found.source_type == COMPOSITE:
        yield "  Declared as a composite with parts made by a trained algorithm (a face swap)."
    elif found.source_type:
        yield f"  Declared as {show(found.source_type.rsplit('/', 1)[-1])}."
    if found.actions:
        yield f"  Steps: {show(', '.join(found.actions))}."
    if found.ingredients:
        yield f"  Made from: {show(', '.join(f'{title} ({role})' for title, role in found.ingredients))}."
    if found.record is not None:
        model = found.record.get("model_sha256")
        yield (
            f"  {show(found.generator)}: transfer {show(str(found.record.get('method')))}, "
            f"reenactor {show(str(found.record.get('reenactor')))}, "
            f"{f'model sha256 {show(str(model))}' if model else 'no trained model in the transfer'}."
        )


def _about_xmp(source_type: str | None) -> Iterator[str]:
    if source_type is not None:
        yield f"XMP: declared as {source_type.rsplit('/', 1)[-1]}; not signed, anybody can change it."


def _worth(found: Credentials) -> str:
    """How much the signer's name is worth."""
    if found.state == "Invalid":
        return ""
    if found.issuer == NAME:
        where = "this computer's own" if found.state == "Trusted" else "another computer's"
        return f": {where} test authority, which proves that the file is unchanged and not who made it"
    return (
        ": trusted" if found.state == "Trusted" else ": not checked, no root that you trust stands behind it"
    )
