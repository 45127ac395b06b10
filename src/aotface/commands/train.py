"""``aotface train``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.jobs.device import pick_device
from aotface.reporter import Reporter

FLAGS = (
    "size",
    "steps",
    "batch",
    "accumulate",
    "learning_rate",
    "precision",
    "seed",
    "checkpoint_every",
    "sample_every",
    "begin_from",
)
"""Options that are fields of the configuration; left out, the configuration decides."""


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train the networks on SHARDS made by `aotface prepare`, or resume a run that was stopped.

    Options win over --config, and --config over the defaults. For several GPUs start it with torchrun.
    """

    shards: Annotated[Path, Argument(help="Folder made by `aotface prepare`.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder of the run.")]
    config: Annotated[
        Path | None, Option("--config", help="TOML file, or the name of a packaged one: default, paper.")
    ] = None
    size: Annotated[str | None, Option("--size", help="Networks: tiny, small or base.")] = None
    steps: Annotated[int | None, Option("--steps", help="How many steps in all.")] = None
    batch: Annotated[int | None, Option("--batch", help="Faces a step and process.")] = None
    accumulate: Annotated[
        int | None, Option("--accumulate", help="Batches whose gradients are added up before each step.")
    ] = None
    learning_rate: Annotated[
        float | None, Option("--learning-rate", help="Of the generator, at its peak.")
    ] = None
    precision: Annotated[str | None, Option("--precision", help="bf16-mixed or 32-true.")] = None
    seed: Annotated[int | None, Option("--seed", min=0, help="Same shards and seed: same weights.")] = None
    checkpoint_every: Annotated[
        int | None, Option("--checkpoint-every", help="Steps between two checkpoints.")
    ] = None
    sample_every: Annotated[
        int | None, Option("--sample-every", help="Steps between two sheets, each with a validation.")
    ] = None
    begin_from: Annotated[
        str | None, Option("--begin-from", help="Weights or a checkpoint that a new run begins with.")
    ] = None
    device: Annotated[str, Option("--device", help="auto, cpu or cuda.")] = "auto"
    workers: Annotated[int, Option("--workers", min=1, help="Threads that light pairs ahead.")] = 1
    tensorboard: Annotated[bool, Option("--tensorboard", help="Also write TensorBoard events.")] = False
    resume: Annotated[bool, Option("--resume", help="Resume the run in the folder, or start one.")] = False
    overwrite: Annotated[bool, Option("--overwrite", help="Delete the run in the folder.")] = False

    def run(self, reporter: Reporter) -> None:
        """Train."""
        from aotface.training.session import Request, run

        flags = {name: getattr(self, name) for name in FLAGS}
        device = pick_device(self.device, {"torch": "training"})
        request = Request(
            self.shards,
            self.output,
            self.config,
            flags,
            device,
            self.resume,
            self.overwrite,
            self.tensorboard,
            self.workers,
        )
        run(request, reporter.say, reporter.warn)
