"""Content credentials (C2PA): a signed record in the file of what was done, with what, and by which tool.

The target is the picture that was opened (``parentOf``), the source was placed into it (``componentOf``), and
the edit is declared as ``compositeWithTrainedAlgorithmicMedia``. Our own assertion says how. File names,
users and places are not written down; target and source are named by their sha256.

Nothing here uses the network, unless a signer names a time-stamping authority: no remote manifests, no revocation lists.
"""

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import c2pa

from aotface.media.files import beside, read_bytes, replacing, write_bytes
from aotface.media.kinds import is_video
from aotface.media.sniff import HEAD_BYTES, sniff
from aotface.provenance.authority import Signer, own_root, own_signer
from aotface.provenance.manifest import (
    ASSERTION,
    MIME_TYPES,
    OFFLINE,
    OTHER,
    Record,
    add_ingredient,
    building,
    bytes_of,
    claim,
    opened,
)

SIDECAR = ".c2pa"
"""Suffix that is added to the whole name of a file that cannot hold its own credentials."""


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
    and relationship. ``time``: by a time stamp, ISO 8601. ``record``: our assertion, None in files of other tools.
    ``faults``: what is wrong, empty unless ``Invalid``.
    """

    state: str
    signer: str = ""
    issuer: str = ""
    generator: str = ""
    source_type: str | None = None
    actions: tuple[str, ...] = ()
    ingredients: tuple[tuple[str, str], ...] = ()
    time: str | None = None
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
        ingredients: what else went in, by a title that identifies no person: ``{"source": path}``.
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
    parts: dict[str, bytes | Path] = {title: bytes_of(part) for title, part in whole.items()}
    outside = sidecar or mime is None
    signed = io.BytesIO()
    signer = signer or own_signer()
    with building(_said(record, parts, signer), signer) as builder:
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        for title, part in parts.items():
            add_ingredient(builder, title, part)
        if outside:
            builder.set_no_embed()
        manifest = builder.sign(mime or OTHER, io.BytesIO(data), signed)
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
    signer = signer or own_signer()
    with opened(path_in) as data:
        mime = MIME_TYPES.get(sniff(data.read(HEAD_BYTES)).name)
        data.seek(0)
        with building(_said(record, parts, signer), signer) as builder:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            for title, part in parts.items():
                add_ingredient(builder, title, part)
            if mime is not None:
                with replacing(path_out, overwrite) as temporary, temporary.open("w+b") as signed:
                    builder.sign(mime, data, signed)
                return path_out
            builder.set_no_embed()
            beside = sidecar_of(path_out)
            manifest = builder.sign(OTHER, data, io.BytesIO())
    with replacing(beside, overwrite) as temporary:
        temporary.write_bytes(manifest)
        with replacing(path_out, overwrite) as moved:
            shutil.copyfile(path_in, moved)
    return beside


def _said(record: Record, parts: Mapping[str, bytes | Path], signer: Signer) -> dict[str, Any]:
    """The claim; it says the time only where an authority confirms it."""
    return claim(record, parts, datetime.now(UTC) if signer.timestamp_url else None)


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
    return beside(path, SIDECAR, whole=True)


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
    data = path if is_video(path) else read_bytes(path)  # a video may be larger than memory
    roots = roots or own_root()
    found = _read(data, None, roots)
    beside = sidecar_of(path)
    if found is None and beside.is_file():
        found = _read(data, read_bytes(beside), roots)
    return found


# --- reading --------------------------------------------------------------------------------------


def _read(data: bytes | Path, manifest: bytes | None, roots: bytes | None) -> Credentials | None:
    """The credentials in ``data``, or those of ``manifest`` checked against ``data``."""
    settings = OFFLINE | ({"trust": {"user_anchors": roots.decode()}} if roots else {})
    try:
        with opened(data) as stream, c2pa.Context.from_dict(settings) as context:
            mime = MIME_TYPES.get(sniff(stream.read(HEAD_BYTES)).name, OTHER if manifest else None)
            stream.seek(0)
            with c2pa.Reader(mime, stream, manifest_data=manifest, context=context) as reader:
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
        time=signature.get("time"),
        record=own if isinstance(own, dict) else None,
        faults=tuple(fault.get("code", "") for fault in failures) if state == "Invalid" else (),
        in_sidecar=in_sidecar,
    )
