"""The report of an experiment as one HTML page, with a plot of the gains."""

import html
from collections.abc import Iterable, Sequence

import numpy as np

from aotface.forensics.measures import Interval
from aotface.forensics.tables import MEAN, ArmRow
from aotface.media.html_page import Row, html_page, html_picture, html_table

QUALITY = 90
"""JPEG quality of pictures."""

FAILS = "FAILS"
"""A cell of what is not as expected."""

Block = tuple[str, str | None, Sequence[str], Sequence[Row]]
"""Title, words under it, head and rows of a table (none: no table)."""

LIMITS = (
    "These detectors were trained on small sets of one swapper. A score says how alike a picture is to those fakes. "
    "It is no verdict on a person, and no proof that a picture is or is not manipulated."
)

STYLE = """
body{max-width:1320px}svg{max-width:100%;height:auto}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}
@media(max-width:700px){svg{max-width:none;width:760px}}
:root{--worse:#b42318;--even:#8a8f98}@media(prefers-color-scheme:dark){:root{--worse:#f0867b}}
.better{stroke:var(--ok);fill:var(--ok)}.worse{stroke:var(--worse);fill:var(--worse)}.even{stroke:var(--even);fill:var(--even)}
"""

PLOT_WIDTH, NAMES_WIDTH, LINE = 1000, 380, 24
"""Of the plot of gains, in pixels: its width, the width for names, and the height of a line."""


def page(
    name: str, blocks: Iterable[Block], rows: Sequence[ArmRow], sheets: Sequence[tuple[str, np.ndarray]]
) -> str:
    """The page.

    Args:
        name: of the experiment.
        blocks: its tables.
        rows: of the main table, whose gains are plotted after it.
        sheets: titles and pictures.
    """
    parts = [f"<h1>{html.escape(name)}</h1>", f'<p class="warn">{html.escape(LIMITS)}</p>']
    plot = gains_plot(rows)
    for title, words, head, cells in blocks:
        parts += [f"<h2>{html.escape(title)}</h2>"] + ([f"<p>{html.escape(words)}</p>"] if words else [])
        if head:
            bad = [
                (line, at) for line, row in enumerate(cells) for at, cell in enumerate(row) if cell == FAILS
            ]
            parts.append(html_table(head, cells, bad))
            parts.append(plot)
            plot = ""
    for title, picture in sheets:
        parts.append(f"<h2>{html.escape(title)}</h2>{html_picture(title, picture, QUALITY)}")
    return html_page(name, "\n".join(parts), STYLE)


def gains_plot(rows: Sequence[ArmRow]) -> str:
    """Each test set's gain of aot over control with its interval, as SVG; empty where the arms were not run."""
    known = [(row, row.gain) for row in rows if row.gain is not None]
    if not known:
        return ""
    reach = max(0.02, *(max(abs(gain.low), abs(gain.high)) for _, gain in known)) * 1.05
    several = len({(row.base, row.detector) for row, _ in known}) > 1
    lines = []
    for number, (row, gain) in enumerate(known):
        own = f"{row.base}, {row.detector}, " if several else ""
        lines.append(_plot_line(f"{own}{row.mode}: {row.test}", gain, 14 + LINE * number, reach))
    height = LINE * len(known) + 34
    zero, top = _at(0.0, reach), LINE * len(known) + 6
    axis = [f'<line x1="{zero}" x2="{zero}" y1="0" y2="{top}" stroke="#888"/>']
    for value in (-reach / 1.05, 0.0, reach / 1.05):
        words = f"{value:+.2f}" if value else "0"
        axis.append(f'<text x="{_at(value, reach)}" y="{height - 8}" text-anchor="middle">{words}</text>')
    return (
        "<p>Gain in AUC of aot over control, with 95 % intervals. Grey: the interval includes 0.</p>"
        f'<div class="wide"><svg viewBox="0 0 {PLOT_WIDTH} {height}" '
        f'width="{PLOT_WIDTH}" role="img" aria-label="gain of aot over control">'
        + "".join((*axis, *lines))
        + "</svg></div>"
    )


def _at(value: float, reach: float) -> int:
    """The column of a gain."""
    middle = (PLOT_WIDTH + NAMES_WIDTH) / 2
    return round(middle + value / reach * (PLOT_WIDTH - NAMES_WIDTH - 40) / 2)


def _plot_line(name: str, gain: Interval, y: int, reach: float) -> str:
    kind = "even" if not gain.resolved else "better" if gain.low > 0 else "worse"
    mean = f": {MEAN}" in name
    short = name.replace(f"{MEAN}: ", "mean of never trained on, ") if mean else name
    short = html.escape(short if len(short) <= 58 else short[:56] + "…")
    bold = ' style="font-weight:600"' if mean else ""
    low, high, middle = (_at(value, reach) for value in (gain.low, gain.high, gain.value))
    return (
        f'<text x="0" y="{y + 4}"{bold}>{short}</text>'
        f'<line class="{kind}" x1="{low}" x2="{high}" y1="{y}" y2="{y}" stroke-width="{4 if mean else 2}"/>'
        f'<circle class="{kind}" cx="{middle}" cy="{y}" r="{6 if mean else 4}"/>'
    )
