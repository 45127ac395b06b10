"""Compare transfers on one pair: a marked picture of each, and the numbers of the benchmark."""

import json
from pathlib import Path
from typing import Any

import msgspec

from aotface.compose.pipeline import choose
from aotface.datasets.portraits import Seen
from aotface.evaluation.methods import find_methods
from aotface.evaluation.runner import sample_of
from aotface.evaluation.suites.real import triple_of
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.jobs.device import with_transfer
from aotface.jobs.run import run_job
from aotface.jobs.spec import JobSpec
from aotface.media.image import read_image
from aotface.media.weights import find_weights
from aotface.metrics import measure
from aotface.web.child_main import Talk

RECORD = "record.json"


def compare(task: dict[str, Any], talk: Talk) -> dict[str, Any]:
    """Make every transfer's picture, and measure it.

    Args:
        task: ``spec`` of the pair, ``transfers``, and ``folder`` for the pictures.
        talk: told of progress, asked whether to stop.

    Returns:
        ``results``: names of the pictures. ``numbers``: by transfer and metric.
    """
    spec = msgspec.convert(task["spec"], JobSpec)
    names, folder, steps = task["transfers"], Path(task["folder"]), len(task["transfers"]) + 1
    records = []
    for number, name in enumerate(names):
        talk.progress("comparing", number, steps)
        output = folder / f"{name}.png"
        log = output.with_suffix(".json")
        run_job(
            msgspec.structs.replace(with_transfer(spec, name), output=str(output), run_log=str(log)),
            talk,
            talk.cancelled,
        )
        records.append(json.loads(log.read_bytes()))
        log.unlink()
    talk.progress("comparing", len(names), steps)
    (folder / RECORD).write_text(json.dumps({"command": "compare", "runs": records}, indent=2))
    return {"results": [f"{name}.png" for name in names], "numbers": numbers_of(spec, names)}


def numbers_of(spec: JobSpec, names: list[str]) -> dict[str, dict[str, float]]:
    """The benchmark's numbers for one pair, by the mesh: no ground truth, and no network that measures."""
    source = _seen(spec.source, spec.source_face, "source")
    target = _seen(spec.target, "largest" if spec.face == "all" else spec.face, "target")
    triple = triple_of("studio", ("source", "target"), source, target, source)
    methods = {method.name: method for method in find_methods(names, find_weights(spec.weights))}
    return {name: measure(sample_of(methods[name], triple, methods[name].run(triple))) for name in names}


def _seen(path: str, which: str, where: str) -> Seen:
    frame = read_image(path).frame
    return Seen(frame, align(frame, choose(detect(frame), which, where)[0]))
