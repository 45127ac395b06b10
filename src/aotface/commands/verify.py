"""``aotface verify``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument

from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Say which marks a file carries: content credentials, and the invisible watermark."""

    file: Annotated[Path, Argument(help="Picture or video to check.")]

    def run(self, reporter: Reporter) -> None:
        """Say the report's lines; finding no mark is an answer, not an error."""
        from aotface.provenance.verify import verify

        for line in verify(self.file).lines():
            reporter.say(line)
