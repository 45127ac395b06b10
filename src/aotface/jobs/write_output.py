"""The last step of a picture: encode, sign, write; whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aotface.media.files import write_bytes
from aotface.media.image import Picture, encode_image, output_format, source_type_of
from aotface.media.source_type import combined
from aotface.types import Frame

if TYPE_CHECKING:
    from aotface.provenance.authority import Signer
    from aotface.provenance.credentials import Record


@dataclass(frozen=True)
class OutputOptions:
    """How pictures are written. ``signer`` None: this computer's own test authority. ``quality`` None: by `quality_for`."""

    mark: bool = True
    signer: "Signer | None" = None
    quality: int | None = None
    overwrite: bool = False


def signer_from(
    certificate: str | None, key: str | None, timestamp_url: str | None = None
) -> "Signer | None":
    """The user's own signer; None when neither a certificate nor a time-stamping authority is named."""
    if certificate is None and timestamp_url is None:
        return None
    from aotface.provenance.authority import load_signer, own_signer

    if certificate is not None and key is not None:
        return replace(load_signer(Path(certificate), Path(key)), timestamp_url=timestamp_url)
    return replace(own_signer(), timestamp_url=timestamp_url)


def write_output(
    output: Path,
    frame: Frame,
    target: Picture,
    inputs: Mapping[str, Path],
    record: "Record",
    options: OutputOptions,
) -> Path:
    """Write a finished frame.

    Args:
        output: where to; the suffix decides the format.
        frame: with the watermark in it already, when marks are on.
        target: the picture that was edited: its depth, profile and metadata are kept.
        inputs: what went in beside the target, by what it is: ``{"source": path}``.
        record: what the credentials say.
        options: whether and how to sign, and to write.

    Returns:
        ``output``.

    Raises:
        UsageError: the suffix is none that is written.
        OutputError: it exists, or cannot be written.
        ProvenanceError: it cannot be signed.
    """
    said = combined(target.source_type, map(source_type_of, inputs.values()), options.mark)
    data = encode_image(frame, output_format(output, target), target, options.quality, output, said)
    if options.mark:
        from aotface.provenance.credentials import sign, write_signed

        record = replace(record, target_source_type=target.source_type)
        signed = sign(data, record, target.path, dict(inputs), options.signer)
        write_signed(output, signed, options.overwrite)
    else:
        write_bytes(output, data, options.overwrite)
    return output
