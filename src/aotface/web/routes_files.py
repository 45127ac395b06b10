"""Routes of uploads."""

import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from aotface.web.access import TheClient, TheStudio, refusals
from aotface.web.answers import file_info
from aotface.web.errors import ApiError
from aotface.web.schemas import FaceBox, Faces, FileInfo
from aotface.web.studio import Studio
from aotface.web.upload import read_upload

router = APIRouter(prefix="/files")

Frame = Annotated[int, Query(ge=0, le=10_000_000, description="Of a video, counted from 0.")]

_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        "description": "A PNG.",
    }
}


@router.post("", status_code=201, responses=refusals(401, 413, 415), openapi_extra=_FORM)
async def upload(request: Request, studio: TheStudio, client: TheClient) -> FileInfo:
    """Send a picture or a video: a form with one part called ``file``."""
    most = await run_in_threadpool(_room, studio, client)
    content_type = request.headers.get("content-type", "")
    came = await read_upload(content_type, request.stream(), studio.folder / "incoming", most)
    try:
        row = await run_in_threadpool(studio.take_in, client, came.path, came.name, came.bytes, came.sha256)
    finally:
        came.path.unlink(missing_ok=True)
    return file_info(row)


def _room(studio: Studio, client: str) -> int:
    """How many bytes this client may still send in one file.

    Raises:
        ApiError: none.
    """
    limits, files = studio.settings.limits, studio.store.files(client)
    if len(files) >= limits.files:
        raise ApiError(429, "files", f"you have {len(files)} files here: delete some", 60)
    if shutil.disk_usage(studio.folder).free < limits.free_bytes + limits.file_bytes:
        raise ApiError(429, "disk", "the server's disk is nearly full: ask again later", 600)
    left = limits.client_bytes - sum(file.bytes for file in files)
    if left <= 0:
        raise ApiError(429, "bytes", f"your files take {limits.client_bytes:,} bytes here: delete some", 60)
    return min(limits.file_bytes, left)


@router.get("/{id}", responses=refusals(401, 404))
def get_file(id: str, studio: TheStudio, client: TheClient) -> FileInfo:
    """What an upload is."""
    return file_info(studio.file(client, id))


@router.delete("/{id}", status_code=204, responses=refusals(401, 404, 409))
def delete_file(id: str, studio: TheStudio, client: TheClient) -> None:
    """Forget an upload now."""
    studio.delete_file(studio.file(client, id))


@router.get("/{id}/preview", response_class=Response, responses=refusals(401, 404, 413, 415) | _PNG)
def preview(id: str, studio: TheStudio, client: TheClient, frame: Frame = 0) -> Response:
    """A PNG of at most 1280 pixels."""
    row = studio.file(client, id)
    _, data = studio.look({"task": "preview", "path": row.path, "frame": frame}, {row.path: row.name})
    return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/{id}/faces", responses=refusals(401, 404, 413, 415))
def faces(id: str, studio: TheStudio, client: TheClient, frame: Frame = 0) -> Faces:
    """The faces of a picture or of one frame, largest first."""
    row = studio.file(client, id)
    found, _ = studio.look({"task": "faces", "path": row.path, "frame": frame}, {row.path: row.name})
    return Faces(faces=[FaceBox(**face) for face in found["faces"]])
