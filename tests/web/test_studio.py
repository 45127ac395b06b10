"""The queue, the store and time: turns, cancelling, expiry, restarts. The child processes are stand-ins."""

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from aotface.errors import UsageError
from aotface.web import studio as module
from aotface.web.answers import public_record
from aotface.web.app import _answer
from aotface.web.child import Child
from aotface.web.errors import ApiError, ChildError, plain
from aotface.web.progress import Live
from aotface.web.room import Room
from aotface.web.settings import Limits, Settings
from aotface.web.store import FileRow, JobRow, Store
from aotface.web.studio import Studio


class StandIn:
    """Notes what it is asked; a job named ``slow`` waits until it is cancelled, or the server ends."""

    asked: list[str] = []

    def __init__(self, role: str, folder: Path):
        self.end = threading.Event()
        self.stopped = threading.Event()

    def ask(self, task: dict[str, Any], seconds: float, heard: Any = None) -> tuple[dict[str, Any], bytes]:
        self.asked.append(task["id"])
        if task.get("slow"):
            while not self.stopped.wait(0.01):
                if self.end.is_set():
                    raise ChildError("stopping", "the server is stopping")
            self.stopped.clear()
            raise ChildError("cancelled", "stopped")
        if task.get("bad"):
            raise ChildError("no_face", "files/x.png: no face, say --face 1")
        return {"results": ["result.png"]}, b""

    def cancel(self, id: str) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.end.set()


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Child", StandIn)
    monkeypatch.setattr(StandIn, "asked", [])


def job(id: str, client: str = "ann", made: float = 0.0, **task: Any) -> JobRow:
    return JobRow(id, client, "swap", made, time.time() + 99, {}, task, [], "scene.png")


def file(id: str, client: str = "ann", expires: float = 0.0) -> FileRow:
    return FileRow(id, client, "a.png", "picture", ".png", 1, 1, 1, 0.0, 5, "0" * 64, expires)


def until(test: Any) -> None:
    end = time.monotonic() + 10
    while not test():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


def open_studio(folder: Path) -> Studio:
    return Studio(Settings(folder, warm=False))


def state(studio: Studio, id: str, client: str = "ann") -> str:
    row = studio.store.job(client, id)
    return "gone" if row is None else row.state


def test_clients_take_turns(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.add_job(job(f"a{number}", "ann", float(number)))
    store.add_job(job("b0", "bob", 50.0))
    store.close()
    studio = open_studio(tmp_path)
    until(lambda: len(StandIn.asked) == 4)
    assert StandIn.asked == ["a0", "b0", "a1", "a2"], "bob does not wait for all of ann's"
    studio.close()


def test_a_running_job_is_cancelled_and_a_failed_one_says_why(tmp_path: Path) -> None:
    studio = open_studio(tmp_path)
    slow, waiting, bad = job("slow", slow=True), job("waiting", made=1.0), job("bad", made=2.0, bad=True)
    studio.submit(slow)
    until(lambda: state(studio, "slow") == "running")
    studio.submit(waiting)
    assert studio.cancel(waiting).state == "cancelled" and StandIn.asked == ["slow"]
    studio.cancel(slow)
    until(lambda: state(studio, "slow") == "cancelled")
    studio.submit(bad)
    until(lambda: state(studio, "bad") == "failed")
    row = studio.job("ann", "bad")
    assert row.error == {"code": "no_face", "text": "files/x.png: no face, say face 1"}
    assert not (tmp_path / bad.folder).exists(), "nothing is kept of what failed"
    studio.close()


def test_a_deleted_job_leaves_nothing(tmp_path: Path) -> None:
    studio = open_studio(tmp_path)
    studio.submit(job("slow", slow=True))
    until(lambda: (tmp_path / "jobs" / "slow").exists())
    studio.delete_job(studio.job("ann", "slow"))
    until(lambda: not (tmp_path / "jobs" / "slow").exists())
    with pytest.raises(ApiError):
        studio.job("ann", "slow")
    studio.close()


def test_a_stopped_server_resumes(tmp_path: Path) -> None:
    studio = open_studio(tmp_path)
    studio.submit(job("done"))
    until(lambda: state(studio, "done") == "done")
    studio.submit(job("slow", slow=True))
    until(lambda: state(studio, "slow") == "running")
    studio.close()
    again = open_studio(tmp_path)
    assert state(again, "done") == "done" and again.job("ann", "done").results == ["result.png"]
    until(lambda: StandIn.asked == ["done", "slow", "slow"])
    again.close()


def test_what_has_expired_goes_and_what_is_needed_stays(tmp_path: Path) -> None:
    studio = open_studio(tmp_path)
    for id in ("old", "new", "needed"):
        row = file(id, expires=1e12 if id == "new" else 5.0)
        (tmp_path / row.path).write_bytes(b"bytes")
        studio.store.put_file(row)
    studio.store.add_job(JobRow("slow", "ann", "swap", 0.0, 0.0, {}, {"slow": True}, ["needed"], "t"))
    studio.store.add_job(JobRow("old", "ann", "swap", 0.0, 5.0, {}, {}, [], "t", state="done"))
    (tmp_path / "jobs" / "old").mkdir()
    studio.sweep(10.0)
    assert {path.stem for path in (tmp_path / "files").iterdir()} == {"new", "needed"}
    assert state(studio, "old") == "gone" and not (tmp_path / "jobs" / "old").exists()
    with pytest.raises(ApiError, match="unfinished job"):
        studio.delete_file(studio.file("ann", "needed"))
    studio.close()


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    studio = open_studio(tmp_path)
    with pytest.raises(UsageError, match="another aotface serve uses"):
        open_studio(tmp_path)
    studio.close()
    open_studio(tmp_path).close()


def test_a_folder_of_other_things_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other things"):
        open_studio(tmp_path)
    assert (tmp_path / "incoming" / "letter.txt").read_text() == "mine"
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "studio.sqlite").write_text("no database, and long enough to be looked at")
    with pytest.raises(UsageError, match="cannot be read"):
        open_studio(broken)


