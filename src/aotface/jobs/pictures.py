"""Pictures: from jobs of one output each to written, marked files and a record of the run."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from aotface.compose import pipeline
from aotface.compose.changed import as_mask
from aotface.compose.output_layers import layers_named
from aotface.compose.pipeline import Swapped, swap_faces
from aotface.errors import Interrupted, PartialError, UsageError
from aotface.face.detect import detect
from aotface.jobs.assign import assign_faces
from aotface.jobs.context import JobContext, inputs_of
from aotface.jobs.face_map import assignments_of, files_of
from aotface.jobs.failures import failure_of
from aotface.jobs.matching import Plan
from aotface.jobs.spec import JobSpec
from aotface.jobs.write_output import write_output
from aotface.media.files import beside, check_output, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.image import Picture, output_format, quality_for, read_image, write_image
from aotface.media.lock import writing_alone
from aotface.media.runlog import free_name, now, sha256_of, write_run_log
from aotface.provenance import mark_frame
from aotface.reenact.base import PreparedSource, Reenacted
from aotface.types import AlignedFace, Face


@dataclass(frozen=True)
class SourceByFace:
    """Several prepared sources, by the number of the target's face that each goes onto."""

    sources: Mapping[int, PreparedSource]

    def reenact(self, target: AlignedFace) -> Reenacted:
        """See `PreparedSource`."""
        return self.sources[target.face.index].reenact(target)


def run_pictures(context: JobContext, plan: Plan) -> list[Path]:
    """Make every picture. One that fails of many gets its own line, and the rest is made.

    Raises:
        AotfaceError: the only one failed.
        PartialError: some of several failed.
        Interrupted: the job was cancelled; what is finished stays.
    """
    spec, reporter = context.spec, context.reporter
    log = _run_log(spec, plan.folder)
    if plan.folder:
        make_folder(Path(spec.output))
    run = _Pictures(context, plan)
    run.check_writable(log)
    notes = context.notes
    for note in notes:
        reporter.warn(note)
    started, entries = now(), []
    try:
        for number, job in enumerate(plan.jobs, 1):
            context.stop_if_cancelled()
            entries.append(entry := run.outcome(job))
            _tell(context, job, entry, f"{number}/{len(plan.jobs)} " if plan.folder else "")
    finally:
        if any(entry["status"] != "skipped" for entry in entries):
            record = context.run_record(spec, log) | _batch_record(plan, entries)
            write_run_log(log, record | {"started": started, "notes": notes}, spec.overwrite)
    failed = sum(entry["status"] == "failed" for entry in entries)
    if failed:
        raise PartialError(f"{failed} of {len(plan.jobs)} pairs failed: see the lines above, or {show(log)}")
    return [Path(entry["output"]) for entry in entries if entry["status"] == "written"]


