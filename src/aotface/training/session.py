"""One run from the request to its record: begin or go on, train, judge, and say what was done with what."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aotface.errors import AotfaceError, Interrupted, OutputExistsError, UsageError
from aotface.media.files import read_bytes, show
from aotface.media.folder import make_folder
from aotface.media.runlog import command_line, environment, free_name, now, write_run_log
from aotface.training.checkpoint import NAME
from aotface.training.config import TrainConfig, as_dict, checked, differences, load_config, merge
from aotface.training.data import Shards, load_shards
from aotface.training.interrupt import asked_to_stop
from aotface.training.journal import EVENTS, LOG, Journal
from aotface.training.lamp_data import Stacks, load_stacks
from aotface.training.launch import hardware, launch
from aotface.training.loop import Say, go_on, parameters, write_config
from aotface.training.photographs import Photographs, load_photographs
from aotface.training.trainer import Trainer
from aotface.training.validation import SAMPLES, Validation
from aotface.transfer.aot.apply import bf16_is_fast
from aotface.transfer.aot.checkpoint import load_generator
from aotface.transfer.aot.generator import SIZES

CONFIG, RECORD = "config.json", "run.json"


@dataclass(frozen=True)
class Request:
    """What `aotface train` was asked for; ``flags`` holds fields of TrainConfig, None where not given."""

    shards: Path
    out: Path
    config: Path | None
    flags: Mapping[str, Any]
    device: str = "cpu"
    resume: bool = False
    overwrite: bool = False
    tensorboard: bool = False
    workers: int = 1


def run(request: Request, say: Say, warn: Say) -> Path:
    """Train, or go on with training.

    Args:
        request: see Request.
        say: receives lines of progress.
        warn: receives what the user should notice.

    Returns:
        The run's folder.

    Raises:
        OutputExistsError: the folder holds a run and neither resume nor overwrite was asked for.
        UsageError: the options do not fit together, or do not fit the run that is to go on.
        Diverged: the loss is not a number, or has run away.
        Interrupted: Ctrl-C; a checkpoint was saved.
    """
    config = settle(request)
    faces, held_out = load_shards(request.shards), load_shards(request.shards, "validation")
    if not len(faces):
        raise UsageError(
            f"{show(request.shards)}: no training faces; list more people, or lower --validation"
        )
    lamps = load_stacks(request.shards, config.lamp_people) if config.lamp_faces else None
    photographs = None
    if config.game.faces or config.photographs:
        photographs = load_photographs(request.shards), load_photographs(request.shards, "validation")
    fabric = launch(request.device, config.precision)
    chief = fabric.is_global_zero
    say, warn = (speak if chief else _silent for speak in (say, warn))
    for note in [*notes_on(config, faces, held_out, request.device), *_other_data(request.out, faces, lamps)]:
        warn(note)
    if chief:
        _begin(request, config)
    fabric.barrier()
    record = _facts(request, config, faces, held_out, lamps) | hardware(fabric)
    with asked_to_stop() as stop:
        _train(request, config, faces, held_out, fabric, record, stop, say, lamps, photographs)
    say(f"done: {show(request.out)}  (weights: aotface export {show(request.out)} -o NAME.safetensors)")
    return request.out


def settle(request: Request) -> TrainConfig:
    """The configuration of the run: of the request, or that of the run which goes on.

    Raises:
        OutputExistsError, UsageError: see `run`.
    """
    out, saved = request.out, request.out / CONFIG
    if request.resume and request.overwrite:
        raise UsageError("--resume goes on with a run, --overwrite begins anew: choose one")
    if not saved.exists() or request.overwrite:
        return load_config(request.config, request.flags)
    if not request.resume:
        raise OutputExistsError(
            f"{show(out)} holds a run: say --resume to go on, or --overwrite to begin anew"
        )
    before = load_run_config(out)
    if request.config is not None:
        wanted = load_config(request.config, request.flags)
    else:
        wanted = checked(merge(before, {k: v for k, v in request.flags.items() if v is not None}, "options"))
    changed = differences(wanted, before)
    if changed:
        was = ", ".join(f"{name} {getattr(before, name)}" for name in changed)
        raise UsageError(f"{show(out)} was begun with {was}: leave that as it was, or begin another run")
    return wanted


def load_run_config(folder: Path) -> TrainConfig:
    """The configuration that a run left.

    Raises:
        UsageError: there is none, or it is of another version.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise UsageError(f"{show(folder)}: expected config.json of `aotface train`, found none")
    try:
        values = json.loads(read_bytes(path))
    except ValueError as error:
        raise UsageError(f"{show(path)}: expected JSON ({error})") from None
    return merge(TrainConfig(), values, show(path))


