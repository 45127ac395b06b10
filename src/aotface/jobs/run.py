"""Run a job: the one way from a `JobSpec` to finished files."""

from pathlib import Path

from aotface.jobs.context import Cancel, open_context
from aotface.jobs.device import networks, pick_device
from aotface.jobs.early import refuse_early
from aotface.jobs.failures import idle_options
from aotface.jobs.matching import make_plan
from aotface.jobs.spec import JobSpec
from aotface.reporter import Reporter, Silent


def run_job(spec: JobSpec, reporter: Reporter | None = None, cancel: Cancel | None = None) -> list[Path]:
    """Make every output of a job, with its layers, marks and record.

    Args:
        spec: what shall be made.
        reporter: told of results, warnings and progress; nobody when left out.
        cancel: asked at least once per frame: a function that says whether to stop, or a `threading.Event`.

    Returns:
        The outputs that were written; those that `JobSpec.skip_existing` left alone are not among them.

    Raises:
        AotfaceError: the only output failed; see `aotface.errors`.
        PartialError: some of several failed.
        Interrupted: the job was cancelled. Run again, it resumes a video, to the same file.
    """
    spec.check()
    plan, reporter = make_plan(spec), reporter or Silent()
    refuse_early(spec, plan)
    pick_device(spec.device, networks(spec))  # a device that is not there is said before anything is made
    for note in idle_options(spec, plan.videos):
        reporter.warn(note)
    context = open_context(spec, reporter, cancel)
    if plan.videos:
        from aotface.jobs.videos import run_videos

        return run_videos(context, plan)
    from aotface.jobs.pictures import run_pictures

    return run_pictures(context, plan)
