"""The API from outside: one swap by a real server, looked at from all sides."""

import http.client
import json
import time

import numpy as np
import pytest
from web.conftest import Running

from aotface.jobs.run import run_job
from aotface.jobs.spec import JobSpec
from aotface.media.image import read_image
from aotface.provenance.verify import verify
from aotface.samples import sample
from aotface.web.client import FileInfo, JobInfo, StudioClient, StudioError

Pair = tuple[FileInfo, FileInfo]


@pytest.fixture(scope="session")
def done(client: StudioClient, pair: Pair) -> JobInfo:
    """A swap with all layers."""
    options = {"transfer": "mkl", "layers": ["mask", "reenacted", "matrix"], "format": "png"}
    ids = {"source": pair[0]["id"], "target": pair[1]["id"]}
    job = client.submit("swap", True, once="first", options=options, **ids)
    again = client.submit("swap", True, once="first", options=options, **ids)
    assert again["id"] == job["id"], "the same idempotency key gives the same job"
    with pytest.raises(StudioError, match="another job"):
        client.submit("swap", True, once="first", **ids)
    return client.wait(job["id"], every=0.1)


def test_an_upload_is_described(client: StudioClient, pair: Pair) -> None:
    target = pair[1]
    assert target["kind"] == "picture" and (target["width"], target["height"]) == (640, 640)
    assert target["name"] == "target_medium_man_warm_side.jpg" and client.file(target["id"]) == target
    (face,) = client.faces(target["id"])
    x, y, width, height = face["box"]
    assert 150 < x < 250 and 150 < y < 250 and face["size_px"] == max(width, height) > 200
    assert client.preview(target["id"]).startswith(b"\x89PNG")


def test_the_result_is_that_of_the_command_line(client: StudioClient, done: JobInfo, tmp_path) -> None:
    output = tmp_path / "out.png"
    spec = JobSpec(
        kind="swap",
        source=str(sample("source_light_man")),
        target=str(sample("target_medium_man_warm_side")),
        output=str(output),
        transfer="mkl",
    )
    run_job(spec)
    (tmp_path / "api.png").write_bytes(client.result(done["id"]))
    ours, theirs = read_image(tmp_path / "api.png").frame, read_image(output).frame
    assert np.array_equal(ours, theirs)
    assert verify(tmp_path / "api.png").state == "marked"


def test_record_and_layers(client: StudioClient, done: JobInfo, studio: Running) -> None:
    record = client.record(done["id"])
    assert record["job"]["transfer"] == "mkl" and record["pairs"][0]["status"] == "written"
    text = json.dumps(record)
    assert str(studio.studio.folder) not in text and "/home" not in text, "no path of the server"
    assert done["layers"] == ["mask", "reenacted", "matrix"] and done["results"] == ["result.png"]
    assert client.layer(done["id"], "mask").startswith(b"\x89PNG")
    assert json.loads(client.layer(done["id"], "matrix"))["faces"]
    for name in ("nothing", "..", "%2e%2e/record.json"):
        with pytest.raises(StudioError) as caught:
            client.layer(done["id"], name)
        assert caught.value.status == 404


def test_events_end_with_the_job(client: StudioClient, done: JobInfo) -> None:
    assert list(client.events(done["id"])) == [client.job(done["id"])]


def test_verify_says_what_the_command_says(client: StudioClient, done: JobInfo) -> None:
    file = client.upload(client.result(done["id"]), "made.png")
    found = client.verify(file["id"])
    assert found["state"] == "marked" and found["file"] == "made.png" and found["lines"][0] == "made.png"
    assert "made with aotface" in found["lines"][-1]


def test_what_belongs_to_one_client_is_nobody_elses(
    studio: Running, client: StudioClient, done: JobInfo, pair: Pair
) -> None:
    other = studio.client()
    asks = [
        lambda: other.file(pair[0]["id"]),
        lambda: other.faces(pair[0]["id"]),
        lambda: other.preview(pair[0]["id"]),
        lambda: other.delete_file(pair[0]["id"]),
        lambda: other.verify(pair[0]["id"]),
        lambda: other.job(done["id"]),
        lambda: other.result(done["id"]),
        lambda: other.record(done["id"]),
        lambda: other.layer(done["id"], "mask"),
        lambda: list(other.events(done["id"])),
        lambda: other.cancel(done["id"]),
        lambda: other.delete_job(done["id"]),
        lambda: other.submit("swap", True, source=pair[0]["id"], target=pair[1]["id"]),
    ]
    for ask in asks:
        with pytest.raises(StudioError) as caught:
            ask()
        assert (caught.value.status, caught.value.code) == (404, "not_found")
    assert pair[0]["id"] in [file["id"] for file in client.files()] and other.files() == []
    assert other.jobs() == [] and client.job(done["id"])["state"] == "done"


