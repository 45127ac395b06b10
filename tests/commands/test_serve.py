"""`aotface serve` before it serves: the token, the names, what it refuses."""

from pathlib import Path

import pytest

from aotface.commands import serve
from aotface.commands.serve import Serve
from aotface.errors import UsageError
from aotface.reporter import Silent
from aotface.web.server import shown_host
from aotface.web.settings import is_loopback


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_loopback_needs_no_token(tmp_path: Path) -> None:
    settings = Serve().settings()
    assert settings.token is None and settings.names == ("127.0.0.1",) and settings.keep_hours == 24.0
    assert settings.state == tmp_path / "cache" / "aotface" / "studio"
    assert settings.job == {"weights": "aot_small", "device": "auto", "backend": "torch", "reenact": "mesh"}


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "::", "127.evil.example"])
def test_another_address_has_a_token(address: str) -> None:
    settings = Serve(address=address, host_name="studio.lan, box").settings()
    assert settings.token is not None and len(settings.token) >= 24
    assert settings.token != Serve(address=address).settings().token
    assert {"studio.lan", "box"} <= set(settings.names) and "0.0.0.0" not in settings.names


def test_the_printed_address_can_be_opened() -> None:
    assert shown_host("0.0.0.0", ()) == "127.0.0.1" and shown_host("::", ("box",)) == "box"
    assert shown_host("::1", ("::1",)) == "[::1]" and shown_host("192.168.1.5", ()) == "192.168.1.5"
    assert is_loopback("127.8.0.1") and is_loopback("::1") and is_loopback("localhost")


def test_what_cannot_work_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="at least 8"):
        Serve(token="short").settings()
    with pytest.raises(UsageError, match="--device"):
        Serve(device="tpu").settings()
    with pytest.raises(UsageError, match="go together"):
        Serve(key=Path("key.pem")).settings()
    monkeypatch.setattr(serve, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"aotface\[web\]"):
        Serve().run(Silent())
