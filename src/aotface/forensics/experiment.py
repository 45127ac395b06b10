"""Run an experiment: every cell once, kept as it is finished, so that a stopped run resumes."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from aotface.errors import Interrupted, UsageError
from aotface.forensics.data import check_sides, load_pool
from aotface.forensics.detectors import kind
from aotface.forensics.detectors.base import FitSettings
from aotface.forensics.matrix import Cell, Matrix, cell_key, cells_of, draw
from aotface.forensics.parts import CROPS, Sides, code_hash, kept_parts, labelled, scores_of
from aotface.jobs.process_executor import ProcessExecutor, SerialExecutor
from aotface.jobs.ray_executor import RayExecutor
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.reporter import Reporter, Silent
from aotface.threads import one_thread_each

CELLS, RECORD = "cells", "experiment.json"


def load_sides(matrix: Matrix, frames: int, folder: Path) -> Sides:
    """Both sides' crops, once for each process."""
    return _sides(msgspec.json.encode(matrix), frames, folder)


@lru_cache(maxsize=4)
def _sides(matrix: bytes, frames: int, folder: Path) -> Sides:
    return read_sides(msgspec.json.decode(matrix, type=Matrix), frames, folder, Silent())


def read_sides(matrix: Matrix, frames: int, folder: Path, reporter: Reporter) -> Sides:
    """Both sides' crops, from the experiment's folder where they are kept.

    Raises:
        InputError: see `check_sides`.
    """
    cache = folder / CROPS
    train = load_pool(
        [Path(one) for one in matrix.train], ("train", "val"), frames, matrix.kind, cache, reporter
    )
    test = load_pool([Path(one) for one in matrix.test], ("test",), frames, matrix.kind, cache, reporter)
    check_sides(train.items, test.items)
    return Sides(train, test)


def frames_of(matrix: Matrix, detector: str) -> int:
    """Crops of each sample that a detector gets."""
    return kind(detector).FRAMES if matrix.kind == "clip" else 1


@dataclass(frozen=True)
class Order:
    """What every worker is told, once."""

    matrix: Matrix
    folder: Path

    def make(self, piece: list[int]) -> dict[str, bytes]:
        """Run cells by their places in `cells_of`."""
        cells, files = cells_of(self.matrix), {}
        for number in piece:
            files[cells[number].name] = run_cell(self.matrix, cells[number], self.folder)
        return files


def run_cell(matrix: Matrix, cell: Cell, folder: Path) -> bytes:
    """Train one detector and score every validation and test sample; the same cell gives the same bytes."""
    sides = load_sides(matrix, frames_of(matrix, cell.detector), folder)
    drawn, file = draw(sides.train, matrix, cell), kind(cell.detector)
    settings = FitSettings(matrix.backbone, matrix.epochs, matrix.rate, matrix.penalty, cell.seed)
    with one_thread_each():
        network = file.network(settings)
        known = kept_parts(matrix, cell.detector, sides, folder)
        file.fit(network, labelled(matrix, drawn, known), settings)
        found = scores_of(network, sides.scored, known)
    scores = {one.name: round(float(value), 5) for one, value in zip(sides.scored, found, strict=True)}
    fakes = sum(drawn.fake)
    record: dict[str, Any] = {"key": key_of(matrix, cell, sides), "fakes": fakes}
    record |= {"reals": len(drawn.fake) - fakes, "scores": scores}
    return json.dumps(record, sort_keys=True).encode()


def key_of(matrix: Matrix, cell: Cell, sides: Sides) -> str:
    """The hash of everything that decides a cell."""
    return cell_key(matrix, cell, (sides.train.key, sides.test.key, code_hash()))


def run_experiment(
    matrix: Matrix, folder: Path, workers: int, ray: str | None, reporter: Reporter
) -> dict[str, dict[str, Any]]:
    """Run every cell that is missing.

    Args:
        matrix: see there.
        folder: where scores and crops are kept; one that was stopped resumes.
        workers, ray: processes side by side, or a cluster.
        reporter: told of progress.

    Returns:
        The record of each cell by its name.

    Raises:
        Interrupted: stopped; what is finished is kept. InputError: see `check_sides` and `draw`.
    """
    make_folder(folder / CELLS)
    cells = cells_of(matrix)
    sides = {
        frames: read_sides(matrix, frames, folder, reporter)
        for frames in {frames_of(matrix, c.detector) for c in cells}
    }
    keys = [key_of(matrix, cell, sides[frames_of(matrix, cell.detector)]) for cell in cells]
    for cell in cells:  # what cannot be drawn is said before hours are spent
        draw(sides[frames_of(matrix, cell.detector)].train, matrix, cell)
    write_bytes(folder / RECORD, msgspec.json.format(msgspec.json.encode(matrix), indent=1), overwrite=True)
    records = [read_cell(folder, cell, key) for cell, key in zip(cells, keys, strict=True)]
    missing = [n for n, record in enumerate(records) if record is None]
    reporter.say(f"{show(folder)}  {len(cells)} cells, {len(missing)} to run")
    executor: Any = SerialExecutor()
    if ray is not None and missing:
        executor = RayExecutor(ray, workers if workers > 1 else None, False)
    elif workers > 1 and len(missing) > 1:
        executor = ProcessExecutor(workers)
    for detector in {cells[n].detector for n in missing}:  # once here, in place of once for each worker
        kept_parts(matrix, detector, load_sides(matrix, frames_of(matrix, detector), folder), folder)
    try:
        done = 0
        for result in executor.results(Order(matrix, folder), [[n] for n in missing]):
            for name, data in (result[1] if result is not None else {}).items():  # None: nothing is ready yet
                write_bytes(folder / CELLS / f"{name}.json", data, overwrite=True)
                done += 1
                reporter.progress("running cells", done, len(missing))
    except KeyboardInterrupt:
        raise Interrupted("stopped: what is finished is kept; run the same command again to resume") from None
    finally:
        executor.close()
    return read_cells(matrix, folder)


def read_cell(folder: Path, cell: Cell, key: str | None = None) -> dict[str, Any] | None:
    """The record of a finished cell; None where there is none of that key."""
    path = folder / CELLS / f"{cell.name}.json"
    if not path.is_file():
        return None
    try:
        record: dict[str, Any] = json.loads(read_bytes(path))
    except ValueError:
        return None
    if not isinstance(record, dict) or "scores" not in record:
        return None
    return record if key is None or record.get("key") == key else None


def read_cells(matrix: Matrix, folder: Path) -> dict[str, dict[str, Any]]:
    """The records of all cells.

    Raises:
        UsageError: some are missing.
    """
    found = {cell.name: read_cell(folder, cell) for cell in cells_of(matrix)}
    absent = [name for name, record in found.items() if record is None]
    if absent:
        raise UsageError(
            f"{show(folder)}: {len(absent)} of {len(found)} cells are missing, the first is {absent[0]}; "
            "run `aotface forensics experiment` again"
        )
    return {name: record for name, record in found.items() if record is not None}
