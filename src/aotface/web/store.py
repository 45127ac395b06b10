"""The store: clients, uploads and jobs in one SQLite file; a killed server finds them again."""

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

FINISHED = ("done", "failed", "cancelled")
"""States that do not change any more."""

_TABLES = """
CREATE TABLE IF NOT EXISTS clients (id TEXT PRIMARY KEY, key_hash TEXT UNIQUE NOT NULL, seen REAL NOT NULL);
CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, client TEXT NOT NULL, expires REAL NOT NULL, row TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, client TEXT NOT NULL, state TEXT NOT NULL, made REAL NOT NULL,
  expires REAL NOT NULL, once TEXT, row TEXT NOT NULL, UNIQUE (client, once));
CREATE INDEX IF NOT EXISTS files_of ON files (client);
CREATE INDEX IF NOT EXISTS jobs_of ON jobs (client, state);
CREATE INDEX IF NOT EXISTS jobs_in ON jobs (state, made);
"""


@dataclass(frozen=True)
class FileRow:
    """An upload. ``name``: as its sender calls it, only ever shown. ``suffix``: by content, of its name on our disk."""

    id: str
    client: str
    name: str
    kind: str
    suffix: str
    width: int
    height: int
    frames: int
    seconds: float
    bytes: int
    sha256: str
    expires: float

    @property
    def path(self) -> str:
        """Where it lies, from the state folder."""
        return f"files/{self.id}{self.suffix}"


@dataclass(frozen=True)
class JobRow:
    """A job. ``request``: as it was asked for. ``task``: what the worker is told. ``once``: its idempotency key."""

    id: str
    client: str
    kind: str
    made: float
    expires: float
    request: dict[str, Any]
    task: dict[str, Any]
    files: list[str]
    title: str
    state: str = "queued"
    once: str | None = None
    once_hash: str = ""
    message: str = ""
    error: dict[str, str] | None = None
    warnings: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    numbers: dict[str, Any] | None = None
    bytes: int = 0

    @property
    def folder(self) -> str:
        """Where its results lie, from the state folder."""
        return f"jobs/{self.id}"

    @property
    def finished(self) -> bool:
        """Whether its state does not change any more."""
        return self.state in FINISHED


Row = TypeVar("Row", FileRow, JobRow)


