"""What the studio is started with: where it listens, where it keeps things, and how much one client may ask of it."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aotface.errors import UsageError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names under which only this computer reaches the studio."""


@dataclass(frozen=True)
class Limits:
    """How much is taken from one client.

    ``file_bytes``: of one upload. ``client_bytes``: of all uploads of a client. ``json_bytes``: of any other body.
    ``pixels``: of a picture, ``frame_pixels``: of a video's frame. ``seconds``, ``frames``: of a video. ``files``,
    ``jobs``: kept per client; ``waiting``: its unfinished jobs. ``per_second``, ``burst``: its requests, where one that
    changes something counts as five. ``clients``: in all. ``free_bytes``: left on the disk.
    """

    file_bytes: int = 512 << 20
    client_bytes: int = 2 << 30
    json_bytes: int = 64 << 10
    pixels: int = 60_000_000
    frame_pixels: int = 4096 * 2304
    seconds: float = 600.0
    frames: int = 40_000
    files: int = 200
    jobs: int = 100
    waiting: int = 10
    per_second: float = 20.0
    burst: float = 200.0
    clients: int = 10_000
    free_bytes: int = 500 << 20


@dataclass(frozen=True)
class Settings:
    """Of one studio.

    ``state``: folder of the store. ``keep_hours``: how long uploads and results stay. ``token``: asked of every request;
    None on loopback. ``names``: what the Host header may say beside loopback names. ``job``: fields of
    `aotface.jobs.spec.JobSpec` that who runs the server decides. ``warm``: load the networks before the first job.
    """

    state: Path
    keep_hours: float = 24.0
    token: str | None = None
    names: tuple[str, ...] = ()
    job: dict[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()
    warm: bool = True


def state_folder() -> Path:
    """Where the studio keeps its things unless told otherwise: the user's cache folder.

    Raises:
        UsageError: this user has no home folder.
    """
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        raise UsageError("this user has no home folder: say --state FOLDER") from None
    return cache / "aotface" / "studio"


def is_loopback(address: str) -> bool:
    """Whether only this computer can reach an address."""
    return address in LOOPBACK or address.startswith("127.")
