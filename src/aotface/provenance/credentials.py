"""Content credentials (C2PA): a signed record in the file of what was done, with what, and by which tool.

The target is the picture that was opened (``parentOf``), the source was placed into it (``componentOf``), and
the edit is declared as ``compositeWithTrainedAlgorithmicMedia``. Our own assertion says how. File names,
users and places are not written down; target and source are named by their sha256.

Nothing here uses the network: no time stamps, no remote manifests, no revocation lists.
"""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import c2pa

from aotface.errors import ProvenanceError, UnreadableImageError
from aotface.media.files import read_bytes, replacing, show, write_bytes
from aotface.media.sniff import HEAD_BYTES, sniff
from aotface.provenance import watermark
from aotface.provenance.authority import Signer, own_root, own_signer

ASSERTION = "org.aotface.transport"
"""Label of our own assertion."""

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""What the picture is, in IPTC's words: a composite with elements made by a trained algorithm."""

SIDECAR = ".c2pa"
"""Suffix that is added to the whole name of a file that cannot hold its own credentials."""

MIME_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
    "MP4 or QuickTime": "video/mp4",
}
"""Files that hold their own credentials; every other kind gets a sidecar."""

_OTHER = "application/octet-stream"
_OFFLINE = {
    "builder": {"thumbnail": {"enabled": False}},  # half a second and 800 KB each, and they show faces
    "verify": {"verify_trust": True, "ocsp_fetch": False, "remote_manifest_fetch": False},
}


@dataclass(frozen=True)
class Record:
    """What is said about the making of a picture.

    ``method``: name of the appearance transfer. ``reenactor``: what brought the source into the target's
    pose. ``model_sha256``: hash of the weights, None for a method without. ``parameters``: further choices,
    plain values. ``watermark``: the pixels carry the invisible watermark.
    """

    method: str
    reenactor: str
    model_sha256: str | None = None
    parameters: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    watermark: bool = True


class Signed(NamedTuple):
    """A signed file; ``sidecar`` holds the credentials where ``data`` cannot, else it is None."""

    data: bytes
    sidecar: bytes | None


@dataclass(frozen=True)
class Credentials:
    """What a file's credentials say.

    ``state``: ``Invalid`` (changed after signing, or broken), ``Valid`` (unchanged, signed by somebody
    unknown) or ``Trusted`` (unchanged, signed under a root that was named; by default this computer's own).
    ``signer`` and ``issuer``: as the certificate says. ``actions``: C2PA's names. ``ingredients``: title
    and relationship. ``record``: our assertion, None in files of other tools. ``faults``: what is wrong,
    empty unless ``Invalid``.
    """

    state: str
    signer: str = ""
    issuer: str = ""
    generator: str = ""
    source_type: str | None = None
    actions: tuple[str, ...] = ()
    ingredients: tuple[tuple[str, str], ...] = ()
    record: Mapping[str, Any] | None = None
    faults: tuple[str, ...] = ()
    in_sidecar: bool = False


def sign(
    data: bytes,
    record: Record,
    parent: bytes | Path,
    ingredients: Mapping[str, bytes | Path] | None = None,
    signer: Signer | None = None,
    sidecar: bool = False,
) -> Signed:
    """Sign a finished file in memory; to be done last, since every later change breaks the signature.

    Args:
        data: the file, watermark already in its pixels.
        record: how it was made.
        parent: the target.
        ingredients: what else went in, by a title that gives nobody away: ``{"source": path}``.
        signer: who signs; this computer's test authority when left out.
        sidecar: leave the file as it is and return the credentials beside it.

    Returns:
        The signed file; credentials beside it when asked for, or where the format cannot hold them.

    Raises:
        ProvenanceError: the signer is refused.
        InputError: parent or an ingredient cannot be read.

    Source: C2PA 2.x specification, through c2pa-python.
    """
    if "target" in (ingredients or {}):
        raise ValueError("the target is the parent: give the ingredient another title")
    mime = MIME_TYPES.get(sniff(data[:HEAD_BYTES]).name)
    whole = {"target": parent, **(ingredients or {})}
    parts: dict[str, bytes | Path] = {title: _data(part) for title, part in whole.items()}
    outside = sidecar or mime is None
    signed = io.BytesIO()
    with _building(_manifest(record, parts), signer or own_signer()) as builder:
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        for title, part in parts.items():
            _add(builder, title, part)
        if outside:
            builder.set_no_embed()
        manifest = builder.sign(mime or _OTHER, io.BytesIO(data), signed)
    return Signed(data, manifest) if outside else Signed(signed.getvalue(), None)