def notes_on(config: TrainConfig, faces: Shards, held_out: Shards, device: str) -> list[str]:
    """What the user should know before the hours are spent."""
    notes = []
    side = config.options.side or SIZES[config.size].side
    if faces.side < side:
        notes.append(
            f"shards of {faces.side} px are enlarged to {side} px for {config.size}: prepare --side {side}"
        )
    if not len(held_out):
        notes.append("no held-out people, so validation shows training people: prepare with --validation")
    if config.precision == "bf16-mixed" and not bf16_is_fast(device):
        notes.append("no bfloat16 units here: --precision 32-true is faster")
    return notes


def _other_data(out: Path, faces: Shards, lamps: Stacks | None) -> list[str]:
    """A warning when a run goes on with other shards than it was begun with."""
    record = json.loads(read_bytes(out / RECORD)) if (out / RECORD).is_file() else {}
    data, now_lamps = record.get("data", {}), "" if lamps is None else lamps.fingerprint
    before = data.get("fingerprint", faces.fingerprint), data.get("lamps", {}).get("fingerprint", now_lamps)
    same = before == (faces.fingerprint, now_lamps)
    return [] if same else ["these are other shards than those the run was begun with"]


def _begin(request: Request, config: TrainConfig) -> None:
    """Make the folder; what another run left goes when that was asked for."""
    out = make_folder(request.out)
    if request.overwrite:
        for pattern in (NAME, CONFIG, LOG, "run*.json", f"{SAMPLES}/step_*.png", f"{EVENTS}/events.*"):
            for path in out.glob(pattern):
                path.unlink()
    write_config(config, out)


def _train(
    request: Request,
    config: TrainConfig,
    faces: Shards,
    held_out: Shards,
    fabric: Any,
    record: dict[str, Any],
    stop: Callable[[], bool],
    say: Say,
    lamps: Stacks | None = None,
    photographs: tuple[Photographs, Photographs] | None = None,
) -> None:
    out, clock = request.out, time.monotonic()
    path = free_name(out / RECORD)
    judged, words = (held_out, "") if len(held_out) else (faces, ", training people")
    watcher = Validation(judged, config, out, words)
    trainer = Trainer(config, faces, out, fabric, lamps=lamps, photographs=photographs)
    if trainer.resume():
        say(f"goes on at step {trainer.step} of {config.steps}")
    elif config.begin_from:
        trainer.begin_from(load_generator(Path(config.begin_from)))
        say(f"begins with {config.begin_from}")
    record |= {"first_step": trainer.step, "parameters": parameters(trainer.generator)}
    if fabric.is_global_zero:
        write_run_log(path, record | {"status": "running"})
    journal = Journal(out, trainer.step, request.tensorboard) if fabric.is_global_zero else None
    log = journal.log if journal else _unheard
    status = "failed"
    try:
        go_on(trainer, say, watcher, log, stop, request.workers)
        status = "done"
    except Interrupted as error:
        status = "stopped"
        how = f"aotface train {show(request.shards)} -o {show(out)} --resume"
        raise Interrupted(f"{error}; go on with: {how}") from None
    except AotfaceError as error:
        record["error"] = str(error)
        raise
    finally:
        if journal:
            journal.close()
            seconds = round(time.monotonic() - clock, 1)
            end = {"status": status, "finished": now(), "seconds": seconds, "last_step": trainer.step}
            write_run_log(path, record | end, overwrite=True)


def _facts(
    request: Request, config: TrainConfig, faces: Shards, held_out: Shards, lamps: Stacks | None
) -> dict[str, Any]:
    data = {"folder": str(request.shards), "fingerprint": faces.fingerprint, "side": faces.side}
    if lamps is not None:
        data["lamps"] = {"people": len(lamps), "fingerprint": lamps.fingerprint}
    return {
        "command": "train",
        "arguments": command_line(),
        "config": as_dict(config),
        "seed": config.seed,
        "started": now(),
        "data": data | {"train": faces.summary(), "validation": held_out.summary()},
        **environment(),
    }


def _silent(line: str) -> None:
    """All processes but the first keep quiet."""


def _unheard(values: dict[str, float], step: int) -> None:
    """Only the first process logs."""
