"""``aotface swap``."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from aotface.commands.device import pick_device
from aotface.commands.writing import Pair, Writing, pair_up
from aotface.errors import UsageError
from aotface.options import Options
from aotface.reenact.registry import MESH, ReenactorSettings, open_reenactor, reenactor_names
from aotface.reporter import Reporter

if TYPE_CHECKING:
    from aotface.compose.pipeline import Swapped
    from aotface.media.image import Picture
    from aotface.reenact.base import Reenactor
    from aotface.types import Face


@dataclass(frozen=True, kw_only=True)
class Swap(Writing):
    """Assignment the face of SOURCE into TARGET, in the target's pose, light and tone.

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
        Option(
            "--face-map", help="Of a video, in place of --source: TOML file that says which face gets which."
        ),
    ] = None
    source_face: Annotated[
        str, Option("--source-face", help="Face of the source: largest, or its number.")
    ] = Options.source_face
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

    def options(self, device: str) -> Options:
        """The choices that change the picture."""
        return replace(super().options(device), source_face=self.source_face)

    def check(self) -> None:
        """Refuse options that do not fit together."""
        super().check()
        if (self.source == "") == (self.face_map is None):
            raise UsageError("expected a person to put there: say --source, or --face-map with a video")
        if self.face_map is not None and self.face != Options.face:
            raise UsageError("--face-map says which face is meant: drop --face")
        self.reenactor_settings().check()

    def reenactor_settings(self) -> ReenactorSettings:
        """Which reenactor, and its files."""
        files = (self.reenact_config, self.reenact_model, self.reenact_embedding, self.reenact_converter)
        return ReenactorSettings(self.reenact, *files)

    def networks(self) -> dict[str, str]:
        """Which library runs a network for what."""
        onnx = {"onnxruntime": self.reenact} if self.reenactor_settings().uses_onnxruntime else {}
        return super().networks() | onnx

    def run(self, reporter: Reporter) -> None:
        """Swap every pair."""
        self.check()
        device = pick_device(self.device, self.networks())
        if self._videos(device, reporter):
            return
        pairs, folder = pair_up(self.source, self.target, self.output)
        from aotface.commands.batch import run_pairs
        from aotface.compose.pipeline import swap_found
        from aotface.face.detect import detect
        from aotface.media.image import read_image

        options, facts = self.options(device), self.facts(device)
        reenactor, models = self._reenactor(device)

        @lru_cache(maxsize=4)  # every target meets every source: do not look twice
        def descriptor(path: Path) -> "tuple[Picture, list[Face]]":
            picture = read_image(path)
            return picture, detect(picture.frame)

        def work(pair: Pair) -> "tuple[Swapped, Picture]":
            (source, sources), (target, takers) = descriptor(pair.given), descriptor(pair.target)
            done = swap_found(source.frame, sources, target.frame, takers, options, reenactor, self.mark)
            return done, target

        run_pairs(self, pairs, folder, work, reporter, facts | models)

    def _videos(self, device: str, reporter: Reporter) -> bool:
        """Swap into videos, when that is what the targets are."""
        from aotface.commands.faces import read_faces
        from aotface.commands.pairing import video_pairs
        from aotface.commands.video import VideoWork, run_videos

        if self.face_map is not None:
            read_faces(self.face_map)
        pairs = video_pairs(str(self.face_map or self.source), self.target, self.output, by_name=False)
        if not pairs:
            if self.face_map is not None:
                raise UsageError("--face-map is for videos; for a picture say --source and --face")
            return False
        if self.reenact != "mesh":
            raise UsageError(
                f"--reenact {self.reenact} is for pictures; swap the video with it, then refine it"
            )
        work = VideoWork(self, self.options(device), self.facts(device), mapping=self.face_map is not None)
        run_videos(work, pairs, reporter)
        return True

    def _reenactor(self, device: str) -> "tuple[Reenactor | None, dict[str, Any]]":
        if self.reenact == MESH:
            return None, {}
        from aotface.media.weights import sha256

        reenactor = open_reenactor(self.reenactor_settings(), device)
        return reenactor, {"reenactor_sha256": {str(path): sha256(path) for path in reenactor.files}}
