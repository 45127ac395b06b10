"""From a request to what the worker is told: every path is the server's own."""

import hashlib
import json
import secrets
import time
from typing import Any

from aotface.errors import UsageError
from aotface.jobs.device import with_transfer
from aotface.jobs.spec import FaceAssignment, JobSpec
from aotface.media.files import WRITABLE_SUFFIXES
from aotface.media.kinds import ANIMATIONS, CONTAINERS
from aotface.transfer import names as transfer_names
from aotface.web.errors import ApiError, plain
from aotface.web.option_table import studio_options
from aotface.web.schemas import Assign, JobRequest
from aotface.web.store import FileRow, JobRow
from aotface.web.studio import Studio

RECORD = "record.json"


def make_job(studio: Studio, client: str, asked: JobRequest, once: str | None) -> JobRow:
    """Check what is asked for, and describe it for the worker.

    Raises:
        ApiError: consent is missing, a file is not there, or things do not fit together.
    """
    if not asked.consent:
        raise ApiError(
            422,
            "consent",
            "expected consent: true, which says that both people agreed or that the material's licence allows it",
        )
    id = secrets.token_hex(16)
    build = {"swap": _swap, "refine": _refine, "compare": _compare}[asked.kind]
    files: dict[str, FileRow] = {}

    def file(name: str, what: str | None) -> FileRow:
        if what is None:
            raise ApiError(422, "incomplete", f"expected the id of an upload as {name}")
        files[what] = studio.file(client, what)
        return files[what]

    task, title = build(studio, asked, f"jobs/{id}", file)
    return JobRow(
        id,
        client,
        asked.kind,
        time.time(),
        studio.expires,
        asked.model_dump(mode="json"),
        task,
        list(files),
        title,
        once=once,
        once_hash=hash_of(asked),
        layers=list(asked.options.layers) if asked.kind != "compare" else [],
    )


