"""A store without a swap in it: soft patterns, discs as masks, and the mean face as landmarks."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from aotface.face.align import crop_matrix
from aotface.face.mesh import MEAN
from aotface.forge.build import finish, write_sample
from aotface.forge.plan import Gap, Method, Pair, Plan, PlanInput, encode_plan
from aotface.forge.store import PLAN, RECORD, Sample, encode_sample
from aotface.forge.work import Work, works_of
from aotface.media.plain import png_of

SIDE, FRAMES = 96, 3
Change = Callable[[Sample, dict[str, bytes]], tuple[Sample, dict[str, bytes]]]


def landmarks(shift: float = 0.0) -> np.ndarray:
    points = MEAN.astype(np.float32) * 18 + np.array([SIDE / 2 + shift, SIDE / 2, 0], np.float32)
    return points


def frame(word: str, number: int) -> np.ndarray:
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) + number)
    return cv2.GaussianBlur(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8), (0, 0), 1.2)


def made_input(number: int, split: str, clips: bool = True) -> PlanInput:
    kind = "clip" if clips and number % 4 >= 2 else "picture"
    return PlanInput(
        id=f"{number:03d}",
        file=f"{number}.png",
        sha256=hashlib.sha256(bytes([number])).hexdigest(),
        kind=kind,
        person=f"p{number}",
        split=split,  # type: ignore[arg-type]
        licence="CC0",
        consent="nobody",
        height=SIDE,
        width=SIDE,
        frames=FRAMES if kind == "clip" else 1,
        tone=("light", "dark")[number % 2],
        light=(0.6, 0.0, 0.8),
    )


def made_plan(people: int = 4) -> Plan:
    """``people`` in each of train and test, in pairs."""
    splits = ["train"] * people + ["test"] * people
    inputs = tuple(made_input(number, split) for number, split in enumerate(splits))
    gap = Gap(light_degrees=10.0, exposure=3.0, colour=2.0, total=0.4)
    strata = ("small", "middle", "large")
    pairs = tuple(
        Pair(a=f"{n:03d}", b=f"{n + 1:03d}", stratum=strata[n // 2 % 3], gap=gap)  # type: ignore[arg-type]
        for n in range(0, 2 * people, 2)
    )
    methods = (Method(name="mean", transfer="mean"), Method(name="mkl", transfer="mkl"))
    controls = (Method(name="self", transfer="none", source="own", control=True),)
    return Plan(name="made set", inputs=inputs, pairs=pairs, methods=methods + controls, bounds=(0.5, 0.8))


def files_of(work: Work) -> tuple[Sample, dict[str, bytes]]:
    files: dict[str, bytes] = {}
    disc = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(disc, (SIDE // 2, SIDE // 2), 24, (1.0,), -1)
    soft = np.rint(cv2.GaussianBlur(disc, (0, 0), 2) * 255).astype(np.uint8)
    for number in range(work.target.frames):
        picture, mask = frame(work.target.id, number), np.zeros((SIDE, SIDE), np.uint8)
        if work.method is not None and work.source is not None:
            mask, other = soft, frame(f"{work.source.id}{work.method.name}", number)
            picture = np.where(mask[..., None] > 0, other, picture)
        hard = np.where(mask >= 128, np.uint8(255), np.uint8(0))
        for kind, array in (("frames", picture), ("masks", mask), ("hard", hard)):
            files[f"{kind}/{number:06d}.png"] = png_of(array)
    points = np.stack([landmarks(number) for number in range(work.target.frames)])
    for name, values in (("landmarks.npy", points), ("matrices.npy", np.stack([*map(crop_matrix, points)]))):
        file = io.BytesIO()
        np.save(file, values)
        files[name] = file.getvalue()
    return sample_of(work, files), files


def sample_of(work: Work, files: dict[str, bytes]) -> Sample:
    method, source = work.method, work.source
    return Sample(
        id=work.id,
        label="real" if method is None else "fake",
        method=None if method is None else method.name,
        control=method is not None and method.control,
        split=work.target.split,
        kind=work.target.kind,
        target=work.target.id,
        target_person=work.target.person,
        source=None if source is None else source.id,
        source_person=None if source is None else source.person,
        stratum=None if work.pair is None else work.pair.stratum,
        gap=None if work.pair is None else {"total": 0.4},
        frames_count=work.target.frames,
        height=SIDE,
        width=SIDE,
        tone=work.target.tone,
        light=work.target.light,
        key=work.id,
        files={name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    )


def write_made_store(folder: Path, plan: Plan | None = None, change: Change | None = None) -> Path:
    """Write it; ``change`` may spoil samples on the way."""
    plan, lines = plan or made_plan(), []
    folder.mkdir(parents=True)
    for work in works_of(plan):
        line, files = files_of(work)
        if change is not None:
            line, files = change(line, files)
        write_sample(folder, work.id, files | {RECORD: encode_sample(line)})
        lines.append(line)
    (folder / PLAN).write_bytes(encode_plan(plan.without_paths()))
    finish(folder, lines, {"name": plan.name, "purpose": plan.purpose}, plan)
    return folder
