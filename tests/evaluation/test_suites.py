"""Suites: the same plans and triples from the same seed, answers that are the known ones."""

import csv
import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from aotface.datasets import portraits
from aotface.datasets.ground_truth import times, tone_gain
from aotface.datasets.lamps import lamp_angle, read_shots
from aotface.datasets.portraits import Entry, Seen, angle_from_camera, read_portraits
from aotface.errors import InputError, NoFaceError, UsageError
from aotface.evaluation.suites import SUITES, find_suite, folder, lit, real, relit
from aotface.evaluation.triple import Plan, Triple, light_bin
from aotface.media.image import write_image
from aotface.metrics.colour import lf_de

PEOPLE = ("ann", "ben", "cy", "dot")
TONES = {"ann": (0.6, 0.42, 0.33), "ben": (0.1, 0.06, 0.04), "cy": (0.4, 0.25, 0.17), "dot": (0.5, 0.5, 0.5)}


def silent(line: str) -> None:
    pass


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: Callable[..., Seen]) -> Path:
    """An index of four people with two pictures each; faces come from the fixture, not from files."""
    rows = [
        {"file": f"{person}{k}.png", "person": person, "split": "val", "dataset": "london_x"}
        for person in PEOPLE
        for k in (1, 2)
    ]
    with open(tmp_path / "index.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([*rows, {**rows[0], "split": "train", "person": "eve"}])

    @functools.cache
    def look(path: Path) -> Seen:
        person = path.stem[:-1]
        return seen(PEOPLE.index(person) * 2 + int(path.stem[-1]), colour=TONES[person])

    for module in (portraits, relit, real):
        monkeypatch.setattr(module, "look", look)
    return tmp_path


def arrays(triple: Triple) -> list[np.ndarray]:
    return [triple.reenacted, triple.target, triple.mask] + ([] if triple.truth is None else [triple.truth])


@pytest.mark.parametrize("suite", ["relit", "relit-reversed", "cross"])
def test_more_pairs_go_on_where_fewer_stopped(suite: str, data: Path) -> None:
    few, many = (SUITES[suite].plan(data, count, 0, silent) for count in (3, 9))
    assert many[:3] == few and len({plan.name for plan in many}) == 9
    other = SUITES[suite].plan(data, 9, 1, silent)
    assert [plan.files for plan in other] != [plan.files for plan in many]


def test_relit_gives_the_same_triple_twice_and_another_under_another_seed(data: Path) -> None:
    plan = relit.plan(data, 1, 0, silent)[0]
    one, two = relit.build(plan, data), relit.build(plan, data)
    for first, second in zip(arrays(one), arrays(two), strict=True):
        np.testing.assert_array_equal(first, second)
    other = relit.build(replace(plan, seed=(1, 2, 3)), data)
    assert np.abs(other.target - one.target).max() > 0.02


def test_the_relit_answer_has_the_target_light_and_the_person_of_x_r(data: Path) -> None:
    for plan in relit.plan(data, 3, 0, silent):
        made = relit.build(plan, data)
        assert plan.source_person != plan.target_person and made.truth is not None
        before, after = (lf_de(x, made.target, made.mask) for x in (made.reenacted, made.truth))
        assert after < 0.5 * before
        outside = made.mask == 0
        assert np.abs((made.truth - made.target)[outside & (made.geometry.mask == 0)]).max() == 0
        levels = made.target * 255
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)


def test_the_reversed_relit_answer_is_the_source_without_its_lamp(data: Path) -> None:
    for plan in relit.plan_reversed(data, 3, 0, silent):
        made, again = (relit.build_reversed(plan, data) for _ in "ab")
        assert made.truth is not None and made.facts.suite == "relit-reversed"
        assert np.array_equal(made.reenacted, again.reenacted) and 20 <= made.facts.light_angle_degrees <= 80
        before, after = (lf_de(x, made.target, made.mask) for x in (made.reenacted, made.truth))
        assert after < 0.5 * before  # the target is evenly lit, and so is the answer
        outside = (made.mask == 0) & (made.geometry.mask == 0)
        assert np.abs((made.reenacted - made.target)[outside]).max() == 0
    relit_plan = relit.plan(data, 3, 0, silent)[2]
    assert (relit_plan.name, plan.name) == ("relit-0002", "relit-reversed-0002")


def test_a_face_in_another_tone_lands_on_it(seen: Callable[..., Seen]) -> None:
    light, dark = seen(1, colour=TONES["ann"]), seen(2, colour=TONES["ben"])
    mask = light.geometry.mask
    moved = times(light.aligned.crop, tone_gain(light.aligned.crop, dark.aligned.crop, mask))
    assert lf_de(moved, dark.aligned.crop, mask, sigma=60.0) < 1.5
    assert lf_de(light.aligned.crop, dark.aligned.crop, mask, sigma=60.0) > 20  # the twin


