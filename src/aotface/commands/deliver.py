"""The end of the line: encode, sign, write; whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

from aotface.media.files import write_bytes
from aotface.media.image import Picture, encode_image, output_format
from aotface.provenance.authority import Signer, load_signer
from aotface.provenance.credentials import Record, sign, write_signed
from aotface.types import Frame


@dataclass(frozen=True)
class Terms:
    """How files are written. ``signer`` None: this computer's own test authority. ``quality`` None: by `quality_for`."""

    mark: bool = True
    signer: Signer | None = None
    quality: int | None = None
    overwrite: bool = False


def signer_from(certificate: Path | None, key: Path | None) -> Signer | None:
    """The user's own signer, None when no certificate is named."""
    return load_signer(certificate, key) if certificate is not None and key is not None else None


def deliver(output: Path, frame: Frame, target: Picture, given: Path, record: Record, terms: Terms) -> Path:
    """Write a finished frame.

    Args:
        output: where to; the suffix decides the format.
        frame: with the watermark in it already, when marks are on.
        target: the picture that was edited: its depth, profile and metadata are kept.
        given: the source, or the picture that was swapped elsewhere.
        record: what the credentials say.
        terms: whether and how to sign, and to write.

    Returns:
        ``output``.

    Raises:
        UsageError: the suffix is none that is written.
        OutputError: it exists, or cannot be written.
        ProvenanceError: it cannot be signed.
    """
    data = encode_image(frame, output_format(output, target), target, terms.quality, output)
    if terms.mark:
        write_signed(
            output, sign(data, record, target.path, {"source": given}, terms.signer), terms.overwrite
        )
    else:
        write_bytes(output, data, terms.overwrite)
    return output
