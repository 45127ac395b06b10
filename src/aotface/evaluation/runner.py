"""A suite through all methods: one small file per triple, so that a stopped run resumes."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from aotface.compose.blend import blend
from aotface.compose.camera import Camera
from aotface.compose.eyes import EyePoints
from aotface.compose.face_step import features_of
from aotface.errors import UsageError, reason_of_file
from aotface.evaluation.methods import Method, find_methods
from aotface.evaluation.results import DETECTED_BY
from aotface.evaluation.suites import find_suite
from aotface.evaluation.triple import Plan, Triple
from aotface.forensics.base import ForgeryDetector, checked_score, forgery_detector
from aotface.forge.work import code_hash
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.image import encode_image
from aotface.media.runlog import command_line, environment, now, sha256_of, write_run_log
from aotface.metrics import Perceptual, Sample, measure
from aotface.metrics.identity import Embedder, IdentityMeter
from aotface.metrics.temporal import Clip
from aotface.types import Crop, Frame, Mask

FORMAT = 2
"""Raised when the same inputs would give other numbers: two formats do not meet in one folder."""

PICTURE_QUALITY = 90

FACES = "faces"
"""Folder of the lossless crops of a suite whose faces go to fresh segmenters."""

DECIMALS = 6
"""Kept of each metric: where an array happens to lie in memory changes the sixteenth digit of a sum."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Meters:
    """The optional networks that measure: path and sha256 of each; None leaves its metrics out."""

    identity: Path | None = None
    identity_sha256: str = ""
    perceptual: Path | None = None
    perceptual_sha256: str = ""

    def load(self) -> tuple[Embedder | None, Perceptual | None]:
        """Open what there is."""
        identity = IdentityMeter(self.identity, self.identity_sha256) if self.identity else None
        if self.perceptual is None:
            return identity, None
        from aotface.metrics.perceptual import PerceptualMeter  # imports torch

        return identity, PerceptualMeter(self.perceptual, self.perceptual_sha256)

    @property
    def fingerprint(self) -> str:
        """Which networks they are, wherever they lie."""
        return f"{self.identity_sha256}/{self.perceptual_sha256}".lower()


@dataclass(frozen=True)
class Job:
    """One run: what is judged on what, and where the results go.

    ``networks``: names and weights of further networks. ``detectors``: names of forgery detectors.
    """

    suite: str
    data: Path
    out: Path
    methods: tuple[str, ...] = ()
    pairs: int = 60
    seed: int = 0
    workers: int = 1
    weights: Path | None = None
    meters: Meters = Meters()
    detectors: tuple[str, ...] = ()
    networks: tuple[tuple[str, Path], ...] = ()

    @property
    def folder(self) -> Path:
        """Where this suite's rows and pictures lie."""
        return self.out / self.suite

    def find_methods(self) -> list[Method]:
        """What is judged; see `methods.find_methods`."""
        return find_methods(self.methods, self.weights, self.networks)


def run(job: Job, say: Say) -> None:
    """Measure every method on every triple of a suite; what an earlier run has measured is kept.

    Writes ``OUT/SUITE/rows/NAME.json`` and pictures beside it, ``OUT/SUITE/manifest.json`` with the inputs'
    hashes, and ``OUT/SUITE/run.json``.

    Args:
        job: what to do.
        say: told of progress.

    Raises:
        UsageError: the folder holds results of other data or another seed.
        AotfaceError: an input or a model cannot be used.
    """
    clock, started = time.monotonic(), now()
    job.find_methods()  # refuse before any work
    _detectors(job)
    for name in ("rows", "pictures", *([FACES] if find_suite(job.suite).halves else [])):
        make_folder(job.folder / name)
    plans = find_suite(job.suite).plan(job.data, job.pairs, job.seed, say)
    _write_manifest(job, plans)
    for count, line in enumerate(_each(job, plans), 1):
        spent = time.monotonic() - clock
        left = spent / count * (len(plans) - count)
        say(f"{job.suite} {count}/{len(plans)} {line}, {_minutes(spent)} spent, about {_minutes(left)} left")
    if find_suite(job.suite).halves:
        from aotface.evaluation.segmenter import judge_suite  # imports torch

        _one_thread()
        names = [m.name for m in job.find_methods() if m.kind != "reference"]
        judge_suite(job.folder, plans, names, say)
    record = {"command": "bench", "arguments": command_line(), "started": started, "finished": now()}
    write_run_log(job.folder / "run.json", record | {"job": asdict(job)} | environment(), overwrite=True)