def test_cross_takes_its_turn_through_all_gaps(data: Path) -> None:
    plans = real.plan_cross(data, 8, 0, silent)
    assert all(plan.source_person != plan.target_person for plan in plans)
    assert all(plan.files["again"] != plan.files["source"] for plan in plans)
    grey = [plan for plan in plans if "dot" in (plan.source_person, plan.target_person)]
    assert grey and len(grey) < len(plans)  # grey pictures have bins of their own


def test_turns_are_fair_and_end() -> None:
    groups = [[(0, k) for k in range(5)], [(1, 0)]]
    chosen = real._in_turns(groups, 99, np.random.default_rng(0))
    assert len(chosen) == 6 and {pair[0] for pair in chosen[:2]} == {0, 1}


def test_same_pairs_one_person(
    data: Path, monkeypatch: pytest.MonkeyPatch, seen: Callable[..., Seen]
) -> None:
    @functools.cache
    def look(path: Path) -> Seen:
        """Second pictures are darker; both pictures of dot are one photograph."""
        person, number = path.stem[:-1], int(path.stem[-1])
        colour = tuple(value * (0.6 if number == 2 and person != "dot" else 1.0) for value in TONES[person])
        return seen(PEOPLE.index(person), colour=colour)

    for module in (portraits, real):
        monkeypatch.setattr(module, "look", look)
    entries = [Entry(f"{person}{k}.png", person, "us_pair") for person in PEOPLE for k in (1, 2)]
    monkeypatch.setattr(real, "read_portraits", lambda data: entries)
    plans = real.plan_same(data, 99, 0, silent)
    assert len(plans) == 6 and all(plan.source_person == plan.target_person for plan in plans)
    assert {plan.source_person for plan in plans} == {"ann", "ben", "cy"}
    assert real.build(plans[0], data).truth is None
    monkeypatch.setattr(real, "read_portraits", lambda data: entries[::2])
    with pytest.raises(UsageError, match="two photographs"):
        real.plan_same(data, 1, 0, silent)


