"""What decides a set: whom files show, splits, pairs, and plans that were edited wrongly."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from forge.conftest import plan
from forge.made_store import made_plan
from media.made_faces import plain_frame, write_frames

from aotface.cli import main
from aotface.errors import InputError, UsageError
from aotface.forge.inputs import Listed, list_inputs
from aotface.forge.look import Look
from aotface.forge.make_plan import methods_of
from aotface.forge.pairs import allowed, bounds_of, choose_pairs, gap_between, stratum_of, totals
from aotface.forge.plan import Plan, encode_plan, read_plan
from aotface.forge.split import Person, split_people
from aotface.forge.work import key_of, works_of
from aotface.media.weights import sha256
from aotface.tracking.descriptor import Descriptor

SHARES = {"train": 0.72, "val": 0.14, "test": 0.14}


def edited(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "plan.json"
    path.write_bytes(encode_plan(msgspec.structs.replace(made_plan(), **changes)))
    return path


def test_people_are_dealt_evenly_and_never_twice() -> None:
    people = [Person(f"p{n}", ("light", "dark")[n % 2]) for n in range(100)]
    found = split_people(people, SHARES, 0)
    counts = {split: list(found.values()).count(split) for split in SHARES}
    assert found.keys() == {one.name for one in people} and 70 <= counts["train"] <= 74
    dark = [found[one.name] for one in people if one.group == "dark"]
    assert 5 <= dark.count("test") <= 9
    assert split_people(people[::-1], SHARES, 0) == found != split_people(people, SHARES, 1)


def test_small_sets_have_two_people_in_each_split_or_are_refused() -> None:
    people = [Person(f"p{n}", "g") for n in range(6)]
    assert sorted(split_people(people, SHARES, 3).values()) == ["test"] * 2 + ["train"] * 2 + ["val"] * 2
    with pytest.raises(UsageError, match="at least 2 people for each of train, val, test, got 5"):
        split_people(people[:5], SHARES, 0)
    with pytest.raises(UsageError, match="expected splits train, val, test in the list, got 'dev'"):
        split_people([*people, Person("x", "g", "dev")], SHARES, 0)


@pytest.mark.parametrize(
    ("rule", "name", "person"),
    [
        ("ffpp", "manipulated_sequences/Deepfakes/c23/videos/033_097.mp4", "033"),
        ("celebdf", "Celeb-real/id12_0003.mp4", "id12"),
        ("grid", "s7/bbaf2n.mpg", "s7"),
        ("cremad", "1001_DFA_ANG_XX.flv", "1001"),
        ("folder", "anna/one.jpg", "anna"),
        ("file", "anna/one.jpg", "one"),
        ("auto", "anna/one.jpg", "anna"),
        ("auto", "one.jpg", "one"),
        (r"_(\w+)\.", "x_berta.jpg", "berta"),
    ],
)
def test_names_of_people_are_read_from_paths(tmp_path: Path, rule: str, name: str, person: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    assert [one.person for one in list_inputs([tmp_path], rule)] == [person]


def test_an_index_and_a_manifest_say_who_is_shown(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "index.csv").write_text("file,person,licence,consent\na.jpg,anna,CC0,yes\nb.jpg,berta,,\n")
    assert list_inputs([tmp_path]) == [
        Listed(tmp_path / "a.jpg", "anna", "CC0", "yes"),
        Listed(tmp_path / "b.jpg", "berta"),
    ]
    row = {"sha256": sha256(tmp_path / "c.jpg"), "person": "carla", "licence": "CC0"}
    (tmp_path / "hashes.jsonl").write_text(json.dumps(row) + "\n")
    assert [one.person for one in list_inputs([tmp_path], manifest=tmp_path / "hashes.jsonl")] == ["carla"]
    (tmp_path / "hashes.jsonl").write_text(json.dumps(row | {"sha256": "0" * 64}) + "\n")
    with pytest.raises(UsageError, match="1 of its 1 files were not found"):
        list_inputs([tmp_path], manifest=tmp_path / "hashes.jsonl")


def test_bad_lists_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="finds no name"):
        list_inputs([tmp_path], "ffpp")
    with pytest.raises(UsageError, match="expected a rule or a regular expression"):
        list_inputs([tmp_path], "(")
    for text, wrong in (
        ("name\na\n", "expected columns file and person"),
        ("person,file\nanna\n", "a row names no file"),
        ("file,person\nb.jpg,anna\n", "no such file"),
    ):
        (tmp_path / "index.csv").write_text(text)
        with pytest.raises(InputError, match=wrong):
            list_inputs([tmp_path])
    (tmp_path / "hashes.csv").write_text("person,sha256\nanna\n")
    with pytest.raises(UsageError, match="1 of its 1 files were not found"):
        list_inputs([tmp_path], manifest=tmp_path / "hashes.csv")
    with pytest.raises(UsageError, match="no such file or folder"):
        list_inputs([tmp_path / "none"])


def shown(number: int, tone: float | None, exposure: float) -> Look:
    nothing = Descriptor(np.zeros(898, np.float32), np.ones(898, np.float32), np.zeros(2, np.float32))
    listed = Listed(Path(f"{number}.jpg"), f"p{number}", sha256=str(number))
    light, colour = (0.0, 0.0, 1.0), (10.0, 10.0)
    return Look(listed, "picture", 9, 9, 1, Fraction(25), "", tone, light, exposure, colour, nothing)


def test_pairs_fill_the_strata_and_both_inputs_are_two_people() -> None:
    rng = np.random.default_rng(0)
    looks = [shown(n, float(rng.uniform(-20, 60)), float(rng.uniform(30, 80))) for n in range(60)]
    splits = ["train"] * 40 + ["test"] * 20
    gaps = totals(looks)
    bounds = bounds_of(gaps, allowed(looks, splits))
    chosen = choose_pairs(looks, splits, bounds, 1, 0)
    assert sorted(place for pair in chosen for place in (pair.a, pair.b)) == list(range(60))
    assert all(splits[pair.a] == splits[pair.b] for pair in chosen)
    counts = [sum(pair.stratum == name for pair in chosen) for name in ("small", "middle", "large")]
    assert min(counts) >= 7
    assert all(stratum_of(pair.gap.total, bounds) == pair.stratum for pair in chosen)
    more = choose_pairs(looks, splits, bounds, 2, 0)
    assert len({frozenset((pair.a, pair.b)) for pair in more}) == len(more) >= 60


def test_a_gap_is_symmetric_and_counts_what_is_known() -> None:
    one, other, grey = shown(0, 40.0, 50.0), shown(1, 20.0, 62.0), shown(2, None, 50.0)
    gap = gap_between(one, other)
    assert gap == gap_between(other, one)
    assert (gap.tone_degrees, gap.exposure, gap.total) == (20.0, 12.0, 0.5)
    assert gap_between(one, grey).tone_degrees is None


def test_methods_by_name() -> None:
    found = methods_of(("aot", "second_warp+mkl"), ("self", "paste"), 7)
    assert [(m.name, m.reenact, m.transfer, m.source) for m in found] == [
        ("aot", "mesh", "aot", "pair"),
        ("second-warp-mkl", "second_warp", "mkl", "pair"),
        ("self", "mesh", "none", "own"),
        ("paste", "mesh", "none", "pair"),
    ]
    assert {m.seed for m in found} == {7}
    with pytest.raises(UsageError, match="expected --controls out of self, paste"):
        methods_of(("aot",), ("real",), 0)


def test_a_plan_survives_json_and_toml(tmp_path: Path) -> None:
    whole = made_plan()
    for name in ("a.json", "a.toml"):
        (tmp_path / name).write_bytes(encode_plan(whole, name.endswith("toml")))
    assert read_plan(tmp_path / "a.json") == read_plan(tmp_path / "a.toml")
    assert read_plan(tmp_path / "a.json").sha256 == whole.sha256


def replaced(rows: tuple, place: int, **changes: object) -> tuple:
    changed = [msgspec.structs.replace(row, **changes) if n == place else row for n, row in enumerate(rows)]
    return tuple(changed)


BAD = {
    "person 'p0' is in two splits: input 000 in train, 004 in test": lambda p: {
        "inputs": replaced(p.inputs, 4, person="p0")
    },
    "pair 000, 004: 000 is in train, 004 in test": lambda p: {"pairs": replaced(p.pairs, 0, b="004")},
    "pair 000, 009: there is no input 009": lambda p: {"pairs": replaced(p.pairs, 0, b="009")},
    "pair 000, 001: both are 'p0'": lambda p: {"inputs": replaced(p.inputs, 1, person="p0")},
    "inputs 000 and 001 are one file, as 'p0' and 'p1'": lambda p: {
        "inputs": replaced(p.inputs, 1, sha256=p.inputs[0].sha256)
    },
    "input '000': expected an id of three or more digits": lambda p: {
        "inputs": replaced(p.inputs, 1, id="000")
    },
    "input 002: expected frames from 1": lambda p: {"inputs": replaced(p.inputs, 2, frames=0)},
    "got 1, 0 and '1/0'": lambda p: {"inputs": replaced(p.inputs, 0, rate="1/0")},
    "method 'real'": lambda p: {"methods": replaced(p.methods, 0, name="real")},
    "expected a transfer out of": lambda p: {"methods": replaced(p.methods, 0, transfer="magic")},
    "expected --reenact as one of": lambda p: {"methods": replaced(p.methods, 0, reenact="magic")},
}


@pytest.mark.parametrize("message", BAD)
def test_a_plan_that_was_edited_wrongly_is_one_line(
    message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = edited(tmp_path, **BAD[message](made_plan()))
    assert main(["forge", "build", str(path), "-o", str(tmp_path / "set")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_files_that_are_no_plans_are_one_line(tmp_path: Path) -> None:
    for name, text in (
        ("a.json", "{"),
        ("b.json", '{"name": 3}'),
        ("c.toml", "= 1"),
        ("d.json", '{"nome": ""}'),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match="not a plan"):
            read_plan(tmp_path / name)


def test_missing_consent_stops_a_build_unless_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = made_plan()
    path = edited(tmp_path, inputs=replaced(whole.inputs, 2, consent=" "))
    words = ["forge", "build", str(path), "-o", str(tmp_path / "set")]
    assert main(words) == 2
    assert "consent is not said of 1 inputs of 1 people, the first is 002" in capsys.readouterr().err
    assert main([*words, "--allow-unsaid"]) == 2  # told, it goes on to the files, which are not there
    assert "input 000" in capsys.readouterr().err


def test_a_key_depends_on_content_and_not_on_places() -> None:
    whole = made_plan()
    works = works_of(whole)
    assert len({work.id for work in works}) == len(works) == 8 * 4
    fake = next(work for work in works if work.method is not None)
    moved = msgspec.structs.replace(fake.target, file="elsewhere.png")
    assert key_of(whole, replace(fake, target=moved), {}) == key_of(whole, fake, {})
    other = msgspec.structs.replace(fake.target, sha256="0")
    assert key_of(whole, replace(fake, target=other), {}) != key_of(whole, fake, {})
    assert key_of(whole, fake, {"model_sha256": "1"}) != key_of(whole, fake, {})
    smaller = msgspec.structs.replace(whole, side=256)
    assert key_of(smaller, fake, {}) != key_of(whole, fake, {})


def test_one_file_under_two_names_leaves_both_out(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for person, name in (
        ("a", "source_deep_woman"),
        ("b", "source_deep_woman"),
        ("c", "target_medium_man_warm_side"),
    ):
        (tmp_path / person).mkdir()
        (tmp_path / person / "one.jpg").write_bytes((inputs / f"{name}.jpg").read_bytes())
    assert plan(tmp_path, tmp_path / "plan.json") == 2  # one person is left
    said = capsys.readouterr().err
    assert "left out: all of 'a' and 'b'" in said and "one file under two names" in said


def test_two_people_under_one_name_are_questioned(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aotface.forge.make_plan.UNLIKE", 0.95)  # composites are all somewhat alike
    index = "file,person\n" + "".join(
        f"{inputs / name},{person}\n"
        for name, person in (
            ("source_deep_woman.jpg", "anna"),
            ("target_medium_man_warm_side.jpg", "anna"),
            ("source_medium_woman.mp4", "carla"),
            ("target_light_man_yellow.mp4", "doris"),
        )
    )
    (tmp_path / "index.csv").write_text(index)
    assert plan(tmp_path, tmp_path / "plan.json") == 0
    assert "are both called 'anna' but look like two people" in capsys.readouterr().err


def test_inputs_without_a_face_and_broken_ones_are_left_out(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in inputs.iterdir():
        (tmp_path / path.name).symlink_to(path)
    write_frames(tmp_path / "empty.mp4", [plain_frame(n) for n in range(2)])
    (tmp_path / "broken.jpg").write_bytes((inputs / "source_deep_woman.jpg").read_bytes()[:999])
    (tmp_path / "broken.mp4").write_bytes((inputs / "source_medium_woman.mp4").read_bytes()[:999])
    assert plan(tmp_path, tmp_path / "plan.json") == 0
    said = capsys.readouterr().err
    assert "empty.mp4: no face found in the first frame" in said
    assert said.count("left out:") == 3 and "broken.jpg" in said and "broken.mp4" in said
    assert isinstance(read_plan(tmp_path / "plan.json"), Plan)
