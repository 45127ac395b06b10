"""Build a set: estimate, make what is missing, and close the store with its manifest, datasheet and signature."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from aotface.errors import AotfaceError, Interrupted, PartialError, UnwritableError, UsageError
from aotface.forge import store
from aotface.forge.about import about, licence, sign_manifest
from aotface.forge.estimate import Estimate, estimate
from aotface.forge.inputs import files_by_hash
from aotface.forge.make import FAILED, ForgeOrder, method_context
from aotface.forge.plan import Plan, encode_plan, without_permission
from aotface.forge.store import Sample, encode_sample
from aotface.forge.work import Work, code_hash, key_of, works_of
from aotface.jobs.device import networks, pick_device
from aotface.jobs.process_executor import ProcessExecutor, SerialExecutor
from aotface.jobs.ray_executor import Order, RayExecutor
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.runlog import environment
from aotface.media.weights import sha256
from aotface.reenact.registry import identity_of
from aotface.reporter import Reporter

PART = ".part-"
"""Begins the name of a sample that is being written."""


@runtime_checkable
class ClosableExecutor(Protocol):
    """See `aotface.jobs.ray_executor.Executor`."""

    workers: int

    def results(
        self, order: Order, pieces: Sequence[list[int]]
    ) -> Iterator[tuple[list[int], dict[str, bytes]] | None]:
        """Every piece with its files."""

    def close(self) -> None:
        """Let go of the workers."""


@dataclass(frozen=True)
class BuildOptions:
    """``files``: folders in which inputs are found again by hash. ``replace``: take over the store of another plan."""

    workers: int = 1
    ray: str | None = None
    device: str = "auto"
    files: tuple[Path, ...] = ()
    allow_unsaid: bool = False
    replace: bool = False


def build(plan: Plan, folder: Path, options: BuildOptions, reporter: Reporter) -> store.Store:
    """Build a set, or go on with one that was stopped.

    Returns:
        The finished store.

    Raises:
        UsageError: permissions missing, another plan's store. UnwritableError: the disk is too small.
        PartialError: some samples failed; the others are kept.
        Interrupted: stopped; what is finished is kept.
    """
    _check_permission(plan, options.allow_unsaid, reporter)
    plan = located(plan, options.files)
    order, works = _order(plan, options.device), works_of(plan)
    _claim(plan, folder, options.replace, {work.id for work in works})
    missing = [n for n, work in enumerate(works) if not _is_made(folder, work, order.keys[n])]
    cost = estimate(plan, [works[n] for n in missing], options.workers)
    reporter.say(f"{show(folder)}  {len(works)} samples, {len(missing)} to make: {cost.words()}")
    _check_disk(folder, cost)
    failed = _make_missing(order, works, missing, folder, options, reporter)
    if failed:
        raise PartialError(
            f"{len(failed)} of {len(works)} samples failed, the first because of: {failed[0]}; mend or take out the "
            f"inputs, then build again with --replace"
        )
    return close_store(plan, folder, works, order.keys)


def close_store(plan: Plan, folder: Path, works: Sequence[Work], keys: Sequence[str]) -> store.Store:
    """Write what stands beside the samples; the signature last."""
    lines = [read_record(folder, work.id) for work in works]
    facts = {
        "format": 1,
        "name": plan.name,
        "plan_sha256": plan.sha256,
        "code_sha256": code_hash(),
        "versions": environment()["versions"],
        "samples": len(lines),
        "purpose": plan.purpose,
        "marked": plan.purpose == "show",
    }
    write_bytes(folder / store.PLAN, encode_plan(plan.without_paths()), overwrite=True)
    finish(folder, lines, facts, plan)
    return store.open_store(folder)


def finish(folder: Path, lines: Sequence[Sample], facts: Mapping[str, Any], plan: Plan) -> None:
    """Write facts, datasheet, licence, manifest and signature."""
    text = msgspec.json.format(msgspec.json.encode(facts, order="deterministic"), indent=1) + b"\n"
    write_bytes(folder / store.STORE, text, overwrite=True)
    write_bytes(folder / store.ABOUT, about(plan, lines).encode(), overwrite=True)
    write_bytes(folder / store.LICENCE, licence(plan).encode(), overwrite=True)
    manifest = b"".join(encode_sample(line) + b"\n" for line in lines)
    write_bytes(folder / store.SIGNATURE, sign_manifest(folder, manifest), overwrite=True)
    write_bytes(folder / store.MANIFEST, manifest, overwrite=True)


def read_record(folder: Path, id: str) -> Sample:
    """The line of one sample."""
    return msgspec.json.decode(read_bytes(folder / store.SAMPLES / id / store.RECORD), type=Sample)


def located(plan: Plan, folders: tuple[Path, ...] = ()) -> Plan:
    """The plan with every input where it lies now, its content checked.

    Raises:
        UsageError: an input is missing, or is another file than the plan was made from.
    """
    known = files_by_hash(folders) if folders else {}
    placed = []
    for one in plan.inputs:
        path = Path(one.file) if Path(one.file).is_file() else known.get(one.sha256)
        if path is None:
            raise UsageError(
                f"input {one.id}: {show(one.file)} is not there; say --files FOLDER to find it by its hash"
            )
        found = sha256(path)
        if found != one.sha256 and one.sha256 in known:
            path, found = known[one.sha256], one.sha256
        if found != one.sha256:
            raise UsageError(f"input {one.id}: {show(path)} is not the file of the plan any more; plan again")
        placed.append(msgspec.structs.replace(one, file=str(path.absolute())))
    return msgspec.structs.replace(plan, inputs=tuple(placed))


def write_sample(folder: Path, id: str, files: Mapping[str, bytes]) -> None:
    """Write the files of one sample: whole or not at all."""
    samples = make_folder(folder / store.SAMPLES)
    part, final = samples / f"{PART}{id}", samples / id
    shutil.rmtree(part, ignore_errors=True)
    try:
        for folder_name in {Path(name).parent for name in files}:
            make_folder(part / folder_name)
        for name, data in files.items():  # the folder takes its name when all of them are there
            (part / name).write_bytes(data)
        if final.exists():
            shutil.rmtree(final)
        part.rename(final)
    except OSError as error:
        raise UnwritableError(f"{show(final)}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _order(plan: Plan, device: str) -> ForgeOrder:
    mark, settled = plan.purpose == "show", device
    facts: dict[str, dict[str, Any]] = {}
    for method in plan.methods:
        spec = msgspec.structs.replace(method_spec(plan, method.name), device=device)
        settled = pick_device(device, networks(spec))
        context = method_context(method, mark, settled)
        facts[method.name] = {**context.facts, **identity_of(context.reenactor), "reenactor_sha256": None}
    works = works_of(plan)
    keys = [key_of(plan, w, {} if w.method is None else facts[w.method.name]) for w in works]
    return ForgeOrder(plan, tuple(keys), settled)


def method_spec(plan: Plan, name: str) -> Any:
    """The job of a method of the plan."""
    from aotface.forge.plan import job_of
    from aotface.jobs.spec import JobSpec

    return job_of(next(m for m in plan.methods if m.name == name), plan.purpose == "show", JobSpec)


def _check_permission(plan: Plan, allow: bool, reporter: Reporter) -> None:
    unsaid = without_permission(plan)
    if not unsaid:
        return
    people = len({one.person for one in unsaid})
    line = (
        f"licence or consent is not said of {len(unsaid)} inputs of {people} people, the first is {unsaid[0].id} "
        f"({show(Path(unsaid[0].file).name)})"
    )
    if not allow:
        raise UsageError(f"{line}: fill in the plan, or say --allow-unsaid, which the datasheet then tells")
    reporter.warn(line)


def _claim(plan: Plan, folder: Path, replace: bool, ids: set[str]) -> None:
    """Take a folder for this plan; what of another plan is not wanted goes only with ``replace``."""
    existing = folder / store.PLAN
    if folder.exists() and not folder.is_dir():
        raise UnwritableError(f"{show(folder)}: expected a folder, found a file; choose another name")
    if not existing.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{show(folder)}: is not empty, and holds no set; choose another folder")
        make_folder(folder)
    else:
        known = store.decoded(existing, Plan)
        if known.sha256 != plan.sha256 and not replace:
            raise UsageError(
                f"{show(folder)}: holds the set of another plan ({known.name!r}); choose another folder, or say "
                "--replace to make it this plan's: samples of both stay, others are removed"
            )
    for name in (store.MANIFEST, store.SIGNATURE):
        (folder / name).unlink(missing_ok=True)
    write_bytes(existing, encode_plan(plan.without_paths()), overwrite=True)
    samples = folder / store.SAMPLES
    for path in samples.iterdir() if samples.is_dir() else ():
        if path.name not in ids and path.is_dir():
            shutil.rmtree(path)


def _is_made(folder: Path, work: Work, key: str) -> bool:
    try:
        return read_record(folder, work.id).key == key
    except (AotfaceError, msgspec.DecodeError):
        return False


def _check_disk(folder: Path, cost: Estimate) -> None:
    free = shutil.disk_usage(folder).free
    if cost.bytes > free:
        raise UnwritableError(
            f"{show(folder)}: needs about {cost.bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; choose another disk, "
            "or a plan with fewer or smaller frames (--side, --frames)"
        )


def _executor(options: BuildOptions, gpu: bool) -> ClosableExecutor:
    if options.ray is not None:
        return RayExecutor(options.ray, options.workers if options.workers > 1 else None, gpu)
    return ProcessExecutor(options.workers) if options.workers > 1 else SerialExecutor()


def _make_missing(
    order: ForgeOrder,
    works: Sequence[Work],
    missing: list[int],
    folder: Path,
    options: BuildOptions,
    reporter: Reporter,
) -> list[str]:
    """Make samples; gives a line for each that failed."""
    failed: list[str] = []
    if not missing:
        return failed
    total = sum(works[n].target.frames for n in missing)
    done = 0
    executor = _executor(options, order.device == "cuda")
    try:
        for result in executor.results(order, [[number] for number in missing]):
            if result is None:
                continue
            piece, files = result
            for number in piece:
                id = works[number].id
                mine = {
                    name.removeprefix(f"{id}/"): data
                    for name, data in files.items()
                    if name.startswith(f"{id}/")
                }
                if FAILED in mine:
                    failed.append(mine[FAILED].decode())
                    reporter.warn(f"failed: {id}: {failed[-1]}")
                else:
                    write_sample(folder, id, mine)
                done += works[number].target.frames
                reporter.progress("building", done, total)
    except KeyboardInterrupt:
        raise Interrupted("stopped: what is finished is kept; run the same command again to resume") from None
    finally:
        executor.close()
    return failed
