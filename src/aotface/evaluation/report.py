"""The page: acceptance, tables, plots and contact sheets of an output folder in one file; and Markdown."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from aotface.evaluation.contact import contact_sheet, inline
from aotface.evaluation.figures import along_light, light_and_leak, score_of, time_and_quality
from aotface.evaluation.results import Row, gather, methods_of, write_parquet
from aotface.evaluation.suites import SUITES
from aotface.evaluation.tables import HEADINGS, MAIN, acceptances, by_group, compare, judge
from aotface.media.files import write_bytes
from aotface.media.html_page import html_page
from aotface.media.runlog import environment, now

PARQUET, PAGE, MARKDOWN = "results.parquet", "report.html", "results.md"

STYLE = """
body{max-width:76rem}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:3rem;border-bottom:1px solid var(--line)}
table{font-size:12px;margin:1rem 0;display:block;overflow-x:auto}
caption{text-align:left;font-weight:600;padding:.3rem 0;font-size:14px;white-space:nowrap}
th,td{padding:.15rem .5rem;border:0;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left;font-weight:600}
.best{font-weight:700;color:var(--best)}
figure{display:inline-block;margin:.5rem 0;max-width:100%;overflow-x:auto}svg{max-width:100%;height:auto;background:#fff}
@media(max-width:700px){figure svg{max-width:none;width:640px}}
img{max-width:100%}details{overflow-x:auto}@media(max-width:700px){details img{max-width:none;width:760px}}
details summary{cursor:pointer;font-weight:600;margin:.5rem 0}
"""


def write_report(out: Path) -> list[Path]:
    """Make everything that is made of rows: the Parquet file, the page and the Markdown.

    Args:
        out: folder with the results of one or more suites.

    Returns:
        The three files.

    Raises:
        InputError: nothing was measured there.
        UsageError: pyarrow or matplotlib is not installed.
    """
    rows = gather(out)
    paths = [out / name for name in (PARQUET, PAGE, MARKDOWN)]
    write_parquet(paths[0], rows)
    write_bytes(paths[1], page(rows, out).encode(), overwrite=True)
    write_bytes(paths[2], markdown(rows).encode(), overwrite=True)
    return paths


def page(rows: Sequence[Row], out: Path) -> str:
    """The HTML page; it needs no other file."""
    suites = [name for name in SUITES if any(row["suite"] == name for row in rows)]
    found = environment()
    head = (
        f"<p>{escape(now())}, commit {escape(str(found['commit'])[:12])}, {escape(found['platform'])}. "
        "Medians; in brackets their 95 % bootstrap intervals, drawn by target person. "
        "Times are of one processor thread.</p>"
    )
    from aotface.evaluation.solvers import report as solvers  # imports torch

    parts = [_section(name, [row for row in rows if row["suite"] == name], out / name) for name in suites]
    parts.append(solvers.section(out))
    return html_page("Appearance benchmark", f"<h1>Appearance benchmark</h1>{head}{''.join(parts)}", STYLE)


def markdown(rows: Sequence[Row]) -> str:
    """One table per suite, medians only, with the acceptance: for a README."""
    parts = []
    for name, suite in SUITES.items():
        own = [row for row in rows if row["suite"] == name]
        if own:
            table = compare(own, "", intervals=False)
            passed = {method: "pass" if judge(own, method).passed else "fail" for method in methods_of(own)}
            lines = table.markdown().split("\n")
            ends = [" acceptance |", "---|", *(f" {passed[cells[0]]} |" for cells in table.cells)]
            text = "\n".join(line + end for line, end in zip(lines, ends, strict=True))
            parts.append(f"### {name}: {suite.summary}\n\n{text}\n")
    return "\n".join(parts)


def _section(name: str, rows: Sequence[Row], folder: Path) -> str:
    metric = score_of(rows)
    rest = [heading for heading in HEADINGS if heading not in MAIN]
    tables = [
        acceptances(rows, "Acceptance"),
        compare(rows, "Methods"),
        compare(rows, "Further metrics", rest),
        by_group(rows, "light", metric, f"{HEADINGS[metric]} by angle of the main light, degrees (pairs)"),
        by_group(rows, "tone", metric, f"{HEADINGS[metric]} by skin tone of the target (pairs)"),
        by_group(rows, "light", "leak", "target leakage by angle of the main light, degrees (pairs)"),
        by_group(rows, "tone", "leak", "target leakage by skin tone of the target (pairs)"),
    ]
    plots = [
        time_and_quality(rows, "time against quality"),
        light_and_leak(rows, "light against target leakage"),
        along_light(rows, "harder lights"),
    ]
    figures = "".join(f"<figure>{plot}</figure>" for plot in plots)
    body = "".join(table.html() for table in tables[:2]) + figures + "".join(t.html() for t in tables[2:])
    return f"<h2>{name}: {escape(SUITES[name].summary)}</h2>{body}{_sheets(rows, folder)}"


def _sheets(rows: Sequence[Row], folder: Path) -> str:
    parts = []
    for method in methods_of(rows):
        jpeg = contact_sheet(rows, folder, method)
        if jpeg:
            words = f"{method}: best, median and worst pair by {HEADINGS[score_of(rows)]}"
            parts.append(
                f"<details><summary>{escape(words)}</summary>{inline(jpeg, escape(words))}</details>"
            )
    return "".join(parts)
