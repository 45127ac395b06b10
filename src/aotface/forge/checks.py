"""Checks of a finished set; each gives lines that say what fails, and none where all is well."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from aotface.errors import AotfaceError
from aotface.forge import store
from aotface.forge.about import check_signature
from aotface.forge.store import (
    FRAMES,
    HARD,
    MASKS,
    RECORD,
    SAMPLES,
    Store,
    StoredSample,
    encode_sample,
    real_id,
)
from aotface.media.files import read_bytes
from aotface.media.plain import png_parts
from aotface.provenance.watermark import detect as find_watermark

MOST_LINES = 20
"""Lines that one check gives at most; how many more there are is said."""


@dataclass(frozen=True)
class Check:
    """One check, and what it found; ``lines`` is empty where nothing is wrong."""

    name: str
    lines: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Nothing is wrong."""
        return not self.lines


def check_of(name: str, lines: Iterable[str]) -> Check:
    """A check, its lines cut to `MOST_LINES`."""
    found = list(lines)
    if len(found) > MOST_LINES:
        found = [*found[:MOST_LINES], f"... and {len(found) - MOST_LINES} more"]
    return Check(name, tuple(found))


def signature(whole: Store) -> Iterable[str]:
    """The manifest is the one that was signed; datasheet and licence are there."""
    wrong = check_signature(whole.folder, read_bytes(whole.folder / store.MANIFEST))
    if wrong is not None:
        yield wrong
    for name in (store.ABOUT, store.LICENCE):
        if not (whole.folder / name).is_file():
            yield f"{name} is missing: the set does not say what it is"


def complete(whole: Store) -> Iterable[str]:
    """Every sample of the manifest has its folder, and no other folder is there."""
    there = {path.name for path in (whole.folder / SAMPLES).iterdir()}
    listed = [line.id for line in whole.lines]
    yield from (f"{name}: is there, but not in the manifest" for name in sorted(there - set(listed)))
    yield from (f"{name}: is in the manifest, but not there" for name in sorted(set(listed) - there))
    yield from (
        f"{name}: two samples have this name" for name in sorted({n for n in listed if listed.count(n) > 1})
    )


def people(whole: Store) -> Iterable[str]:
    """No person is in two splits, as target or as source."""
    seen: dict[str, tuple[str, str]] = {}
    for line in whole.lines:
        for person in (line.target_person, line.source_person):
            if person is None:
                continue
            split, id = seen.setdefault(person, (line.split, line.id))
            if split != line.split:
                yield f"{person!r} is in {split} ({id}) and in {line.split} ({line.id})"
                seen[person] = (line.split, id)


def hashes(sample: StoredSample) -> Iterable[str]:
    """Every file has the hash of the manifest, nothing is missing, and nothing else lies there."""
    info, there = sample.info, set()
    for path in sorted(sample.folder.rglob("*")):
        if path.is_file():
            there.add(path.relative_to(sample.folder).as_posix())
    for name in sorted(there - info.files.keys() - {RECORD}):
        yield f"{info.id}/{name}: is not in the manifest"
    for name, digest in info.files.items():
        if name not in there:
            yield f"{info.id}/{name}: is missing"
        elif hashlib.sha256((sample.folder / name).read_bytes()).hexdigest() != digest:
            yield f"{info.id}/{name}: is not the file that was made"
    if RECORD in there and (sample.folder / RECORD).read_bytes() != encode_sample(info):
        yield f"{info.id}/{RECORD}: says something else than the manifest"


def counts(sample: StoredSample) -> Iterable[str]:
    """As many masks, landmarks and matrices as frames, all of one size."""
    info = sample.info
    for kind in (FRAMES, MASKS, HARD):
        if (found := sum(name.startswith(f"{kind}/") for name in info.files)) != info.frames_count:
            yield f"{info.id}: expected {info.frames_count} of {kind}, got {found}"
    points, matrices = sample.landmarks(), sample.matrices()
    if len(points) != info.frames_count or len(matrices) != info.frames_count:
        yield f"{info.id}: landmarks of {len(points)} frames, matrices of {len(matrices)}, not {info.frames_count}"


