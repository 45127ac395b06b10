"""``aotface bench``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from aotface.errors import UsageError
from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Judge appearance transfers: every method on the same triples, with the same metrics, on one page.

    Results of several suites gather in one folder. A stopped run resumes.
    """

    suite: Annotated[
        str,
        Option(
            "--suite",
            help="What is judged on: relit, relit-reversed, lit, lit-reversed, cross, same, segmenter, clips or folder.",
        ),
    ]
    data: Annotated[Path, Option("--data", help="Folder with the suite's pictures.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder for rows, pictures and the report.")]
    methods: Annotated[
        str, Option("--methods", help="Names separated by commas; all of them when left out.")
    ] = ""
    pairs: Annotated[
        int, Option("--pairs", min=1, help="How many triples; more resume where fewer stopped.")
    ] = 60
    seed: Annotated[int, Option("--seed", min=0, help="Same data and seed: same triples.")] = 0
    workers: Annotated[int, Option("--workers", min=1, help="Processes that measure side by side.")] = 1
    weights: Annotated[
        Path | None, Option("--weights", help="Weights or checkpoint of the network to judge as aot.")
    ] = None
    also: Annotated[
        list[str] | None,
        Option(
            "--also",
            metavar="NAME=FILE",
            help="A further network, under a name of its own (modflows: that peer); repeatable.",
        ),
    ] = None
    solvers: Annotated[
        bool,
        Option("--solvers", help="Instead of transfers, judge transport solvers against the learned plan."),
    ] = False
    identity: Annotated[
        Path | None, Option("--identity", help="Face embedding network (ONNX) for the identity metrics.")
    ] = None
    identity_sha256: Annotated[str, Option("--identity-sha256", help="What --identity must hash to.")] = ""
    perceptual: Annotated[
        Path | None, Option("--perceptual", help="SqueezeNet 1.0 (npz) for the perceptual metric.")
    ] = None
    perceptual_sha256: Annotated[
        str, Option("--perceptual-sha256", help="What --perceptual must hash to.")
    ] = ""
    forgery_detectors: Annotated[
        str,
        Option(
            "--forgery-detectors",
            help="Plug-ins, or files of forensics train, that score each result; with commas.",
        ),
    ] = ""

    def check(self) -> None:
        """Refuse options that do not fit together, before anything is read."""
        for name in ("identity", "perceptual"):
            if (getattr(self, name) is None) != (not getattr(self, f"{name}_sha256")):
                raise UsageError(f"--{name} FILE and --{name}-sha256 HASH go together")
        if self.solvers and (
            self.methods
            or self.also
            or self.identity
            or self.perceptual
            or self.forgery_detectors
            or self.workers > 1
        ):
            raise UsageError(
                "--solvers has its own methods and measures, in one process: leave out the other options"
            )
        if not self.data.is_dir():
            raise UsageError(f"expected --data to be a folder, got {self.data}")

    def run(self, reporter: Reporter) -> None:
        """Measure, then write the report on everything in the folder."""
        self.check()
        from aotface.evaluation.report import PAGE, write_report
        from aotface.evaluation.runner import Job, Meters, run
        from aotface.media.files import show

        meters = Meters(self.identity, self.identity_sha256, self.perceptual, self.perceptual_sha256)
        job = Job(
            self.suite,
            self.data,
            self.output,
            _names(self.methods),
            self.pairs,
            self.seed,
            self.workers,
            self.weights,
            meters,
            _names(self.forgery_detectors),
            _networks(self.also or ()),
        )
        if self.solvers:
            from aotface.evaluation.solvers import report as solvers
            from aotface.evaluation.solvers.run import run as run_solvers

            run_solvers(job, reporter.say)
            paths = solvers.write_report(self.output)
            paths += write_report(self.output) if (self.output / PAGE).is_file() else []
        else:
            run(job, reporter.say)
            paths = write_report(self.output)
        for path in paths:
            reporter.say(show(path))


def _names(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _networks(words: Sequence[str]) -> tuple[tuple[str, Path], ...]:
    """Names and files of NAME=FILE.

    Raises:
        UsageError: it is no such thing.
    """
    found = []
    for word in words:
        name, sign, file = word.partition("=")
        if not (sign and file and re.fullmatch("[a-z0-9][a-z0-9-]*", name)):
            raise UsageError(f"expected --also NAME=FILE, the name of a-z, 0-9 and -, got {word}")
        found.append((name, Path(file)))
    return tuple(found)
