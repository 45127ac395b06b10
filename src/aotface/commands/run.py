"""``aotface run``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Run:
    """Run the job in JOB: a file from --save-job, the record of an earlier run, or one of your own."""

    job: Annotated[Path, Argument(help="JSON file; paths in it count from its folder.")]
    overwrite: Annotated[bool, Option("--overwrite", help="Replace existing outputs.")] = False
    skip_existing: Annotated[
        bool, Option("--skip-existing", help="Leave existing outputs as they are; that is no failure.")
    ] = False

    def run(self, reporter: Reporter) -> None:
        """Read the job, and run it."""
        from msgspec.structs import replace

        from aotface.jobs.run import run_job
        from aotface.jobs.spec import read_spec

        spec = read_spec(self.job)
        if self.overwrite or self.skip_existing:  # in place of what the file says
            spec = replace(spec, overwrite=self.overwrite, skip_existing=self.skip_existing)
        run_job(spec, reporter)
