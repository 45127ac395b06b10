"""Run the studio: open the socket, print the address, serve until stopped."""

import socket
from collections.abc import Callable
from contextlib import suppress

from aotface.errors import UsageError
from aotface.web.settings import Settings


def serve(settings: Settings, address: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C.

    Args:
        settings: see there.
        address: to listen on.
        port: 0 for any that is free.
        say: told where the page is.

    Raises:
        UsageError: the address or port cannot be had.
    """
    import uvicorn

    from aotface.web.app import create_app

    listening = listen(address, port)
    host = f"[{address}]" if ":" in address else address
    place = f"http://{host}:{listening.getsockname()[1]}/"
    config = uvicorn.Config(
        create_app(settings),
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=3,
        lifespan="on",
    )
    say(place if settings.token is None else f"{place}?token={settings.token}")
    with suppress(KeyboardInterrupt):  # the way to end it
        uvicorn.Server(config).run(sockets=[listening])


def listen(address: str, port: int) -> socket.socket:
    """An open socket.

    Raises:
        UsageError: the address or port cannot be had.
    """
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(256)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"cannot listen on {address} port {port}: {reason}; say another --port") from None
    return listening
