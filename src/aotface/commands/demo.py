"""``aotface demo``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Swap sample faces through every transfer method, side by side into one labelled sheet.

    The samples are synthetic faces. With --source and --target it does the same with your own pictures.
    """

    output: Annotated[Path, Option("--output", "-o", help="Folder to write into.")]
    source: Annotated[
        str | None, Option("--source", "-s", help="Your own sources: picture, folder or glob.")
    ] = None
    target: Annotated[
        str | None, Option("--target", "-t", help="Your own targets: picture, folder or glob.")
    ] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace what an earlier run left.")] = False

    def run(self, reporter: Reporter) -> None:
        """Write the pictures and the sheet."""
        from aotface.demo import demonstrate
        from aotface.media.files import show

        sheet = demonstrate(self.output, self.source, self.target, self.overwrite, reporter.say)
        reporter.say(f"look at {show(sheet)}")
