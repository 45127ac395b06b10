"""What is signed: the claim, its ingredients, and a builder that turns the library's errors into ours."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import c2pa

from aotface.errors import ProvenanceError, UnreadableImageError
from aotface.media.files import read_bytes, show
from aotface.media.sniff import HEAD_BYTES, sniff
from aotface.media.source_type import COMPOSITE, VOCABULARY
from aotface.provenance import watermark
from aotface.provenance.authority import Signer

ASSERTION = "org.aotface.transport"
"""Label of our own assertion."""

LABEL_TYPE = VOCABULARY + "algorithmicMedia"
"""Of what a program has drawn without having been trained."""

MIME_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
    "MP4 or QuickTime": "video/mp4",
}
"""Files that hold their own credentials; every other kind gets a sidecar."""

TRIM_TYPE = VOCABULARY + "humanEdits"
"""Of a cut by human choice, without AI."""

ACTIONS, TRAINING = "c2pa.actions.v2", "cawg.training-mining"
SPEC_VERSION = "2.4.0"
"""Of the C2PA specification that the claims follow."""

_TRAINING_USES = ("cawg.data_mining", "cawg.ai_inference", "cawg.ai_training", "cawg.ai_generative_training")
_TOOL = {"name": "aotface"}

OTHER = "application/octet-stream"
OFFLINE = {
    "builder": {
        "thumbnail": {"enabled": False},  # half a second and 800 KB each, and they show faces
        # said by this tool, and not gathered from others; what a person says of training stays gathered
        "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient", ASSERTION],
    },
    "verify": {"verify_trust": True, "ocsp_fetch": False, "remote_manifest_fetch": False},
}


@dataclass(frozen=True)
class Record:
    """What is said about the making of a picture.

    ``method``: name of the appearance transfer. ``reenactor``: what brought the source into the target's
    pose. ``model_sha256``: hash of the weights, None for a method without. ``parameters``: further choices,
    plain values. ``watermark``: the pixels carry the invisible watermark. ``target_source_type``: what the
    target's XMP said of how it came to be. ``label``: the words that people can see. ``trimmed``:
    of a video, the target is longer. ``training_mining``: of use for training and data mining: ``allowed``,
    ``notAllowed`` or ``constrained``.
    """

    method: str
    reenactor: str
    model_sha256: str | None = None
    parameters: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    watermark: bool = True
    target_source_type: str | None = None
    label: str | None = None
    trimmed: bool = False
    training_mining: str | None = None


@cache
def tool_version() -> str:
    """Version of this tool as it stands in the records."""
    try:
        return version("aotface")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "0+source"


def claim(record: Record, parts: Mapping[str, bytes | Path], when: datetime | None = None) -> dict[str, Any]:
    """The claim, its actions and our assertions.

    Args:
        record: how it was made.
        parts: what went in, the target first.
        when: the time of the edit; not said when left out.
    """
    own = {
        "method": record.method,
        "reenactor": record.reenactor,
        "model_sha256": record.model_sha256,
        "tool": _TOOL | {"version": tool_version()},
        "watermark": record.watermark,
        "watermark_version": watermark.VERSION if record.watermark else None,
        "parameters": dict(record.parameters),
        "target_source_type": record.target_source_type,
        "label": record.label,
        "sha256": {title: sha256(part) for title, part in parts.items()},
    }
    actions = {"actions": _actions(record, list(parts)[1:], when), "allActionsIncluded": True}
    assertions = [{"label": ACTIONS, "data": actions}, {"label": ASSERTION, "data": own}]
    if record.training_mining is not None:
        entries = {use: {"use": record.training_mining} for use in _TRAINING_USES}
        assertions.append({"label": TRAINING, "data": {"entries": entries}})
    generator = _TOOL | {"version": tool_version(), "specVersion": SPEC_VERSION}
    return {"claim_generator_info": [generator], "assertions": assertions}


def _actions(record: Record, placed: list[str], when: datetime | None) -> list[dict[str, Any]]:
    """All that was done after opening, which the library puts first: allActionsIncluded says that nothing is missing."""
    tool = {"softwareAgent": _TOOL | {"version": tool_version()}}
    actions: list[dict[str, Any]] = [
        {"action": "c2pa.placed", "parameters": {"ingredientIds": [title]}} for title in placed
    ]
    swapped = "A face was swapped and moved into the light and tone of this picture."
    said = {} if when is None else {"when": when.isoformat(timespec="seconds").replace("+00:00", "Z")}
    actions.append(
        {"action": "c2pa.edited", "digitalSourceType": COMPOSITE, "description": swapped, **said, **tool}
    )
    if record.label is not None:
        drawn = f"The visible label {record.label!r} was drawn."
        actions.append(
            {"action": "c2pa.addedText", "digitalSourceType": LABEL_TYPE, "description": drawn, **tool}
        )
    if record.trimmed:
        actions.append({"action": "c2pa.trimmed", "digitalSourceType": TRIM_TYPE, **tool})
    if record.watermark:
        actions.append({"action": "c2pa.watermarked.unbound", **tool})
    left_out = "Place, thumbnails, maker's notes and other metadata were left out."
    actions.append({"action": "c2pa.edited.metadata", "description": left_out, **tool})
    return [*actions, {"action": "c2pa.transcoded", **tool}]


def add_ingredient(builder: c2pa.Builder, title: str, part: bytes | Path) -> None:
    """Name an ingredient; the credentials it has are carried along, as far as they can be read."""
    relationship = "parentOf" if title == "target" else "componentOf"
    about = {"title": title, "relationship": relationship, "label": title}
    with opened(part) as stream:
        mime = MIME_TYPES.get(sniff(stream.read(HEAD_BYTES)).name, OTHER)
        stream.seek(0)
        try:
            builder.add_ingredient(about, mime, stream)
        except c2pa.C2paError:  # its own credentials cannot even be parsed: name it without them
            builder.add_ingredient(about, OTHER, io.BytesIO(sha256(part).encode()))


@contextmanager
def building(said: Mapping[str, Any], signer: Signer) -> Iterator[c2pa.Builder]:
    """A builder with its signer; the library's errors come out as our own, on one line."""
    try:
        info = c2pa.C2paSignerInfo(signer.algorithm, signer.certificates, signer.key, signer.timestamp_url)
        with (
            c2pa.Context.from_dict(OFFLINE, c2pa.Signer.from_info(info)) as context,
            c2pa.Builder(said, context=context) as builder,
        ):
            yield builder
    except c2pa.C2paError as fault:
        advice = f"; check --timestamp-url {show(signer.timestamp_url)}" if signer.timestamp_url else ""
        raise ProvenanceError(
            f"cannot sign the content credentials: {' '.join(str(fault).split())}{advice}"
        ) from fault


@contextmanager
def opened(part: bytes | Path) -> Iterator[IO[bytes]]:
    """A part as a stream."""
    if isinstance(part, bytes):
        yield io.BytesIO(part)
        return
    try:
        stream = part.open("rb")
    except OSError as error:
        raise UnreadableImageError(f"{show(part)}: cannot be read: {error.strerror or error}") from None
    with stream:
        yield stream


def sha256(part: bytes | Path) -> str:
    """Hash a part without holding it."""
    with opened(part) as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()


def bytes_of(part: bytes | Path) -> bytes:
    """A part whole."""
    return part if isinstance(part, bytes) else read_bytes(part)
