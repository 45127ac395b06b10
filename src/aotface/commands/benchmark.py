"""``aotface benchmark``."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from typer import Option

from aotface.errors import UsageError
from aotface.options import Options
from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Measure what a video costs on this computer: stage by stage, end to end, and beside other transfers.

    The clips are made here: a synthetic face that moves and comes nearer.
    """

    output: Annotated[Path, Option("--output", "-o", help="File for all numbers (JSON).")] = Path(
        "benchmark.json"
    )
    heights: Annotated[
        str, Option("--heights", help="Heights of the frames in pixels, separated by commas.")
    ] = "360,720,1080,2160"
    frames: Annotated[int, Option("--frames", min=3, help="Number of frames of each clip.")] = 24
    transfer: Annotated[str, Option("--transfer", help="As for swap.")] = Options.transfer
    weights: Annotated[str, Option("--weights", help="As for swap.")] = Options.weights
    backend: Annotated[str, Option("--backend", help="Runtime of aot: torch, onnx or openvino.")] = (
        Options.backend
    )
    device: Annotated[str, Option("--device", help="Where networks run: cpu, cuda, or auto.")] = "auto"
    overwrite: Annotated[bool, Option("--overwrite", help="Replace an existing file.")] = False

    def lines(self) -> list[int]:
        """The sizes as numbers.

        Raises:
            UsageError: not numbers from 90 to 4320.
        """
        words = [word.strip() for word in self.heights.split(",") if word.strip()]
        if not words or not all(word.isdecimal() and 90 <= int(word) <= 4320 for word in words):
            raise UsageError(
                f"expected --heights as lines from 90 to 4320, such as 360,720, got {self.heights!r}"
            )
        return sorted({int(word) for word in words})

    def run(self, reporter: Reporter) -> None:
        """Measure, say the table, write the numbers."""
        sizes = self.lines()
        from aotface.jobs.device import networks, pick_device
        from aotface.jobs.spec import JobSpec
        from aotface.media.files import check_output, show
        from aotface.media.runlog import write_run_log

        check_output(self.output, self.overwrite)
        job = JobSpec(
            kind="swap",
            source=".",
            target=".",
            output=".",
            transfer=self.transfer,
            weights=self.weights,
            backend=self.backend,
            device=self.device,
        )
        job.check()
        options = replace(job.options(), device=pick_device(self.device, networks(job)))
        from aotface.profiling.run import benchmark

        report = benchmark(sizes, self.frames, options, reporter.warn)
        for line in report.lines():
            reporter.say(line)
        write_run_log(self.output, report.values(), self.overwrite)
        reporter.say(f"\n{show(self.output)}")
