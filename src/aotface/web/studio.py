"""The studio behind the API: uploads, the queue and its worker, and what happens as time goes by."""

import secrets
import shutil
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
from aotface.web.settings import Settings
from aotface.web.store import FileRow, JobRow, Store

LOOK_SECONDS = 60.0
"""How long looking at an upload may take."""

WORK_SECONDS = 900.0
"""How long a job may go on without a sign of progress."""

LOOKERS = 24
"""Requests that wait for the child that looks; more are asked to come again."""

SWEEP_SECONDS = 30.0

STREAMS = 12
"""Of events, that one client has open at a time."""


class Studio:
    """One server's state; closed once."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.folder = settings.state.resolve()
        self.store = Store(self.folder)
        self.rate = Rate(settings.limits.per_second, settings.limits.burst)
        self.live: dict[str, Live] = {}
        self._look, self._work = Child("look", self.folder), Child("work", self.folder)
        self._lookers = threading.BoundedSemaphore(LOOKERS)
        self._wake, self._stopping = threading.Condition(), False
        self._running: JobRow | None = None
        self._cancelled: set[str] = set()
        self._last_turn: dict[str, float] = {}
        self._streams: Counter[str] = Counter()
        self._clear_leftovers()
        for row in self.store.jobs_in("running"):
            self.store.update_job(row.id, state="queued", message="resumes after a restart")
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
        self.store.close()

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
        if self._running is None or self._running.id != row.id:
            shutil.rmtree(self.folder / row.folder, ignore_errors=True)

    @contextmanager
    def streaming(self, client: str) -> Iterator[None]:
        """One more stream of events of a client, while the block lasts.

        Raises:
            ApiError: it has too many.
        """
        if self._streams[client] >= STREAMS:
            raise ApiError(429, "streams", f"{STREAMS} streams of events are open already: close one", 5)
        self._streams[client] += 1
        try:
            yield
        finally:
            self._streams[client] -= 1

    def names_in(self, row: JobRow) -> dict[str, str]:
        """What a job's paths are called in its errors."""
        files = (self.store.file(row.client, id) for id in row.files)
        names = {file.path: file.name for file in files if file is not None}
        return names | {f"{row.folder}/result": "the result", f"{row.folder}/": ""}

    def _serve_queue(self) -> None:
        with suppress(ChildError):
            if self.settings.warm:
                self._work.ask({"task": "warm"}, WORK_SECONDS)
        while True:
            with self._wake:
                if self._stopping:
                    return
                row = self._next()
                if row is None:
                    self._wake.wait(timeout=5)
                    continue
                self._running = self.store.update_job(row.id, state="running", message="starting")
            if self._running is not None:
                self._run(self._running)
            with self._wake:
                self._running = None
                self._cancelled.discard(row.id)

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
        (self.folder / row.folder).mkdir(mode=0o700, exist_ok=True)
        try:
            made, _ = self._work.ask(row.task | {"id": row.id}, WORK_SECONDS, live.hear)
            change = {"state": "done", "message": "done", **made}
        except ChildError as error:
            if self._stopping:
                return  # it stays `running` in the store, and resumes
            stopped = row.id in self._cancelled
            text = plain(error.text, self.names_in(row))
            change = {
                "state": "cancelled" if stopped else "failed",
                "message": "cancelled" if stopped else text,
            }
            if not stopped:
                change["error"] = {"code": error.code, "text": text}
        except Exception as fault:
            text = f"a fault of aotface, please report it: {type(fault).__name__}"
            change = {"state": "failed", "message": text, "error": {"code": "fault", "text": text}}
        names = self.names_in(row)
        change |= {"warnings": [plain(line, names) for line in live.warnings], "expires": self.expires}
        deleted = self.store.update_job(row.id, **change) is None
        if deleted or change["state"] != "done":
            shutil.rmtree(self.folder / row.folder, ignore_errors=True)
        self.live.pop(row.id, None)

    def _sweep_on(self) -> None:
        while True:
            with self._wake:
                if self._stopping or self._wake.wait_for(lambda: self._stopping, timeout=SWEEP_SECONDS):
                    return
            with suppress(OSError):
                self.sweep(time.time())

    def sweep(self, now: float) -> None:
        """Remove what has expired."""
        files, jobs = self.store.expired(now)
        for file in files:
            self.store.drop_file(file.id)
            (self.folder / file.path).unlink(missing_ok=True)
        for job in jobs:
            self.store.drop_job(job.id)
            shutil.rmtree(self.folder / job.folder, ignore_errors=True)
        self.store.drop_idle_clients(now - self.settings.keep_hours * 3600)

    def _clear_leftovers(self) -> None:
        """Halves of uploads that a killed server has left."""
        for path in (self.folder / "incoming").iterdir():
            path.unlink(missing_ok=True)
