"""Who asks: the client of a request, and what every route may answer."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader

from aotface.web.errors import ApiError
from aotface.web.guard import CLIENT_COOKIE
from aotface.web.schemas import Refusal
from aotface.web.studio import Studio

_header = APIKeyHeader(name="X-Client-Key", scheme_name="ClientKey", auto_error=False)
_cookie = APIKeyCookie(name=CLIENT_COOKIE, scheme_name="ClientCookie", auto_error=False)

MEANINGS = {
    400: "The request or its Host header cannot be read.",
    401: "The client key or the server's token is missing.",
    403: "Another site's page has sent this.",
    404: "There is none, or it is another client's.",
    409: "Not in this state.",
    413: "Too many bytes or pixels.",
    415: "Not this kind of content.",
    416: "No such part of the file.",
    422: "What was sent does not fit; the text says what was expected.",
    429: "Too much at once; Retry-After says when to ask again.",
}


def refusals(*more: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route beside its success."""
    return {
        code: {"model": Refusal, "description": MEANINGS[code]}
        for code in sorted({400, 403, 422, 429, *more})
    }


def studio_of(request: Request) -> Studio:
    """The studio."""
    studio: Studio = request.app.state.studio
    return studio


def client_of(
    request: Request,
    key: Annotated[str | None, Security(_header)] = None,
    cookie: Annotated[str | None, Security(_cookie)] = None,
) -> str:
    """The client of a request.

    Raises:
        ApiError: there is no key, or it is not known.
    """
    given = key or cookie
    client = None if not given else studio_of(request).store.client_of(given)
    if client is None:
        raise ApiError(
            401, "client", "expected X-Client-Key: get one by POST /v1/clients, or open the page again"
        )
    return client


TheStudio = Annotated[Studio, Depends(studio_of)]
TheClient = Annotated[str, Depends(client_of)]
OnceKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=128, description="The same key gives the same job."
    ),
]
