"""From pairs of pictures to written, marked files and a record of the run."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from aotface.commands.deliver import Terms, deliver, signer_from
from aotface.commands.voice import Voice
from aotface.commands.writing import UNMARKED, Pair, Writing, run_log_of, side_outputs
from aotface.errors import AotfaceError, PartialError, UsageError
from aotface.media.files import check_output, same_file, show
from aotface.media.folder import make_folder
from aotface.media.image import Picture, output_format, write_image
from aotface.media.runlog import command_line, environment, now, sha256_of, write_run_log
from aotface.provenance.credentials import Record
from aotface.provenance.watermark import embed
from aotface.swap.pipeline import Swapped
from aotface.types import Frame

Work = Callable[[Pair], tuple[Swapped, Picture]]
"""From a pair to the result and the target picture as it was read."""


def run_pairs(
    command: Writing, pairs: list[Pair], folder: bool, work: Work, voice: Voice, facts: dict[str, Any]
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
    log_path = run_log_of(command, folder)
    if folder:
        make_folder(Path(command.output))
    check_output(log_path, command.overwrite)
    notes = [] if command.mark else [UNMARKED]
    for note in notes:
        voice.warn(note)
    terms = Terms(
        command.mark, signer_from(command.certificate, command.key), command.quality, command.overwrite
    )
    started, entries = now(), []
    try:
        for number, pair in enumerate(pairs, 1):
            entries.append(entry := _outcome(command, pair, work, terms, facts, alone=not folder))
            for note in entry.get("notes", ()):
                voice.warn(note)
            place = f"{number}/{len(pairs)} " if folder else ""
            if entry["status"] == "written":
                voice.say(
                    f"{place}{show(pair.output)}  ({len(entry['faces'])} face(s), {entry['seconds']:.1f} s)"
                )
            else:
                names = f"{show(pair.given)} with {show(pair.target)}"
                voice.warn(f"{place}failed: {names}: {entry['error']}")
    finally:
        if entries:
            record = _record(command, pairs, entries) | {"started": started, "notes": notes, **facts}
            write_run_log(log_path, record, command.overwrite)
    failed = sum(entry["status"] == "failed" for entry in entries)
    if failed:
        raise PartialError(f"{failed} of {len(pairs)} pairs failed: see the lines above, or {show(log_path)}")


def _record(command: Writing, pairs: list[Pair], entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "command": type(command).__name__.lower(),
        "arguments": command_line(),
        "finished": now(),
        "config": asdict(command),
        "seed": command.seed,
        "inputs": _inputs(pairs[: len(entries)]),
        "planned": len(pairs),
        "pairs": entries,
        **environment(),
    }


def _outcome(
    command: Writing, pair: Pair, work: Work, terms: Terms, facts: dict[str, Any], alone: bool
) -> dict[str, Any]:
    role = "source" if hasattr(command, "source") else "swapped"
    entry: dict[str, Any] = {role: pair.given, "target": pair.target, "output": pair.output}
    clock = time.perf_counter()
    try:
        done, target = _one(command, pair, work, terms, facts)
    except AotfaceError as error:
        if alone:
            raise
        return entry | {
            "status": "failed",
            "error": " ".join(str(error).split()),
            "exit_code": error.exit_code,
        }
    seconds = round(time.perf_counter() - clock, 3)
    faces = [face.target.face.index for face in done.faces]
    notes = [f"{show(pair.target)} {note}" for note in target.notes]
    return entry | {"status": "written", "faces": faces, "seconds": seconds, "notes": notes}


def _one(
    command: Writing, pair: Pair, work: Work, terms: Terms, facts: dict[str, Any]
) -> tuple[Swapped, Picture]:
    sides = side_outputs(pair.output, command.save_mask, command.save_reenacted)
    for output in (pair.output, *sides):
        for name in (pair.given, pair.target):
            if same_file(output, name):
                raise UsageError(f"{show(output)} is an input of this run: choose another output")
        check_output(output, command.overwrite)
        output_format(output)
    done, target = work(pair)
    if command.save_mask:
        write_image(sides[0], _grey(done.mask), overwrite=command.overwrite)
    reenactor = getattr(command, "reenact", "given")
    if command.save_reenacted:
        before = embed(done.reenacted) if command.mark else done.reenacted
        record = Record("none", reenactor, watermark=command.mark)
        deliver(sides[-1], before, target, pair.given, record, terms)
    chosen = {"seed": command.seed}
    record = Record(command.transfer, reenactor, facts["model_sha256"], chosen, watermark=command.mark)
    deliver(pair.output, done.frame, target, pair.given, record, terms)
    return done, target


def _grey(mask: np.ndarray) -> Frame:
    return np.repeat(np.rint(mask * 255).astype(np.uint8)[..., None], 3, axis=2)


def _inputs(pairs: list[Pair]) -> dict[str, str | None]:
    return {str(path): sha256_of(path) for path in dict.fromkeys(p for pair in pairs for p in pair[:2])}