class _Pictures:
    """The pictures of one run."""

    def __init__(self, context: JobContext, plan: Plan):
        self._context, self._spec = context, context.spec
        self._alone = len(plan.jobs) == 1
        self._inputs = frozenset(path.resolve() for job in plan.jobs for path in _files(job))
        self._look = lru_cache(maxsize=4)(_look)  # several sources meet each target

    def check_writable(self, output: Path) -> None:
        """Refuse an output that is an input, or is there already."""
        if output.resolve() in self._inputs:
            raise UsageError(f"{show(output)} is an input of this run: choose another output")
        check_output(output, self._spec.overwrite)

    def outcome(self, job: JobSpec) -> dict[str, Any]:
        """Make one picture; how it went, for the record.

        Raises:
            AotfaceError: it failed, and is the only one.
        """
        role = "swapped" if job.kind == "refine" else "source"
        entry: dict[str, Any] = {role: job.given, "target": job.target, "output": job.output}
        if job.skip_existing and Path(job.output).exists():
            return entry | {"status": "skipped"}
        clock = time.perf_counter()
        try:
            done, target = self._write(job)
        except Interrupted:
            raise
        except Exception as error:  # of any kind: one file does not end a batch
            if self._alone:
                raise
            return entry | {"status": "failed"} | failure_of(error)
        seconds = round(time.perf_counter() - clock, 3)
        format = output_format(Path(job.output), target)
        if format in ("JPEG", "WEBP"):
            entry["quality"] = job.quality or quality_for(format, target)
        faces = [face.target.face.index for face in done.faces]
        notes = [f"{show(target.path)} {note}" for note in target.notes]
        entry |= {"status": "written", "faces": faces, "seconds": seconds, "notes": notes}
        if job.kind == "refine":
            return entry
        return entry | {name: [getattr(face, name) for face in done.faces] for name in ("forehead", "beard")}

    def _write(self, job: JobSpec) -> tuple[Swapped, Picture]:
        """Make one picture and its layers, and write them."""
        output, layers = Path(job.output), layers_named(job.layers)
        extra = [beside(output, layer.picture_ending) for layer in layers]
        for path in (output, *extra):
            self.check_writable(path)
        output_format(output)
        with writing_alone(output, job.wait):
            return self._write_held(job, extra)

    def _write_held(self, job: JobSpec, extra: list[Path]) -> tuple[Swapped, Picture]:
        """The same, while no other run writes them."""
        output, layers = Path(job.output), layers_named(job.layers)
        context, (done, target) = self._context, self._swap(job)
        options, inputs = context.output_options, inputs_of(job)
        for layer, path in zip(layers, extra, strict=True):
            made = layer.of_picture(done)
            if isinstance(made, bytes):
                write_bytes(path, made, job.overwrite)
            elif layer.shows_swap:
                shown = mark_frame(made) if job.mark else made
                write_output(path, shown, target, inputs, context.record(before_transfer=True), options)
            else:
                write_image(path, made, overwrite=job.overwrite)
        if done.label is not None and target.alpha is not None:
            target = replace(target, alpha=done.label.opaque(target.alpha))
        write_output(output, done.frame, target, inputs, context.record(), options)
        return done, target

    def _swap(self, job: JobSpec) -> tuple[Swapped, Picture]:
        """The finished picture, and its target as it was read."""
        rows, options = assignments_of(job), self._context.options
        if job.kind == "refine":
            target = read_image(Path(job.target))
            if files_of(rows):  # a reference picture: which number is that?
                (number,) = assign_faces(target.frame, detect(target.frame), rows)
                options = replace(options, face=str(number))
            swapped = read_image(Path(job.swapped)).frame
            mask = None if job.mask is None else as_mask(read_image(Path(job.mask)).frame)
            return pipeline.refine(swapped, target.frame, options, job.mark, mask), target
        prepared = [self._context.prepare(str(row.source), str(row.source_face)) for row in rows]
        target, faces = self._look(Path(job.target))
        found = assign_faces(target.frame, faces, rows)
        source = SourceByFace({number: prepared[rows.index(row)] for number, row in found.items()})
        return swap_faces(
            target.frame, [faces[number] for number in found], source, options, job.mark, faces
        ), target


def _look(path: Path) -> tuple[Picture, list[Face]]:
    picture = read_image(path)
    return picture, detect(picture.frame)


def _files(job: JobSpec) -> list[Path]:
    """Every file that goes into one picture."""
    return [Path(job.given), Path(job.target), *inputs_of(job).values(), *files_of(assignments_of(job))]


def _run_log(spec: JobSpec, folder: bool) -> Path:
    """Where the record goes: ``--run-log``, else ``OUTPUT.run.json`` or ``FOLDER/run.json``, numbered."""
    if spec.run_log is not None:
        return Path(spec.run_log)
    output = Path(spec.output)
    log = output / "run.json" if folder else beside(output, ".run.json")
    return log if spec.overwrite else free_name(log)


def _tell(context: JobContext, job: JobSpec, entry: dict[str, Any], place: str) -> None:
    reporter = context.reporter
    for note in entry.get("notes", ()):
        reporter.warn(note)
    if entry["status"] == "written":
        faces = f"{len(entry['faces'])} face" + "s" * (len(entry["faces"]) != 1)
        reporter.say(f"{place}{show(job.output)}  ({faces}, {entry['seconds']:.1f} s)")
    elif entry["status"] == "skipped":
        reporter.say(f"{place}{show(job.output)}  (skipped: it exists)")
    else:
        reporter.warn(f"{place}failed: {show(job.given)} with {show(job.target)}: {entry['error']}")


def _batch_record(plan: Plan, entries: list[dict[str, Any]]) -> dict[str, Any]:
    done = [job for job, entry in zip(plan.jobs, entries, strict=False) if entry["status"] != "skipped"]
    used = dict.fromkeys(path for job in done for path in _files(job))
    return {
        "finished": now(),
        "inputs": {str(path): sha256_of(path) for path in used},
        "planned": len(plan.jobs),
        "pairs": entries,
    }
