"""From pairs of pictures to written, marked files and a record of the run."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aotface.commands.deliver import Terms, deliver, signer_from
from aotface.commands.writing import UNMARKED, Pair, Writing, run_log_of, side_outputs
from aotface.compose.pipeline import Swapped
from aotface.errors import AotfaceError, PartialError, UsageError
from aotface.media.files import check_output, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.image import Picture, output_format, quality_for, write_image
from aotface.media.runlog import command_line, environment, now, sha256_of, write_run_log
from aotface.provenance import mark_frame
from aotface.provenance.credentials import Record
from aotface.reporter import Reporter
from aotface.video.layers import face_row, grey, place_of

Work = Callable[[Pair], tuple[Swapped, Picture]]
"""From a pair to the result and the target picture as it was read."""


@dataclass(frozen=True)
class _Run:
    """What holds for all pairs of one run; ``inputs`` are resolved, so that no link hides one."""

    command: Writing
    work: Work
    terms: Terms
    facts: dict[str, Any]
    inputs: frozenset[Path]


def run_pairs(
    command: Writing, pairs: list[Pair], folder: bool, work: Work, reporter: Reporter, facts: dict[str, Any]
) -> None:
    """Do all the work of one command. One broken picture of many gets its own line, and the rest goes on.

    Args:
        command: its options.
        pairs: what to do.
        folder: whether ``command.output`` is a folder.
        work: from a pair to its result.
        voice: where lines go.
        facts: more for the record, such as the device.

    Raises:
        AotfaceError: the only pair failed.
        PartialError: some of several failed.
    """
    if command.ray is not None:
        raise UsageError("--ray is for videos: drop it")
    log_path = run_log_of(command, folder)
    if folder:
        make_folder(Path(command.output))
    run = _begin(command, pairs, work, facts)
    _check_writable(run, log_path)
    notes = [] if command.mark else [UNMARKED]
    for note in notes:
        reporter.warn(note)
    started, entries = now(), []
    try:
        for number, pair in enumerate(pairs, 1):
            entries.append(entry := _outcome(run, pair, alone=len(pairs) == 1))
            _tell(reporter, pair, entry, f"{number}/{len(pairs)} " if folder else "")
    finally:
        if entries:
            record = _record(command, pairs, entries) | {"started": started, "notes": notes, **facts}
            write_run_log(log_path, record, command.overwrite)
    failed = sum(entry["status"] == "failed" for entry in entries)
    if failed:
        raise PartialError(f"{failed} of {len(pairs)} pairs failed: see the lines above, or {show(log_path)}")


def _begin(command: Writing, pairs: list[Pair], work: Work, facts: dict[str, Any]) -> _Run:
    signer = signer_from(command.certificate, command.key)
    terms = Terms(command.mark, signer, command.quality, command.overwrite)
    inputs = frozenset(path.resolve() for pair in pairs for path in (pair.given, pair.target))
    return _Run(command, work, terms, facts, inputs)


def _check_writable(run: _Run, output: Path) -> None:
    if output.resolve() in run.inputs:
        raise UsageError(f"{show(output)} is an input of this run: choose another output")
    check_output(output, run.command.overwrite)


def _tell(reporter: Reporter, pair: Pair, entry: dict[str, Any], place: str) -> None:
    for note in entry.get("notes", ()):
        reporter.warn(note)
    if entry["status"] == "written":
        faces = f"{len(entry['faces'])} face" + "s" * (len(entry["faces"]) != 1)
        reporter.say(f"{place}{show(pair.output)}  ({faces}, {entry['seconds']:.1f} s)")
    else:
        reporter.warn(f"{place}failed: {show(pair.given)} with {show(pair.target)}: {entry['error']}")


def _record(command: Writing, pairs: list[Pair], entries: list[dict[str, Any]]) -> dict[str, Any]:
    used = dict.fromkeys(path for pair in pairs[: len(entries)] for path in (pair.given, pair.target))
    return {
        "command": type(command).__name__.lower(),
        "arguments": command_line(),
        "finished": now(),
        "config": asdict(command),
        "seed": command.seed,
        "inputs": {str(path): sha256_of(path) for path in used},
        "planned": len(pairs),
        "pairs": entries,
        **environment(),
    }


def _outcome(run: _Run, pair: Pair, alone: bool) -> dict[str, Any]:
    role = "source" if hasattr(run.command, "source") else "swapped"
    entry: dict[str, Any] = {role: pair.given, "target": pair.target, "output": pair.output}
    clock = time.perf_counter()
    try:
        done, target = _one(run, pair)
    except AotfaceError as error:
        if alone:
            raise
        line = " ".join(str(error).split())
        return entry | {"status": "failed", "error": line, "exit_code": error.exit_code}
    seconds = round(time.perf_counter() - clock, 3)
    faces = [face.target.face.index for face in done.faces]
    notes = [f"{show(pair.target)} {note}" for note in target.notes]
    format = output_format(pair.output, target)
    if format in ("JPEG", "WEBP"):
        entry["quality"] = run.terms.quality or quality_for(format, target)
    return entry | {"status": "written", "faces": faces, "seconds": seconds, "notes": notes}


def _one(run: _Run, pair: Pair) -> tuple[Swapped, Picture]:
    command = run.command
    sides = side_outputs(pair.output, command.save_mask, command.save_reenacted)
    for output in (pair.output, *sides):
        _check_writable(run, output)
        output_format(output)
    numbers = pair.output.with_name(f"{pair.output.stem}.matrix.json")
    if command.save_matrix:
        _check_writable(run, numbers)
    done, target = run.work(pair)
    if command.save_mask:
        write_image(sides[0], grey(done.mask), overwrite=command.overwrite)
    if command.save_matrix:
        rows = [face_row(place_of(face.target), face=face.target.face.index) for face in done.faces]
        write_bytes(numbers, json.dumps({"faces": rows}, indent=1).encode(), command.overwrite)
    reenactor = getattr(command, "reenact", "given")
    if command.save_reenacted:
        before = mark_frame(done.reenacted) if command.mark else done.reenacted
        deliver(sides[-1], before, target, pair.given, Record("none", reenactor), run.terms)
    record = Record(command.transfer, reenactor, run.facts.get("model_sha256"), {"seed": command.seed})
    deliver(pair.output, done.frame, target, pair.given, record, run.terms)
    return done, target