def test_what_a_killed_server_has_left_goes(tmp_path: Path) -> None:
    """Between a file's rename and its row, or between a row's end and its files."""
    open_studio(tmp_path).close()
    store = Store(tmp_path)
    store.put_file(file("kept", expires=1e12))
    store.add_job(JobRow("kept", "ann", "swap", 0.0, 1e12, {}, {}, [], "t", state="done"))
    store.close()
    for place in ("files/kept.png", "files/lost.png", "jobs/kept/result.png", "jobs/lost/result.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b"bytes")
    open_studio(tmp_path).close()
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")}
    assert left == {"files/kept.png", "jobs/kept"}


def test_the_queue_outlives_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    studio, faults = open_studio(tmp_path), [sqlite3.OperationalError("database or disk is full")]
    update = studio.store.update_job

    def failing(id: str, **values: Any) -> JobRow | None:
        if values.get("state") == "done" and faults:
            raise faults.pop()
        return update(id, **values)

    monkeypatch.setattr(studio.store, "update_job", failing)
    studio.submit(job("first"))
    until(lambda: state(studio, "first") == "done")
    assert not faults and StandIn.asked == ["first", "first"]
    studio.close()


def test_a_job_that_is_deleted_while_it_ends_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = open_studio(tmp_path)
    update = studio.store.update_job

    def deleted_then(id: str, **values: Any) -> JobRow | None:
        found = update(id, **values)
        if values.get("state") == "done":
            studio.delete_job(studio.job("ann", id))
        return found

    monkeypatch.setattr(studio.store, "update_job", deleted_then)
    studio.submit(job("ending"))
    until(lambda: state(studio, "ending") == "gone" and not studio.counts()[1])
    until(lambda: not (tmp_path / "jobs" / "ending").exists())
    studio.close()


def test_room_is_kept_for_what_is_arriving(tmp_path: Path) -> None:
    limits = Limits(file_bytes=60, client_bytes=100, state_bytes=150, free_bytes=0)
    store = Store(tmp_path)
    room = Room(store, limits)
    assert room.begin("ann", None) == (60, 60) and room.begin("ann", 30) == (40, 30)
    assert room.begin("ann", 500) == (10, 10), "what is left of her 100 bytes"
    with pytest.raises(ApiError, match="100 bytes here"):
        room.begin("ann", 1)
    with pytest.raises(ApiError, match="as much as it may"):
        room.begin("bob", 60)
    room.end("ann", 60)
    assert room.begin("bob", 50) == (60, 50)
    store.add_job(JobRow("big", "ann", "swap", 0.0, 9e9, {}, {}, [], "t", state="done", bytes=100))
    with pytest.raises(ApiError, match="files and results take 100 bytes"):
        room.check_job("ann", None)
    store.close()


def test_uploads_at_a_time_are_limited(tmp_path: Path) -> None:
    store = Store(tmp_path)
    room = Room(store, Limits(free_bytes=0))
    kept = [room.begin("ann", 5)[1] for _ in range(6)]
    with pytest.raises(ApiError, match="6 of your uploads"):
        room.begin("ann", 5)
    room.end("ann", kept[0])
    assert room.begin("ann", 5)[1] == 5
    store.close()


def test_a_full_house_forgets_who_owns_nothing(tmp_path: Path) -> None:
    studio = Studio(Settings(tmp_path, warm=False, limits=Limits(clients=2)))
    keys = [studio.add_client() for _ in range(3)]
    known = [studio.store.client_of(key) for key in keys]
    assert known[0] is None and known[1] and known[2]
    for number, client in enumerate(known[1:]):
        studio.store.put_file(file(f"f{number}", str(client), 9e9))
    with pytest.raises(ApiError, match="too many clients"):
        studio.add_client()
    studio.close()


def test_the_state_folder_is_the_users_own(tmp_path: Path) -> None:
    studio = open_studio(tmp_path / "deep" / "state")
    assert (tmp_path / "deep" / "state").stat().st_mode & 0o777 == 0o700
    studio.close()


def test_a_key_is_kept_as_a_hash(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = store.add_client()
    assert store.client_of(key) and store.client_of(key + "x") is None and store.count_clients() == 1
    store.drop_idle_clients(time.time() + 1)
    assert store.client_of(key) is None
    store.close()
    written = b"".join(path.read_bytes() for path in tmp_path.glob("studio.sqlite*"))
    assert key.encode() not in written


def test_streams_of_events_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STREAMS", 1)
    studio = open_studio(tmp_path)
    ann = studio.streaming("ann")
    with ann, studio.streaming("bob"), pytest.raises(ApiError, match="streams"):
        studio.streaming("ann").__enter__()
    with studio.streaming("ann"):
        pass
    monkeypatch.setattr(module, "STREAMS_IN_ALL", 1)
    with studio.streaming("ann"), pytest.raises(ApiError, match="streams"):
        studio.streaming("bob").__enter__()
    studio.close()


def test_progress_is_one_number() -> None:
    live = Live()
    live.hear({"progress": ["looking for faces", 5, 10]})
    assert live.progress == 0.15 and live.message == "looking for faces: 5 of 10"
    live.hear({"progress": ["swapping", 5, 10]})
    assert live.progress == 0.65 and live.seconds_left is None, "nobody knows the pace yet"
    live.hear({"warning": "a"})
    assert live.warnings == ["a"] and live.version == 3


def test_errors_name_no_path_and_no_option_of_the_command_line() -> None:
    text = plain("files/1.png: too dark, say --camera-match off", {"files/1.png": "me.png"})
    assert text == "me.png: too dark, say camera_match off"
    assert plain("files/1.png: bad", {"files/1.png": "me--final.png"}) == "me--final.png: bad"


def test_a_record_names_no_file_of_the_server() -> None:
    job = {"kind": "swap", "key": "../../k.pem", "weights": "/srv/own.safetensors"}
    run = {"job": job, "reenactor_sha256": {"/srv/model.onnx": "ab"}}
    said = {"job": {"kind": "swap", "weights": "own.safetensors"}, "reenactor_sha256": {"model.onnx": "ab"}}
    assert public_record(run) == said and public_record({"runs": [run]}) == {"runs": [said]}
    assert public_record({"command": "swap"}) == {"command": "swap", "job": {}}


def test_a_child_that_is_silent_is_stopped(tmp_path: Path) -> None:
    child = Child("look", tmp_path)
    with pytest.raises(ChildError) as caught:
        child.ask({"task": "facts", "path": "none", "limits": {}}, 0.001)
    assert caught.value.code == "too_slow"
    child.close()
    with pytest.raises(ChildError, match="stopping"):
        child.ask({"task": "facts"}, 1.0)


def test_children_use_no_network() -> None:
    code = (
        "import sys, socket; from aotface.web.child_main import _refuse_network; sys.addaudithook(_refuse_network)\n"
        "try: socket.create_connection(('127.0.0.1', 9))\nexcept PermissionError: sys.exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 7


def test_half_a_letter_in_a_request_is_refused_in_words() -> None:
    """JSON may hold one; UTF-8, in which the refusal quotes it, may not."""
    assert b"got \\\\ud800" in _answer(ApiError(422, "options", "got \ud800")).body
