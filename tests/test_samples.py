"""The sample faces: there, small, readable, one face each, and accounted for."""

import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aotface.errors import InputError
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.samples import FOLDER, sample, samples

NAMES = [path.stem for path in samples()]
README = (FOLDER / "README.md").read_text()


def listed(text: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)\.jpg` \|", text, re.MULTILINE))


def test_there_are_sources_and_targets():
    assert len(samples("source")) >= 4
    assert len(samples("target")) >= 6
    assert len(samples()) == len(samples("source")) + len(samples("target"))


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_shows_one_face(name):
    faces = detect(read_image(sample(name)).frame)
    assert len(faces) == 1
    x0, y0, x1, y1 = faces[0].box
    assert y1 - y0 > 200
    assert min(x0, y0) > 0
    assert max(x1, y1) < 640


def test_a_bare_wall_has_no_face():
    """Failing twin: the counting can come out otherwise."""
    frame = read_image(sample(NAMES[0])).frame
    assert detect(np.ascontiguousarray(np.tile(frame[:40, :40], (16, 16, 1)))) == []


def test_they_are_small():
    assert sum(path.stat().st_size for path in samples()) < 2_000_000
    for name in NAMES:
        assert read_image(sample(name)).frame.shape == (640, 640, 3)


def test_the_provenance_lists_exactly_these():
    assert listed(README) == set(NAMES)
    assert "CC BY 4.0" in README
    assert "DeBruine" in README
    assert min(int(n) for n in re.findall(r"\.jpg` \| (\d+) \|", README)) >= 8


def test_a_missing_row_would_be_noticed():
    """Failing twin."""
    assert listed(README.replace(f"| `{NAMES[0]}.jpg`", "| gone")) != set(NAMES)


def test_the_numbers_are_those_of_the_script(tmp_path, monkeypatch):
    script = Path(__file__).parent.parent / "scripts" / "make_samples.py"
    people = dict(re.findall(r"^\| `(\w+)\.jpg` \| (\d+) \|", README, re.MULTILINE))
    monkeypatch.syspath_prepend(str(script.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made, chosen = __import__("make_samples"), __import__("sample_people")
    written = {f"source_{name}": name for name in made.SOURCES}
    written |= {f"target_{name}_{light}": name for name, light in made.TARGETS}
    assert {name: len(chosen.GROUPS[group].people) for name, group in written.items()} == {
        name: int(number) for name, number in people.items()
    }


def test_the_lit_ones_differ_in_light():
    grey = read_image(sample("target_medium_woman_grey")).frame.astype(int)
    assert np.ptp(grey, axis=2).max() <= 2
    blue = read_image(sample("target_deep_man_blue")).frame.mean(axis=(0, 1))
    assert blue[2] > 1.5 * blue[0]
    side = read_image(sample("target_medium_man_warm_side")).frame[260:420].mean(axis=(0, 2))
    assert side[230:300].mean() > 1.5 * side[340:410].mean()
    dim = read_image(sample("target_light_woman_dim")).frame.mean()
    assert dim < 0.5 * read_image(sample("source_light_man")).frame.mean()


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="source_light_man"):
        sample("nobody")


def test_finding_them_is_quick():
    start = time.perf_counter()
    for _ in range(20):
        sample(NAMES[-1])
    assert time.perf_counter() - start < 0.5
