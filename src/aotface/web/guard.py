"""What every request passes before a route sees it: host, token, origin, rate, size; and what every answer carries."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from aotface.web.errors import ApiError
from aotface.web.rate import Rate
from aotface.web.settings import LOOPBACK, Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CLIENT_HEADER, CLIENT_COOKIE, TOKEN_COOKIE = "x-client-key", "aotface_client", "aotface_token"

UPLOAD_PATH = "/v1/files"
FORM_BYTES = 64 << 10
"""Of an upload's body beside the file."""

SAFE = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""Of every answer. Nothing is said about CORS, so no other page may read anything."""


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: App, settings: Settings, rate: Rate):
        self._app, self._settings, self._rate = app, settings, rate
        self._names = {*LOOPBACK, *(name.lower() for name in settings.names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        guarded = _with_headers(send)
        try:
            self._check_host(headers)
            cookies = _cookies(headers.get("cookie", ""))
            self._check_token(scope, headers, cookies)
            self._check_origin(scope, headers)
            self._check_rate(scope, headers, cookies)
            limit = self._body_limit(scope, headers)
        except ApiError as error:
            await _refuse(guarded, error)
            return
        await self._app(scope, _limited(receive, limit), guarded)

    def _check_host(self, headers: dict[str, str]) -> None:
        """DNS rebinding: a page of another name that resolves to us still says its own name here."""
        name = host_name(headers.get("host", ""))
        if name not in self._names:
            raise ApiError(400, "host", "this server does not go by that name: see aotface serve --host-name")

    def _check_token(self, scope: Scope, headers: dict[str, str], cookies: dict[str, str]) -> None:
        token = self._settings.token
        if token is None:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(given.strip(), token):
            return
        if same(cookies.get(TOKEN_COOKIE, ""), token_mark(token)):
            return
        if scope["path"] == "/" and scope["method"] == "GET":  # the page looks for ?token= itself
            return
        raise ApiError(401, "token", "expected the server's token: Authorization: Bearer TOKEN")

    def _check_origin(self, scope: Scope, headers: dict[str, str]) -> None:
        """Another site's page can send, even where it cannot read."""
        if scope["method"] in SAFE:
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        own = f"{scope.get('scheme', 'http')}://{headers.get('host', '')}".lower()
        if (origin is not None and origin.lower() != own) or site not in (None, "same-origin", "none"):
            raise ApiError(403, "origin", "only pages of this server may send to it")

    def _check_rate(self, scope: Scope, headers: dict[str, str], cookies: dict[str, str]) -> None:
        peer = (scope.get("client") or ("unknown",))[0]
        key = headers.get(CLIENT_HEADER) or cookies.get(CLIENT_COOKIE)
        name = f"of {peer}" if not key else hashlib.sha256(key.encode()).hexdigest()
        wait = self._rate.wait(name, 1.0 if scope["method"] in SAFE else 5.0)
        if wait:
            raise ApiError(429, "rate", f"too many requests: ask again in {max(1, round(wait))} s", wait)

    def _body_limit(self, scope: Scope, headers: dict[str, str]) -> int:
        upload = scope["path"] == UPLOAD_PATH and scope["method"] == "POST"
        limits = self._settings.limits
        limit = limits.file_bytes + FORM_BYTES if upload else limits.json_bytes
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > limit:
            raise _too_large(limit)
        return limit


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "too_large", f"expected a body of at most {limit:,} bytes")


def _limited(receive: Receive, limit: int) -> Receive:
    """Count what arrives, whatever was said beforehand."""
    total = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            error = _too_large(limit)
            raise HTTPException(error.status, error.text)  # which the framework hands on
        return message

    return counted


def _with_headers(send: Send) -> Send:
    more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message.get("headers", [])}
            message["headers"] = [*message.get("headers", []), *(row for row in more if row[0] not in there)]
            if b"cache-control" not in there:
                message["headers"].append((b"cache-control", b"no-store"))
        await send(message)

    return sending


async def _refuse(send: Send, error: ApiError) -> None:
    body = json.dumps(error.body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def host_name(host: str) -> str:
    """The name in a Host header, without the port; empty where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host and "/" not in host else ""
    except ValueError:
        return ""


def same(given: str, wanted: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def token_mark(token: str) -> str:
    """What the cookie holds in place of the token."""
    return hashlib.sha256(f"aotface page {token}".encode()).hexdigest()


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
