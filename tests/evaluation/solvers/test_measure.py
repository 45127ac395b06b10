"""Rows of one face: the same twice, the exact plan at nought, the learned one as the network has it."""

from collections.abc import Callable

import pytest

from aotface.errors import InputError
from aotface.evaluation.methods import Method
from aotface.evaluation.solvers import measure as measuring
from aotface.evaluation.solvers.measure import measure
from aotface.evaluation.solvers.rows import AGAIN, LEARNED, LEVELS, NOTHING, TRUTH, WHOLE, label_of
from aotface.evaluation.triple import Triple
from aotface.metrics.ground_truth import psnr
from aotface.transfer.aot.generator import RelightingGenerator

Make = Callable[..., Triple]


def test_rows_of_one_face(
    triple: Make, generator: RelightingGenerator, aot: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "POINTS", 200)
    one = triple(0)
    rows = measure(one, generator, aot)
    by_name = {(row["vectors"], label_of(row)): row for row in rows}
    assert len(by_name) == len(rows)
    for vectors in ("rgb", *LEVELS):
        assert by_name[vectors, "exact"]["w1"] == pytest.approx(0, abs=1e-4)
        assert by_name[vectors, NOTHING]["cost"] == 0 < by_name[vectors, TRUTH]["cost"]
        sweep = [by_name[vectors, f"sinkhorn {share:g}"]["w1"] for share in (0.1, 0.03, 0.01)]
        assert sweep == sorted(sweep, reverse=True)
        assert by_name[vectors, LEARNED]["seconds"] > 0
    assert all((level, AGAIN) in by_name for level in LEVELS)
    assert by_name["rgb", TRUTH]["psnr"] == 100
    assert by_name["rgb", LEARNED]["psnr"] == by_name[WHOLE, LEARNED]["psnr"]
    assert by_name["rgb", LEARNED]["psnr"] == pytest.approx(psnr(aot.run(one), one.truth, one.mask), abs=1e-5)
    assert by_name["rgb", "exact"]["psnr"] > by_name["rgb", NOTHING]["psnr"]
    timeless = [
        [{name: value for name, value in row.items() if name != "seconds"} for row in found]
        for found in (rows, measure(one, generator, aot))
    ]
    assert timeless[0] == timeless[1]


def test_without_an_answer_nothing_is_measured(
    triple: Make, generator: RelightingGenerator, aot: Method
) -> None:
    with pytest.raises(InputError, match="there is ground truth"):
        measure(triple(0, truth=False), generator, aot)
