"""The application: routes behind the guard, one form for every refusal, an OpenAPI document, and the page."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import aotface
from aotface.web import pages, routes_files, routes_jobs, routes_server
from aotface.web.errors import ApiError
from aotface.web.guard import Guard
from aotface.web.settings import Settings
from aotface.web.studio import Studio

THREADS = 64
"""Requests that are worked on at a time; of them `aotface.web.studio.LOOKERS` may wait for a file to be looked at."""

CODES = {404: "not_found", 405: "method", 400: "request", 413: "too_large"}


def create_app(settings: Settings) -> Callable[..., Any]:
    """The studio as an ASGI application; its worker starts and ends with it.

    Args:
        settings: see there.
    """
    studio = Studio(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        studio.close()

    app = FastAPI(
        title="aotface studio",
        version=aotface.__version__,
        description="Face swaps in the light of their target. Errors have one form; see docs/api.md.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.studio = studio
    for module in (routes_server, routes_files, routes_jobs):
        app.include_router(module.router, prefix="/v1")
    pages.add_pages(app, studio)
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(Exception, _fault)
    guarded = Guard(app, settings, studio.rate)
    guarded.app = app  # type: ignore[attr-defined]
    return guarded


def _answer(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body, error.status, error.headers)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return _answer(error)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """What pydantic refuses, in one line: which field, and why."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return _answer(ApiError(422, "invalid", f"{where}: {first['msg']}"[:500]))


async def _failed(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses; with 405 goes every method of the path, where it names those of one route."""
    assert isinstance(error, HTTPException)
    answer = _answer(ApiError(error.status_code, CODES.get(error.status_code, "request"), str(error.detail)))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(sorted(_methods(request)))
    return answer


def _methods(request: Request) -> set[str]:
    place, found = request.url.path, set[str]()
    for path, methods in request.app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), place):
            found |= {method.upper() for method in methods}
    return found or {"GET"}


async def _fault(_: Request, error: Exception) -> JSONResponse:
    return _answer(ApiError(500, "fault", f"a fault of aotface, please report it: {type(error).__name__}"))
