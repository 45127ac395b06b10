"""Which face of a video gets which source: numbers, pictures of the person, and a mapping file."""

import json
from pathlib import Path

import numpy as np
import pytest
from media.made_faces import face_frame, write_frames

from aotface.cli import main
from aotface.errors import InputError, UsageError
from aotface.jobs.face_map import read_face_map, reference_in
from aotface.media.image import read_image, write_image

LEFT, RIGHT = "target_deep_man_blue", "target_light_man_yellow"
COUNT = 3


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people side by side; a picture of each; a source."""
    folder = tmp_path_factory.mktemp("two")
    frames = []
    for i in range(COUNT):
        right = np.full((224, 200, 3), 90, np.uint8)
        right[12:212] = face_frame(i / 2, RIGHT, 200)
        frames.append(np.hstack([face_frame(i, LEFT, 224), right]))
    write_frames(folder / "two.mp4", frames)
    write_image(folder / "left.png", face_frame(30, LEFT, 300))
    write_image(folder / "right.png", face_frame(-20, RIGHT, 300))
    write_image(folder / "wall.png", np.full((200, 200, 3), 90, np.uint8))
    for name in ("source_light_man", "source_deep_woman"):
        write_image(folder / f"{name}.png", face_frame(0, name, 400))
    return folder


def swap(place: Path, output: Path, *words: str) -> int:
    asked = ("--transfer", "mean", "--no-mark", "--save-matrix", "-t", str(place / "two.mp4"))
    return main(["swap", "-o", str(output), *asked, *words])


def sides(output: Path) -> set[str]:
    """On which sides faces were swapped."""
    lines = output.with_suffix(".matrix.jsonl").read_text().splitlines()
    boxes = [face["box"] for line in lines for face in json.loads(line)["faces"]]
    return {"left" if box[2] < 224 else "right" for box in boxes}


def test_inspect_lists_the_faces_of_a_video(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(place / "two.mp4")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("face 0: 3 of 3 frames, 0.000 to 0.067 s, ")
    assert main(["inspect", str(place / "two.mp4"), "-o", str(place / "sheet.png")]) == 0
    assert min(read_image(place / "sheet.png").frame.shape[:2]) > 300
    assert main(["inspect", str(place / "two.mp4"), "-o", str(place / "sheet.png")]) == 5
    assert main(["inspect", str(place / "left.png")]) == 2


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_picture_says_which_face_is_meant(place: Path, tmp_path: Path, side: str) -> None:
    words = ("-s", str(place / "source_light_man.png"), "--face", str(place / f"{side}.png"))
    assert swap(place, tmp_path / "out.mp4", *words) == 0
    assert sides(tmp_path / "out.mp4") == {side}


def test_several_sources_onto_several_faces(place: Path, tmp_path: Path) -> None:
    mapping = place / "both.toml"
    mapping.write_text(
        '[[face]]\nface = "left.png"\nsource = "source_deep_woman.png"\n'
        f'[[face]]\nface = "{place / "right.png"}"\nsource = "source_light_man.png"\nsource_face = 0\n'
    )
    assert swap(place, tmp_path / "out.mp4", "--face-map", str(mapping)) == 0
    assert sides(tmp_path / "out.mp4") == {"left", "right"}
    inputs = json.loads((tmp_path / "out.run.json").read_text())["inputs"]
    named = {Path(name).name for name in inputs}
    assert named == {
        "both.toml",
        "two.mp4",
        "left.png",
        "right.png",
        "source_deep_woman.png",
        "source_light_man.png",
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--face none.png -s {}/source_light_man.png", 2, "there is no such file"),
        ("--face {}/wall.png -s {}/source_light_man.png", 4, "no face found in the reference"),
        ("--face 7 -s {}/source_light_man.png", 4, "face 7 of the target does not exist"),
        ("--face-map {}/x.toml -s {}/source_light_man.png", 2, "one of a source and a face map"),
        ("--face-map {}/none.toml", 3, "none.toml"),
        ("--face-map {}/twice.toml", 2, "named twice"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_line(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, code: int, said: str
) -> None:
    (place / "twice.toml").write_text(
        "".join(f'[[face]]\nface = {face}\nsource = "source_light_man.png"\n' for face in ("0", "0"))
    )
    assert swap(place, tmp_path / "out.mp4", *words.replace("{}", str(place)).split()) == code
    errors = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(errors) == 1 and said in errors[0]
    assert not (tmp_path / "out.mp4").exists()


@pytest.fixture
def pair(place: Path, tmp_path: Path) -> Path:
    """A picture of both people."""
    right = np.full((224, 200, 3), 90, np.uint8)
    right[12:212] = face_frame(0, RIGHT, 200)
    write_image(tmp_path / "pair.png", np.hstack([face_frame(0, LEFT, 224), right]))
    return tmp_path / "pair.png"


def swapped_alone(pair: Path, place: Path, source: str, face: str) -> np.ndarray:
    out = pair.with_name("alone.png")
    words = [
        "-s",
        str(place / f"{source}.png"),
        "--face",
        face,
        "-t",
        str(pair),
        "-o",
        str(out),
        "--overwrite",
    ]
    assert main(["swap", *words, "--transfer", "mean", "--no-mark"]) == 0
    return read_image(out).frame


def test_several_sources_onto_several_faces_of_a_picture(place: Path, pair: Path) -> None:
    """Each half is what a swap of that face alone gives; one face by a reference picture, the other by its number."""
    (place / "pair.toml").write_text(
        '[[face]]\nface = "right.png"\nsource = "source_light_man.png"\n'
        '[[face]]\nface = 0\nsource = "source_deep_woman.png"\n'
    )
    out = pair.with_name("out.png")
    words = ["swap", "--face-map", str(place / "pair.toml"), "-t", str(pair), "-o", str(out)]
    assert main([*words, "--transfer", "mean", "--no-mark", "--save-matrix"]) == 0
    both, target = read_image(out).frame, read_image(pair).frame
    left = swapped_alone(pair, place, "source_deep_woman", "0")
    right = swapped_alone(pair, place, "source_light_man", str(place / "right.png"))
    assert np.array_equal(both[:, :212], left[:, :212]) and np.array_equal(both[:, 236:], right[:, 236:])
    assert np.array_equal(left[:, 236:], target[:, 236:]) and not np.array_equal(
        both[:, 236:], target[:, 236:]
    )
    record = json.loads(pair.with_name("out.run.json").read_text())
    assert record["pairs"][0]["faces"] == [0, 1] and len(record["inputs"]) == 5


def test_a_face_map_onto_several_pictures(place: Path, pair: Path, tmp_path: Path) -> None:
    (place / "one.toml").write_text('[[face]]\nface = 1\nsource = "source_light_man.png"\n')
    folder = tmp_path / "targets"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.png").write_bytes(pair.read_bytes())
    words = ["swap", "--face-map", str(place / "one.toml"), "-t", str(folder), "-o", str(tmp_path / "made")]
    assert main([*words, "--transfer", "mean", "--no-mark"]) == 0
    assert {path.name for path in (tmp_path / "made").glob("*.png")} == {"a__one.png", "b__one.png"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"\[\[face\]\] tables and nothing else, found nothing"),
        ("face = 3", "tables and nothing else"),
        ('colour = 1\n[[face]]\nface = 0\nsource = "left.png"', "found colour, face"),
        ('[[face]]\nface = 0\nsource = "left.png"\nsorce = 1', "sorce"),
        ("[[face]]\nface = 0", "face table 1"),
        ('[[face]]\nface = -1\nsource = "left.png"', "a number from 0"),
        ('[[face]]\nface = true\nsource = "left.png"', "a number from 0"),
        ("[[face]]\nface = 0\nsource = 5", "source as a picture"),
        ('[[face]]\nface = 0\nsource = "left.png"\nsource_face = "all"', "source_face"),
        ('[[face]]\nface = 0\nsource = "gone.png"', "no such file"),
        ('[[face]]\nface = 0\nsource = "../secret.png"', "leads out of"),
        ('[[face]]\nface = "link.png"\nsource = "left.png"', "leads out of"),
    ],
)
def test_a_mapping_that_is_wrong_says_where(place: Path, text: str, said: str) -> None:
    if not (place / "link.png").is_symlink():
        (place.parent / "secret.png").write_bytes((place / "left.png").read_bytes())
        (place / "link.png").symlink_to(place.parent / "secret.png")
    (place / "wrong.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_face_map(place / "wrong.toml")


def test_what_a_face_may_be_called(place: Path) -> None:
    assert [reference_in(face) for face in ("largest", "all", "12")] == [None] * 3
    assert reference_in(str(place / "left.png")) == place / "left.png"
    with pytest.raises(UsageError, match="biggest"):
        reference_in("biggest")
