"""``aotface inspect``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.commands.voice import Voice


@dataclass(frozen=True, kw_only=True)
class Inspect:
    """Draw what is seen in PICTURE: faces and their numbers, mesh, normals, PNCC, visible skin, light."""

    picture: Annotated[Path, Argument(help="Picture to look into.")]
    output: Annotated[Path, Option("--output", "-o", help="Sheet to write (PNG or JPEG).")]
    overwrite: Annotated[bool, Option("--overwrite", help="Replace an existing sheet.")] = False

    def run(self, voice: Voice) -> None:
        """Write the sheet, and one line per face."""
        from aotface.errors import UsageError
        from aotface.media.files import check_output, same_file, show

        if same_file(self.picture, self.output):
            raise UsageError(f"{show(self.output)} is the picture itself: choose another output")
        check_output(self.output, self.overwrite)
        from aotface.inspection import inspect
        from aotface.media.image import read_image, write_image

        found = inspect(read_image(self.picture).frame)
        write_image(self.output, found.sheet, overwrite=self.overwrite)
        for face in found.faces:
            x0, y0, x1, y1 = face.aligned.face.box
            where = f"{x0:.0f},{y0:.0f} to {x1:.0f},{y1:.0f}"
            voice.say(f"face {face.aligned.face.index}: {x1 - x0:.0f} x {y1 - y0:.0f} px, {where}")
        voice.say(show(self.output))
