"""The solvers on the triples of one suite: rows, run log, and what all measured suites of a folder say together."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import torch

from aotface.errors import FaceError, InputError, UsageError
from aotface.evaluation.methods import Method, find_methods, packaged_weights
from aotface.evaluation.runner import Job, Say
from aotface.evaluation.solvers.growth import SIZES, grow
from aotface.evaluation.solvers.measure import measure
from aotface.evaluation.solvers.rows import Row
from aotface.evaluation.suites import SUITES, find_suite
from aotface.evaluation.triple import Plan
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.runlog import command_line, environment, now, write_run_log
from aotface.transfer.aot.checkpoint import load_generator
from aotface.transfer.aot.generator import RelightingGenerator

FOLDER, ROWS, GROWTH = "solvers", "rows.json", "growth"


def run(job: Job, say: Say, sizes: Sequence[int] = SIZES) -> None:
    """Measure on ``job.pairs`` triples of a suite with ground truth; an earlier run of the suite is replaced.

    Writes ``OUT/solvers/SUITE/rows.json`` and ``run.json`` there. How time grows is measured on the first triple
    of the first suite, into ``OUT/solvers/growth``, and kept for as long as the weights are the same.

    Args:
        job: suite, data, output, pairs, seed and weights count.
        say: told of progress.
        sizes: numbers of vectors for the growth of time.

    Raises:
        UsageError: no weights, or no triple with ground truth.
        AotfaceError: an input or the weights cannot be used.
    """
    started = now()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    weights = job.weights or packaged_weights()
    if weights is None:
        raise UsageError("the learned plan needs trained weights: say --weights FILE")
    aot, generator = find_methods(["aot"], weights)[-1], load_generator(weights)
    plans = find_suite(job.suite).plan(job.data, job.pairs, job.seed, say)
    rows: list[Row] = []
    usable: list[Plan] = []
    for number, plan in enumerate(plans, 1):
        try:
            rows += measure(find_suite(job.suite).build(plan, job.data), generator, aot)
        except (InputError, FaceError) as fault:
            say(f"{plan.name} left out: {fault}")
            continue
        usable.append(plan)
        say(f"solvers {job.suite} {number}/{len(plans)} {plan.name} measured")
    if not usable:
        raise UsageError(f"{job.suite}: expected a suite with ground truth; use relit or lit")
    record = {"command": "bench", "arguments": command_line(), "started": started, "job": asdict(job)}
    _write(job.out / FOLDER / job.suite, {"weights": aot.fingerprint, "rows": rows}, record)
    _grow_once(job, usable[0], generator, aot, say, sizes, record)


def measured(out: Path) -> list[Path]:
    """The files of rows under a folder, by suite, the growth last."""
    paths = [out / FOLDER / name / ROWS for name in (*SUITES, GROWTH)]
    return [path for path in paths if path.is_file()]


def gather(out: Path) -> list[Row]:
    """All rows under a folder.

    Raises:
        InputError: no solver was measured there.
    """
    rows = [row for path in measured(out) for row in json.loads(read_bytes(path))["rows"]]
    if not rows:
        raise InputError(f"{show(out)}: no solvers were measured in it; run bench with --solvers first")
    return rows


def _grow_once(
    job: Job,
    plan: Plan,
    generator: RelightingGenerator,
    aot: Method,
    say: Say,
    sizes: Sequence[int],
    record: dict[str, Any],
) -> None:
    folder = job.out / FOLDER / GROWTH
    key = {"weights": aot.fingerprint, "sizes": list(sizes)}
    if (folder / ROWS).is_file():
        before = json.loads(read_bytes(folder / ROWS))
        if {name: before.get(name) for name in key} == key:
            return
    rows = grow(find_suite(job.suite).build(plan, job.data), generator, aot, say, sizes)
    _write(folder, key | {"rows": rows}, record)


def _write(folder: Path, content: dict[str, Any], record: dict[str, Any]) -> None:
    make_folder(folder)
    write_bytes(folder / ROWS, json.dumps(content, indent=1).encode(), overwrite=True)
    whole = record | {"finished": now(), "weights": content["weights"]} | environment()
    write_run_log(folder / "run.json", whole, overwrite=True)
