"""One HTML page of a set: what is in it, samples by method and gap, the audit, and what fails. No network, no script."""

import base64
import html
from collections import Counter
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from aotface.errors import AotfaceError
from aotface.forge.about import light_bin
from aotface.forge.audit import LIMIT, Finding
from aotface.forge.plan import SPLITS, STRATA
from aotface.forge.store import FRAMES, MASKS, Sample, Store, StoredSample
from aotface.forge.verify import Verified
from aotface.media.plain import jpeg_of
from aotface.media.sheet import Panel, sheet

COLUMNS, HEIGHT, QUALITY = 6, 160, 85
"""Of a sheet: samples in a row, height of each in pixels, and JPEG quality."""

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:.25em .6em;text-align:right}
th:first-child,td:first-child{text-align:left}.bad{background:#fbd5d0}.ok{color:#1a7a34}.warn{background:#fff3c4;
padding:.6em 1em;border:1px solid #e0c860}img{max-width:100%;display:block;margin:.5em 0 1.5em}
"""

Row = Sequence[object]


def page_of(whole: Store, found: Verified) -> str:
    """The page as HTML."""
    name = html.escape(str(whole.facts().get("name", "set")))
    lines = whole.lines
    parts = [
        f"<h1>{name}: manipulated faces</h1>",
        '<p class="warn"><b>Faces in this set were swapped by software.</b> No fake shows what a person did or said.</p>',
        "<h2>Checks</h2>",
        _checks(found),
        "<h2>What is in it</h2>",
        _table(("split", "reals", "fakes", "controls", "frames", "people"), _splits(lines)),
        "<h3>Fakes by method and appearance gap</h3>",
        _table(("method", *STRATA, "own face"), _methods(lines)),
        "<h3>Appearance before and after the transfer</h3>"
        "<p>Median distance from the target's light and tone, place by place (dE), and of its skin tone (degrees).</p>",
        _table(
            ("method", "stratum", "dE before", "dE after", "tone before", "tone after"), _distances(lines)
        ),
        "<h3>Targets by tone and light</h3>",
        _table(("tone", "front", "left", "right", "above", "below", "none"), _lights(lines)),
        f"<h2>Shortcut audit</h2><p>Area under the curve of one number alone, reals against fakes: 0.5 tells nothing. "
        f"Above {LIMIT} it is marked; controls are there to show a cue, and do not fail.</p>",
        _audit(found.findings),
        "<h2>Samples</h2>",
        *_sheets(whole),
    ]
    head = f'<!doctype html><meta charset="utf-8"><title>{name}</title><style>{STYLE}</style>'
    return head + "\n".join(parts) + "\n"


def _checks(found: Verified) -> str:
    rows = []
    for check in found.checks:
        said = '<span class="ok">ok</span>' if check.passed else "<b>fails</b>"
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in check.lines)
        rows.append(f"<li>{html.escape(check.name)}: {said}{f'<ul>{lines}</ul>' if lines else ''}</li>")
    return f"<ul>{''.join(rows)}</ul>"


def _table(head: Iterable[str], rows: Iterable[Row]) -> str:
    cells = ["<tr>" + "".join(f"<th>{html.escape(str(word))}</th>" for word in head) + "</tr>"]
    for row in rows:
        cells.append("<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row) + "</tr>")
    return f"<table>{''.join(cells)}</table>"


def _splits(lines: Sequence[Sample]) -> Iterable[Row]:
    for split in SPLITS:
        mine = [line for line in lines if line.split == split]
        fakes = [line for line in mine if line.label == "fake"]
        people = {line.target_person for line in mine}
        controls = sum(line.control for line in fakes)
        frames = sum(line.frames_count for line in mine)
        yield split, len(mine) - len(fakes), len(fakes) - controls, controls, frames, len(people)


def _fake_methods(lines: Sequence[Sample]) -> list[str]:
    return list(dict.fromkeys(str(line.method) for line in lines if line.label == "fake"))


def _methods(lines: Sequence[Sample]) -> Iterable[Row]:
    for method in _fake_methods(lines):
        count = Counter(line.stratum for line in lines if line.method == method)
        yield method, *(count[stratum] for stratum in STRATA), count[None]


def _distances(lines: Sequence[Sample]) -> Iterable[Row]:
    for method in _fake_methods(lines):
        for stratum in STRATA:
            mine = [line for line in lines if line.method == method and line.stratum == stratum]
            pairs = (
                ("before", "lf_de"),
                ("after", "lf_de"),
                ("before", "tone_degrees"),
                ("after", "tone_degrees"),
            )
            values = [
                [v for line in mine if (v := (getattr(line, when) or {}).get(name)) is not None]
                for when, name in pairs
            ]
            if mine:
                yield method, stratum, *(f"{np.median(v):.1f}" if v else "" for v in values)


def _lights(lines: Sequence[Sample]) -> Iterable[Row]:
    reals = [line for line in lines if line.label == "real"]
    for tone in dict.fromkeys(line.tone for line in reals):
        count = Counter(light_bin(line.light) for line in reals if line.tone == tone)
        yield tone, *(count[place] for place in ("front", "left", "right", "above", "below", "none"))


def _audit(findings: Sequence[Finding]) -> str:
    methods = list(dict.fromkeys(one.method for one in findings))
    rows = ["<tr><th>cue</th>" + "".join(f"<th>{html.escape(name)}</th>" for name in methods) + "</tr>"]
    for cue in dict.fromkeys(one.cue for one in findings):
        found = {one.method: one for one in findings if one.cue == cue}
        cells = "".join(
            f'<td class="{"bad" if found[name].flagged else ""}">{found[name].auc:.3f}</td>'
            for name in methods
        )
        rows.append(f"<tr><td>{html.escape(cue)}</td>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _sheets(whole: Store) -> Iterable[str]:
    for method in _fake_methods(whole.lines):
        for stratum in (*STRATA, None):
            mine = list(whole.samples(method=method, stratum=stratum))
            if not mine:
                continue
            step = max(1, len(mine) // COLUMNS)
            picture = sample_sheet(whole, mine[::step][:COLUMNS])
            if picture is not None:
                data = base64.b64encode(jpeg_of(picture, QUALITY)).decode()
                title = f"{method}, {'own face' if stratum is None else f'{stratum} gap'}"
                yield f'<h3>{html.escape(title)}</h3><img alt="{html.escape(title)}" src="data:image/jpeg;base64,{data}">'


def sample_sheet(whole: Store, samples: Sequence[StoredSample]) -> np.ndarray | None:
    """Samples side by side: the source's real, the target's real, the fake, and its mask; None where none can be read."""
    rows: list[list[Panel]] = [[], [], [], []]
    for sample in samples:
        number = sample.info.frames_count // 2
        try:
            real = whole.real_of(sample).array(FRAMES, number)
            fake, mask = sample.array(FRAMES, number), sample.array(MASKS, number)
            source = real
            if sample.info.source not in (None, sample.info.target):
                source = whole.sample(f"real-{sample.info.source}").array(FRAMES, 0)
        except AotfaceError:
            continue
        grey = cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB)
        names = (f"source {sample.info.source}", f"target {sample.info.target}", sample.info.id, "mask")
        for row, picture, name in zip(rows, (source, real, fake, grey), names, strict=True):
            row.append(Panel(_square(picture), name))
    return sheet(rows, HEIGHT) if rows[0] else None


def _square(picture: np.ndarray) -> np.ndarray:
    """The middle of a picture as a square, so that columns meet."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]