class Store:
    """One connection, one lock: every method is one transaction."""

    def __init__(self, folder: Path):
        self.folder = folder
        for path in (folder, folder / "files", folder / "jobs", folder / "incoming"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._lock = threading.Lock()
        self._base = sqlite3.connect(folder / "studio.sqlite", check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")
        self._base.executescript(_TABLES)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def add_client(self) -> str:
        """A new client; its key, which only it knows: a hash is kept."""
        key = secrets.token_urlsafe(32)
        with self._transaction() as base:
            row = (secrets.token_hex(16), _hash(key), time.time())
            base.execute("INSERT INTO clients VALUES (?, ?, ?)", row)
        return key

    def client_of(self, key: str) -> str | None:
        """The client of a key."""
        with self._transaction() as base:
            found = base.execute("SELECT id, seen FROM clients WHERE key_hash = ?", (_hash(key),)).fetchone()
            if found is not None and time.time() - found[1] > 60:
                base.execute("UPDATE clients SET seen = ? WHERE id = ?", (time.time(), found[0]))
        return None if found is None else str(found[0])

    def count_clients(self) -> int:
        """How many there are."""
        with self._transaction() as base:
            return int(base.execute("SELECT count(*) FROM clients").fetchone()[0])

    def drop_one_idle_client(self) -> bool:
        """Forget the client that owns nothing and was not seen for longest; whether there was one."""
        with self._transaction() as base:
            done = base.execute(
                "DELETE FROM clients WHERE id = (SELECT id FROM clients WHERE id NOT IN (SELECT client FROM files) "
                "AND id NOT IN (SELECT client FROM jobs) ORDER BY seen LIMIT 1)"
            )
        return done.rowcount > 0

    def bytes_of(self, client: str | None = None) -> int:
        """Of the uploads and results of a client; of all clients."""
        total = 0
        with self._transaction() as base:
            for table in ("files", "jobs"):
                text = f"SELECT coalesce(sum(json_extract(row, '$.bytes')), 0) FROM {table}"
                which = ("", ()) if client is None else (" WHERE client = ?", (client,))
                total += int(base.execute(text + which[0], which[1]).fetchone()[0])
        return total

    def paths(self) -> set[str]:
        """Of every upload, and of every job's folder."""
        with self._transaction() as base:
            files = base.execute("SELECT row FROM files").fetchall()
            jobs = base.execute("SELECT row FROM jobs").fetchall()
        return {_row(FileRow, text).path for (text,) in files} | {
            _row(JobRow, text).folder for (text,) in jobs
        }

    def put_file(self, row: FileRow) -> None:
        """Keep an upload."""
        with self._transaction() as base:
            base.execute(
                "INSERT INTO files VALUES (?, ?, ?, ?)", (row.id, row.client, row.expires, _text(row))
            )

    def file(self, client: str, id: str) -> FileRow | None:
        """An upload of this client."""
        with self._transaction() as base:
            found = base.execute("SELECT row FROM files WHERE id = ? AND client = ?", (id, client)).fetchone()
        return None if found is None else _row(FileRow, found[0])

    def files(self, client: str) -> list[FileRow]:
        """All uploads of a client."""
        with self._transaction() as base:
            found = base.execute(
                "SELECT row FROM files WHERE client = ? ORDER BY expires", (client,)
            ).fetchall()
        return [_row(FileRow, text) for (text,) in found]

    def drop_file(self, id: str) -> None:
        """Forget an upload."""
        with self._transaction() as base:
            base.execute("DELETE FROM files WHERE id = ?", (id,))

    def add_job(self, row: JobRow) -> JobRow:
        """Keep a new job; where its client has used the same idempotency key before, that job comes back instead."""
        with self._transaction() as base:
            if row.once is not None:
                asked = (row.client, row.once)
                found = base.execute("SELECT row FROM jobs WHERE client = ? AND once = ?", asked).fetchone()
                if found is not None:
                    return _row(JobRow, found[0])
            values = (row.id, row.client, row.state, row.made, row.expires, row.once, _text(row))
            base.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return row

    def job(self, client: str, id: str) -> JobRow | None:
        """A job of this client."""
        with self._transaction() as base:
            found = base.execute("SELECT row FROM jobs WHERE id = ? AND client = ?", (id, client)).fetchone()
        return None if found is None else _row(JobRow, found[0])

    def job_once(self, client: str, once: str) -> JobRow | None:
        """The job of this client that was asked for under an idempotency key."""
        with self._transaction() as base:
            found = base.execute(
                "SELECT row FROM jobs WHERE client = ? AND once = ?", (client, once)
            ).fetchone()
        return None if found is None else _row(JobRow, found[0])

    def jobs(self, client: str) -> list[JobRow]:
        """All jobs of a client, newest first."""
        with self._transaction() as base:
            found = base.execute(
                "SELECT row FROM jobs WHERE client = ? ORDER BY made DESC", (client,)
            ).fetchall()
        return [_row(JobRow, text) for (text,) in found]

    def jobs_in(self, *states: str) -> list[JobRow]:
        """Every client's jobs in some states, oldest first."""
        marks = ",".join("?" * len(states))
        with self._transaction() as base:
            found = base.execute(
                f"SELECT row FROM jobs WHERE state IN ({marks}) ORDER BY made", states
            ).fetchall()
        return [_row(JobRow, text) for (text,) in found]

    def update_job(self, id: str, **values: Any) -> JobRow | None:
        """Change a job; None where it was deleted meanwhile."""
        with self._transaction() as base:
            found = base.execute("SELECT row FROM jobs WHERE id = ?", (id,)).fetchone()
            if found is None:
                return None
            row = _row(JobRow, json.dumps(json.loads(found[0]) | values))
            changed = (row.state, row.expires, _text(row), id)
            base.execute("UPDATE jobs SET state = ?, expires = ?, row = ? WHERE id = ?", changed)
        return row

    def drop_job(self, id: str) -> None:
        """Forget a job."""
        with self._transaction() as base:
            base.execute("DELETE FROM jobs WHERE id = ?", (id,))

    def expired(self, now: float) -> tuple[list[FileRow], list[JobRow]]:
        """Uploads and finished jobs whose time is over; what an unfinished job needs is not among them."""
        needed = {id for job in self.jobs_in("queued", "running") for id in job.files}
        with self._transaction() as base:
            files = base.execute("SELECT row FROM files WHERE expires < ?", (now,)).fetchall()
            jobs = base.execute(
                "SELECT row FROM jobs WHERE expires < ? AND state NOT IN ('queued', 'running')", (now,)
            ).fetchall()
        rows = [row for (text,) in files if (row := _row(FileRow, text)).id not in needed]
        return rows, [_row(JobRow, text) for (text,) in jobs]

    def drop_idle_clients(self, before: float) -> None:
        """Forget clients that were not seen since, and own nothing."""
        with self._transaction() as base:
            base.execute(
                "DELETE FROM clients WHERE seen < ? AND id NOT IN (SELECT client FROM files) "
                "AND id NOT IN (SELECT client FROM jobs)",
                (before,),
            )


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _text(row: FileRow | JobRow) -> str:
    return json.dumps(asdict(row))


def _row(kind: type[Row], text: str) -> Row:
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in json.loads(text).items() if name in known})
