"""Contact sheets: the best, the middle and the worst pair of a method, as they were kept during the run."""

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aotface.evaluation.figures import score_of
from aotface.evaluation.results import Row
from aotface.media.image import encode_image, read_image
from aotface.media.sheet import Panel, sheet

HEIGHT = 150
QUALITY = 82


def contact_sheet(rows: Sequence[Row], folder: Path, method: str) -> bytes | None:
    """Draw one method's sheet: for three pairs X_r, X_t, the result, and the ground truth where there is one.

    Args:
        rows: of one suite.
        folder: of that suite, with its pictures.
        method: whose results.

    Returns:
        A JPEG; None where no pictures were kept.
    """
    metric = score_of(rows)
    own = [row for row in rows if row["method"] == method and np.isfinite(row.get(metric, np.nan))]
    own.sort(key=lambda row: (row[metric], row["pair"]))  # of both scores less is better
    chosen = {"best": own[0], "median": own[len(own) // 2], "worst": own[-1]} if own else {}
    panels = [
        _row(folder, row, method, f"{word} {row[metric]:.1f}: {method}") for word, row in chosen.items()
    ]
    panels = [row for row in panels if row]
    if not panels:
        return None
    pairs = [panels[0] + panels[1] + panels[2]] if len(panels) == 3 and len(panels[0]) < 4 else panels
    return encode_image(sheet(pairs, HEIGHT), "JPEG", quality=QUALITY)


def _row(folder: Path, row: Row, method: str, words: str) -> list[Panel]:
    names = (("_reenacted", "X_r"), ("_target", "X_t"), (method, words), ("_truth", "ground truth"))
    places = [(folder / "pictures" / f"{row['pair']}.{name}.jpg", label) for name, label in names]
    return [Panel(read_image(path).frame, label) for path, label in places if path.is_file()]


def inline(jpeg: bytes, words: str) -> str:
    """A JPEG as an HTML element that needs no other file."""
    return f'<img alt="{words}" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'
