"""The suite of moving faces: whose face goes where, and that a result which breathes is caught."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from aotface.errors import NoFaceError, UsageError
from aotface.evaluation.suites import clips
from aotface.media.image import read_image, write_image
from aotface.media.video.encode import Encoding, write_segment
from aotface.media.video.folder import folder_info, read_folder_frames
from aotface.metrics import Sample, measure
from aotface.metrics.temporal import Clip
from aotface.samples import sample

FRAMES = 5


def write_clip(path: Path, name: str, folder: Path) -> None:
    """A composite that comes slowly nearer."""
    picture = read_image(sample(name)).frame
    height, width = picture.shape[:2]
    folder.mkdir()
    for number in range(FRAMES):
        zoom = cv2.getRotationMatrix2D((width / 2, height / 2), 0.5 * number, 1 + 0.01 * number)
        write_image(folder / f"{number}.png", cv2.warpAffine(picture, zoom, (width, height)))
    rate = Fraction(25)
    write_segment(path, folder_info(folder, rate), Encoding(quality=10), read_folder_frames(folder, rate))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("clips")
    (place / "videos").mkdir()
    for name in ("target_medium_man_warm_side", "source_light_man"):
        write_clip(place / "videos" / f"{name}.mp4", name, place / name)
    return place / "videos"


def test_every_clip_is_a_target_once(data: Path) -> None:
    plans = clips.plan(data, 11, 0, print)
    assert [p.name for p in plans] == ["clips-0000", "clips-0001"]
    assert {p.files["target"] for p in plans} == {p.files["source"] for p in plans}
    assert all(p.source_person != p.target_person for p in plans)
    assert plans == clips.plan(data, 11, 0, print) and plans[:1] == clips.plan(data, 1, 0, print)
    with pytest.raises(UsageError, match="at least two videos"):
        clips.plan(data.parent / "source_light_man", 2, 0, print)


def test_a_result_that_breathes_is_caught(data: Path) -> None:
    made = clips.build(clips.plan(data, 1, 0, print)[0], data)
    assert (
        len(made.clip) == FRAMES and made.truth is None and np.array_equal(made.target, made.clip[2].target)
    )
    targets, masks = [t.target for t in made.clip], [t.mask for t in made.clip]
    quiet = [t.reenacted for t in made.clip]
    breathing = [np.clip(y * (1.0 + 0.1 * (-1) ** i), 0, 1).astype(np.float32) for i, y in enumerate(quiet)]

    def warped(results: list[np.ndarray]) -> float:
        sample_ = Sample(results[2], made.mask, frames=Clip(results, targets, masks))
        return measure(sample_, ["warped_de"])["warped_de"]

    assert warped(breathing) > 3 * warped(quiet)


def test_a_clip_without_a_face_says_so(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    for number in range(2):
        write_image(folder / f"{number}.png", np.full((128, 128, 3), 90 + number, np.uint8))
    rate = Fraction(25)
    write_segment(
        tmp_path / "empty.mp4", folder_info(folder, rate), Encoding(), read_folder_frames(folder, rate)
    )
    plan = clips.plan(data, 1, 0, print)[0]
    nobody = replace(plan, files={**plan.files, "target": str(tmp_path / "empty.mp4")})
    with pytest.raises(NoFaceError):
        clips.build(nobody, data)
