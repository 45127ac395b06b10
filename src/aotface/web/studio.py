"""The studio behind the API: uploads, the queue and its worker, and what happens as time goes by."""

import secrets
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aotface.web.child import Child
from aotface.web.errors import STATUS, ApiError, ChildError, not_found, plain
from aotface.web.progress import Live
from aotface.web.rate import Rate
from aotface.web.room import Room
from aotface.web.settings import Settings
from aotface.web.state import StateFolder, remove, size_of
from aotface.web.store import FileRow, JobRow

LOOK_SECONDS = 60.0
"""How long looking at an upload may take."""

WORK_SECONDS = 900.0
"""How long a job may go on without a sign of progress."""

LOOKERS = 24
"""Requests that wait for the child that looks; more are asked to come again."""

SWEEP_SECONDS, RETRY_SECONDS = 30.0, 10.0

STREAMS, STREAMS_IN_ALL = 12, 300
"""Of events, that one client, and all, have open at a time."""


class Studio:
    """One server's state; closed once."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.folder = settings.state.resolve()
        self._state = StateFolder(self.folder)
        self.store = self._state.store
        self.room = Room(self.store, settings.limits)
        self.rate = Rate(settings.limits.per_second, settings.limits.burst)
        self.live: dict[str, Live] = {}
        self._look, self._work = Child("look", self.folder), Child("work", self.folder)
        self._lookers = threading.BoundedSemaphore(LOOKERS)
        self._wake, self._stopping = threading.Condition(), False
        self._running: JobRow | None = None
        self._cancelled: set[str] = set()
        self._last_turn: dict[str, float] = {}
        self._streams: Counter[str] = Counter()
        self._resume()
        self._state.clear_leftovers()
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._serve_queue, self._sweep_on)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop the worker where it is; a running job resumes at the next start."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._work.close()
        self._look.close()
        for thread in self._threads:
            thread.join(timeout=30)
        self._state.release()

    @property
    def expires(self) -> float:
        """When what is made now goes."""
        return time.time() + self.settings.keep_hours * 3600

    def counts(self) -> tuple[int, int]:
        """Jobs that wait, and jobs that are being made."""
        return len(self.store.jobs_in("queued")), int(self._running is not None)

    def look(self, task: dict[str, Any], names: dict[str, str]) -> tuple[dict[str, Any], bytes]:
        """Have the child look at a file.

        Args:
            task: see `aotface.web.tasks`.
            names: what paths are called in errors.

        Raises:
            ApiError: it cannot be read; or too many wait already.
        """
        if not self._lookers.acquire(blocking=False):
            raise ApiError(429, "busy", "the server is busy: ask again in a moment", 2)
        try:
            try:
                return self._look.ask(task, LOOK_SECONDS)
            except ChildError as error:
                if error.code != "crashed":
                    raise
                return self._look.ask(task, LOOK_SECONDS)  # it may have died of something else, just before
        except ChildError as error:
            if error.code == "stopping":
                raise ApiError(429, "stopping", error.text, 5) from None
            raise ApiError(STATUS.get(error.code, 422), error.code, plain(error.text, names)) from None
        finally:
            self._lookers.release()

    def take_in(self, client: str, incoming: Path, name: str, size: int, sha256: str) -> FileRow:
        """Look at an upload that has arrived, and keep it.

        Raises:
            ApiError: it is no picture and no video that can be read; or it is too large.
        """
        limits = asdict(self.settings.limits)
        path = incoming.relative_to(self.folder).as_posix()
        found, _ = self.look({"task": "facts", "path": path, "limits": limits}, {path: name})
        row = FileRow(
            secrets.token_hex(16), client, name, bytes=size, sha256=sha256, expires=self.expires, **found
        )
        incoming.rename(self.folder / row.path)
        self.store.put_file(row)
        return row

    def add_client(self) -> str:
        """A new client; its key. Where there are too many, the one goes that owns nothing and was away for longest.

        Raises:
            ApiError: there are too many, and all own something.
        """
        full = self.store.count_clients() >= self.settings.limits.clients
        if full and not self.store.drop_one_idle_client():
            raise ApiError(429, "full", "there are too many clients: ask again later", 600)
        return self.store.add_client()

    def file(self, client: str, id: str) -> FileRow:
        """An upload of this client."""
        row = self.store.file(client, id)
        if row is None:
            raise not_found("file")
        return row

    def delete_file(self, row: FileRow) -> None:
        """Forget an upload.

        Raises:
            ApiError: an unfinished job needs it.
        """
        if any(row.id in job.files for job in self.store.jobs_in("queued", "running")):
            raise ApiError(409, "in_use", "an unfinished job needs this file: cancel the job first")
        self.store.drop_file(row.id)
        (self.folder / row.path).unlink(missing_ok=True)

    def job(self, client: str, id: str) -> JobRow:
        """A job of this client."""
        row = self.store.job(client, id)
        if row is None:
            raise not_found("job")
        return row

    def submit(self, row: JobRow) -> JobRow:
        """Put a job into the queue; see `Store.add_job`."""
        kept = self.store.add_job(row)
        with self._wake:
            self._wake.notify_all()
        return kept

    def cancel(self, row: JobRow) -> JobRow:
        """Stop a job; one that is finished stays as it is."""
        with self._wake:
            now = self.store.job(row.client, row.id) or row
            if now.state == "queued":
                return self.store.update_job(row.id, state="cancelled", message="cancelled") or now
            if now.state == "running" and self._running is not None and self._running.id == row.id:
                self._cancelled.add(row.id)
                self._work.cancel(row.id)
        return now

    def delete_job(self, row: JobRow) -> None:
        """Forget a job and its results; one that runs is stopped first."""
        self.cancel(row)
        self.store.drop_job(row.id)
        if (
            self._running is None or self._running.id != row.id
        ):  # else the worker does it, when it has stopped
            remove(self.folder / row.folder)

    @contextmanager
    def streaming(self, client: str) -> Iterator[None]:
        """One more stream of events of a client, while the block lasts.

        Raises:
            ApiError: it has too many.
        """
        if self._streams[client] >= STREAMS or self._streams.total() >= STREAMS_IN_ALL:
            raise ApiError(
                429, "streams", "too many streams of events are open: close one, or ask for the job", 5
            )
        self._streams[client] += 1
        try:
            yield
        finally:
            self._streams[client] -= 1
            if not self._streams[client]:
                del self._streams[client]

    def names_in(self, row: JobRow) -> dict[str, str]:
        """What a job's paths are called in its errors."""
        files = (self.store.file(row.client, id) for id in row.files)
        names = {file.path: file.name for file in files if file is not None}
        return names | {f"{row.folder}/result": "the result", f"{row.folder}/": ""}

    def _serve_queue(self) -> None:
        with suppress(ChildError):
            if self.settings.warm:
                self._work.ask({"task": "warm"}, WORK_SECONDS)
        while not self._stopping:
            try:
                self._serve_one()
            except (OSError, sqlite3.Error):  # a full disk ends no queue: the job stays, and is tried again
                with self._wake:
                    self._wake.wait_for(lambda: self._stopping, timeout=RETRY_SECONDS)
                with suppress(OSError, sqlite3.Error):
                    self._resume()

    def _resume(self) -> None:
        """Put what was being made back into the queue."""
        for row in self.store.jobs_in("running"):
            self.store.update_job(row.id, state="queued", message="resumes after a restart")

    def _serve_one(self) -> None:
        """Make the job whose turn it is, or wait for one."""
        with self._wake:
            row = self._next()
            if row is None or self._stopping:
                self._wake.wait(timeout=0 if self._stopping else 5)
                return
            self._running = self.store.update_job(row.id, state="running", message="starting")
        try:
            if self._running is not None:
                self._run(self._running)
        finally:
            with self._wake:
                self._running = None
                self._cancelled.discard(row.id)
        if self.store.job(row.client, row.id) is None:  # it was deleted while it ran
            remove(self.folder / row.folder)

    def _next(self) -> JobRow | None:
        """The oldest job of the client whose turn is longest ago."""
        waiting = self.store.jobs_in("queued")
        if not waiting:
            return None
        row = min(waiting, key=lambda one: (self._last_turn.get(one.client, 0.0), one.made))
        self._last_turn[row.client] = time.monotonic()
        return row

    def _run(self, row: JobRow) -> None:
        live = self.live[row.id] = Live()
        try:
            change = self._made(row, live)
            if change is None:
                return
            names = self.names_in(row)
            change |= {"warnings": [plain(line, names) for line in live.warnings], "expires": self.expires}
            self.store.update_job(row.id, **change)
            if change["state"] != "done":
                remove(self.folder / row.folder)
        finally:
            self.live.pop(row.id, None)

    def _made(self, row: JobRow, live: Live) -> dict[str, Any] | None:
        """What becomes of a job; None where the server stops: it stays `running` in the store, and resumes."""
        folder = self.folder / row.folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made, _ = self._work.ask(row.task | {"id": row.id}, WORK_SECONDS, live.hear)
            return {"state": "done", "message": "done", "bytes": size_of(folder), **made}
        except ChildError as error:
            if self._stopping:
                return None
            if row.id in self._cancelled:
                return {"state": "cancelled", "message": "cancelled"}
            code, text = error.code, plain(error.text, self.names_in(row))
        except OSError as error:
            code, text = "disk", f"the server cannot write: {error.strerror or error}"
        except Exception as fault:
            code, text = "fault", f"a fault of aotface, please report it: {type(fault).__name__}"
        return {"state": "failed", "message": text, "error": {"code": code, "text": text}}

    def _sweep_on(self) -> None:
        while True:
            with self._wake:
                if self._stopping or self._wake.wait_for(lambda: self._stopping, timeout=SWEEP_SECONDS):
                    return
            with suppress(OSError, sqlite3.Error):
                self.sweep(time.time())

    def sweep(self, now: float) -> None:
        """Remove what has expired."""
        files, jobs = self.store.expired(now)
        for file in files:
            self.store.drop_file(file.id)
            remove(self.folder / file.path)
        for job in jobs:
            self.store.drop_job(job.id)
            remove(self.folder / job.folder)
        self.store.drop_idle_clients(now - self.settings.keep_hours * 3600)