def _each(job: Job, plans: Sequence[Plan]) -> Iterator[str]:
    """Do the plans, here or in other processes; a line for each as it is done."""
    if job.workers <= 1:
        bench = Bench(job)
        for plan in plans:
            yield bench.do(plan)
        return
    spawn = get_context("spawn")  # a fork would inherit locks of networks that were loaded
    with ProcessPoolExecutor(job.workers, spawn, initializer=_start, initargs=(job,)) as pool:
        waiting = [pool.submit(_work, plan) for plan in plans]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_bench: "Bench | None" = None  # of a worker process


def _start(job: Job) -> None:
    global _bench
    _bench = Bench(job)


def _work(plan: Plan) -> str:
    assert _bench is not None
    return _bench.do(plan)


class Bench:
    """A process's methods and meters, loaded once."""

    def __init__(self, job: Job):
        _one_thread()
        self._job = job
        self._suite = find_suite(job.suite)
        self._methods = job.find_methods()
        self._meters = job.meters.load()
        self._detectors = _detectors(job)

    def do(self, plan: Plan) -> str:
        """Measure what is missing of one triple; returns what was done in a few words."""
        path = self._job.folder / "rows" / f"{plan.name}.json"
        key = self._key(plan)
        record = _read_record(path, key)
        missing = [m for m in self._methods if record["rows"].get(m.name, {}).get("version") != m.fingerprint]
        if "failed" in record:
            return f"{plan.name} left out as before: {record['failed']}"
        if not missing:
            return f"{plan.name} kept"
        try:
            triple = self._suite.build(plan, self._job.data)
        except Exception as error:  # of any kind: one triple does not end the run
            record["failed"] = reason_of_file(plan.name, error)
            write_bytes(path, json.dumps(record).encode(), overwrite=True)
            return f"{plan.name} left out: {record['failed']}"
        record["facts"] = asdict(triple.facts) | {"light": triple.facts.light}
        for method in missing:
            if triple.truth is not None or not method.needs_truth:
                record["rows"][method.name] = self._row(triple, method)
        self._keep_inputs(triple)
        write_bytes(path, json.dumps(_without_nan(record)).encode(), overwrite=True)
        return f"{plan.name} measured"

    def _row(self, triple: Triple, method: Method) -> dict[str, Any]:
        """One method on one triple: its metrics and its time."""
        clock = time.process_time()
        result = method.run(triple)
        seconds = time.process_time() - clock
        frames = _frames(method, triple.clip) if triple.clip else None
        identity, perceptual = self._meters
        sample = sample_of(method, triple, result)
        values = measure(replace(sample, frames=frames, identity=identity, perceptual=perceptual))
        shown = (
            [_blended(*parts) for parts in zip(frames.results, frames.targets, frames.masks, strict=True)]
            if frames
            else [_blended(result, triple.target, triple.mask)]
        )
        for detector in self._detectors:
            values[DETECTED_BY + detector.name] = checked_score(detector, shown)
        self._keep(f"{triple.name}.{method.name}", result, triple)
        if self._suite.halves:
            self._keep_lossless(f"{triple.name}.{method.name}", result)
        rounded = {name: round(value, DECIMALS) for name, value in values.items()}
        return rounded | {"time_ms": seconds * 1000, "version": method.fingerprint}

    def _keep_inputs(self, triple: Triple) -> None:
        self._keep(f"{triple.name}._reenacted", triple.reenacted, triple)
        self._keep(f"{triple.name}._target", triple.target, None)
        if triple.truth is not None:
            self._keep(f"{triple.name}._truth", triple.truth, triple)
        if self._suite.halves:
            self._keep_lossless(f"{triple.name}._target", triple.target)
            self._keep_lossless(f"{triple.name}._mask", np.repeat(triple.mask[..., None], 3, axis=2))

    def _keep_lossless(self, name: str, crop: Crop) -> None:
        """Leave what fresh segmenters are shown."""
        data = encode_image(_bytes(crop), "PNG")
        write_bytes(self._job.folder / FACES / f"{name}.png", data, overwrite=True)

    def _keep(self, name: str, crop: Crop, triple: Triple | None) -> None:
        """Leave a small picture for the contact sheets: blended into the target, as it would be seen."""
        frame = _bytes(crop) if triple is None else _blended(crop, triple.target, triple.mask)
        data = encode_image(frame, "JPEG", quality=PICTURE_QUALITY)
        write_bytes(self._job.folder / "pictures" / f"{name}.jpg", data, overwrite=True)

    def _key(self, plan: Plan) -> str:
        """What the numbers follow from: plan, pictures, meters, format."""
        hashes = {role: sha256_of(self._job.data / file) for role, file in sorted(plan.files.items())}
        whole: list[Any] = [FORMAT, asdict(plan), hashes, self._job.meters.fingerprint]
        if self._detectors:
            whole.append({detector.name: detector.identity() for detector in self._detectors})
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def sample_of(method: Method, triple: Triple, result: Crop) -> Sample:
    """What is known of one method's result: `measure` takes every number from it that needs no further network."""
    return Sample(
        result,
        triple.mask,
        target=triple.target,
        reenacted=triple.reenacted,
        truth=triple.truth,
        normals=triple.geometry.normals,
        landmarks=triple.landmarks,
        target_landmarks=triple.target_landmarks,
        finished=_finished(method, triple, result),
        source=triple.source,
        source_landmarks=triple.source_landmarks,
    )


