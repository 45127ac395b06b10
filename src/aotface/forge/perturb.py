"""A perturbed copy of a store: the same samples, masks and splits; reals and fakes get the same treatment."""

import hashlib
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from aotface.errors import OutputExistsError, UsageError
from aotface.forge import store
from aotface.forge.build import finish, write_sample
from aotface.forge.distortions import DISTORTIONS, LEVELS, distort, parse
from aotface.forge.plan import encode_plan
from aotface.forge.store import FRAMES, RECORD, Sample, Store, StoredSample, encode_sample
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.plain import png_of
from aotface.reporter import Reporter

META = "perturbations.txt"
"""One line for each sample: its path and what was done, as DeeperForensics writes it."""


def perturb_store(
    whole: Store, folder: Path, lines: Sequence[str], mix: int, seed: int, reporter: Reporter
) -> Store:
    """Write a perturbed copy.

    Args:
        whole: the store.
        folder: where to; it must not exist, or be one that was stopped.
        lines: perturbations such as ``CS:3 GB:2``; each target gets one of them, drawn by seed, and all samples of a target
            the same.
        mix: in place of lines: so many types at random levels for each target.
        seed: of what is drawn, and of noise.
        reporter: told of progress.

    Raises:
        UsageError: unknown perturbations. OutputExistsError: a finished store is there.
    """
    if bool(lines) == bool(mix):
        raise UsageError("expected --apply LINE or --mix NUMBER")
    for line in lines:
        parse(line)
    if mix > len(DISTORTIONS):
        raise UsageError(f"expected --mix of at most {len(DISTORTIONS)} types, got {mix}")
    if (folder / store.MANIFEST).exists():
        raise OutputExistsError(f"{show(folder)}: holds a finished set; choose another folder")
    shutil.rmtree(folder / store.SAMPLES, ignore_errors=True)
    make_folder(folder)
    done: list[Sample] = []
    for number, sample in enumerate(whole.samples(), 1):
        line, noise = _drawn(lines, mix, seed, sample.info.target)
        done.append(_perturbed(sample, folder, line, noise))
        reporter.progress("perturbing", number, len(whole.lines))
    meta = "".join(f"{store.SAMPLES}/{info.id} {info.perturbation}\n" for info in done)
    write_bytes(folder / META, meta.encode(), overwrite=True)
    plan = whole.plan()
    write_bytes(folder / store.PLAN, encode_plan(plan), overwrite=True)
    finish(folder, done, {**whole.facts(), "perturbed_with_seed": seed}, plan)
    return store.open_store(folder)


def _drawn(lines: Sequence[str], mix: int, seed: int, target: str) -> tuple[str, int]:
    """The line of a target, and the seed of its noise."""
    own = int.from_bytes(hashlib.sha256(f"{seed}:{target}".encode()).digest()[:4])
    rng = np.random.default_rng(own)
    if lines:
        return lines[int(rng.integers(len(lines)))], own
    codes = rng.choice(list(DISTORTIONS), mix, replace=False).tolist()
    return " ".join(f"{code}:{int(rng.integers(1, LEVELS + 1))}" for code in codes), own


def _perturbed(sample: StoredSample, folder: Path, line: str, seed: int) -> Sample:
    """Write one sample, and give its line of the manifest."""
    info = sample.info
    frames = distort(list(sample.frames()), line, seed, Fraction(info.rate))
    files = {
        name: read_bytes(sample.folder / name) for name in info.files if not name.startswith(f"{FRAMES}/")
    }
    files |= {f"{FRAMES}/{number:06d}.png": png_of(np.asarray(frame)) for number, frame in enumerate(frames)}
    said = line if info.perturbation is None else f"{info.perturbation} {line}"
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    key = hashlib.sha256(f"{info.key} {line} {seed}".encode()).hexdigest()
    new = msgspec.structs.replace(info, perturbation=said, perturbation_seed=seed, files=hashes, key=key)
    write_sample(folder, info.id, files | {RECORD: encode_sample(new)})
    return new
