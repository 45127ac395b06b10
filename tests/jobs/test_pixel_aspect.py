"""The flag of the pixels' shape, from the files that go in to those that come out."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import pytest
from jobs.made_videos import SWAP
from media.made_faces import face_frame, write_frames

from aotface.cli import main
from aotface.jobs.scene import open_inputs
from aotface.jobs.spec import JobSpec
from aotface.media.image import write_image

ASPECT = Fraction(4, 3)


def flag(path: Path) -> tuple[int, int, Fraction | None]:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        return stream.width, stream.height, stream.sample_aspect_ratio


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_size_and_flag_stay_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, container: str
) -> None:
    monkeypatch.chdir(tmp_path)
    narrow = cv2.resize(face_frame(0), (192, 256), interpolation=cv2.INTER_AREA)
    write_frames(tmp_path / "clip.mp4", [narrow], pixel_aspect=ASPECT)
    words = [word.replace("out.mp4", f"out.{container}") for word in SWAP]
    assert main([*words, "--save-mask"]) == 0
    assert flag(tmp_path / f"out.{container}") == flag(tmp_path / "out.mask.mp4") == (192, 256, ASPECT)


def test_a_folder_of_frames_has_the_pixels_of_the_swapped_video(tmp_path: Path) -> None:
    frame = face_frame(0)[:48, :66]
    (tmp_path / "frames").mkdir()
    write_image(tmp_path / "frames" / "0.png", frame)
    square, flagged = (
        write_frames(tmp_path / f"{aspect.denominator}.mp4", [frame], pixel_aspect=aspect)
        for aspect in (Fraction(1), ASPECT)
    )
    folder = str(tmp_path / "frames")

    def seen(swapped: str | Path, target: str | Path) -> Fraction:
        job = JobSpec(kind="refine", swapped=str(swapped), target=str(target), output="o.mp4", fps="25")
        clip = open_inputs(job).clip
        assert next(clip.frames()).info.shown_aspect == clip.info.shown_aspect
        return clip.info.shown_aspect

    assert seen(flagged, folder) == ASPECT
    assert seen(square, folder) == seen(folder, folder) == seen(flagged, square) == 1
    assert seen(square, flagged) == ASPECT  # another tool has lost the flag
