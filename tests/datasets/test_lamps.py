"""Lamps, and who may be judged under them."""

from pathlib import Path

import pytest

from aotface.datasets.lamps import Shot, judged, lamp_angle, read_shots, split_of
from aotface.datasets.portraits import Entry, read_portraits
from aotface.errors import InputError, UsageError


def test_only_people_held_out_of_training_are_judged() -> None:
    said: list[str] = []
    people: dict[str, list[Shot]] = {f"yaleB{number:02d}": [] for number in (1, 3, 5, 28)}
    assert set(judged(people, said.append)) == {"yaleB03", "yaleB05"}
    assert said == ["judged on the 2 people held out of training: yaleB03, yaleB05"]
    others: dict[str, list[Shot]] = {"ann": [], "ben": []}
    assert judged(others, said.append) == others and len(said) == 1  # other data: everybody
    assert [split_of(person) for person in ("yaleB03", "yaleB01", "ann")] == ["test", "train", "train"]


@pytest.mark.parametrize(
    ("place", "angle"), [((0.0, 0.0), 0), ((60.0, 0.0), 60), ((0.0, -35.0), 35), ((60.0, 60.0), 75.522488)]
)
def test_angle_between_lamp_and_camera(place: tuple[float, float], angle: float) -> None:
    assert lamp_angle(*place) == pytest.approx(angle, abs=1e-5)


def test_an_index_of_a_spreadsheet_is_read_and_a_bad_one_is_one_line(tmp_path: Path) -> None:
    index = tmp_path / "index.csv"
    index.write_bytes(b"\xef\xbb\xbffile,person\na.jpg,ann\nb.jpg,ben\n")  # with the mark that Excel writes
    assert read_portraits(tmp_path) == [Entry("a.jpg", "ann"), Entry("b.jpg", "ben")]
    for data in (b"name,person\na.jpg,ann\n", b"person,file\nann\n", b"file\n\xff\n"):
        index.write_bytes(data)
        with pytest.raises(InputError, match=r"index\.csv: expected"):
            read_portraits(tmp_path)
    index.write_text("file,azimuth_degrees,elevation_degrees\na.jpg,0,0\n")
    with pytest.raises(UsageError, match=r"expected index\.csv with file, person"):
        read_shots(tmp_path, print)
