import math

import pytest

from aotface.bench.verdict import verdict
from aotface.errors import InputError

TRUTH = {"lf_de": 4.0, "keep": 0.9, "leak": 0.2, "leak_floor": 0.15, "identity_drop": 0.1, "seam": 1.0}
BLIND = {"keep": 0.95, "leak": 0.18, "leak_floor": 0.15, "identity_drop": 0.02, "seam": 1.1}


def rows(base, **changes):
    return [base | changes] * 3


def test_the_truth_passes_beside_itself():
    found = verdict(rows(TRUTH), rows(TRUTH))
    assert found.passed and not found.skipped
    assert [check.name for check in found.checks] == ["lf_de", "keep", "leak", "identity_drop", "seam"]


@pytest.mark.parametrize(
    "name, holds, fails",
    [("lf_de", 4.99, 5.01), ("keep", 0.871, 0.869), ("leak", 0.219, 0.221)]
    + [("identity_drop", 0.129, 0.131), ("seam", 1.19, 1.21)],
)
def test_each_limit_beside_the_truth(name, holds, fails):
    assert verdict(rows(TRUTH, **{name: holds}), rows(TRUTH)).passed
    failed = verdict(rows(TRUTH, **{name: fails}), rows(TRUTH))
    assert not failed.passed
    assert [check.name for check in failed.checks if not check.ok] == [name]


@pytest.mark.parametrize(
    "name, holds, fails",
    [("keep", 0.931, 0.929), ("leak", 0.199, 0.201), ("identity_drop", 0.029, 0.031), ("seam", 1.19, 1.21)],
)
def test_each_limit_without_a_truth(name, holds, fails):
    assert verdict(rows(BLIND, **{name: holds})).passed
    failed = verdict(rows(BLIND, **{name: fails}))
    assert [check.name for check in failed.checks if not check.ok] == [name]


def test_a_copy_of_the_target_fails_for_its_leak():
    copy = rows(TRUTH, lf_de=0.0, leak=1.0, keep=0.3)
    failed = {check.name for check in verdict(copy, rows(TRUTH)).checks if not check.ok}
    assert failed == {"leak", "keep"}


def test_medians_judge_not_single_rows():
    one_bad = [*rows(BLIND), BLIND | {"keep": 0.1}]
    assert verdict(one_bad).passed
    assert not verdict([*one_bad, *[BLIND | {"keep": 0.1}] * 4]).passed


def test_without_a_model_identity_is_skipped_not_passed():
    anonymous = [
        {name: value for name, value in row.items() if name != "identity_drop"} for row in rows(TRUTH)
    ]
    for truth in (None, rows(TRUTH), anonymous):
        found = verdict(anonymous, truth)
        assert found.skipped == ("identity_drop",)
        assert "identity_drop" not in {check.name for check in found.checks}


def test_a_metric_that_is_missing_is_an_error_not_a_pass():
    with pytest.raises(InputError, match="leak_floor"):
        verdict(rows({name: value for name, value in BLIND.items() if name != "leak_floor"}))
    with pytest.raises(InputError, match="seam"):
        verdict(rows(TRUTH, seam=math.nan), rows(TRUTH))
    with pytest.raises(InputError, match="0 rows"):
        verdict([])
