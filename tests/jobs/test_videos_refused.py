"""Videos from outside: what cannot be, in one line, with nothing lost."""

import shutil
from pathlib import Path

import pytest
from jobs.made_videos import SOURCE, SWAP, lines
from media.made_faces import plain_frame

from aotface.cli import main
from aotface.jobs.matching import make_plan
from aotface.jobs.spec import JobSpec
from aotface.media.image import write_image

pytestmark = pytest.mark.usefixtures("short_segments")


def test_no_face_is_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word.replace("clip.mp4", "plain.mp4") for word in SWAP[:-1]]) == 4
    said = lines(capsys)
    assert len(said) == 1 and "no face found in the target" in said[0]
    assert not (place / "out.mp4").exists() and not (place / "out.run.json").exists()


def test_no_face_leaves_nothing(place: Path) -> None:
    before = set(place.iterdir())
    assert main([word.replace("clip.mp4", "plain.mp4") for word in SWAP]) == 4
    assert set(place.iterdir()) == before


@pytest.mark.parametrize(
    ("swapped", "wanted", "found"),
    [
        ("small.mp4", "256 pixels of height", "240"),
        ("slow.mp4", "29.97 fps", "25"),
        ("short.mp4", "12 frames", "11"),
    ],
)
def test_refine_wants_the_same_video(
    place: Path, capsys: pytest.CaptureFixture[str], swapped: str, wanted: str, found: str
) -> None:
    assert main(["refine", "-s", swapped, "-t", "clip.mp4", "-o", "out.mp4", "--transfer", "mkl"]) == 2
    (said,) = lines(capsys)
    assert wanted in said and f"got {found}" in said and swapped in said
    assert not list(place.glob("out*"))


@pytest.mark.parametrize("output", ["one.mp4", "again.mp4"])
def test_the_target_is_never_the_output(place: Path, output: str) -> None:
    (place / "again.mp4").symlink_to(place / "one.mp4")
    before = (place / "one.mp4").read_bytes()
    words = [
        "swap",
        "-s",
        SOURCE,
        "-t",
        "one.mp4",
        "-o",
        output,
        "--transfer",
        "none",
        "--no-mark",
        "--overwrite",
    ]
    code = main(words)
    assert (place / "one.mp4").read_bytes() == before and (place / "again.mp4").is_symlink() and code == 2


def test_a_source_without_a_face_is_told_before_the_target_is_searched(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(place / "nobody.png", plain_frame(0))
    before = set(place.iterdir())
    assert main(["swap", "-s", "nobody.png", "-t", "one.mp4", "-o", "out.mp4", "--transfer", "none"]) == 4
    assert "looking for faces" not in capsys.readouterr().err and set(place.iterdir()) == before


def test_words_among_the_sources_are_no_source(place: Path) -> None:
    (place / "people").mkdir()
    shutil.copy(SOURCE, place / "people" / "man.jpg")
    (place / "people" / "readme.txt").write_text("people")
    assert (
        main(["swap", "-s", "people", "-t", "one.mp4", "-o", "out.mp4", "--transfer", "none", "--no-mark"])
        == 0
    )


def test_a_picture_is_no_swap_of_a_video(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refine", "-s", SOURCE, "-t", "one.mp4", "-o", "out.mp4", "--transfer", "none"]) == 2
    (said,) = lines(capsys)
    assert "source_light_man.jpg" in said and "video" in said


def test_pictures_among_videos_are_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "targets").mkdir()
    for name in ("one.mp4", "small.mp4"):
        shutil.copy(place / name, place / "targets")
    (place / "targets" / "readme.txt").write_text("neither")
    plan = make_plan(JobSpec(kind="swap", source=SOURCE, target="targets", output="made/"))
    assert [Path(job.target).name for job in plan.jobs] == [
        "one.mp4",
        "small.mp4",
    ]  # twin: other files do no harm
    shutil.copy(SOURCE, place / "targets")
    assert main(["swap", "-s", SOURCE, "-t", "targets", "-o", "made", "--transfer", "none"]) == 2
    (said,) = lines(capsys)
    assert "one.mp4 and source_light_man.jpg" in said and not (place / "made").exists()


def test_kept_frames_in_the_way_are_noticed_first(place: Path) -> None:
    (place / "kept").mkdir()
    (place / "kept" / "000000.png").write_text("mine")
    words = [
        "swap",
        "-s",
        SOURCE,
        "-t",
        "one.mp4",
        "-o",
        "out.mp4",
        "--transfer",
        "none",
        "--save-frames",
        "kept",
    ]
    assert main(words) == 5
    assert not list(place.glob("out*")) and (place / "kept" / "000000.png").read_text() == "mine"
