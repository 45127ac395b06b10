"""The page: its files are read once, and served under their own names and no others."""

import mimetypes
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from aotface.samples import samples
from aotface.web.errors import ApiError
from aotface.web.guard import CLIENT_COOKIE, TOKEN_COOKIE, same, token_mark
from aotface.web.studio import Studio

FOLDER = Path(__file__).parent / "page"

_EMPTY = (
    b"<!doctype html><title>aotface studio</title><p>The API is at /v1; there is no page in this build.</p>"
)
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def add_pages(app: FastAPI, studio: Studio) -> None:
    """Serve the page at ``/``, and its files at their place in the folder, also below ``/page/``; the samples too."""
    files = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}
    files |= {f"samples/{path.name}": path for path in samples()}
    index = files["index.html"].read_bytes() if "index.html" in files else _EMPTY

    def home(request: Request) -> Response:
        token = studio.settings.token
        if token is not None and not _knows(request, token):
            given = request.query_params.get("token", "")
            if not same(given, token):
                error = ApiError(401, "token", "open the page by the address that aotface serve has printed")
                return JSONResponse(error.body, 401)
            answer: Response = RedirectResponse("/", 303)
            _set(answer, TOKEN_COOKIE, token_mark(token), studio)
            return answer
        answer = Response(index, media_type="text/html; charset=utf-8")
        key = request.cookies.get(CLIENT_COOKIE, "")
        if studio.store.client_of(key) is None:
            key = studio.store.add_client()
        _set(answer, CLIENT_COOKIE, key, studio)
        return answer

    app.add_api_route("/", home, methods=["GET"], include_in_schema=False)
    for name, path in files.items():
        for place in (f"/{name}", f"/page/{name}"):
            app.add_api_route(place, _file(path), methods=["GET"], include_in_schema=False)


def _file(path: Path) -> Any:
    data = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

    def send() -> Response:
        return Response(data, media_type=kind, headers={"Cache-Control": "no-cache"})

    return send


def _knows(request: Request, token: str) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(TOKEN_COOKIE, "")
    return same(cookie, token_mark(token)) or (kind.lower() == "bearer" and same(given.strip(), token))


def _set(answer: Response, name: str, value: str, studio: Studio) -> None:
    age = int(studio.settings.keep_hours * 3600)
    answer.set_cookie(name, value, max_age=age, httponly=True, samesite="strict", path="/")
