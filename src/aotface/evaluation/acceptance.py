"""Pass or fail: medians of a method against what the ground truth itself scores, or against fixed limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aotface.errors import InputError

Row = Mapping[str, float]
"""Name to value for one pair of faces: metrics as in `aotface.metrics.METRICS`, and ``gap``, the lf_de
that X_r itself has."""

SEAM = 1.2
"""Gradient over the mask's edge that goes unseen, as a multiple of the target's own."""

STEP_OF_TONE, STEP_OF_TEXTURE = 3.5, 0.18
"""Steps across the edge of untouched faces, each enlarged by a twentieth and put into its own place: the 95th percentile of
20 portraits. That is a change without a fault."""

APART = 1.32
"""Factor by which the fine detail, or the grain, of one half of an untouched face differs from the other's: the 75th
percentile of the same portraits."""

EYES = 0.86
"""The same for the contrast of one eye against the other's."""

GAP_LEFT = 0.7
"""Share of the gap between X_r and X_t that may be left where there is no ground truth."""


@dataclass(frozen=True)
class Check:
    """One line of an acceptance test: the median found, "<=" or ">=", the limit, and whether it holds."""

    name: str
    value: float
    relation: str
    limit: float
    ok: bool


@dataclass(frozen=True)
class Acceptance:
    """All checks held, or not; ``skipped`` names checks that were not made for want of an optional model."""

    passed: bool
    checks: tuple[Check, ...]
    skipped: tuple[str, ...]


def acceptance(
    rows: Sequence[Row], truth_rows: Sequence[Row] | None = None, copy_rows: Sequence[Row] | None = None
) -> Acceptance:
    """Judge a method by the medians of its rows.

    With ground truth, relative to what it scores on the same pairs: lf_de <= 1.25 of its own,
    keep >= its own - 0.03, leak <= its own + 0.02, identity_drop <= its own + 0.03, seam <= 1.2 of its own
    (at least of the target's); and de_truth <= that of the copy: nearer to the ground truth than the target's own
    picture is. Without: lf_de <= 0.7 of the gap, keep >= 0.90, leak <= leak_floor + 0.15,
    identity_drop <= 0.12, seam <= 1.2. In either case, where it was measured, what a person sees: edge_tone <= 3.5,
    edge_texture <= 0.18, fine_detail and grain off by a factor of at most 1.32, eye_contrast >= 0.86; never stricter than
    the ground truth itself.

    Args:
        rows: the method's values, one row per pair. identity_drop may be absent (no model): it is skipped.
        truth_rows: the ground truth measured as if it were a method's result; None where there is none.
        copy_rows: the target measured likewise; without them de_truth is skipped.

    Raises:
        InputError: no rows, or a metric that acceptance cannot do without is missing.

    Source: [ours]; docs/adr/0006-verdict-limits-are-measured.md says where the numbers come from.
    """
    limits = _fixed_limits(rows) if truth_rows is None else _truth_limits(truth_rows, copy_rows)
    rows = [_with_factors(row) for row in rows]
    limits |= _visible_limits([_with_factors(row) for row in truth_rows or ()])
    for name in ("identity_drop", *VISIBLE):
        if _median(rows, name, optional=True) is None:
            limits[name] = None
    limits = {name: limit for name, limit in limits.items() if limit is not None or name not in VISIBLE}
    skipped = tuple(name for name, limit in limits.items() if limit is None)
    checks = tuple(_check(rows, name, limit) for name, limit in limits.items() if limit is not None)
    return Acceptance(all(check.ok for check in checks), checks, skipped)


def _truth_limits(truth_rows: Sequence[Row], copy_rows: Sequence[Row] | None) -> dict[str, float | None]:
    """Limits from the ground truth's own medians."""
    drop = _median(truth_rows, "identity_drop", optional=True)
    return {
        "lf_de": 1.25 * _known(truth_rows, "lf_de"),
        "keep": _known(truth_rows, "keep") - 0.03,
        "leak": _known(truth_rows, "leak") + 0.02,
        "identity_drop": None if drop is None else drop + 0.03,
        "seam": SEAM * max(1.0, _known(truth_rows, "seam")),
        "de_truth": None if copy_rows is None else _known(copy_rows, "de_truth"),
    }


def _fixed_limits(rows: Sequence[Row]) -> dict[str, float | None]:
    """Limits without ground truth: relative to what X_r has by itself."""
    return {
        "lf_de": GAP_LEFT * _known(rows, "gap"),
        "keep": 0.90,
        "leak": _known(rows, "leak_floor") + 0.15,
        "identity_drop": 0.12,
        "seam": SEAM,
    }


VISIBLE = ("edge_tone", "edge_texture", "fine_detail", "grain", "eye_contrast")
"""What a person sees. Rows of an earlier version do not have it; then it is not asked for."""


def _with_factors(row: Row) -> Row:
    """Ratios whose ideal is 1 as the factor by which they are off."""
    off = {
        name: float(np.exp(abs(np.log(row[name]))))
        for name in ("fine_detail", "grain")
        if row.get(name, 0) > 0
    }
    return {**row, **off}


def _visible_limits(truth_rows: Sequence[Row]) -> dict[str, float | None]:
    """Limits of what a person sees: those of untouched faces, or what the ground truth itself has."""
    fixed = (STEP_OF_TONE, STEP_OF_TEXTURE, APART, APART)
    found: dict[str, float | None] = {
        name: max(limit, _median(truth_rows, name, optional=True) or 0.0)
        for name, limit in zip(VISIBLE, fixed, strict=False)
    }
    own = _median(truth_rows, "eye_contrast", optional=True)
    return found | {"eye_contrast": EYES if own is None else min(EYES, own)}


HIGHER = ("keep", "eye_contrast")


def _check(rows: Sequence[Row], name: str, limit: float) -> Check:
    """Compare one median with its limit."""
    value = _known(rows, name)
    ok = value >= limit if name in HIGHER else value <= limit
    return Check(name, value, ">=" if name in HIGHER else "<=", limit, ok)


def _known(rows: Sequence[Row], name: str) -> float:
    """Median of a metric that must be there."""
    value = _median(rows, name)
    assert value is not None  # only optional metrics give None
    return value


def _median(rows: Sequence[Row], name: str, optional: bool = False) -> float | None:
    """Median over the rows that have a number for this metric."""
    values = [row[name] for row in rows if name in row and not np.isnan(row[name])]
    if values:
        return float(np.median(values))
    if optional:
        return None
    raise InputError(f"rows: expected values of {name}, got none in {len(rows)} rows; measure it first")
