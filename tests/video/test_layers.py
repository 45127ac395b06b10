"""What is written beside a finished video: masks, the swap before the transfer, and where each face sits."""

import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media.made_faces import NTSC, face_frame, plain_frame, write_frames

from aotface.cli import main
from aotface.jobs import videos
from aotface.media.video import parts
from aotface.media.video.decode import read_frames
from aotface.media.video.timing import frame_times
from aotface.samples import sample

COUNT, PLAIN = 5, 1
LAYERS = ("out.mask.mp4", "out.reenacted.mp4", "out.matrix.jsonl")


@pytest.fixture(scope="module", autouse=True)
def _short_segments() -> Iterator[None]:
    """Segments of two frames, so that a short clip has two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SHORTEST", 2)
        yield


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with sound that begins without a face."""
    frames = [plain_frame(i) if i < PLAIN else face_frame(i) for i in range(COUNT)]
    return write_frames(tmp_path_factory.mktemp("scene") / "scene.mp4", frames, sound="aac")


def swap(scene: Path, folder: Path, *more: str) -> int:
    words = ["swap", "-s", str(sample("source_light_man")), "-t", str(scene), "-o", str(folder / "out.mp4")]
    asked = ("--save-mask", "--save-reenacted", "--save-matrix")
    return main([*words, "--transfer", "mean", "--no-mark", *asked, *more])


@pytest.fixture(scope="module")
def done(scene: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    assert swap(scene, folder) == 0
    return folder


def shown(path: Path) -> Iterator[np.ndarray]:
    return (frame.rgb.astype(int) for frame in read_frames(path))


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "out.matrix.jsonl").read_text().splitlines()]


def test_every_layer_has_the_frames_and_the_times_of_the_video(done: Path) -> None:
    wanted = frame_times(done / "out.mp4")
    for name in LAYERS[:2]:
        times = frame_times(done / name)
        assert [times.seconds(i) for i in range(COUNT + 1)] == [wanted.seconds(i) for i in range(COUNT + 1)]
        with av.open(str(done / name)) as file:
            assert not file.streams.audio
    assert [Fraction(row["time"]) for row in rows(done)] == [wanted.seconds(i) for i in range(COUNT)]
    assert [row["frame"] for row in rows(done)] == list(range(COUNT))
    assert not (done / "out.mp4.aotface-part").exists()


def test_the_mask_says_where_the_video_differs(scene: Path, done: Path) -> None:
    videos = (scene, done / "out.mp4", done / "out.mask.mp4", done / "out.reenacted.mp4")
    for index, (before, after, mask, reenacted) in enumerate(zip(*map(shown, videos), strict=True)):
        assert np.ptp(mask, axis=2).max() == 0
        if index < PLAIN:
            assert mask.max() == 0 and rows(done)[index]["faces"] == []
            continue
        shows = mask[..., 0] > 0
        assert mask.max() == 255 and 0.05 < shows.mean() < 0.8
        for changed in (after, reenacted):
            apart = np.abs(changed - before).mean(axis=2)
            assert apart[mask[..., 0] > 200].mean() > 5 * apart[~shows].mean()
        assert np.abs(after - reenacted)[mask[..., 0] > 200].mean() > 3  # twin: they are two pictures


def test_the_matrix_leads_from_the_frame_into_the_crop(done: Path) -> None:
    for row in rows(done)[PLAIN:]:
        (face,) = row["faces"]
        assert face["track"] == 0 and face["side"] >= 256
        x0, y0, x1, y1 = face["box"]
        corners = np.array([[x0, y0, 1], [x1, y0, 1], [x0, y1, 1], [x1, y1, 1]]) @ np.array(face["matrix"]).T
        assert corners.min() > 0 and corners.max() < face["side"]
        assert np.ptp(corners, axis=0).min() > 0.4 * face["side"]


def test_layers_survive_a_stop(
    scene: Path, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after one segment, and again between the layers and the picture: the same bytes in the end."""

    class Stop(Exception):
        pass

    def stop(*_: object, **__: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(videos, "assemble", stop)
        assert swap(scene, tmp_path) == 70
    left = tmp_path / "out.mp4.aotface-part"
    assert (tmp_path / "out.mask.mp4").exists() and not (tmp_path / "out.mp4").exists()
    (left / "segment_00000.matrix.jsonl").unlink()
    (left / "segment_00001.mask.mp4").unlink()
    assert swap(scene, tmp_path) == 0
    for name in ("out.mp4", *LAYERS):
        assert (tmp_path / name).read_bytes() == (done / name).read_bytes(), name


def test_a_layer_of_somebody_else_is_not_touched(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.mask.mp4").write_text("mine")
    assert swap(scene, tmp_path) == 5
    assert "out.mask.mp4: already exists" in capsys.readouterr().err
    assert (tmp_path / "out.mask.mp4").read_text() == "mine"


def test_a_part_of_a_video_counts_from_its_own_beginning(scene: Path, tmp_path: Path) -> None:
    shutil.copy(scene, tmp_path / "scene.mp4")
    assert swap(tmp_path / "scene.mp4", tmp_path, "--trim-start", "0.1", "--trim-end", "0.25") == 0
    found, first = rows(tmp_path), 3
    assert [row["target_frame"] for row in found] == list(range(first, first + len(found)))
    assert [row["frame"] for row in found] == list(range(len(found)))
    assert found[1]["time"] == str(1 / NTSC) and len(list(shown(tmp_path / "out.mask.mp4"))) == len(found)


def test_pictures_have_numbers_too(tmp_path: Path) -> None:
    words = ["swap", "-s", str(sample("source_light_man")), "-t", str(sample("target_light_man_yellow"))]
    words += ["-o", str(tmp_path / "out.png"), "--transfer", "mean", "--no-mark", "--save-matrix"]
    assert main(words) == 0
    (face,) = json.loads((tmp_path / "out.matrix.json").read_text())["faces"]
    assert face["face"] == 0 and np.array(face["matrix"]).shape == (2, 3)
    assert main(words[:-1] + ["--save-matrix", "--run-log", str(tmp_path / "log.json")]) == 5
