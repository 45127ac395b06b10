"""Uploads that mean harm: a clear refusal, nothing written where it should not be, and the server lives."""

import http.client
import json
import socket
from pathlib import Path

import pytest
from media.made_faces import face_frame, write_frames
from web.conftest import Running
from web.hostile import cases

from aotface.web.client import StudioClient, StudioError
from aotface.web.upload import shown_name


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(
        tmp_path_factory.mktemp("clip") / "clip.mp4", [face_frame(index) for index in range(4)]
    )


def test_a_video_is_described(client: StudioClient, clip: Path) -> None:
    file = client.upload(clip)
    assert (file["kind"], file["frames"], file["width"]) == ("video", 4, 256) and 0.1 < file["seconds"] < 0.2
    assert len(client.faces(file["id"], 3)) == 1 and client.preview(file["id"], 3).startswith(b"\x89PNG")
    with pytest.raises(StudioError, match="frame 4 does not exist"):
        client.faces(file["id"], 4)


def test_hostile_uploads(studio: Running, clip: Path) -> None:
    client, wrong = studio.client(), []
    for what, data, name, right in cases(clip):
        try:
            file = client.upload(data, name)
            status, said = 201, file["name"]
        except StudioError as error:
            status, said = error.status, str(error)
        line = f"{what}: {status} {said}"
        if status not in right or str(studio.studio.folder) in said or "incoming/" in said or "\n" in said:
            wrong.append(line)
    assert wrong == []
    assert client.health()["status"] == "ok"
    assert not Path("/tmp/aotface-evil.jpg").exists() and not list(
        (studio.studio.folder / "incoming").iterdir()
    )
    stored = [path.name for path in (studio.studio.folder / "files").iterdir()]
    assert all(len(Path(name).stem) == 32 for name in stored), "names are the server's own"


def test_a_claim_of_ten_gigabytes_is_refused_at_once(studio: Running, client: StudioClient) -> None:
    with socket.create_connection(("127.0.0.1", studio.port), timeout=10) as raw:
        raw.sendall(
            f"POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Client-Key: {client.key}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 10737418240\r\n\r\n".encode()
        )
        assert raw.recv(4096).startswith(b"HTTP/1.1 413")


def test_more_bytes_than_the_limit_are_cut_off(studio: Running, client: StudioClient) -> None:
    """Sent in chunks, without a length."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    blocks = (head if number == 0 else bytes(1 << 20) for number in range(30))
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=30)
    headers = {"X-Client-Key": client.key, "Content-Type": "multipart/form-data; boundary=x"}
    try:
        connection.request("POST", "/v1/files", blocks, headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it hung up first, which is as good
    finally:
        connection.close()
    assert client.health()["status"] == "ok" and not list((studio.studio.folder / "incoming").iterdir())


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 415),
        ("multipart/form-data; boundary=x", b"nothing", 422),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\na\r\n--x--',
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nab',
            422,
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A" * 9000 + b": b\r\n\r\n", 422),
        ("multipart/form-data; boundary=x", b"", 422),
    ],
)
def test_other_forms_are_refused(
    studio: Running, client: StudioClient, kind: str, body: bytes, status: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=30)
    connection.request("POST", "/v1/files", body, {"X-Client-Key": client.key, "Content-Type": kind})
    answer = connection.getresponse()
    assert answer.status == status and json.loads(answer.read())["error"]["text"]
    connection.close()


def test_names_are_text() -> None:
    assert shown_name("../../etc/passwd") == "passwd" and shown_name("C:\\x\\scene.png") == "scene.png"
    assert shown_name("a\r\nSet-Cookie: b.png") == "aSet-Cookie: b.png" and shown_name("///") == "upload"
    assert shown_name("\u202egnp.exe") == "gnp.exe" and len(shown_name("x" * 999)) == 120
