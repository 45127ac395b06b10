"""The report of an experiment as one HTML page: no network, no script."""

import base64
import html
from collections.abc import Iterable, Sequence

import numpy as np

from aotface.forensics.measures import Interval
from aotface.forensics.tables import MEAN, ArmRow
from aotface.media.plain import jpeg_of

QUALITY = 90
"""JPEG quality of pictures."""

Row = Sequence[object]
Block = tuple[str, str | None, Sequence[str], Sequence[Row]]
"""Title, words under it, head and rows of a table (none: no table)."""

LIMITS = (
    "These detectors were trained on small sets of one swapper. A score says how alike a picture is to those fakes. "
    "It is no verdict on a person, and no proof that a picture is or is not manipulated."
)

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.7em}h2{font-size:1.2em;margin:1.8em 0 .4em}
.table{overflow-x:auto}table{border-collapse:collapse;margin:.6em 0;font-size:14px}
td,th{border-bottom:1px solid #ddd;padding:.25em .7em;text-align:left;vertical-align:top}
th{border-bottom:2px solid #999}td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr.mean td{font-weight:600;background:#f3f5f8}img,svg{max-width:100%;height:auto}
.warn{background:#fff3c4;padding:.6em 1em}svg text{font:13px system-ui,sans-serif;fill:#222}
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
            parts.append(_table(head, cells))
            parts.append(plot)
            plot = ""
    for title, picture in sheets:
        data = base64.b64encode(jpeg_of(picture, QUALITY)).decode()
        alt = html.escape(title)
        parts.append(f'<h2>{alt}</h2><img alt="{alt}" src="data:image/jpeg;base64,{data}">')
    start = f'<!doctype html><meta charset="utf-8"><title>{html.escape(name)}</title><style>{STYLE}</style>'
    return start + "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """Columns of numbers stand to the right, others to the left."""
    numbers = [all(_is_number(str(row[k])) for row in rows) for k in range(len(head))]
    lines = [
        "<tr>" + "".join(_cell("th", v, n) for v, n in zip(head, numbers, strict=True)) + "</tr>",
        *(
            f"<tr{_mark(row)}>"
            + "".join(_cell("td", v, n) for v, n in zip(row, numbers, strict=True))
            + "</tr>"
            for row in rows
        ),
    ]
    return f'<div class="table"><table>{"".join(lines)}</table></div>'


def _cell(tag: str, value: object, number: bool) -> str:
    return f"<{tag}{' class=n' if number else ''}>{html.escape(str(value))}</{tag}>"


def _mark(row: Row) -> str:
    return " class=mean" if any(str(value).startswith(MEAN) for value in row) else ""


def _is_number(word: str) -> bool:
    return not word or word[0] in "+-.0123456789"


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
        f'<svg viewBox="0 0 {PLOT_WIDTH} {height}" width="{PLOT_WIDTH}" role="img" aria-label="gain of aot over control">'
        + "".join((*axis, *lines))
        + "</svg>"
    )


def _at(value: float, reach: float) -> int:
    """The column of a gain."""
    middle = (PLOT_WIDTH + NAMES_WIDTH) / 2
    return round(middle + value / reach * (PLOT_WIDTH - NAMES_WIDTH - 40) / 2)


def _plot_line(name: str, gain: Interval, y: int, reach: float) -> str:
    colour = "#8a8f98" if not gain.resolved else "#1a7f37" if gain.low > 0 else "#b42318"
    mean = f": {MEAN}" in name
    short = html.escape(name.replace(f"{MEAN}: ", "mean of never trained on, ") if mean else name)
    short = short if len(short) <= 58 else short[:56] + "…"
    bold = ' style="font-weight:600"' if mean else ""
    low, high, middle = (_at(value, reach) for value in (gain.low, gain.high, gain.value))
    return (
        f'<text x="0" y="{y + 4}"{bold}>{short}</text>'
        f'<line x1="{low}" x2="{high}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="{4 if mean else 2}"/>'
        f'<circle cx="{middle}" cy="{y}" r="{6 if mean else 4}" fill="{colour}"/>'
    )
