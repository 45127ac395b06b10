"""From rows of the store to what the API says."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aotface.web.errors import plain
from aotface.web.schemas import ErrorBody, FileInfo, JobInfo
from aotface.web.store import FileRow, JobRow
from aotface.web.studio import Studio

OWN_FILES = (
    "certificate",
    "key",
    "reenact_config",
    "reenact_model",
    "reenact_embedding",
    "reenact_converter",
)
"""Fields of a job that name files of the server."""


def file_info(row: FileRow) -> FileInfo:
    """An upload."""
    return FileInfo(
        id=row.id,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]
        width=row.width,
        height=row.height,
        frames=row.frames,
        seconds=row.seconds,
        bytes=row.bytes,
        sha256=row.sha256,
        expires=time_text(row.expires),
    )


def job_info(studio: Studio, row: JobRow) -> JobInfo:
    """A job, with how far it is."""
    live = studio.live.get(row.id) if row.state == "running" else None
    names = studio.names_in(row)
    return JobInfo(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]
        state=row.state,  # type: ignore[arg-type]
        progress=1.0 if row.state == "done" else live.progress if live else 0.0,
        message=live.message if live else row.message or row.state,
        seconds_left=live.seconds_left if live else None,
        error=None if row.error is None else ErrorBody(**row.error),
        warnings=[plain(line, names) for line in live.warnings] if live else row.warnings,
        results=row.results,
        layers=row.layers if row.state == "done" else [],
        numbers=row.numbers,
        made=time_text(row.made),
        expires=time_text(row.expires),
    )


def public_record(record: dict[str, Any]) -> dict[str, Any]:
    """A record of a run without the files that who runs the server has named: their hashes stay."""
    if "runs" in record:
        return record | {"runs": [public_record(run) for run in record["runs"]]}
    job = {name: value for name, value in record.get("job", {}).items() if name not in OWN_FILES}
    if "weights" in job:
        job["weights"] = Path(job["weights"]).name
    hashes = {Path(path).name: value for path, value in record.get("reenactor_sha256", {}).items()}
    return record | {"job": job} | ({"reenactor_sha256": hashes} if hashes else {})


def time_text(seconds: float) -> str:
    """A time in UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def download_name(row: JobRow, name: str) -> str:
    """What a result is called on its way to a disk: ``scene-swap.png``."""
    stem, suffix = Path(row.title).stem or "result", name.removeprefix("result")
    end = row.kind if suffix != name else f"{row.kind}-"
    return f"{stem}-{end}{suffix}"


def disposition(name: str) -> str:
    """A Content-Disposition that holds any name."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
