"""Pages of results as one HTML file: no network, no script, legible on telephones, in light and in dark."""

import base64
import html
from collections.abc import Iterable, Sequence

from aotface.media.plain import jpeg_of
from aotface.types import Frame

STYLE = """
:root{color-scheme:light dark;--ink:#222;--paper:#fff;--line:#ccc;--edge:#0004;--soft:#fff3c4;--bad:#fbd5d0;
--ok:#1a7a34;--best:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#191919;--line:#444;--edge:#fff4;--soft:#4a4013;--bad:#6b2820;
--ok:#67c77f;--best:#8ab8ff}}
body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:var(--ink);
background:var(--paper);overflow-wrap:break-word}
.wide{overflow-x:auto;margin:1em 0;background:linear-gradient(90deg,var(--paper) 30%,transparent) 0/2.5em 100% local,
linear-gradient(270deg,var(--paper) 30%,transparent) 100%/2.5em 100% local,
linear-gradient(90deg,var(--edge),transparent) 0/.8em 100%,linear-gradient(270deg,var(--edge),transparent) 100%/.8em 100%;
background-repeat:no-repeat}table{border-collapse:collapse}
td,th{border:1px solid var(--line);padding:.25em .6em;text-align:right;white-space:nowrap}
.word{text-align:left}.long{white-space:normal;min-width:10em}.bad{background:var(--bad)}.ok{color:var(--ok)}
.warn{background:var(--soft);padding:.6em 1em;border:1px solid var(--line)}
.wide img{display:block;max-width:100%}@media(max-width:700px){.wide img{max-width:none;width:760px}}
"""

LONG = 20
"""Letters of words from which they may take several lines."""

Row = Sequence[object]


def html_page(title: str, body: str, style: str = "") -> str:
    """A whole page.

    Args:
        title: plain text.
        body: HTML.
        style: CSS that is added to `STYLE`.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}{style}</style></head><body>\n{body}\n</body></html>\n"
    )


def html_table(head: Iterable[object], rows: Iterable[Row], bad: Iterable[tuple[int, int]] = ()) -> str:
    """A table that scrolls within the page where it is too wide; columns of words stand left. Without rows: ``None.``

    Args:
        head: of the columns.
        rows: of plain values.
        bad: row and column of cells that are marked, from 0.
    """
    rows = list(rows)
    if not rows:
        return "<p>None.</p>"
    words, table, marked = list(head), [list(map(str, row)) for row in rows], set(bad)
    left = [not any(_is_number(row[at]) for row in table if at < len(row)) for at in range(len(words))]

    def cell(tag: str, value: object, at: int, number: int = -1) -> str:
        classes = ["word"] * left[at] + ["long"] * (len(str(value)) > LONG and left[at])
        classes += ["bad"] * ((number, at) in marked)
        named = f' class="{" ".join(classes)}"' if classes else ""
        return f"<{tag}{named}>{html.escape(str(value))}</{tag}>"

    lines = ["<tr>" + "".join(cell("th", word, at) for at, word in enumerate(words)) + "</tr>"]
    for number, row in enumerate(table):
        lines.append(
            "<tr>" + "".join(cell("td", value, at, number) for at, value in enumerate(row)) + "</tr>"
        )
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def html_picture(title: str, picture: Frame, quality: int) -> str:
    """A picture within the page, as JPEG; on a narrow screen it scrolls rather than shrinks."""
    data = base64.b64encode(jpeg_of(picture, quality)).decode()
    return f'<div class="wide"><img alt="{html.escape(title)}" src="data:image/jpeg;base64,{data}"></div>'


def _is_number(text: str) -> bool:
    return text[:1] in tuple("0123456789.-+") and any(letter.isdigit() for letter in text)
