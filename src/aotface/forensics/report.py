"""A finished experiment as tables: the arms, controls, what is not resolved; and as Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from aotface.forensics.crops import Item
from aotface.forensics.detectors import kind
from aotface.forensics.detectors.base import FitSettings, logits
from aotface.forensics.experiment import frames_of, load_sides
from aotface.forensics.matrix import SHUFFLED, Cell, draw
from aotface.forensics.occlusion import occlusion_sheet
from aotface.forensics.page import FAILS, Block
from aotface.forensics.parts import labelled
from aotface.forensics.quality import qualities, reliability_rows
from aotface.forensics.results import Results
from aotface.forensics.tables import (
    MEAN,
    ArmRow,
    controls,
    detectability,
    groups_of,
    outside,
)

SHOWN = 6
"""Fakes in the occlusion sheet."""


def blocks_of(found: Results, rows: Sequence[ArmRow]) -> list[Block]:
    """Every part of the report; ``rows``: of `arm_rows`."""
    matrix = found.matrix
    people = {found.lines[name].target_person for name in found.reals}
    intro = (
        f"{len(people)} held-out people, {len(found.reals)} reals, {matrix.seeds} seeds, {len(found.cells)} trainings. "
        "Areas under the curve (AUC): .5 tells nothing, 1 everything. Brackets: 95 % intervals by a paired bootstrap over "
        "target people, source people and seeds; n.r.: not resolved, the interval includes 0."
    )
    arms = [arm for arm in matrix.arms if arm != SHUFFLED]
    head = (
        "trained on",
        "detector",
        "mode",
        "test fakes",
        "seen as",
        "n",
        *arms,
        "aot - control",
        "aot - none",
    )
    main = [
        (
            r.base,
            r.detector,
            r.mode,
            r.test,
            r.seen or "never",
            r.fakes,
            *(_area(r.arms[a]) for a in arms),
            *map(_gain, (r.gain, r.over_none)),
        )
        for r in rows
    ]
    title = f"Three arms, fakes with a {matrix.stratum} gap, up to {matrix.number} added"
    parts: list[Block] = [
        ("Data", intro, (), []),
        (title, None, head, main),
        _resolved(rows),
    ]
    checked = [
        (
            c.name,
            c.span.words() if c.span else _area(c.value),
            f"{c.low:.2f} to {c.high:.2f}",
            "ok" if c.passed else FAILS,
        )
        for c in controls(found)
    ]
    parts.append(("Controls", None, ("control", "AUC", "expected", ""), checked))
    parts.append(("The paper", PAPER, PAPER_HEAD, PAPER_ROWS))
    hard = [(name, _area(area), count) for name, area, count in detectability(found)]
    words = "Mean AUC of detectors that never saw the transfer, arm none. Low is hard to detect."
    parts.append(("Detectability", words, ("transfer", "AUC", "fakes"), hard))
    table = [
        (q.base, q.detector, q.arm, q.test, *map(_area, (q.auc, q.eer, q.accuracy, q.raw, q.calibrated)))
        for q in qualities(found)
    ]
    words = (
        "All gaps. Threshold and calibration are frozen on validation people. Raw, calibrated: mean distance of the "
        "probability that is said from the share of fakes, before and after calibration."
    )
    parts.append(
        (
            "Errors",
            words,
            ("trained on", "detector", "arm", "test fakes", "AUC", "EER", "accuracy", "raw", "calibrated"),
            table,
        )
    )
    parts.append(
        (
            "Reliability",
            "Arm aot, all fakes but controls, seeds together, calibrated on validation people.",
            ("detector", "said", "share of fakes", "samples"),
            reliability_rows(found),
        )
    )
    parts.append(_by_group(found))
    others = [(*row[:3], _area(row[3])) for row in outside(found)]
    if others:
        parts.append(("Detectors of others", None, ("detector", "test fakes", "n", "AUC"), others))
    return parts


def _resolved(rows: Sequence[ArmRow]) -> Block:
    """What the intervals say of the means over transfers never trained on."""
    said = [
        (r.base, r.detector, r.mode, r.test, r.gain.words(True), "yes" if r.gain.resolved else "no")
        for r in rows
        if r.gain is not None and r.test.startswith(MEAN)
    ]
    if not said:
        return "What is resolved", "No transfer in the test set is one that no arm was trained on.", (), []
    head = ("trained on", "detector", "mode", "test fakes", "aot - control", "resolved")
    return "What is resolved", "Resolved: the interval excludes 0.", head, said


def _by_group(found: Results) -> Block:
    """Groups down, test sets across."""
    tests = [str(one) for one in found.plain]
    table: dict[tuple[str, str, str], dict[str, str]] = {}
    for base, detector, group, test, count, area in groups_of(found):
        table.setdefault((base, detector, group), {})[test] = f"{_area(area)} ({count})"
    rows = [(*key, *(cells.get(test, "") for test in tests)) for key, cells in table.items()]
    words = "AUC of the first arm, and how many fakes. Reals of a tone group are of that tone."
    return "By gap and tone", words, ("trained on", "detector", "group", *tests), rows


def _area(value: float) -> str:
    return f"{value:.3f}"


def _gain(value: object) -> str:
    words = getattr(value, "words", None)
    if words is None:
        return ""
    return f"{words(True)}{'' if getattr(value, 'resolved', False) else ' n.r.'}"


def occlusion_of(found: Results, folder: Path, detector: str) -> np.ndarray:
    """The occlusion sheet of a detector, trained once more on the first base with the first seed."""
    matrix = found.matrix
    sides = load_sides(matrix, frames_of(matrix, detector), folder)
    arm = "aot" if "aot" in matrix.arms else matrix.arms[0]
    cell = Cell(matrix.bases[0], arm, matrix.modes[0] if arm == "aot" else "added", detector, 0)
    drawn, file = draw(sides.train, matrix, cell), kind(detector)
    settings = FitSettings(matrix.backbone, matrix.epochs, matrix.rate, matrix.penalty, 0)
    network = file.network(settings)
    file.fit(network, labelled(matrix, drawn), settings)
    fakes = [one for one in sides.test.items if one.fake and not one.info.control]
    return occlusion_sheet(lambda clips: logits(network, clips), _shown(fakes))


def _shown(fakes: Sequence[Item]) -> list[tuple[str, np.ndarray]]:
    """A few fakes, spread over methods and people."""
    methods = list(dict.fromkeys(str(one.info.method) for one in fakes))
    chosen = []
    for number in range(min(SHOWN, len(fakes))):
        mine = [one for one in fakes if one.info.method == methods[number % len(methods)]]
        one = mine[(7 * number) % len(mine)]
        chosen.append((str(one.info.method), one.clip[len(one.clip) // 2]))
    return chosen


def markdown(name: str, blocks: Iterable[Block]) -> str:
    """The report as Markdown."""
    lines = [f"# {name}", ""]
    for title, words, head, rows in blocks:
        lines += [f"## {title}", ""] + ([words, ""] if words else [])
        if head:
            lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
            lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows] + [""]
    return "\n".join(lines)


PAPER = (
    "Zhu et al., AOT (NeurIPS 2020): accuracy in percent on the hidden set of DeeperForensics-1.0, without and with 100 AOT "
    "videos. It has no control arm, no interval, and another test set: only the sign of the gain can be compared."
)
PAPER_HEAD = ("trained on", "I3D", "I3D + AOT", "TSN", "TSN + AOT")
PAPER_ROWS = (
    ("NeuralTextures", "63.63", "67.20", "57.38", "58.16"),
    ("DeepFakes", "56.63", "65.10", "57.63", "64.28"),
    ("Face2Face", "58.38", "62.66", "57.25", "62.24"),
    ("FaceSwap", "54.63", "66.07", "53.50", "60.20"),
)
