"""``aotface refine``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from aotface.commands.writing import Writing
from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Refine(Writing):
    """Move a face that any other tool has already swapped into the light and tone of its target.

    A folder of swapped pictures and a folder of targets meet by file name; with --fps they are the frames of a video.
    """

    swapped: Annotated[
        str,
        Option(
            "--swapped",
            "-s",
            help="Picture after the swap, of the target's size, or an aligned square crop of the face; "
            "or video, or folder of its frames.",
        ),
    ]
    target: Annotated[
        str,
        Option("--target", "-t", help="The original picture or video: its light and tone are wanted."),
    ]
    fps: Annotated[
        str | None,
        Option("--fps", help="Folders are the frames of a video of this rate: 25, or 30000/1001."),
    ] = None
    mask: Annotated[
        Path | None,
        Option(
            "--mask",
            help="Mask of the swap, white where it shows: picture, video, or folder of frames. Else it is found.",
        ),
    ] = None

    def run(self, reporter: Reporter) -> None:
        """Refine every pair."""
        self.run_as("refine", reporter)
