"""The unseen swapper: changes the inner face alone, is never made for training, and passes the checks of a set."""

from pathlib import Path

import numpy as np
import pytest
from forge.made_store import frame, landmarks

from aotface.cli import main
from aotface.errors import OutputExistsError, UsageError
from aotface.forensics.unseen import compressed, match_colours, swap_unseen, unseen_store
from aotface.forge.checks import run_checks
from aotface.forge.store import open_store
from aotface.reporter import Silent


def test_the_outside_stays_and_the_inside_is_the_source() -> None:
    source, target = frame("a", 0), frame("b", 0)
    made, mask = swap_unseen(source, landmarks(), target, landmarks())
    assert np.array_equal(made[mask == 0], target[mask == 0]) and (mask == 255).any()
    inner = mask == 255
    alike = [np.corrcoef(made[inner].mean(axis=1), one[inner].mean(axis=1))[0, 1] for one in (source, target)]
    assert alike[0] > 0.9 > alike[1]


def test_the_warp_follows_the_points() -> None:
    source = frame("a", 0)
    made, mask = swap_unseen(source, landmarks(0.0), source, landmarks(3.0))
    inner = np.zeros(mask.shape, bool)
    inner[40:56, 42:54] = True
    moved = np.roll(source, 3, axis=1)
    wrong, right = (float(np.abs(made[inner].astype(float) - one[inner]).mean()) for one in (source, moved))
    assert right < wrong / 2


def test_colours_are_the_targets() -> None:
    face = np.full((20, 20, 3), (200, 60, 60), np.uint8)
    target = np.full((20, 20, 3), (90, 110, 100), np.uint8)
    assert np.abs(match_colours(face, target, np.ones((20, 20), np.float32)).astype(int) - target).max() <= 3


def test_a_store_of_test_pairs_alone(made_set: Path, tmp_path: Path) -> None:
    assert main(["forensics", "unseen", str(made_set), "-o", str(tmp_path / "set"), "--gaps", "large"]) == 0
    made = open_store(tmp_path / "set")
    assert {line.split for line in made.lines} == {"test"}
    fakes = [line for line in made.lines if line.label == "fake"]
    assert {line.stratum for line in fakes} == {"large"} and {line.method for line in fakes} == {"unseen"}
    assert [check.name for check in run_checks(made, lambda n: None) if not check.passed] == []
    with pytest.raises(OutputExistsError):
        unseen_store(open_store(made_set), tmp_path / "set", ("large",), Silent())
    with pytest.raises(UsageError, match="no pair of the test split"):
        unseen_store(open_store(made_set), tmp_path / "other", ("huge",), Silent())


def test_a_target_has_one_compression_in_its_real_and_its_fakes(made_set: Path, tmp_path: Path) -> None:
    """Otherwise the grid of JPEG alone tells them."""
    whole = open_store(made_set)
    made = unseen_store(whole, tmp_path / "set", ("large",), Silent())
    fake = next(iter(made.samples(label="fake")))
    real, before = (
        made.real_of(fake),
        whole.real_of(whole.sample(f"mkl-{fake.info.target}_{fake.info.source}")),
    )
    wanted = compressed(list(before.frames()), fake.info.target)
    outside = fake.array("masks", 0) == 0
    assert np.array_equal(real.array("frames", 0), wanted[0]) and real.info.key != before.info.key
    assert np.array_equal(fake.array("frames", 0)[outside], wanted[0][outside])
    assert not np.array_equal(wanted[0], before.array("frames", 0))
