"""Lamps, and who may be judged under them."""

import pytest

from aotface.datasets.lamps import Shot, judged, lamp_angle, split_of


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
