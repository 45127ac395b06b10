"""What methods are judged on: a suite lists its triples from data and a seed, and makes them one by one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aotface.datasets.portraits import Say
from aotface.errors import InputError, UsageError
from aotface.evaluation.suites import clips, folder, lit, real, relit
from aotface.evaluation.triple import Plan, Triple
from aotface.metrics.colour import lf_de


@dataclass(frozen=True)
class Suite:
    """``plan`` (data, pairs, seed, say) is quick and deterministic, ``make`` (plan, data) does the work.

    ``halves``: each plan says which half of the people it is of, and fresh segmenters judge each half; see segmenter.py.
    """

    name: str
    summary: str
    plan: Callable[[Path, int, int, Say], list[Plan]]
    make: Callable[[Plan, Path], Triple]
    halves: bool = False

    def build(self, plan: Plan, data: Path) -> Triple:
        """Make one triple, with the gap between its two appearances.

        Raises:
            InputError: no face pixels are left under the mask.
        """
        triple = self.make(plan, data)
        if np.count_nonzero(triple.mask > 0.5) < FEWEST_PIXELS:
            raise InputError(f"{plan.name}: too little of the face is visible in both pictures; leave it out")
        gap = lf_de(triple.reenacted, triple.target, triple.mask)
        return replace(triple, facts=replace(triple.facts, gap=gap))


FEWEST_PIXELS = 500
"""Pixels of a 256-pixel crop that must count, or there is nothing to judge."""

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite("relit", "portraits under synthetic light, with ground truth", relit.plan, relit.build),
        Suite(
            "relit-reversed",
            "portraits under hard synthetic light on evenly lit targets, with ground truth",
            relit.plan_reversed,
            relit.build_reversed,
        ),
        Suite(
            "lit", "real lamps, with ground truth (grey), people held out of training", lit.plan, lit.build
        ),
        Suite(
            "lit-reversed",
            "real lamps on the source, frontal target, with ground truth (grey), people held out of training",
            lit.plan_reversed,
            lit.build_reversed,
        ),
        Suite("cross", "real photographs of two people, no ground truth", real.plan_cross, real.build),
        Suite("same", "two photographs of one person, no ground truth", real.plan_same, real.build),
        Suite(
            "segmenter",
            "real photographs of two people, each half of the people judged by a segmenter of the other half",
            real.plan_segmenter,
            real.build,
            halves=True,
        ),
        Suite("clips", "moving faces, no ground truth", clips.plan, clips.build),
        Suite("folder", "triples of your own", folder.plan, folder.build),
    )
}
"""Suite by name."""


def find_suite(name: str) -> Suite:
    """A suite by its name.

    Raises:
        UsageError: there is no suite of that name.
    """
    if name not in SUITES:
        raise UsageError(f"expected a suite out of {', '.join(SUITES)}, got {name!r}")
    return SUITES[name]
