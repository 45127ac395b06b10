"""``aotface swap``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from aotface.commands.writing import Writing
from aotface.options import Options
from aotface.reenact.registry import ReenactorSettings, reenactor_names
from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Swap(Writing):
    """Put the face of SOURCE into TARGET, in the target's pose, light and skin tone.

    Several sources and several targets (folders or globs) give every pair, as files in the folder OUTPUT.
    """

    target: Annotated[
        str,
        Option(
            "--target",
            "-t",
            help="Picture or video to edit; pose, light and background stay: file, folder or glob.",
        ),
    ]
    source: Annotated[
        str, Option("--source", "-s", help="Person whose identity is wanted: picture, folder or glob.")
    ] = ""
    face_map: Annotated[
        Path | None,
        Option("--face-map", help="In place of --source: TOML file that says which face gets which source."),
    ] = None
    source_face: Annotated[
        str, Option("--source-face", help="Face of the source: largest, or its number.")
    ] = Options.source_face
    gaze: Annotated[
        str,
        Option(
            "--gaze", help="Where the new face looks: where TARGET's does, or as in the source's picture."
        ),
    ] = Options.gaze
    reenact: Annotated[
        str,
        Option(
            "--reenact",
            help=f"How the source gets the target's pose, one of: {', '.join(reenactor_names())}.",
        ),
    ] = ReenactorSettings.name
    reenact_config: Annotated[
        Path | None,
        Option("--reenact-config", help="Of --reenact onnx: TOML file that describes the swapper."),
    ] = None
    reenact_model: Annotated[
        Path | None, Option("--reenact-model", help="The swapper's ONNX file, of a reenactor with weights.")
    ] = None
    reenact_embedding: Annotated[
        Path | None,
        Option("--reenact-embedding", help="ONNX file of the network that tells who the source is."),
    ] = None
    reenact_converter: Annotated[
        Path | None,
        Option("--reenact-converter", help="ONNX file that turns that embedding into the swapper's own."),
    ] = None

    def run(self, reporter: Reporter) -> None:
        """Swap every pair."""
        self.run_as("swap", reporter)