def pixels(sample: StoredSample, real: StoredSample | None) -> Iterable[str]:
    """Outside its mask a fake is its real; masks fit each other; a real has none."""
    info = sample.info
    exact = real is not None and not info.marked and info.perturbation is None
    if exact and real is not None and real.info.frames_count != info.frames_count:
        yield f"{info.id}: has {info.frames_count} frames, its real {real.info.frames_count}"
        return
    for number in range(info.frames_count):
        frame, mask, hard = (sample.array(kind, number) for kind in (FRAMES, MASKS, HARD))
        if frame.shape != (info.height, info.width, 3) or not mask.shape == hard.shape == frame.shape[:2]:
            yield f"{info.id} frame {number}: sizes differ: frame {frame.shape}, masks {mask.shape}, {hard.shape}"
            continue
        if not np.array_equal(hard > 0, mask >= store.HARD_FROM):
            yield f"{info.id} frame {number}: the hard mask is not the soft one's"
        if info.label == "real" and mask.any():
            yield f"{info.id} frame {number}: a real has a mask"
        if exact and real is not None:
            yield from _outside(sample, real, number)


def _outside(sample: StoredSample, real: StoredSample, number: int) -> Iterable[str]:
    """Whether one frame is its real outside the mask."""
    frame, mask, own = sample.array(FRAMES, number), sample.array(MASKS, number), real.array(FRAMES, number)
    if frame.shape != own.shape or mask.shape != own.shape[:2]:
        yield f"{sample.info.id} frame {number}: is {frame.shape}, its real {own.shape}, its mask {mask.shape}"
        return
    outside = (frame != own).any(axis=2) & (mask == 0)
    if outside.any():
        count = np.count_nonzero(outside)
        yield f"{sample.info.id} frame {number}: {count} pixels outside the mask are not the target's"


def marks(sample: StoredSample) -> Iterable[str]:
    """A set for training carries no watermark; a set that is shown carries one in every fake.

    Of a fake that is its real outside the mask this is not asked: a watermark changes the whole frame.
    """
    info, number = sample.info, sample.info.frames_count // 2
    if info.label == "fake" and not info.marked and info.perturbation is None:
        return
    found = find_watermark(sample.array(FRAMES, number))
    if info.marked and not found.found and not found.too_small:
        yield f"{info.id}: expected a watermark, found none"
    if not info.marked and found.found:
        yield f"{info.id}: carries a watermark, which a detector would learn"


def same_kind(samples: Sequence[StoredSample]) -> Iterable[str]:
    """Files of reals and fakes have the same parts and no metadata: nothing but pixels differs."""
    parts: dict[tuple[str, ...], dict[str, str]] = {}
    for sample in samples:
        data = read_bytes(sample.path(FRAMES, 0))
        parts.setdefault(png_parts(data), {}).setdefault(sample.info.label, sample.info.id)
    for found, labels in parts.items():
        if set(found) - {"IHDR", "IDAT", "IEND", "sRGB"}:
            yield f"{next(iter(labels.values()))}: a frame carries more than pixels: {', '.join(found)}"
        elif len(labels) == 1 and len(parts) > 1:
            yield f"only {next(iter(labels))} frames are stored as {', '.join(found)}"


EACH: dict[str, Callable[[StoredSample], Iterable[str]]] = {
    "hashes of all files": hashes,
    "one mask, landmarks and matrix for each frame": counts,
    "marks": marks,
}
"""Checks of one sample."""

WHOLE: dict[str, Callable[[Store], Iterable[str]]] = {
    "signature, datasheet, licence": signature,
    "samples and names": complete,
    "no person in two splits": people,
}
"""Checks of the list."""


def run_checks(whole: Store, tell: Callable[[int], None]) -> list[Check]:
    """Every check of a store; ``tell`` is told how many samples are done."""
    checks = [check_of(name, function(whole)) for name, function in WHOLE.items()]
    found: dict[str, list[str]] = {name: [] for name in (*EACH, PIXELS)}
    samples = list(whole.samples())
    for number, sample in enumerate(samples, 1):
        for name, function in EACH.items():
            found[name] += _lines(sample.info.id, function, sample)
        found[PIXELS] += _lines(
            sample.info.id, partial(pixels, real=whole.find(real_id(sample.info.target))), sample
        )
        tell(number)
    checks += [check_of(name, lines) for name, lines in found.items()]
    readable = [sample for sample in samples if sample.path(FRAMES, 0).is_file()]
    checks.append(check_of("same kind of file for reals and fakes", same_kind(readable)))
    return checks


PIXELS = "outside the mask a fake is its real"


def _lines(id: str, function: Callable[[StoredSample], Iterable[str]], sample: StoredSample) -> list[str]:
    """The lines of a check, and one where a file cannot even be read."""
    try:
        return list(function(sample))
    except (AotfaceError, OSError) as error:
        return [f"{id}: cannot be checked: {' '.join(str(error).split())}"]
