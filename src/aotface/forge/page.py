"""One HTML page of a set: what is in it, samples by method and gap, the audit, and what fails. No network, no script."""

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
from aotface.forge.verify import FEWEST, Verified
from aotface.media.html_page import Row, html_page, html_picture, html_table
from aotface.media.sheet import Panel, sheet

COLUMNS, HEIGHT, QUALITY = 6, 160, 85
"""Of a sheet: samples in a row, height of each in pixels, and JPEG quality."""

WARNING = '<p class="warn"><b>Faces in this set were swapped by software.</b> No fake shows what a person did or said.</p>'


def page_of(whole: Store, found: Verified) -> str:
    """The page as HTML."""
    lines = whole.lines
    fakes = any(line.label == "fake" for line in lines)
    title = f"{whole.facts().get('name', 'set')}: {'manipulated faces' if fakes else 'reals only'}"
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        WARNING if fakes else "",
        "<h2>Checks</h2>",
        _checks(found),
        "<h2>What is in it</h2>",
        html_table(("split", "reals", "fakes", "controls", "frames", "people"), _splits(lines)),
        "<h3>Fakes by method and appearance gap</h3>",
        html_table(("method", *STRATA, "own face"), _methods(lines)),
        "<h3>Appearance before and after the transfer</h3>"
        "<p>Median distance from the target's light and tone, place by place (dE), and of its skin tone (degrees).</p>",
        html_table(
            ("method", "stratum", "dE before", "dE after", "tone before", "tone after"), _distances(lines)
        ),
        "<h3>Targets by tone and light</h3>",
        html_table(("tone", "front", "left", "right", "above", "below", "none"), _lights(lines)),
        f"<h2>Shortcut audit</h2><p>Area under the curve of one number alone, reals against fakes: 0.5 tells nothing. "
        f"Above {LIMIT} it is marked; controls are there to show a cue, and do not fail.</p>",
        _audit(found.findings),
        "<h2>Samples</h2>",
        *(_sheets(whole) if fakes else ["<p>None.</p>"]),
    ]
    return html_page(title, "\n".join(parts))


def _checks(found: Verified) -> str:
    rows = []
    for check in found.checks:
        said = '<span class="ok">ok</span>' if check.passed else "<b>fails</b>"
        said = f"not judged: it needs {FEWEST} reals, and fakes" if found.unjudged(check) else said
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in check.lines)
        rows.append(f"<li>{html.escape(check.name)}: {said}{f'<ul>{lines}</ul>' if lines else ''}</li>")
    return f"<ul>{''.join(rows)}</ul>"


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
    rows, bad = [], []
    for number, cue in enumerate(dict.fromkeys(one.cue for one in findings)):
        found = {one.method: one for one in findings if one.cue == cue}
        rows.append((cue, *(f"{found[name].auc:.3f}" for name in methods)))
        bad += [(number, at) for at, name in enumerate(methods, 1) if found[name].flagged]
    return html_table(("cue", *methods), rows, bad)


def _sheets(whole: Store) -> Iterable[str]:
    for method in _fake_methods(whole.lines):
        for stratum in (*STRATA, None):
            mine = list(whole.samples(method=method, stratum=stratum))
            if not mine:
                continue
            step = max(1, len(mine) // COLUMNS)
            picture = sample_sheet(whole, mine[::step][:COLUMNS])
            if picture is not None:
                title = f"{method}, {'own face' if stratum is None else f'{stratum} gap'}"
                yield f"<h3>{html.escape(title)}</h3>{html_picture(title, picture, QUALITY)}"


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
