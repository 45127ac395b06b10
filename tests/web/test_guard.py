"""What never reaches a route: foreign hosts and pages, a missing token, too many bytes, too many requests."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from aotface.web.guard import Guard, host_name, token_mark
from aotface.web.rate import Rate
from aotface.web.settings import Limits, Settings


def ask(
    guard: Guard, method: str = "GET", path: str = "/v1/health", body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request to the bare guard; ``x_y`` is the header ``x-y``."""
    given = {"host": "127.0.0.1:8765"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": "http",
        "client": ("127.0.0.1", 5),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    answer = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answer, b"".join(part.get("body", b"") for part in sent[1:])


async def passed(scope: Any, receive: Any, send: Any) -> None:
    """The application behind the guard."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"passed"})


def guard(**more: Any) -> Guard:
    settings = Settings(Path("unused"), **{"limits": Limits(json_bytes=100)} | more)
    return Guard(passed, settings, Rate(settings.limits.per_second, settings.limits.burst))


def code(body: bytes) -> str:
    return str(json.loads(body)["error"]["code"])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8765", "LOCALHOST:8765", "studio.lan"])
def test_own_names_pass(host: str) -> None:
    assert ask(guard(names=("studio.lan",)), host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "", "127.0.0.1.evil.example", "localhost@evil", "[::1", "localhost.", "a/localhost"],
)
def test_other_names_do_not(host: str) -> None:
    status, _, body = ask(guard(), host=host)
    assert status == 400 and code(body) == "host"


def test_a_host_header_without_a_name() -> None:
    assert (
        host_name("localhost:80") == "localhost"
        and host_name("x y:z") in ("x y", "")
        and host_name("@") == ""
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:8765"}, 200),
        ({"origin": "http://127.0.0.1:8765", "sec_fetch_site": "same-origin"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:8766"}, 403),
        ({"origin": "https://127.0.0.1:8765"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
    ],
)
def test_only_our_own_page_sends(headers: dict[str, str], status: int) -> None:
    assert ask(guard(), "POST", **headers)[0] == status
    assert ask(guard(), "GET", **headers)[0] == 200


def test_the_token_is_asked_for() -> None:
    locked = guard(token="secret-secret")
    status, headers, body = ask(locked)
    assert (status, code(body), headers["www-authenticate"]) == (401, "token", "Bearer")
    assert ask(locked, authorization="Bearer secret-secret")[0] == 200
    assert ask(locked, authorization="Bearer secret-secreT")[0] == 401
    assert ask(locked, cookie=f"aotface_token={token_mark('secret-secret')}")[0] == 200
    assert ask(locked, cookie="aotface_token=secret-secret")[0] == 401
    assert ask(locked, path="/style.css")[0] == 401


@pytest.mark.parametrize("length", ["101", "10737418240", "9" * 400, "-1", "x"])
def test_a_claim_of_many_bytes_is_refused_unread(length: str) -> None:
    status, _, body = ask(guard(), "POST", content_length=length)
    assert status == 413 and code(body) == "too_large"


def test_bytes_are_counted_whatever_was_claimed() -> None:
    with pytest.raises(Exception, match="at most 100 bytes") as caught:
        ask(guard(), "POST", body=b"x" * 101, content_length="5")
    assert caught.value.status_code == 413  # type: ignore[attr-defined]
    assert ask(guard(), "POST", body=b"x" * 100)[0] == 200


def test_too_many_requests_are_asked_to_come_again() -> None:
    slow = guard(limits=Limits(per_second=0.5, burst=3.0))
    answers = [ask(slow, x_client_key="a") for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    assert int(answers[-1][1]["retry-after"]) >= 1 and code(answers[-1][2]) == "rate"
    assert ask(slow, x_client_key="b")[0] == 200, "another client has a bucket of its own"


def test_every_answer_is_guarded() -> None:
    for status, headers, _ in (ask(guard()), ask(guard(), host="evil.example")):
        assert status in (200, 400)
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "unsafe" not in headers["content-security-policy"]
        assert not [name for name in headers if name.startswith("access-control")], "CORS is closed"
