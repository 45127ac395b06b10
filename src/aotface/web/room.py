"""How much clients may leave here: uploads, results and jobs, of one client and of all, with what is still arriving."""

import shutil
import threading
from collections import Counter

from aotface.web.errors import ApiError
from aotface.web.settings import Limits
from aotface.web.store import Store

UPLOADS = 6
"""Of one client, that arrive at a time."""


class Room:
    """The limits of one studio. ``entry``: held from the check of a new job until it is in the store."""

    def __init__(self, store: Store, limits: Limits):
        self._store, self._limits = store, limits
        self._lock, self.entry = threading.Lock(), threading.Lock()
        self._arriving: dict[str, Counter[str]] = {"bytes": Counter(), "uploads": Counter()}

    def begin(self, client: str, claimed: int | None) -> tuple[int, int]:
        """Keep room for an upload; `end` gives it back.

        Args:
            client: whose.
            claimed: bytes of the request, where it says so.

        Returns:
            How many bytes the file may have, and how many are kept for it.

        Raises:
            ApiError: there is no room.
        """
        limits, count = self._limits, len(self._store.files(client))
        if count >= limits.files:
            raise ApiError(429, "files", f"you have {count} files here: delete some", 60)
        with self._lock:
            if self._arriving["uploads"][client] >= UPLOADS:
                raise ApiError(
                    429, "busy", f"{UPLOADS} of your uploads are arriving already: wait for one", 2
                )
            left = self._left(client) - self._arriving["bytes"][client]
            most = min(limits.file_bytes, left)
            if most <= 0:
                raise _full(limits)
            kept = most if claimed is None else min(most, claimed)
            self._check_disk(kept)
            self._arriving["bytes"][client] += kept
            self._arriving["uploads"][client] += 1
        return most, kept

    def end(self, client: str, kept: int) -> None:
        """The upload is in the store, or has failed."""
        with self._lock:
            self._arriving["bytes"][client] -= kept
            self._arriving["uploads"][client] -= 1
            for counts in self._arriving.values():
                if counts[client] <= 0:
                    del counts[client]

    def check_job(self, client: str, once: str | None) -> None:
        """Whether a client may add a job; one that it has added before under the same key is no new one.

        Raises:
            ApiError: it may not.
        """
        jobs, limits = self._store.jobs(client), self._limits
        if once is not None and any(job.once == once for job in jobs):
            return
        if sum(not job.finished for job in jobs) >= limits.waiting:
            raise ApiError(
                429, "waiting", f"{limits.waiting} of your jobs wait already: ask again when one is done", 5
            )
        if len(jobs) >= limits.jobs:
            raise ApiError(429, "jobs", f"you have {len(jobs)} jobs here: delete some", 60)
        if self._left(client) <= 0:
            raise _full(limits)
        with self._lock:
            self._check_disk(0)

    def _left(self, client: str) -> int:
        return self._limits.client_bytes - self._store.bytes_of(client)

    def _check_disk(self, more: int) -> None:
        """Whether so many bytes more fit, beside those that are arriving."""
        limits, more = self._limits, more + self._arriving["bytes"].total()
        if shutil.disk_usage(self._store.folder).free < limits.free_bytes + more:
            raise ApiError(429, "disk", "the server's disk is nearly full: ask again later", 600)
        if self._store.bytes_of() + more > limits.state_bytes:
            raise ApiError(429, "disk", "the server keeps as much as it may: ask again later", 600)


def _full(limits: Limits) -> ApiError:
    text = f"your files and results take {limits.client_bytes:,} bytes here: delete some"
    return ApiError(429, "bytes", text, 60)
