"""Routes of the server itself: health, methods, new clients, verify."""

from typing import Any

from fastapi import APIRouter

import aotface
from aotface.transfer import listed, names
from aotface.web.access import TheClient, TheStudio, refusals
from aotface.web.errors import ApiError
from aotface.web.option_table import studio_options
from aotface.web.schemas import ClientKey, Health, Methods, OptionLine, TransferLine, Verdict, VerifyRequest

router = APIRouter()


@router.get("/health", responses=refusals(401))
def health(studio: TheStudio) -> Health:
    """Whether the server works, and how much waits."""
    queue, running = studio.counts()
    return Health(status="ok", version=aotface.__version__, queue=queue, running=running)


@router.get("/methods", responses=refusals(401))
def methods() -> Methods:
    """The transfers, and every option with its default and bounds."""
    options: list[Any] = [
        OptionLine(
            name=one.name,
            type=one.type,  # type: ignore[arg-type]
            default=one.default,
            min=one.min,
            max=one.max,
            choices=list(one.choices),
            help=one.help,
            applies=list(one.applies),  # type: ignore[arg-type]
        )
        for one in studio_options()
    ]
    return Methods(
        transfers=[TransferLine(name=name, description=listed(name).summary) for name in names()],
        options=options,
    )


@router.post("/clients", status_code=201, responses=refusals(401))
def add_client(studio: TheStudio) -> ClientKey:
    """A key for a program; what it uploads and makes belongs to it."""
    if studio.store.count_clients() >= studio.settings.limits.clients:
        raise ApiError(429, "full", "there are too many clients: ask again later", 600)
    return ClientKey(key=studio.store.add_client())


@router.post("/verify", responses=refusals(401, 404, 413, 415))
def verify(studio: TheStudio, client: TheClient, asked: VerifyRequest) -> Verdict:
    """Which marks an upload carries, as `aotface verify` says it."""
    row = studio.file(client, asked.file)
    found, _ = studio.look({"task": "verify", "path": row.path}, {row.path: row.name})
    lines = [line.replace(row.path, row.name) for line in found.pop("lines")]
    return Verdict(**found | {"file": row.name, "lines": lines})
