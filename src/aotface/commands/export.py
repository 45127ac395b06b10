"""``aotface export``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Export:
    """Turn the run in FOLDER into weights that `aotface swap` can use, with a model card beside them."""

    folder: Annotated[Path, Argument(help="Folder of the run.")]
    output: Annotated[Path, Option("--output", "-o", help="The .safetensors file to write.")]
    onnx: Annotated[Path | None, Option("--onnx", help="Also write the network as this .onnx file.")] = None
    light_resolution: Annotated[
        int | None,
        Option(
            "--light-resolution",
            min=32,
            help="Side at which light is split into octaves: finer edges of shadow.",
        ),
    ] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace existing files.")] = False

    def run(self, reporter: Reporter) -> None:
        """Write the files and say what was checked."""
        from aotface.media.files import show
        from aotface.training.export import export

        found = export(self.folder, self.output, self.overwrite, self.onnx, self.light_resolution)
        reporter.say(
            f"{show(self.output)}  (fp16 moves no pixel by more than {found['fp16'] * 127.5:.2f} of 255)"
        )
        if self.onnx is not None:
            reporter.say(
                f"{show(self.onnx)}  (no output differs from torch by more than {found['onnx']:.1e})"
            )
        reporter.say(f"{show(self.output.with_suffix('.md'))}  (fill in what only you know)")
