"""Perturbations: each does what it says, more at higher levels, and reals and fakes get the same."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from forge.made_store import frame

from aotface.cli import main
from aotface.errors import UsageError
from aotface.forge.distortions import DISTORTIONS, distort, parse
from aotface.forge.store import Store, open_store

RATE = Fraction(25)
FRAMES = [frame("perturbed", number) for number in range(2)]


def change(line: str, seed: int = 0) -> float:
    done = distort(FRAMES, line, seed, RATE)
    assert all(a.shape == b.shape and a.dtype == np.uint8 for a, b in zip(done, FRAMES, strict=True))
    return float(np.mean([(a.astype(float) - b) ** 2 for a, b in zip(done, FRAMES, strict=True)]))


@pytest.mark.parametrize("code", DISTORTIONS)
def test_each_perturbation_changes_frames_more_at_higher_levels(code: str) -> None:
    low, high = change(f"{code}:1"), change(f"{code}:5")
    assert 0 < low <= high
    assert (low < high) == (code not in ("C23", "C40"))


@pytest.mark.parametrize("code", DISTORTIONS)
def test_the_same_seed_gives_the_same_bytes(code: str) -> None:
    first, again = (distort(FRAMES, f"{code}:3", 5, RATE) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))


def test_closed_forms() -> None:
    grey = distort(FRAMES, "CS:5", 0, RATE)[0].astype(int)
    assert np.abs(grey - grey.mean(axis=2, keepdims=True)).max() <= 2  # no saturation is left
    dark = distort(FRAMES, "CC:5", 0, RATE)[0]
    assert (dark == np.rint(FRAMES[0] * np.float32(0.35))).all()
    noise = np.concatenate(
        [a.astype(float) - 128 for a in distort([np.full((96, 96, 3), 128, np.uint8)], "GNC:3", 1, RATE)]
    )
    assert noise.std() / 255 == pytest.approx(0.005**0.5, rel=0.02)
    block = distort(FRAMES, "PX:1", 0, RATE)[0]
    assert (block[::2, ::2] == block[1::2, 1::2]).all()


def test_lines_are_read_and_refused() -> None:
    assert parse("CS:3 JPEG-DF1:2 GB:1") == [("CS", 3), ("PX", 2), ("GB", 1)]
    for line, message in (
        ("", "got none"),
        ("XX:1", "out of CS, CC"),
        ("CS:6", "level from 1 to 5"),
        ("CS", "level"),
    ):
        with pytest.raises(UsageError, match=message):
            parse(line)


def test_a_perturbed_set_has_the_same_samples_and_says_what_was_done(
    made: Store, made_folder: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        assert (
            main(["forge", "perturb", str(made_folder), "-o", str(folder), "--mix", "2", "--seed", "3"]) == 0
        )
    one, two = map(open_store, folders)
    assert [line.files for line in one.lines] == [line.files for line in two.lines]
    assert [line.id for line in one.lines] == [line.id for line in made.lines]
    by_target: dict[str, set[str | None]] = {}
    for line in one.lines:
        by_target.setdefault(line.target, set()).add(line.perturbation)
    assert all(len(said) == 1 for said in by_target.values())  # a real and its fakes get the same
    assert len({next(iter(said)) for said in by_target.values()}) > 1
    meta = (folders[0] / "perturbations.txt").read_text().splitlines()
    assert meta[0] == f"samples/{one.lines[0].id} {one.lines[0].perturbation}"
    sample, before = one.sample("mean-000_001"), made.sample("mean-000_001")
    assert (next(sample.masks()) == next(before.masks())).all()
    assert main(["forge", "verify", str(folders[0])]) == 0


def test_bad_requests_are_one_line(
    made_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["forge", "perturb", str(made_folder), "-o", str(tmp_path / "x")]
    assert main(words) == 2
    assert main([*words, "--apply", "CS:1", "--mix", "2"]) == 2
    assert main([*words, "--apply", "CS:9"]) == 2
    assert main(["forge", "perturb", str(made_folder), "-o", str(made_folder), "--mix", "1"]) == 5
    said = capsys.readouterr().err
    assert said.count("expected --apply LINE or --mix NUMBER") == 2 and "holds a finished set" in said
