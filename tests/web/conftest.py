"""One studio for all tests of the web: a real server in a thread, on a port of its own."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from aotface.samples import sample
from aotface.web.app import create_app
from aotface.web.client import FileInfo, StudioClient
from aotface.web.server import listen
from aotface.web.settings import Limits, Settings
from aotface.web.studio import Studio


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    address: str
    port: int
    studio: Studio

    def client(self, key: str | None = None) -> StudioClient:
        return StudioClient(self.address, key)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.getbasetemp() / "aotface-home"
    state = tmp_path_factory.mktemp("studio")
    patch = pytest.MonkeyPatch()
    patch.setenv("AOTFACE_HOME", str(home))
    limits = Limits(file_bytes=20 << 20, pixels=2_000_000, seconds=5.0, per_second=1e4, burst=1e5, jobs=1000)
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    app = create_app(Settings(state, limits=limits, warm=False))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield Running(f"http://127.0.0.1:{port}", port, app.app.state.studio)
    server.should_exit = True
    thread.join(timeout=30)
    patch.undo()


@pytest.fixture(scope="session")
def client(studio: Running) -> StudioClient:
    return studio.client()


@pytest.fixture(scope="session")
def pair(client: StudioClient) -> tuple[FileInfo, FileInfo]:
    """A source and a target, both uploaded."""
    return client.upload(sample("source_light_man")), client.upload(sample("target_medium_man_warm_side"))
