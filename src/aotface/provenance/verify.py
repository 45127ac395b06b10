"""What a file says about itself: its content credentials and its watermark, in plain words.

Absence proves nothing: any re-encoding strips credentials, and other tools do not know this watermark. The
words chosen here never say that a picture is genuine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aotface.media.files import show
from aotface.media.image import read_image
from aotface.provenance import watermark
from aotface.provenance.authority import NAME
from aotface.provenance.credentials import Credentials, read_credentials
from aotface.provenance.manifest import SOURCE_TYPE
from aotface.provenance.watermark import Watermark


@dataclass(frozen=True)
class Verification:
    """The marks of one file. ``credentials`` is None where the file carries none."""

    file: Path
    credentials: Credentials | None
    watermark: Watermark

    @property
    def tampered(self) -> bool:
        """The file was signed and changed afterwards, or its credentials are broken."""
        return self.credentials is not None and self.credentials.state == "Invalid"

    @property
    def marked(self) -> bool:
        """A mark of this tool was found: its watermark, or credentials that it wrote and that hold."""
        ours = self.credentials is not None and self.credentials.record is not None and not self.tampered
        return ours or self.watermark.found

    def lines(self) -> list[str]:
        """The findings, one sentence a line, to be shown to people."""
        return [
            show(self.file),
            *_about_credentials(self.credentials),
            _about_watermark(self.watermark),
            self._sum(),
        ]

    def _sum(self) -> str:
        if self.tampered:
            return "Result: the file was CHANGED after it was signed, or its credentials are broken."
        if self.marked:
            return "Result: made with aotface; a face in this picture was swapped or refined."
        if self.credentials is not None:
            return "Result: signed by another tool, no mark of aotface."
        return (
            "Result: no marks. That does not show that the picture is genuine: marks can be lost or removed."
        )


def verify(path: Path | str) -> Verification:
    """Read both marks of a picture.

    Args:
        path: a picture, of this tool or not.

    Returns:
        What was found.

    Raises:
        InputError: the file cannot be read, or is not a picture.

    Source: [ours]
    """
    path = Path(path)
    return Verification(path, read_credentials(path), watermark.detect(read_image(path).frame))


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
    if found.source_type == SOURCE_TYPE:
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


def _about_watermark(found: Watermark) -> str:
    if found.too_small:
        return f"Watermark: cannot be read, the picture is smaller than {watermark.MIN_SIDE // 2} pixels."
    strength = f"score {found.score:.1f}, threshold {watermark.THRESHOLD}"
    if not found.found:
        return f"Watermark: none found ({strength})."
    chance = f"below {max(found.false_alarm, 1e-12):.0e}"
    return f"Watermark: FOUND, aotface version {found.version} of the mark ({strength}, by chance {chance})."
