"""What one file of the corpus is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Make = Callable[[np.ndarray], bytes]
Place = Callable[[Path, np.ndarray], None]


@dataclass(frozen=True)
class Entry:
    """A recipe: a file name, how to make its bytes (or how to put something else there), what reading gives.

    ``error``: name of the error class; "" = it is read. ``limit``: how far the frame may be from the base
    picture, mean absolute difference in 1/255; None = it shows something else. ``notes``: whether the picture
    must come with a note.
    """

    file: str
    make: Make | None = None
    error: str = ""
    limit: float | None = None
    notes: bool = False
    place: Place | None = None
