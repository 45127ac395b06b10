"""Routes of jobs."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse, StreamingResponse

from aotface.compose.output_layers import LAYERS
from aotface.web.access import OnceKey, TheClient, TheStudio, refusals
from aotface.web.answers import disposition, download_name, job_info, public_record
from aotface.web.errors import ApiError, not_found
from aotface.web.jobs import RECORD, hash_of, make_job
from aotface.web.schemas import JobInfo, JobList, JobRequest
from aotface.web.store import JobRow
from aotface.web.studio import Studio

router = APIRouter(prefix="/jobs")

EVENT_SECONDS, BEAT_SECONDS = 0.25, 15.0

TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/matroska",
    ".webm": "video/webm",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
}
"""Of results and layers, by the suffixes that the server gives them."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {kind: _BINARY for kind in TYPES.values() if kind != "application/json"} | {"application/json": {}}
_FILE: dict[int | str, dict[str, Any]] = {
    code: {"description": text, "content": _CONTENT}
    for code, text in ((200, "The file."), (206, "A part of it."))
}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        "description": "A PNG.",
    }
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: each `data` is a job; the stream ends when it is finished.",
        "content": {
            "text/event-stream": {"schema": {"description": "The `data` of each event is a JobInfo."}}
        },
    }
}
_READY = refusals(401, 404, 409, 416) | _FILE

Name = Annotated[str | None, Query(max_length=100, description="One of `results`; the first when left out.")]


Part = Annotated[str | None, Header(alias="Range", description="One part: bytes=FIRST-LAST.")]


@router.post("", status_code=202, responses=refusals(401, 404, 409))
def add_job(asked: JobRequest, studio: TheStudio, client: TheClient, once: OnceKey = None) -> JobInfo:
    """Put a job into the queue."""
    kept = studio.store.job_once(client, once) if once is not None else None
    if kept is None:  # else its uploads may be gone: it is not made again
        row = make_job(studio, client, asked, once)
        with studio.room.entry:
            studio.room.check_job(client, once)
            kept = studio.submit(row)
    if once is not None and kept.once_hash != hash_of(asked):
        raise ApiError(409, "key_used", "this Idempotency-Key belongs to another job: use a new one")
    return job_info(studio, kept)


@router.get("", responses=refusals(401))
def list_jobs(studio: TheStudio, client: TheClient) -> JobList:
    """The jobs of this client, newest first."""
    return JobList(jobs=[job_info(studio, row) for row in studio.store.jobs(client)])


@router.get("/{id}", responses=refusals(401, 404))
def get_job(id: str, studio: TheStudio, client: TheClient) -> JobInfo:
    """How far a job is."""
    return job_info(studio, studio.job(client, id))


@router.delete("/{id}", status_code=204, responses=refusals(401, 404))
def delete_job(id: str, studio: TheStudio, client: TheClient) -> None:
    """Stop a job and forget its results now."""
    studio.delete_job(studio.job(client, id))


@router.post("/{id}/cancel", responses=refusals(401, 404))
def cancel_job(id: str, studio: TheStudio, client: TheClient) -> JobInfo:
    """Stop a job; one that is finished stays as it is."""
    return job_info(studio, studio.cancel(studio.job(client, id)))


@router.get("/{id}/events", response_class=StreamingResponse, responses=refusals(401, 404) | _EVENTS)
def events(id: str, studio: TheStudio, client: TheClient) -> StreamingResponse:
    """The job at each change, as server-sent events."""
    row = studio.job(client, id)
    with studio.streaming(client):  # refused before the answer begins
        pass
    return StreamingResponse(_changes(studio, row), media_type="text/event-stream")


async def _changes(studio: Studio, row: JobRow) -> AsyncIterator[str]:
    said, beat = "", time.monotonic()
    with studio.streaming(row.client):
        while (now := studio.store.job(row.client, row.id)) is not None:
            text = job_info(studio, now).model_dump_json()
            if text != said:
                said, beat = text, time.monotonic()
                yield f"data: {text}\n\n"
            elif time.monotonic() - beat > BEAT_SECONDS:
                beat = time.monotonic()
                yield ": still here\n\n"
            if now.finished:
                return
            await asyncio.sleep(EVENT_SECONDS)


