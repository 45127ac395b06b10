"""Jobs of other kinds: a comparison, a video by who is who, a refinement; and requests that become jobs."""

from pathlib import Path

import pytest
from media.made_faces import face_frame, write_frames

from aotface.samples import sample
from aotface.web.client import FileInfo, StudioClient, StudioError

Pair = tuple[FileInfo, FileInfo]


@pytest.fixture(scope="module")
def video(client: StudioClient, tmp_path_factory: pytest.TempPathFactory) -> FileInfo:
    path = tmp_path_factory.mktemp("clip") / "scene of two.mp4"
    return client.upload(write_frames(path, [face_frame(index) for index in range(4)]))


def test_compare_gives_a_picture_and_numbers_of_each(client: StudioClient, pair: Pair) -> None:
    ids = {"source": pair[0]["id"], "target": pair[1]["id"]}
    job = client.submit("compare", True, transfers=["none", "mkl"], **ids)
    done = client.wait(job["id"], every=0.1)
    assert done["results"] == ["none.png", "mkl.png"]
    assert client.result(job["id"], "mkl.png") != client.result(job["id"], "none.png")
    numbers = done["numbers"]
    assert numbers is not None and numbers["mkl"]["mean_de"] < numbers["none"]["mean_de"] / 2  # type: ignore[operator]
    assert [run["command"] for run in client.record(job["id"])["runs"]] == ["swap", "swap"]
    with pytest.raises(StudioError) as caught:
        client.result(job["id"], "record.json")
    assert caught.value.status == 404


def test_a_face_of_a_frame_is_followed(client: StudioClient, pair: Pair, video: FileInfo) -> None:
    rows = [{"source": pair[0]["id"], "face": 0, "frame": 2}]
    job = client.submit("swap", True, target=video["id"], assign=rows, options={"transfer": "mean"})
    done = client.wait(job["id"], every=0.1)
    assert done["results"] == ["result.mp4"] and client.record(job["id"])["frames"] == 4
    refined = client.upload(client.result(job["id"]), "swapped.mp4")
    again = client.submit(
        "refine",
        True,
        swapped=refined["id"],
        original=video["id"],
        options={"transfer": "mean", "layers": ["matrix"]},
    )
    assert client.wait(again["id"], every=0.1)["layers"] == ["matrix"]
    assert client.layer(again["id"], "matrix").count(b"\n") == 4


@pytest.mark.parametrize(
    ("kind", "what", "says"),
    [
        ("swap", {"target": "video", "assign": [{"source": "source", "frame": 4}]}, "frame 4 does not exist"),
        ("swap", {"target": "target", "source": "video"}, "is a video: give a picture"),
        ("swap", {"target": "target", "assign": [{"face": 0}]}, "id of an upload as source of assign 0"),
        (
            "swap",
            {"target": "video", "source": "source", "options": {"format": "png"}},
            "a video cannot be written",
        ),
        ("swap", {"source": "source"}, "expected the id of an upload as target"),
        ("refine", {"original": "target", "swapped": "video"}, "give two of a kind"),
        ("refine", {"original": "target", "swapped": "target", "source": "source"}, "takes no source"),
        (
            "refine",
            {"original": "target", "swapped": "target", "assign": [{"source": "source"}]},
            "has no source",
        ),
        (
            "refine",
            {"original": "target", "swapped": "target", "options": {"source_face": "1"}},
            "not for refine",
        ),
        ("compare", {"source": "source", "target": "video"}, "is a video: give a picture"),
        ("compare", {"source": "source", "target": "target", "transfers": ["magic"]}, "transfers out of"),
        (
            "compare",
            {"source": "source", "target": "target", "options": {"transfer": "mkl"}},
            "sets transfer itself",
        ),
    ],
)
def test_what_does_not_fit_is_said(
    client: StudioClient, pair: Pair, video: FileInfo, kind: str, what: dict, says: str
) -> None:
    ids = {"source": pair[0]["id"], "target": pair[1]["id"], "video": video["id"]}

    def named(value: object) -> object:
        if isinstance(value, dict):
            return {key: named(one) if key not in ("options",) else one for key, one in value.items()}
        if isinstance(value, list):
            return [named(one) for one in value]
        return ids.get(value, value) if isinstance(value, str) else value

    with pytest.raises(StudioError, match=says) as caught:
        client.submit(kind, True, **named(what))  # type: ignore[arg-type]
    assert caught.value.status == 422


def test_a_reference_says_who_is_meant(client: StudioClient, pair: Pair) -> None:
    reference = client.upload(sample("target_medium_man_warm_side"), "him.jpg")
    rows = [{"source": pair[0]["id"], "reference": reference["id"]}]
    job = client.submit("swap", True, target=pair[1]["id"], assign=rows, options={"transfer": "none"})
    assert client.wait(job["id"], every=0.1)["state"] == "done"


def test_a_client_reads_a_path(client: StudioClient, tmp_path: Path) -> None:
    path = tmp_path / 'a "quoted" name.jpg'
    path.write_bytes(sample("source_light_man").read_bytes())
    assert client.upload(path)["name"] == 'a "quoted" name.jpg'
