import math

import pytest

from aotface.errors import InputError
from aotface.evaluation.acceptance import acceptance

TRUTH = {"lf_de": 4.0, "keep": 0.9, "leak": 0.2, "leak_floor": 0.15, "identity_drop": 0.1, "seam": 1.0}
TRUTH |= {"de_truth": 0.0}
COPY = {"lf_de": 0.0, "keep": 0.3, "leak": 1.0, "identity_drop": 0.6, "seam": 1.0, "de_truth": 5.0}
BLIND = {"keep": 0.95, "leak": 0.18, "leak_floor": 0.15, "identity_drop": 0.02, "seam": 1.1}
BLIND |= {"gap": 10.0, "lf_de": 5.0}


def rows(base, **changes):
    return [base | changes] * 3


def test_the_truth_passes_beside_itself():
    found = acceptance(rows(TRUTH), rows(TRUTH), rows(COPY))
    assert found.passed and not found.skipped
    names = ["lf_de", "keep", "leak", "identity_drop", "seam", "de_truth"]
    assert [check.name for check in found.checks] == names


@pytest.mark.parametrize(
    "name, holds, fails",
    [("lf_de", 4.99, 5.01), ("keep", 0.871, 0.869), ("leak", 0.219, 0.221)]
    + [("identity_drop", 0.129, 0.131), ("seam", 1.19, 1.21), ("de_truth", 4.9, 5.1)],
)
def test_each_limit_beside_the_truth(name, holds, fails):
    assert acceptance(rows(TRUTH, **{name: holds}), rows(TRUTH), rows(COPY)).passed
    failed = acceptance(rows(TRUTH, **{name: fails}), rows(TRUTH), rows(COPY))
    assert not failed.passed
    assert [check.name for check in failed.checks if not check.ok] == [name]


@pytest.mark.parametrize(
    "name, holds, fails",
    [("lf_de", 6.99, 7.01), ("keep", 0.901, 0.899), ("leak", 0.299, 0.301)]
    + [("identity_drop", 0.119, 0.121), ("seam", 1.19, 1.21)],
)
def test_each_limit_without_a_truth(name, holds, fails):
    assert acceptance(rows(BLIND, **{name: holds})).passed
    failed = acceptance(rows(BLIND, **{name: fails}))
    assert [check.name for check in failed.checks if not check.ok] == [name]


def test_a_copy_of_the_target_fails_for_leak_and_identity():
    failed = {check.name for check in acceptance(rows(COPY), rows(TRUTH), rows(COPY)).checks if not check.ok}
    assert failed == {"leak", "keep", "identity_drop"}


def test_doing_nothing_fails_with_and_without_a_truth():
    nothing = rows(BLIND, keep=1.0, leak=0.15, identity_drop=0.0, lf_de=10.0, de_truth=9.0)
    for truth in (None, rows(TRUTH)):
        assert {check.name for check in acceptance(nothing, truth).checks if not check.ok} == {"lf_de"}


def test_nobody_is_asked_for_a_better_seam_than_the_truth_has():
    truth = rows(TRUTH, seam=1.5)
    assert acceptance(rows(TRUTH, seam=1.79), truth).passed
    assert not acceptance(rows(TRUTH, seam=1.81), truth).passed
    assert not acceptance(rows(TRUTH, seam=1.21), rows(TRUTH, seam=0.5)).passed


def test_medians_judge_not_single_rows():
    one_bad = [*rows(BLIND), BLIND | {"keep": 0.1}]
    assert acceptance(one_bad).passed
    assert not acceptance([*one_bad, *[BLIND | {"keep": 0.1}] * 4]).passed


def test_without_a_model_identity_is_skipped_not_passed():
    anonymous = [
        {name: value for name, value in row.items() if name != "identity_drop"} for row in rows(TRUTH)
    ]
    for truth in (rows(TRUTH), anonymous):
        assert acceptance(anonymous, truth, rows(COPY)).skipped == ("identity_drop",)
        assert acceptance(anonymous, truth).skipped == ("identity_drop", "de_truth")
    blind = [row | {"gap": 10.0} for row in anonymous]
    for found in (acceptance(anonymous, anonymous, rows(COPY)), acceptance(blind)):
        assert found.skipped == ("identity_drop",)
        assert "identity_drop" not in {check.name for check in found.checks}


def test_a_metric_that_is_missing_is_an_error_not_a_pass():
    with pytest.raises(InputError, match="leak_floor"):
        acceptance(rows({name: value for name, value in BLIND.items() if name != "leak_floor"}))
    with pytest.raises(InputError, match="seam"):
        acceptance(rows(TRUTH, seam=math.nan), rows(TRUTH))
    with pytest.raises(InputError, match="0 rows"):
        acceptance([])


SEEN = {"edge_tone": 2.0, "edge_texture": 0.1, "fine_detail": 1.0, "grain": 1.0, "eye_contrast": 1.0}


@pytest.mark.parametrize(
    "name, holds, fails",
    [("edge_tone", 3.4, 3.6), ("edge_texture", 0.17, 0.19), ("fine_detail", 0.77, 0.74), ("grain", 1.3, 1.4)]
    + [("eye_contrast", 0.87, 0.85), ("fine_detail", 1.3, 1.4)],
)
def test_what_a_person_sees_is_asked_for_where_it_was_measured(name, holds, fails):
    assert acceptance(rows(BLIND | SEEN, **{name: holds})).passed
    failed = acceptance(rows(BLIND | SEEN, **{name: fails}))
    assert [check.name for check in failed.checks if not check.ok] == [name]


def test_nobody_is_asked_for_a_better_edge_than_the_truth_has():
    rough = rows(TRUTH | SEEN, edge_tone=5.0, eye_contrast=0.7)
    assert acceptance(rough, rough, rows(COPY)).passed
    assert not acceptance(rough, rows(TRUTH | SEEN), rows(COPY)).passed