def hash_of(asked: JobRequest) -> str:
    """The same for requests that ask for the same."""
    text = json.dumps(asked.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _swap(studio: Studio, asked: JobRequest, folder: str, file: Any) -> tuple[dict[str, Any], str]:
    _refuse(asked, ("swapped", "original", "mask", "transfers"))
    target = file("target", asked.target)
    if (asked.source is None) == (not asked.assign):
        raise ApiError(422, "incomplete", "expected either source or assign")
    references: list[dict[str, Any]] = []
    if asked.source is not None:
        what: dict[str, Any] = {"source": _picture(file("source", asked.source)).path}
    else:
        rows = [_assignment(row, n, target, folder, file, references) for n, row in enumerate(asked.assign)]
        what = {"faces": tuple(rows)}
    task = _task(studio, asked, "swap", target, folder, references, what)
    return task, target.name


def _refine(studio: Studio, asked: JobRequest, folder: str, file: Any) -> tuple[dict[str, Any], str]:
    _refuse(asked, ("source", "target", "transfers"))
    target, swapped = file("original", asked.original), file("swapped", asked.swapped)
    if target.kind != swapped.kind:
        raise ApiError(
            422, "kinds", f"swapped is a {swapped.kind} and original a {target.kind}: give two of a kind"
        )
    what: dict[str, Any] = {"swapped": swapped.path}
    if asked.mask is not None:
        what["mask"] = file("mask", asked.mask).path
    references: list[dict[str, Any]] = []
    if len(asked.assign) > 1:
        raise ApiError(422, "options", "a refinement takes one entry of assign: which face")
    for row in asked.assign:
        if row.source is not None:
            raise ApiError(422, "options", "a refinement has no source: the face is there already")
        what["face"] = str(_assigned_face(row, 0, target, folder, file, references))
    return _task(studio, asked, "refine", target, folder, references, what), swapped.name


def _compare(studio: Studio, asked: JobRequest, folder: str, file: Any) -> tuple[dict[str, Any], str]:
    _refuse(asked, ("swapped", "original", "mask", "assign"))
    target, source = _picture(file("target", asked.target)), _picture(file("source", asked.source))
    known = transfer_names()
    if unknown := [name for name in asked.transfers if name not in known]:
        raise ApiError(422, "options", f"expected transfers out of {', '.join(known)}, got {unknown[0]}")
    changed = {"transfer", "layers", "format"} & asked.options.model_fields_set
    if changed:
        raise ApiError(422, "options", f"compare sets {sorted(changed)[0]} itself: leave it out")
    what = {"source": source.path}
    task = _task(studio, asked, "swap", target, folder, [], what)
    chosen = list(dict.fromkeys(asked.transfers)) or list(known)
    return task | {"task": "compare", "transfers": chosen, "folder": folder}, target.name


def _refuse(asked: JobRequest, names: tuple[str, ...]) -> None:
    for name in names:
        if getattr(asked, name):
            raise ApiError(422, "options", f"{asked.kind} takes no {name}: leave it out")


def _picture(file: FileRow) -> FileRow:
    if file.kind != "picture":
        raise ApiError(422, "kinds", f"{file.name} is a video: give a picture")
    return file


def _assignment(
    row: Assign, number: int, target: FileRow, folder: str, file: Any, references: list[dict[str, Any]]
) -> FaceAssignment:
    source = _picture(file(f"source of assign {number}", row.source))
    face = _assigned_face(row, number, target, folder, file, references)
    return FaceAssignment(face=face, source=source.path, source_face=str(row.source_face))


def _assigned_face(
    row: Assign, number: int, target: FileRow, folder: str, file: Any, references: list[dict[str, Any]]
) -> str:
    """A face's number in a picture; for a video, and for a given reference, a picture of the person."""
    if row.reference is not None:
        return str(_picture(file(f"reference of assign {number}", row.reference)).path)
    if target.kind == "picture":
        return str(row.face)
    if row.frame >= target.frames:
        raise ApiError(
            422, "options", f"frame {row.frame} does not exist: there are {target.frames}, counted from 0"
        )
    output = f"{folder}/face{number}.png"
    references.append({"path": target.path, "frame": row.frame, "face": row.face, "output": output})
    return output


def _task(
    studio: Studio,
    asked: JobRequest,
    kind: str,
    target: FileRow,
    folder: str,
    references: list[dict[str, Any]],
    what: dict[str, Any],
) -> dict[str, Any]:
    values = _options(asked, kind)
    output = f"{folder}/result{_suffix(asked.options.format, target)}"
    own = {
        "target": target.path,
        "output": output,
        "overwrite": True,
        "wait": True,
        "run_log": f"{folder}/{RECORD}",
    }
    if what.get("faces") and asked.options.face != "largest":
        raise ApiError(422, "options", "assign says which face is meant: leave out face")
    spec = JobSpec(kind=kind, **studio.settings.job | values | own | what)  # type: ignore[arg-type]
    try:
        spec = with_transfer(spec, spec.transfer)
        spec.check()
    except UsageError as error:
        raise ApiError(422, "options", plain(str(error), {})) from None
    return {"task": "run", "spec": spec.to_dict(), "references": references}


def _options(asked: JobRequest, kind: str) -> dict[str, Any]:
    """The options as fields of a `JobSpec`.

    Raises:
        ApiError: one was given that is not for this kind of job.
    """
    values = asked.options.model_dump()
    for option in studio_options():
        if kind not in option.applies:
            if option.name in asked.options.model_fields_set:
                raise ApiError(422, "options", f"{option.name} is not for {asked.kind}: leave it out")
            del values[option.name]
    del values["format"]
    return values | {"layers": tuple(values["layers"])}


def _suffix(format: str, target: FileRow) -> str:
    """Of the result."""
    written = CONTAINERS.keys() | ANIMATIONS.keys() if target.kind == "video" else WRITABLE_SUFFIXES.keys()
    if format != "auto":
        if f".{format}" not in written:
            known = ", ".join(sorted(suffix[1:] for suffix in written))
            raise ApiError(
                422, "options", f"a {target.kind} cannot be written as {format}: expected one of {known}"
            )
        return f".{format}"
    if target.suffix in written:
        return target.suffix
    return ".mkv" if target.kind == "video" else ".png"