def sign_file(
    path_in: Path,
    path_out: Path,
    record: Record,
    parent: bytes | Path,
    ingredients: Mapping[str, bytes | Path] | None = None,
    signer: Signer | None = None,
    sidecar: bool = False,
    overwrite: bool = False,
) -> Path:
    """Sign a finished file; written whole or not at all.

    Args:
        path_in: the file, watermark already in its pixels.
        path_out: where the signed file goes; may be ``path_in`` with ``overwrite``.
        record, parent, ingredients, signer, sidecar: see `sign`.
        overwrite: whether ``path_out`` and its sidecar may be replaced.

    Returns:
        The file that holds the credentials: ``path_out``, or the sidecar.

    Raises:
        ProvenanceError, InputError: see `sign`.
        OutputError: see `aotface.media.files.replacing`.

    Source: [ours]
    """
    signed = sign(read_bytes(path_in), record, parent, ingredients, signer, sidecar)
    return write_signed(path_out, signed, overwrite)


def sign_video(
    path_in: Path,
    path_out: Path,
    record: Record,
    parent: Path,
    ingredients: Mapping[str, Path] | None = None,
    signer: Signer | None = None,
    overwrite: bool = False,
) -> Path:
    """As `sign_file`, for files of any length: nothing is held in memory.

    Returns:
        The file that holds the credentials: ``path_out``, or the sidecar.

    Raises:
        ProvenanceError, InputError, OutputError: see `sign_file`.

    Source: [ours]
    """
    parts: dict[str, bytes | Path] = {"target": parent, **(ingredients or {})}
    with _opened(path_in) as data:
        mime = MIME_TYPES.get(sniff(data.read(HEAD_BYTES)).name)
        data.seek(0)
        with _building(_manifest(record, parts), signer or own_signer()) as builder:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            for title, part in parts.items():
                _add(builder, title, part)
            if mime is not None:
                with replacing(path_out, overwrite) as temporary, temporary.open("w+b") as signed:
                    builder.sign(mime, data, signed)
                return path_out
            builder.set_no_embed()
            beside = sidecar_of(path_out)
            manifest = builder.sign(_OTHER, data, io.BytesIO())
    with replacing(beside, overwrite) as temporary:
        temporary.write_bytes(manifest)
        with replacing(path_out, overwrite) as moved:
            shutil.copyfile(path_in, moved)
    return beside


def write_signed(path: Path, signed: Signed, overwrite: bool = False) -> Path:
    """Write a signed file and its sidecar, if it has one.

    Args:
        path: where to.
        signed: what `sign` returned.
        overwrite: whether existing files may be replaced.

    Returns:
        The file that holds the credentials.

    Raises:
        OutputError: see `aotface.media.files.replacing`; then nothing was written.

    Source: [ours]
    """
    if signed.sidecar is None:
        return write_bytes(path, signed.data, overwrite)
    beside = sidecar_of(path)
    with replacing(beside, overwrite) as temporary:
        temporary.write_bytes(signed.sidecar)
        write_bytes(path, signed.data, overwrite)  # fails before the sidecar appears
    return beside


def sidecar_of(path: Path) -> Path:
    """Where the credentials of a file lie that cannot hold them: its whole name with ``.c2pa`` after it."""
    return path.with_name(path.name + SIDECAR)


def read_credentials(path: Path, roots: bytes | None = None) -> Credentials | None:
    """Read and check a file's credentials, in it or beside it.

    Args:
        path: the file.
        roots: root certificates (PEM) whose signatures count as ``Trusted``; this computer's own test
            authority when left out.

    Returns:
        What they say; None where there are none.

    Raises:
        InputError: the file cannot be read.

    Source: C2PA 2.x specification, through c2pa-python.
    """
    data = read_bytes(path)
    roots = roots or own_root()
    found = _read(data, None, roots)
    beside = sidecar_of(path)
    if found is None and beside.is_file():
        found = _read(data, read_bytes(beside), roots)
    return found


@cache
def tool_version() -> str:
    """Version of this tool as it stands in the records."""
    try:
        return version("aotface")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "0+source"


# --- writing --------------------------------------------------------------------------------------


