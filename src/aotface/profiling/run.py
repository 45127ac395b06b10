"""The whole benchmark: made clips of several sizes, each as a command and stage by stage."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import torch
from msgspec.structs import replace

from aotface.jobs.run import run_job
from aotface.jobs.spec import JobSpec
from aotface.media.runlog import environment, now
from aotface.options import Options
from aotface.profiling.clip import frame_size, write_clip
from aotface.profiling.report import Report, Size
from aotface.profiling.stages import SOURCE, measure_stages
from aotface.profiling.transfers import measure_transfers
from aotface.samples import sample
from aotface.transfer import listed
from aotface.transfer.aot.backends import version_of

Told = Callable[[str], None]
"""Told what is being done."""


def benchmark(sizes: list[int], frames: int, options: Options, tell: Told = lambda words: None) -> Report:
    """Measure.

    Args:
        sizes: lines of the frames, such as 720.
        frames: how many in each clip.
        options: which transfer, weights, device and backend.
        tell: told what comes next.

    Raises:
        AotfaceError: the transfer, its weights or its backend cannot be had.
    """
    facts, found = facts_of(options), []
    for lines in sorted(sizes):
        with tempfile.TemporaryDirectory() as folder:
            height, width = frame_size(lines)
            tell(f"{height} lines: making a clip of {frames} frames")
            clip = write_clip(Path(folder), height, width, frames)
            tell(f"{height} lines: the whole command")
            rate, seconds = measure_command(clip, frames, options)
            peak = peak_megabytes()
            tell(f"{height} lines: stage by stage")
            stages, side = measure_stages(clip, options)
            found.append(Size(height, width, side, stages, rate, seconds, peak))
    tell("one face: this transfer and others")
    return Report(facts, found, measure_transfers(options))


def measure_command(clip: Path, frames: int, options: Options) -> tuple[float, float]:
    """Run `aotface swap` on a clip, as a user would, after a short run that loads everything.

    Returns:
        Fps, from the command to the finished and signed file; CPU seconds per frame.
    """
    job = JobSpec(
        kind="swap",
        source=str(sample(SOURCE)),
        target=str(clip),
        output=str(clip.with_name("swapped.mp4")),
        transfer=options.transfer,
        weights=options.weights,
        device=options.device,
        backend=options.backend,
        seed=options.seed,
        run_log=str(clip.with_name("swapped.json")),
        overwrite=True,
    )
    run_job(replace(job, trim_end=0.08))
    wall, cpu = time.perf_counter(), time.process_time()
    run_job(job)
    return frames / (time.perf_counter() - wall), (time.process_time() - cpu) / frames


def facts_of(options: Options) -> dict[str, Any]:
    """Where, when and with what; how busy the computer was before it began."""
    facts: dict[str, Any] = {
        "date": now(),
        "transfer": options.transfer,
        "device": options.device,
        "processors": os.cpu_count(),
        "threads of torch": torch.get_num_threads(),
        "threads of opencv": cv2.getNumThreads(),
    }
    if listed(options.transfer).uses_network:
        facts["backend"] = version_of(options.backend)
    if hasattr(os, "getloadavg"):
        facts["load of the last minute"] = round(os.getloadavg()[0], 1)
    return facts | {"environment": environment()}


def peak_megabytes() -> float | None:
    """Largest resident memory of this process so far; None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