def test_portraits_come_from_one_split_or_from_a_plain_folder(data: Path, tmp_path: Path) -> None:
    assert {entry.person for entry in read_portraits(data)} == set(PEOPLE)
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in "xy":
        write_image(plain / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
    assert [entry.person for entry in read_portraits(plain)] == ["x", "y"]
    (plain / "y.png").unlink()
    with pytest.raises(UsageError, match="at least two"):
        read_portraits(plain)


def test_pictures_without_a_face_are_named_and_left_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(path: Path) -> Seen:
        raise NoFaceError(f"{path.name}: no face")

    said: list[str] = []
    monkeypatch.setattr(portraits, "look", nobody)
    assert portraits.usable(data, read_portraits(data), said.append) == []
    assert len(said) == 8 and "ann1.png" in said[0]


LAMPS = [(0.0, 0.0), (0.0, 10.0), (20.0, 0.0), (40.0, 10.0), (60.0, 20.0)]


@pytest.fixture
def lit_data(tmp_path: Path) -> Path:
    """Three people under five lamps: a smooth picture whose brightness tells the lamp; one is damaged."""
    rows = []
    for number, person in enumerate(PEOPLE[:3]):
        for azimuth, elevation in LAMPS:
            grain = np.random.default_rng(number).standard_normal((256, 256))
            grey = 120 + 20 * cv2.GaussianBlur(grain, (0, 0), 3.0) * 3
            grey *= np.cos(np.radians(lamp_angle(azimuth, elevation)))
            if (person, azimuth) == ("ben", 40):
                grey[::2] *= 0.3  # every second line from another picture
            name = f"{person}_{azimuth:.0f}_{elevation:.0f}.png"
            frame = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
            write_image(tmp_path / name, frame)
            rows.append((name, person, azimuth, elevation))
    lines = ["file,person,azimuth_degrees,elevation_degrees", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "index.csv").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def lit_faces(monkeypatch: pytest.MonkeyPatch, seen: Callable[..., Seen]) -> None:
    """Everybody's face lies in the same place of the picture."""
    from aotface.face.align import align
    from aotface.media.image import read_image

    inner = seen(0)

    def look(path: Path) -> Seen:
        frame = read_image(path).frame
        one = Seen(frame, align(frame, inner.aligned.face))
        vars(one)["visible"] = np.ones((256, 256), np.float32)
        return one

    monkeypatch.setattr(lit, "look", look)
    monkeypatch.setattr(portraits, "look", look)


def test_damaged_pictures_are_left_out(lit_data: Path) -> None:
    said: list[str] = []
    shots = read_shots(lit_data, said.append)
    assert [len(shots[person]) for person in PEOPLE[:3]] == [5, 4, 5]
    assert said == ["left out: ben_40_10.png is damaged"]


def test_lit_bins_take_turns_and_lamps_are_shared(lit_data: Path, lit_faces: None) -> None:
    plans = lit.plan(lit_data, 12, 0, silent)
    assert plans[:4] == lit.plan(lit_data, 4, 0, silent)
    for number, plan in enumerate(plans):
        low, high = lit.BINS[number % 3]
        assert low <= lamp_angle(*plan.numbers.values()) < high
        lamp = plan.files["target"].split("_", 1)[1]
        assert plan.files["answer"].split("_", 1)[1] == lamp
        assert plan.files["source"].endswith("_0_0.png") and plan.files["target_still"].endswith("_0_0.png")
        assert "ben_40" not in str(plan.files)


def test_the_lit_answer_is_the_source_under_the_target_lamp(lit_data: Path, lit_faces: None) -> None:
    plan = lit.plan(lit_data, 3, 0, silent)[2]
    made = SUITES["lit"].build(plan, lit_data)
    assert made.truth is not None and made.facts.light == "50-90"
    inside = made.mask > 0.9
    gain = np.cos(np.radians(made.facts.light_angle_degrees))
    np.testing.assert_allclose(made.truth[inside], made.reenacted[inside] * gain, atol=0.02)
    assert np.abs(made.truth - made.reenacted)[inside].mean() > 0.05  # the twin: the lamp does change it
    assert made.facts.gap == pytest.approx(lf_de(made.reenacted, made.target, made.mask))


def test_lit_reversed_bins_take_turns_and_the_lamp_is_on_the_source(lit_data: Path, lit_faces: None) -> None:
    plans = lit.plan_reversed(lit_data, 12, 0, silent)
    assert plans[:4] == lit.plan_reversed(lit_data, 4, 0, silent)
    for number, plan in enumerate(plans):
        low, high = lit.BINS[number % 3]
        assert low <= lamp_angle(*plan.numbers.values()) < high
        assert plan.source_person != plan.target_person
        assert plan.files["target"].endswith("_0_0.png") and "ben_40" not in str(plan.files)
    assert {plan.target_person for plan in plans} == set(PEOPLE[:3])


def test_the_lit_reversed_answer_is_the_source_without_its_lamp(lit_data: Path, lit_faces: None) -> None:
    plan = lit.plan_reversed(lit_data, 3, 0, silent)[2]
    made = SUITES["lit-reversed"].build(plan, lit_data)
    assert made.truth is not None and made.facts.light == "50-90" and made.facts.suite == "lit-reversed"
    inside = made.mask > 0.9
    gain = np.cos(np.radians(made.facts.light_angle_degrees))
    np.testing.assert_allclose(made.truth[inside] * gain, made.reenacted[inside], atol=0.02)
    assert np.abs(made.truth - made.reenacted)[inside].mean() > 0.05  # the twin: the lamp does change it


def test_lit_wants_lamps_in_its_index(data: Path) -> None:
    with pytest.raises(UsageError, match="azimuth_degrees"):
        read_shots(data, silent)


def test_bins_of_light() -> None:
    assert [light_bin(x) for x in (0.0, 24.9, 25.0, 50.0, 90.0, float("nan"))] == [
        "0-25", "0-25", "25-50", "50-90", "50-90", "unknown",
    ]  # fmt: skip
    assert angle_from_camera(np.array([1.0, 0, 1.0])) == pytest.approx(45)
    assert np.isnan(angle_from_camera(np.zeros(3)))


def test_a_folder_of_triples(tmp_path: Path) -> None:
    grey = np.full((16, 16, 3), 90, np.uint8)
    (tmp_path / "two").mkdir()
    for name in ("one_reenacted", "one_target", "one_truth", "half_target", "two/reenacted", "two/target"):
        write_image(tmp_path / f"{name}.png", grey)
    said: list[str] = []
    plans = folder.plan(tmp_path, 9, 0, said.append)
    assert [plan.name for plan in plans] == ["folder-one", "folder-two"]
    assert plans[0].files == {name: f"one_{name}.png" for name in ("reenacted", "target", "truth")}
    assert said == ["left out: half has no reenacted or no target picture"]
    with pytest.raises(NoFaceError):
        folder.build(plans[0], tmp_path)
    empty = tmp_path / "two"
    with pytest.raises(UsageError, match="NAME_reenacted"):
        folder.plan(empty, 9, 0, silent)


def test_too_small_a_face_is_refused(monkeypatch: pytest.MonkeyPatch, triple: Callable[..., Triple]) -> None:
    small = triple(0)
    hidden = replace(small, mask=np.zeros_like(small.mask))
    suite = replace(SUITES["folder"], make=lambda plan, data: hidden)
    with pytest.raises(InputError, match="too little"):
        suite.build(Plan("x", {}, "a", "b"), Path())
    with pytest.raises(
        UsageError, match="relit, relit-reversed, lit, lit-reversed, cross, same, segmenter, clips, folder"
    ):
        find_suite("films")
