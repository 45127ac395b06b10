"""``aotface forensics train``, ``score``, ``experiment``, ``report`` and ``unseen``."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.errors import UsageError
from aotface.reporter import Reporter

ABOVE = 22
"""Exit code of `score` where a score lies above ``--fail-above``."""


@dataclass(frozen=True, kw_only=True)
class ForensicsTrain:
    """Train a forgery detector on sets of `aotface forge`, and write its file and model card."""

    stores: Annotated[list[Path], Argument(help="Folders of stores; their splits train and val are used.")]
    output: Annotated[Path, Option("--output", "-o", help="File of the detector: .safetensors.")]
    detector: Annotated[str, Option("--detector", help="probe, efficientnet, sbi, xception, tsn or i3d.")] = (
        "probe"
    )
    methods: Annotated[
        str,
        Option("--methods", help="Fakes of these methods only, with commas; all but controls by default."),
    ] = ""
    clips: Annotated[bool, Option("--clips", help="Train on clips in place of pictures.")] = False
    epochs: Annotated[int, Option("--epochs", min=1, help="Times that a network sees each sample.")] = 4
    backbone: Annotated[
        str, Option("--backbone", help="lite0, or tiny: a few random filters, for trials.")
    ] = "lite0"
    seed: Annotated[int, Option("--seed", min=0, help="Same seed, same detector.")] = 0
    device: Annotated[
        str | None, Option("--device", help="cpu or cuda, by the launcher of `train`; torchrun for several.")
    ] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace what is there.")] = False

    def run(self, reporter: Reporter) -> None:
        """Train and tell."""
        from aotface.forensics.detectors.base import FitSettings
        from aotface.forensics.train import TrainRequest, train
        from aotface.media.files import show

        if self.output.suffix != ".safetensors":
            raise UsageError(f"expected --output FILE.safetensors, got {show(self.output)}")
        fabric = None
        if self.device is not None:
            from aotface.training.launch import launch

            fabric = launch(self.device, "32-true")
        settings = FitSettings(backbone=self.backbone, epochs=self.epochs, seed=self.seed)
        kind = "clip" if self.clips else "picture"
        names = tuple(word.strip() for word in self.methods.split(",") if word.strip())
        request = TrainRequest(tuple(self.stores), self.detector, names, kind, settings)
        line = train(request, self.output, self.overwrite, reporter, fabric)
        if line:
            reporter.say(f"{show(self.output)}  {line}")


@dataclass(frozen=True, kw_only=True)
class ForensicsScore:
    """Score the largest face of pictures, videos and folders: 0 like originals, 1 like the fakes of the training.

    A score is no verdict on a person, and no proof: read the detector's model card.
    """

    network: Annotated[Path, Argument(help="File of `aotface forensics train`, or an ONNX network.")]
    inputs: Annotated[list[Path], Argument(help="Pictures, videos, folders.")]
    output: Annotated[
        Path | None, Option("--output", "-o", help="Folder for scores.csv and a plot of each video.")
    ] = None
    looks: Annotated[int, Option("--looks", min=1, help="Places of a video that are scored.")] = 16
    fail_above: Annotated[
        float | None,
        Option("--fail-above", min=0, max=1, help=f"Exit with {ABOVE} if a score is above this."),
    ] = None

    def run(self, reporter: Reporter) -> int:
        """Score and tell; gives the exit code."""
        from aotface.errors import AotfaceError, PartialError
        from aotface.forensics.score import files_of, plot, score_file
        from aotface.forensics.trained import open_detector
        from aotface.media.files import show, write_bytes
        from aotface.media.folder import make_folder
        from aotface.media.plain import png_of

        opened, files = open_detector(self.network), files_of(self.inputs)
        rows, failed = ["file,score"], list[AotfaceError]()
        highest, plots = 0.0, Counter[str]()
        for file in files:
            try:
                found = score_file(opened, file, self.looks)
            except AotfaceError as error:
                failed.append(error)
                reporter.warn(f"failed: {error}")
                continue
            reporter.say(f"{found.score:.3f}  {show(file)}")
            highest = max(highest, found.score)
            quoted = show(file).replace('"', '""')
            rows.append(f'"{quoted}",{found.score:.6f}')
            if self.output is not None and found.over_time:
                plots[file.name] += 1
                number = f"-{plots[file.name]}" if plots[file.name] > 1 else ""  # one name in two folders
                path = make_folder(self.output) / f"{file.name}{number}.png"
                write_bytes(path, png_of(plot(found)), overwrite=True)
        if self.output is not None:
            write_bytes(
                make_folder(self.output) / "scores.csv", ("\n".join(rows) + "\n").encode(), overwrite=True
            )
        if failed and len(files) == 1:
            raise failed[0]
        if failed:
            raise PartialError(
                f"{len(failed)} of {len(files)} files could not be scored: see the lines above"
            )
        return ABOVE if self.fail_above is not None and highest > self.fail_above else 0


@dataclass(frozen=True, kw_only=True)
class ForensicsExperiment:
    """Train and test detectors on base sets with nothing, more of the same, or fakes by `aot` added.

    Stopped at any moment, the same command resumes; the same file gives the same numbers.
    """

    matrix: Annotated[Path, Argument(help="TOML file: see docs/forensics.md.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder of scores.")]
    workers: Annotated[int, Option("--workers", min=1, help="Processes side by side.")] = 1
    ray: Annotated[
        str | None, Option("--ray", help="Distribute with Ray: address of a cluster, or local.")
    ] = None

    def run(self, reporter: Reporter) -> None:
        """Run what is missing."""
        from aotface.forensics.experiment import run_experiment
        from aotface.forensics.matrix import read_matrix
        from aotface.media.files import show

        cells = run_experiment(read_matrix(self.matrix), self.output, self.workers, self.ray, reporter)
        reporter.say(f"{show(self.output)}  {len(cells)} cells; the tables: aotface forensics report")


@dataclass(frozen=True, kw_only=True)
class ForensicsReport:
    """Write the tables of a finished experiment as Markdown and one HTML page."""

    experiment: Annotated[Path, Argument(help="Folder of `aotface forensics experiment`.")]
    output: Annotated[Path, Option("--output", "-o", help="Page to write: .html; the .md lies beside it.")]
    occlusion: Annotated[
        bool, Option("--occlusion", help="Also show where each detector looks; trains each once more.")
    ] = False
    overwrite: Annotated[bool, Option("--overwrite", help="Replace what is there.")] = False

    def run(self, reporter: Reporter) -> None:
        """Write both files."""
        from aotface.forensics.experiment import RECORD
        from aotface.forensics.matrix import Matrix
        from aotface.forensics.page import page
        from aotface.forensics.report import blocks_of, markdown, occlusion_of
        from aotface.forensics.results import read_results
        from aotface.forensics.tables import arm_rows
        from aotface.forge.store import decoded
        from aotface.media.files import check_output, show, write_bytes

        if not (self.experiment / RECORD).is_file():
            raise UsageError(
                f"{show(self.experiment)}: holds no experiment; run `aotface forensics experiment`"
            )
        if self.output.suffix.lower() != ".html":
            raise UsageError(f"expected --output FILE.html, got {show(self.output)}")
        beside = self.output.with_suffix(".md")
        for file in (beside, self.output):
            check_output(file, self.overwrite)
        matrix = decoded(self.experiment / RECORD, Matrix)
        found = read_results(matrix, self.experiment)
        rows = arm_rows(found)
        blocks = blocks_of(found, rows)
        sheets = []
        if self.occlusion:
            sheets = [(f"Where {d} looks", occlusion_of(found, self.experiment, d)) for d in matrix.detectors]
        write_bytes(beside, markdown(matrix.name, blocks).encode(), self.overwrite)
        write_bytes(self.output, page(matrix.name, blocks, rows, sheets).encode(), self.overwrite)
        reporter.say(f"{show(self.output)}  the page to look at")


@dataclass(frozen=True, kw_only=True)
class ForensicsUnseen:
    """Make test fakes by a swapper of another family, for the pairs of a set's test split. Never train on them."""

    store: Annotated[Path, Argument(help="Folder of a store of `aotface forge`.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder of the new store: test reals and fakes.")]
    gaps: Annotated[str, Option("--gaps", help="Of the pairs, with commas: small, middle, large.")] = (
        "small,middle,large"
    )

    def run(self, reporter: Reporter) -> None:
        """Write the store."""
        from aotface.forensics.unseen import unseen_store
        from aotface.forge.store import open_store
        from aotface.media.files import show

        gaps = tuple(word.strip() for word in self.gaps.split(",") if word.strip())
        made = unseen_store(open_store(self.store), self.output, gaps, reporter)
        reporter.say(f"{show(self.output)}  {len(made.lines)} samples; check them: aotface forge verify")