def test_nobody_swaps_without_consent(client: StudioClient, pair: Pair) -> None:
    ids = {"source": pair[0]["id"], "target": pair[1]["id"]}
    for kind in ("swap", "compare"):
        with pytest.raises(StudioError) as caught:
            client.submit(kind, False, **ids)
        assert (caught.value.status, caught.value.code) == (422, "consent")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"options": {"no_mark": True}}, "no_mark"),
        ({"options": {"mark": False}}, "mark"),
        ({"options": {"strength": 2}}, "strength"),
        ({"options": {"weights": "/etc/passwd"}}, "weights"),
        ({"options": {"transfer": "magic"}}, "transfer"),
        ({"options": {"face": "/etc/passwd"}}, "face"),
        ({"options": {"label": "ÿ漢"}}, "label"),
        ({"options": {"format": "mp4"}}, "cannot be written as mp4"),
        ({"source": "../../etc/passwd"}, "there is no such file"),
        ({"mask": "x"}, "takes no mask"),
        ({"assign": [{"face": 0}]}, "either source or assign"),
    ],
)
def test_what_does_not_fit_is_said(client: StudioClient, pair: Pair, what: dict, says: str) -> None:
    asked = {"source": pair[0]["id"], "target": pair[1]["id"]} | what
    with pytest.raises(StudioError, match=says) as caught:
        client.submit("swap", True, **asked)
    assert caught.value.status == (404 if "no such file" in says else 422)
    assert "--" not in str(caught.value)


def test_a_job_that_fails_says_why(client: StudioClient, pair: Pair) -> None:
    asked = [{"source": pair[0]["id"], "face": 7}]
    job = client.submit("swap", True, target=pair[1]["id"], assign=asked)
    with pytest.raises(StudioError, match="face 7 of the target does not exist"):
        client.wait(job["id"], every=0.05)
    assert client.job(job["id"])["error"]["code"] == "no_such_face"  # type: ignore[index]


def test_a_client_without_a_key_is_refused(studio: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", studio.port)
    connection.request("GET", "/v1/jobs")
    answer = connection.getresponse()
    assert answer.status == 401 and json.loads(answer.read())["error"]["code"] == "client"
    connection.close()


def test_deleting_frees_the_disk(studio: Running, pair: Pair) -> None:
    client = studio.client()
    file = client.upload(sample("source_deep_woman"))
    paths = list((studio.studio.folder / "files").glob(f"{file['id']}*"))
    assert len(paths) == 1
    client.delete_file(file["id"])
    assert not paths[0].exists()
    with pytest.raises(StudioError):
        client.file(file["id"])


def test_a_dead_child_costs_one_answer(studio: Running, client: StudioClient, pair: Pair) -> None:
    client.faces(pair[0]["id"])
    before = studio.studio._look.pid
    studio.studio._look.kill()
    assert len(client.faces(pair[0]["id"])) == 1 and studio.studio._look.pid != before


def test_a_key_gives_its_job_when_the_uploads_are_gone(studio: Running) -> None:
    client = studio.client()
    file = client.upload(sample("source_deep_woman"))["id"]
    job = client.submit("swap", True, once="retry", source=file, target=file, options={"transfer": "none"})
    client.cancel(job["id"])
    while client.job(job["id"])["state"] in ("queued", "running"):
        time.sleep(0.02)
    client.delete_file(file)
    again = client.submit("swap", True, once="retry", source=file, target=file, options={"transfer": "none"})
    assert again["id"] == job["id"]
    with pytest.raises(StudioError) as caught:
        client.submit("swap", True, once="retry", source=file, target=file)
    assert caught.value.status == 409