@router.get("/{id}/result", response_class=FileResponse, responses=_READY)
def result(
    id: str, studio: TheStudio, client: TheClient, name: Name = None, part: Part = None
) -> FileResponse:
    """The finished file, with its marks."""
    row = _done(studio.job(client, id))
    return _send(studio, row, _result_name(row, name), part)


@router.get("/{id}/preview", response_class=Response, responses=refusals(401, 404, 409, 413, 415) | _PNG)
def result_preview(
    id: str,
    studio: TheStudio,
    client: TheClient,
    name: Name = None,
    layer: Annotated[str | None, Query(max_length=40)] = None,
    frame: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """A PNG of at most 1280 pixels of a result, or of one of its layers."""
    row = _done(studio.job(client, id))
    file = _result_name(row, name) if layer is None else _layer_name(studio, row, layer)
    path = f"{row.folder}/{file}"
    _, data = studio.look({"task": "preview", "path": path, "frame": frame}, studio.names_in(row))
    return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/{id}/record", responses=refusals(401, 404, 409))
def record(id: str, studio: TheStudio, client: TheClient) -> dict[str, Any]:
    """The record of the run: options, versions, hashes of what went in."""
    row = _done(studio.job(client, id))
    path = studio.folder / row.folder / RECORD
    if not path.is_file():
        raise not_found("record")
    found: dict[str, Any] = json.loads(path.read_bytes())
    return public_record(found)


@router.get("/{id}/mask", response_class=FileResponse, responses=_READY)
def mask(id: str, studio: TheStudio, client: TheClient, part: Part = None) -> FileResponse:
    """The layer ``mask``."""
    row = _done(studio.job(client, id))
    return _send(studio, row, _layer_name(studio, row, "mask"), part)


@router.get("/{id}/layers/{name}", response_class=FileResponse, responses=_READY)
def layer(id: str, name: str, studio: TheStudio, client: TheClient, part: Part = None) -> FileResponse:
    """A layer that was asked for by ``options.layers``."""
    row = _done(studio.job(client, id))
    return _send(studio, row, _layer_name(studio, row, name), part)


def _done(row: JobRow) -> JobRow:
    if row.state != "done":
        raise ApiError(409, "not_done", f"this job is {row.state}: there is a result when it is done")
    return row


def _result_name(row: JobRow, name: str | None) -> str:
    if name is not None and name not in row.results:
        raise not_found("result")
    return name or row.results[0]


def _layer_name(studio: Studio, row: JobRow, name: str) -> str:
    for one in LAYERS:
        if one.name == name and name in row.layers:
            for ending in (one.picture_ending, one.video_ending):
                if (studio.folder / row.folder / f"result{ending}").is_file():
                    return f"result{ending}"
    raise not_found("layer, or it was not asked for by options.layers")


def _is_part(part: str, size: int) -> bool:
    """Whether a Range header names one part of a file of that size."""
    found = re.fullmatch(r"bytes=(\d{1,15})-(\d{0,15})|bytes=-(\d{1,15})", part)
    if found is None:
        return False
    first, last, end = found.groups()
    return int(end) > 0 if end else int(first) < size and (not last or int(first) <= int(last))


def _send(studio: Studio, row: JobRow, name: str, part: str | None) -> FileResponse:
    path: Path = studio.folder / row.folder / name
    if not path.is_file():  # deleted meanwhile, or by hand
        raise not_found("result")
    if part is not None and not _is_part(part, path.stat().st_size):
        raise ApiError(416, "range", f"expected Range: bytes=FIRST-LAST within {path.stat().st_size:,} bytes")
    kind = TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(
        path, media_type=kind, headers={"Content-Disposition": disposition(download_name(row, name))}
    )
