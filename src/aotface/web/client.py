"""A small client of the studio's API, of the standard library alone; see docs/api.md."""

import http.client
import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote, urlencode, urlsplit

from aotface.errors import AotfaceError


class FileInfo(TypedDict):
    """An upload, see `aotface.web.schemas.FileInfo`."""

    id: str
    name: str
    kind: str
    width: int
    height: int
    frames: int
    seconds: float
    bytes: int
    sha256: str
    expires: str


class JobInfo(TypedDict):
    """A job, see `aotface.web.schemas.JobInfo`."""

    id: str
    kind: str
    state: str
    progress: float
    message: str
    seconds_left: float | None
    error: dict[str, str] | None
    warnings: list[str]
    results: list[str]
    layers: list[str]
    numbers: dict[str, dict[str, float | None]] | None
    made: str
    expires: str


class StudioError(AotfaceError):
    """What the server refuses: ``status`` of HTTP, ``code``, and after how many seconds to ask again (0: not said)."""

    def __init__(self, status: int, code: str, text: str, retry_seconds: float = 0.0):
        super().__init__(text)
        self.status, self.code, self.retry_seconds = status, code, retry_seconds


class StudioClient:
    """One client of a studio.

        client = StudioClient("http://127.0.0.1:8765")
        source, target = client.upload("person.jpg"), client.upload("scene.jpg")
        job = client.submit("swap", consent=True, source=source["id"], target=target["id"])
        done = client.wait(job["id"])
        Path("out.jpg").write_bytes(client.result(done["id"]))

    Args:
        address: of the server, as it prints it.
        key: of an earlier client; a new one when left out.
        token: of the server, where it has one.
        timeout_seconds: of one request.
    """

    def __init__(
        self, address: str, key: str | None = None, token: str | None = None, timeout_seconds: float = 120
    ):
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._timeout, self._token = timeout_seconds, token
        self.key = ""
        self.key = key or str(self._json("POST", "/clients")["key"])

    def health(self) -> dict[str, Any]:
        """Version and queue."""
        return self._json("GET", "/health")

    def methods(self) -> dict[str, Any]:
        """Transfers and options."""
        return self._json("GET", "/methods")

    def upload(self, file: str | Path | bytes, name: str | None = None) -> FileInfo:
        """Send a picture or video: a path, or its bytes."""
        data = file if isinstance(file, bytes) else Path(file).read_bytes()
        shown = name or ("upload" if isinstance(file, bytes) else Path(file).name)
        boundary = secrets.token_hex(16)
        safe = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        found: Any = self._json("POST", "/files", body, f"multipart/form-data; boundary={boundary}")
        return found

    def file(self, id: str) -> FileInfo:
        """What an upload is."""
        found: Any = self._json("GET", f"/files/{quote(id)}")
        return found

    def delete_file(self, id: str) -> None:
        """Forget an upload."""
        self._bytes("DELETE", f"/files/{quote(id)}")

    def preview(self, id: str, frame: int = 0) -> bytes:
        """A PNG of an upload."""
        return self._bytes("GET", f"/files/{quote(id)}/preview?frame={frame}")

    def faces(self, id: str, frame: int = 0) -> list[dict[str, Any]]:
        """The faces of an upload, largest first."""
        found: list[dict[str, Any]] = self._json("GET", f"/files/{quote(id)}/faces?frame={frame}")["faces"]
        return found

    def submit(self, kind: str, consent: bool, once: str | None = None, **what: Any) -> JobInfo:
        """Ask for a job.

        Args:
            kind: ``swap``, ``refine`` or ``compare``.
            consent: both people agreed, or the material's licence allows it.
            once: an idempotency key: the same one gives the same job.
            what: further fields of the request: ``source``, ``target``, ``options``, ...
        """
        body = json.dumps({"kind": kind, "consent": consent, **what}).encode()
        more = {} if once is None else {"Idempotency-Key": once}
        found: Any = self._json("POST", "/jobs", body, "application/json", more)
        return found

    def jobs(self) -> list[JobInfo]:
        """All jobs of this client, newest first."""
        found: list[JobInfo] = self._json("GET", "/jobs")["jobs"]
        return found

    def job(self, id: str) -> JobInfo:
        """How far a job is."""
        found: Any = self._json("GET", f"/jobs/{quote(id)}")
        return found

    def events(self, id: str) -> Iterator[JobInfo]:
        """The job at each change, until it is finished."""
        connection, answer = self._ask("GET", f"/jobs/{quote(id)}/events")
        try:
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            connection.close()

    def wait(self, id: str, seconds: float = 600.0, every: float = 0.5) -> JobInfo:
        """Wait until a job is finished.

        Raises:
            StudioError: it failed; or the time is over.
        """
        end = time.monotonic() + seconds
        while (job := self.job(id))["state"] in ("queued", "running"):
            if time.monotonic() > end:
                raise StudioError(0, "timeout", f"the job is still {job['state']} after {seconds:.0f} s")
            time.sleep(every)
        if job["state"] == "failed" and job["error"] is not None:
            raise StudioError(0, job["error"]["code"], job["error"]["text"])
        return job

    def cancel(self, id: str) -> JobInfo:
        """Stop a job."""
        found: Any = self._json("POST", f"/jobs/{quote(id)}/cancel")
        return found

    def delete_job(self, id: str) -> None:
        """Stop a job and forget its results."""
        self._bytes("DELETE", f"/jobs/{quote(id)}")

    def result(self, id: str, name: str | None = None) -> bytes:
        """A finished file; the first when no name is given."""
        end = "" if name is None else f"?{urlencode({'name': name})}"
        return self._bytes("GET", f"/jobs/{quote(id)}/result{end}")

    def layer(self, id: str, name: str) -> bytes:
        """A layer that was asked for."""
        return self._bytes("GET", f"/jobs/{quote(id)}/layers/{quote(name)}")

    def record(self, id: str) -> dict[str, Any]:
        """The record of a job's run."""
        return self._json("GET", f"/jobs/{quote(id)}/record")

    def verify(self, file: str) -> dict[str, Any]:
        """Which marks an upload carries."""
        return self._json("POST", "/verify", json.dumps({"file": file}).encode(), "application/json")

    def _json(
        self, method: str, path: str, body: bytes = b"", kind: str = "", more: Any = None
    ) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._bytes(method, path, body, kind, more))
        return found

    def _bytes(self, method: str, path: str, body: bytes = b"", kind: str = "", more: Any = None) -> bytes:
        connection, answer = self._ask(method, path, body, kind, more)
        try:
            return answer.read()
        finally:
            connection.close()

    def _ask(
        self, method: str, path: str, body: bytes = b"", kind: str = "", more: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        headers = {"X-Client-Key": self.key} if self.key else {}
        headers |= {"Content-Type": kind} if kind else {}
        headers |= {"Authorization": f"Bearer {self._token}"} if self._token else {}
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, f"/v1{path}", body or None, headers | (more or {}))
            answer = connection.getresponse()
            if answer.status >= 400:
                raise _error(answer)
        except BaseException:
            connection.close()
            raise
        return connection, answer


def _error(answer: http.client.HTTPResponse) -> StudioError:
    retry = answer.headers.get("Retry-After", "0")
    try:
        said = json.loads(answer.read())["error"]
        return StudioError(answer.status, said["code"], said["text"], float(retry))
    except (ValueError, KeyError, TypeError):
        return StudioError(answer.status, "unknown", f"the server answered {answer.status} {answer.reason}")
