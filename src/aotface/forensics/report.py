"""A finished experiment as one Markdown file and one HTML page: tables, controls, and what is not resolved."""

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from aotface.forensics.crops import Item, stacked
from aotface.forensics.detectors import kind
from aotface.forensics.detectors.base import FitSettings, Labelled, logits
from aotface.forensics.experiment import frames_of, load_sides
from aotface.forensics.matrix import SHUFFLED, Cell, draw
from aotface.forensics.measures import reliability
from aotface.forensics.occlusion import occlusion_sheet
from aotface.forensics.results import Results
from aotface.forensics.tables import (
    MEAN,
    ArmRow,
    arm_rows,
    controls,
    detectability,
    groups_of,
    outside,
    qualities,
)
from aotface.media.plain import jpeg_of

SHOWN, QUALITY = 6, 90
"""Fakes in the occlusion sheet, and its JPEG quality."""

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:.25em .6em;text-align:right}
th:first-child,td:first-child{text-align:left}img{max-width:100%}.warn{background:#fff3c4;padding:.6em 1em}
"""

Row = Sequence[object]
Block = tuple[str, str | None, Sequence[str], Sequence[Row]]
"""Title, words under it, head and rows of a table (none: no table)."""


def blocks_of(found: Results) -> list[Block]:
    """Every part of the report."""
    rows = arm_rows(found)
    matrix = found.matrix
    people = {found.lines[name].target_person for name in found.reals}
    intro = (
        f"{len(people)} held-out people, {len(found.reals)} reals, {matrix.seeds} seeds, {len(found.cells)} trainings. "
        "Areas under the curve (AUC): .5 tells nothing, 1 everything. Brackets: 95 % intervals by a paired bootstrap over "
        "target people, source people and seeds."
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
        ("What is resolved", _resolved(rows), (), []),
    ]
    checked = [
        (c.name, _area(c.value), f"{c.low:.2f} to {c.high:.2f}", "ok" if c.passed else "FAILS")
        for c in controls(found)
    ]
    parts.append(("Controls", None, ("control", "AUC", "expected", ""), checked))
    parts.append(("The paper", PAPER, PAPER_HEAD, PAPER_ROWS))
    hard = [(name, _area(area), count) for name, area, count in detectability(found)]
    words = "Mean AUC of detectors that never saw the transfer, arm none. Low is hard to detect."
    parts.append(("Detectability", words, ("transfer", "AUC", "fakes"), hard))
    table = [
        (q.base, q.detector, q.arm, q.test, *map(_area, (q.auc, q.eer, q.accuracy, q.calibration)))
        for q in qualities(found)
    ]
    words = "All gaps. The threshold of the accuracy is frozen on validation people. Calibration: distance of said and true."
    parts.append(
        (
            "Errors",
            words,
            ("trained on", "detector", "arm", "test fakes", "AUC", "EER", "accuracy", "calibration"),
            table,
        )
    )
    parts.append(
        (
            "Reliability",
            "Arm aot, all fakes but controls, seeds together.",
            ("detector", "said", "share of fakes", "samples"),
            _reliability(found),
        )
    )
    strata = [(*row[:5], _area(row[5])) for row in groups_of(found)]
    parts.append(
        (
            "By gap and tone",
            "Arm none.",
            ("trained on", "detector", "group", "test fakes", "n", "AUC"),
            strata,
        )
    )
    others = [(*row[:3], _area(row[3])) for row in outside(found)]
    if others:
        parts.append(("Detectors of others", None, ("detector", "test fakes", "n", "AUC"), others))
    return parts


def _resolved(rows: Sequence[ArmRow]) -> str:
    """What the intervals say, in words, of the means over transfers never trained on."""
    said = []
    for row in rows:
        if row.gain is not None and row.test.startswith(MEAN):
            word = "excludes 0" if row.gain.resolved else "includes 0: not resolved"
            said.append(f"{row.detector} on {row.base}, {row.mode}: {row.gain.words(True)} {word}.")
    return " ".join(said) or "No transfer in the test set is one that no arm was trained on."


def _reliability(found: Results) -> list[Row]:
    rows: list[Row] = []
    fakes = found.names("test", lambda one: one.label == "fake" and not one.control)
    arm = "aot" if "aot" in found.matrix.arms else found.matrix.arms[0]
    for detector in found.matrix.detectors:
        cells = [
            c for base in found.matrix.bases for c in found.seeds(base, arm, found.matrix.modes[0], detector)
        ]
        real = np.concatenate([found.scores(cell, found.reals) for cell in cells])
        fake = np.concatenate([found.scores(cell, fakes) for cell in cells])
        rows += [
            (detector, f"{said:.2f}", f"{share:.2f}", count)
            for said, share, count in reliability(real, fake)[0]
        ]
    return rows


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
    file.fit(network, Labelled(stacked(drawn.items), np.array(drawn.fake)), settings)
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


def page(name: str, blocks: Iterable[Block], sheets: Sequence[tuple[str, np.ndarray]]) -> str:
    """The report as one HTML page: no network, no script."""
    parts = [f"<h1>{html.escape(name)}</h1>", f'<p class="warn">{html.escape(LIMITS)}</p>']
    for title, words, head, rows in blocks:
        parts += [f"<h2>{html.escape(title)}</h2>"] + ([f"<p>{html.escape(words)}</p>"] if words else [])
        if head:
            table = ["<tr>" + "".join(f"<th>{html.escape(str(v))}</th>" for v in head) + "</tr>"]
            table += [
                "<tr>" + "".join(f"<td>{html.escape(str(v))}</td>" for v in row) + "</tr>" for row in rows
            ]
            parts.append(f"<table>{''.join(table)}</table>")
    for title, picture in sheets:
        data = base64.b64encode(jpeg_of(picture, QUALITY)).decode()
        parts.append(
            f'<h2>{html.escape(title)}</h2><img alt="{html.escape(title)}" src="data:image/jpeg;base64,{data}">'
        )
    return (
        f'<!doctype html><meta charset="utf-8"><title>{html.escape(name)}</title><style>{STYLE}</style>'
        + "\n".join(parts)
    )


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

LIMITS = (
    "These detectors were trained on small sets of one swapper. A score says how alike a picture is to those fakes. "
    "It is no verdict on a person, and no proof that a picture is or is not manipulated."
)