def _manifest(record: Record, parts: Mapping[str, bytes | Path]) -> dict[str, Any]:
    """The claim, its actions and our assertion."""
    tool = {"name": "aotface", "version": tool_version()}
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": tool,
        "description": "A face was swapped and moved into the light and tone of this picture.",
    }
    actions = [
        {"action": "c2pa.placed", "parameters": {"ingredientIds": [title]}} for title in list(parts)[1:]
    ]
    marked = [{"action": "c2pa.watermarked.unbound", "softwareAgent": tool}] if record.watermark else []
    own = {
        "method": record.method,
        "reenactor": record.reenactor,
        "model_sha256": record.model_sha256,
        "tool": tool,
        "watermark": record.watermark,
        "watermark_version": watermark.VERSION if record.watermark else None,
        "parameters": dict(record.parameters),
        "sha256": {title: _sha256(part) for title, part in parts.items()},
    }
    return {
        "claim_generator_info": [tool],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [*actions, edited, *marked]}},
            {"label": ASSERTION, "data": own},
        ],
    }


def _add(builder: c2pa.Builder, title: str, part: bytes | Path) -> None:
    """Name an ingredient; the credentials it has are carried along, as far as they can be read."""
    relationship = "parentOf" if title == "target" else "componentOf"
    about = {"title": title, "relationship": relationship, "label": title}
    with _opened(part) as stream:
        mime = MIME_TYPES.get(sniff(stream.read(HEAD_BYTES)).name, _OTHER)
        stream.seek(0)
        try:
            builder.add_ingredient(about, mime, stream)
        except c2pa.C2paError:  # its own credentials cannot even be parsed: name it without them
            builder.add_ingredient(about, _OTHER, io.BytesIO(_sha256(part).encode()))


@contextmanager
def _building(manifest: Mapping[str, Any], signer: Signer) -> Iterator[c2pa.Builder]:
    """A builder with its signer; the library's errors come out as our own, on one line."""
    try:
        info = c2pa.C2paSignerInfo(signer.algorithm, signer.certificates, signer.key, None)
        with (
            c2pa.Context.from_dict(_OFFLINE, c2pa.Signer.from_info(info)) as context,
            c2pa.Builder(manifest, context=context) as builder,
        ):
            yield builder
    except c2pa.C2paError as fault:
        raise ProvenanceError(
            f"cannot sign the content credentials: {' '.join(str(fault).split())}"
        ) from fault


@contextmanager
def _opened(part: bytes | Path) -> Iterator[BinaryIO]:
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


def _sha256(part: bytes | Path) -> str:
    with _opened(part) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _data(part: bytes | Path) -> bytes:
    return part if isinstance(part, bytes) else read_bytes(part)


# --- reading --------------------------------------------------------------------------------------


def _read(data: bytes, manifest: bytes | None, roots: bytes | None) -> Credentials | None:
    """The credentials in ``data``, or those of ``manifest`` checked against ``data``."""
    settings = _OFFLINE | ({"trust": {"user_anchors": roots.decode()}} if roots else {})
    mime = MIME_TYPES.get(sniff(data[:HEAD_BYTES]).name, _OTHER if manifest else None)
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(mime, io.BytesIO(data), manifest_data=manifest, context=context) as reader,
        ):
            return _understand(json.loads(reader.json()), manifest is not None)
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return None
    except c2pa.C2paError as fault:  # credentials are there, but not whole
        return Credentials("Invalid", faults=(" ".join(str(fault).split()),), in_sidecar=manifest is not None)


def _understand(store: Mapping[str, Any], in_sidecar: bool) -> Credentials:
    """The active manifest in our words."""
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    assertions = {one["label"]: one.get("data") for one in manifest.get("assertions", [])}
    actions = (
        next((data for label, data in assertions.items() if label.startswith("c2pa.actions")), None) or {}
    )
    steps = actions.get("actions", [])
    generator: Mapping[str, Any] = next(iter(manifest.get("claim_generator_info") or ()), {})
    signature = manifest.get("signature_info") or {}
    failures = store.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    own = assertions.get(ASSERTION)
    state = store.get("validation_state", "Invalid")
    return Credentials(
        state=state,
        signer=signature.get("common_name", ""),
        issuer=signature.get("issuer", ""),
        generator=" ".join(str(generator[key]) for key in ("name", "version") if key in generator),
        source_type=next((step["digitalSourceType"] for step in steps if "digitalSourceType" in step), None),
        actions=tuple(step.get("action", "") for step in steps),
        ingredients=tuple(
            (one.get("title", ""), one.get("relationship", "")) for one in manifest.get("ingredients", [])
        ),
        record=own if isinstance(own, dict) else None,
        faults=tuple(fault.get("code", "") for fault in failures) if state == "Invalid" else (),
        in_sidecar=in_sidecar,
    )