def _detectors(job: Job) -> list[ForgeryDetector]:
    return [forgery_detector(name) for name in dict.fromkeys(job.detectors)]


def _blended(crop: Crop, target: Crop, mask: Mask) -> Frame:
    """A method's crop laid into the target, as it would be seen."""
    return _bytes(target + (crop - target) * mask[..., None])


def _finished(method: Method, triple: Triple, result: Crop) -> Crop | None:
    """A method's crop as a swap ends: eyes, blend, grain and texture of the target. None of a reference: it is finished."""
    if method.kind == "reference":
        return None
    points = triple.landmarks, triple.target_landmarks
    camera = Camera(features_of(len(result), *points), (0, 0, 0), eyes=EyePoints(*points))
    frame = np.rint(np.clip(triple.target, 0, 1) * 65535).astype(np.uint16)
    done = blend(frame, result, triple.mask, np.eye(2, 3), camera=camera, features=camera.features)
    return done.astype(np.float32) / np.float32(65535)


def _bytes(crop: Crop) -> Frame:
    return np.rint(np.clip(crop, 0, 1) * 255).astype(np.uint8)


def _frames(method: Method, clip: tuple[Triple, ...]) -> Clip:
    """What a method makes of consecutive frames."""
    results = method.over_time(clip) if method.over_time else [method.run(triple) for triple in clip]
    return Clip(results, [triple.target for triple in clip], [triple.mask for triple in clip])


def _read_record(path: Path, key: str) -> dict[str, Any]:
    """What an earlier run left for the same key; else an empty record."""
    if path.is_file():
        record = json.loads(read_bytes(path))
        if record.get("key") == key:
            return dict(record)
    return {"key": key, "rows": {}}


def _write_manifest(job: Job, plans: Sequence[Plan]) -> None:
    """Names, roles and hashes of every input; more pairs join those of an earlier run."""
    path = job.folder / "manifest.json"
    head = {"format": FORMAT, "suite": job.suite, "seed": job.seed, "code": code_of_results()}
    before: dict[str, Any] = json.loads(read_bytes(path)) if path.is_file() else {**head, "triples": {}}
    if {name: before.get(name) for name in head} != head:
        raise UsageError(
            f"{show(job.folder)} holds results of another seed, or of another version of aotface or of a library below it: "
            "choose another folder"
        )
    hashes = {file: sha256_of(job.data / file) for plan in plans for file in plan.files.values()}
    triples: dict[str, Any] = before["triples"]
    for plan in plans:
        entry = json.loads(json.dumps(asdict(plan)))
        entry["sha256"] = {role: hashes[file] for role, file in plan.files.items()}
        if triples.setdefault(plan.name, entry) != entry:
            raise UsageError(f"{show(job.folder)} holds results of other pictures: choose another folder")
    data = json.dumps(head | {"triples": triples}, indent=1).encode()
    write_bytes(path, data, overwrite=True)


@cache
def code_of_results() -> str:
    """The hash of the code that decides rows, and of the versions below it: rows of two versions do not mix."""
    found = hashlib.sha256(code_hash().encode())
    package = Path(__file__).parents[1]
    for path in sorted(
        path for name in ("datasets", "evaluation") for path in (package / name).rglob("*.py")
    ):
        found.update(path.read_bytes())
    return found.hexdigest()


def _without_nan(record: Any) -> Any:
    """NaN, which JSON does not know, as null."""
    if isinstance(record, dict):
        return {key: _without_nan(value) for key, value in record.items()}
    return None if isinstance(record, float) and math.isnan(record) else record


def _one_thread() -> None:
    """One thread for each process: sums in one order, and times that can be compared."""
    cv2.setNumThreads(1)
    import torch

    torch.set_num_threads(1)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
