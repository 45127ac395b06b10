"""A swapper for testing alone [ours]: nothing of the mesh, the masks, the blend or the transfers of this package.

A thin-plate spline through few points warps the source; the mask is a polygon with a linear ramp; colours are matched by
median and spread of luma and by mean chroma; the blend is one layer in linear light. It must never be in a training set:
a detector that finds it has learned more than this package's own traces.

Its spline is smooth, so it removes traces of old compression that reals keep. Reals and fakes of a target therefore get the
same JPEG at the end.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from aotface.errors import OutputExistsError, UsageError
from aotface.forge import store
from aotface.forge.build import finish, write_sample
from aotface.forge.detail import match_detail
from aotface.forge.plan import Method, encode_plan
from aotface.forge.store import Sample, Store, StoredSample, encode_sample
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.folder import make_folder
from aotface.media.plain import decoded_jpeg, jpeg_of, png_of
from aotface.reporter import Reporter

NAME, VERSION = "unseen", 3
"""The method's name in stores; the version is raised when the same pair begins to give another fake."""

OUTLINE = (127, 234, 132, 172, 150, 152, 379, 397, 361, 454, 356, 300, 334, 9, 105, 70)
"""Points of the mesh along cheeks, chin and brows: corners of the mask."""

INNER = (33, 133, 159, 145, 263, 362, 386, 374, 168, 195, 4, 98, 327, 61, 291, 0, 17, 13, 14, 50, 280)
"""Points at eyes, nose, mouth and cheeks that the warp goes through as well."""

RAMP = 0.09
"""Width of the mask's ramp, as a share of the face's height."""

QUALITY = (70, 91)
"""JPEG qualities, the last one left out, from which each target's is drawn."""

Frame8 = UInt8[np.ndarray, "rows columns 3"]


def swap_unseen(
    source: Frame8,
    source_points: Float32[np.ndarray, "468 3"],
    target: Frame8,
    target_points: Float32[np.ndarray, "468 3"],
) -> tuple[Frame8, UInt8[np.ndarray, "rows columns"]]:
    """Put the source's inner face onto the target.

    Args:
        source, target: frames, RGB, 8 bits.
        source_points, target_points: landmarks in pixels of their frames.

    Returns:
        The fake, and where it is not the target, 0..255.
    """
    weight = ramp_mask(target_points, target.shape[0], target.shape[1])
    rows, columns = np.flatnonzero(weight.any(axis=1)), np.flatnonzero(weight.any(axis=0))
    if not len(rows):
        return target, np.zeros(target.shape[:2], np.uint8)
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    places = spline_places(source_points, target_points, box)
    warped = cv2.remap(
        source,
        places[..., 0].copy(),
        places[..., 1].copy(),
        cv2.INTER_LANCZOS4,
        borderMode=cv2.BORDER_REFLECT,
    )
    coloured = match_colours(np.asarray(warped), target[box], weight[box])
    share = weight[box][..., None]
    linear = share * _linear(coloured) + (1 - share) * _linear(target[box])
    frame = target.copy()
    frame[box] = np.where(share > 0, _display(linear), target[box])
    mask = np.maximum(np.rint(weight * 255), weight > 0).astype(np.uint8)
    return frame, mask


def ramp_mask(
    points: Float32[np.ndarray, "468 3"], rows: int, columns: int
) -> Float32[np.ndarray, "rows columns"]:
    """0..1: the polygon of `OUTLINE`, rising linearly from its edge inwards."""
    polygon = np.zeros((rows, columns), np.uint8)
    cv2.fillPoly(polygon, [np.round(points[list(OUTLINE), :2]).astype(np.int32)], (1,))
    width = max(2.0, RAMP * float(np.ptp(points[:, 1])))
    return np.clip(cv2.distanceTransform(polygon, cv2.DIST_L2, 5) / np.float32(width), 0, 1)


def spline_places(
    source: Float32[np.ndarray, "468 3"], target: Float32[np.ndarray, "468 3"], box: tuple[slice, slice]
) -> Float32[np.ndarray, "rows columns 2"]:
    """Where each pixel of a box of the target lies in the source.

    Source: Bookstein, "Principal warps: thin-plate splines", 1989.
    """
    from scipy.interpolate import RBFInterpolator

    used = [*OUTLINE, *INNER]
    spline = RBFInterpolator(target[used, :2], source[used, :2], kernel="thin_plate_spline", smoothing=1.0)
    y, x = np.mgrid[box[0], box[1]]
    places: Float64[np.ndarray, "n 2"] = spline(np.stack([x.ravel(), y.ravel()], axis=1))
    return places.reshape(*x.shape, 2).astype(np.float32)


def match_colours(face: Frame8, target: Frame8, weight: Float32[np.ndarray, "rows columns"]) -> Frame8:
    """Give a face the target's median and spread of luma and its mean chroma, where ``weight`` is over a half."""
    here = weight > 0.5
    if np.count_nonzero(here) < 50:
        return face
    own, other = (cv2.cvtColor(one, cv2.COLOR_RGB2YCrCb).astype(np.float32) for one in (face, target))
    low, middle, high = np.percentile(own[here, 0], (25, 50, 75))
    low_t, middle_t, high_t = np.percentile(other[here, 0], (25, 50, 75))
    gain = float(np.clip((high_t - low_t) / max(high - low, 1.0), 0.6, 1.6))
    own[..., 0] = (own[..., 0] - middle) * gain + middle_t
    own[..., 1:] += other[here, 1:].mean(axis=0) - own[here, 1:].mean(axis=0)
    return np.asarray(
        cv2.cvtColor(np.clip(np.rint(own), 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2RGB), np.uint8
    )


def _linear(frame: Frame8) -> Float32[np.ndarray, "rows columns 3"]:
    return (frame.astype(np.float32) / 255) ** np.float32(2.2)


def _display(linear: Float32[np.ndarray, "rows columns 3"]) -> Frame8:
    return np.rint(np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def unseen_store(whole: Store, folder: Path, strata: Sequence[str], reporter: Reporter) -> Store:
    """Write a store of the test split's reals and of fakes that `swap_unseen` makes of its pairs.

    Args:
        whole: the store; its pairs and reals are used.
        folder: where to.
        strata: of the pairs that are made.
        reporter: told of progress.

    Raises:
        UsageError: nothing to make. OutputExistsError: a finished store is there.
    """
    if (folder / store.MANIFEST).exists():
        raise OutputExistsError(f"{show(folder)}: holds a finished set; choose another folder")
    pairs: dict[tuple[str, str], Sample] = {}
    for line in whole.lines:
        if line.split == "test" and line.stratum in strata and line.source is not None and not line.control:
            pairs.setdefault((line.target, line.source), line)
    if not pairs:
        raise UsageError(f"{show(whole.folder)}: no pair of the test split with gaps {', '.join(strata)}")
    make_folder(folder)
    done: list[Sample] = []
    for sample in whole.samples(split="test", label="real"):
        done.append(_real(sample, folder))
    for number, line in enumerate(pairs.values(), 1):
        done.append(_make(whole, line, folder))
        reporter.progress("swapping by the unseen swapper", number, len(pairs))
    method = Method(name=NAME, reenact=NAME, transfer="none")
    plan = msgspec.structs.replace(whole.plan(), methods=(method,))
    write_bytes(folder / store.PLAN, encode_plan(plan), overwrite=True)
    finish(folder, done, {**whole.facts(), "samples": len(done)}, plan)
    return store.open_store(folder)


def compressed(frames: Sequence[Frame8], target: str) -> list[Frame8]:
    """Frames after JPEG of a quality that the target's id decides: the same for its real and all its fakes."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(target.encode()).digest()[:4]))
    quality = int(rng.integers(*QUALITY))
    return [decoded_jpeg(jpeg_of(frame, quality)) for frame in frames]


def _real(sample: StoredSample, folder: Path) -> Sample:
    """Write one real."""
    info = sample.info
    files = {name: read_bytes(sample.folder / name) for name in info.files}
    for number, frame in enumerate(compressed(list(sample.frames()), info.target)):
        files[f"{store.FRAMES}/{number:06d}.png"] = png_of(frame)
    return _write(info, files, f"{NAME} {VERSION} {info.key}", folder)


def _write(line: Sample, files: dict[str, bytes], word: str, folder: Path) -> Sample:
    """Write a sample with hashes of its files, and a key that the word decides."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    line = msgspec.structs.replace(line, files=hashes, key=hashlib.sha256(word.encode()).hexdigest())
    write_sample(folder, line.id, files | {store.RECORD: encode_sample(line)})
    return line


def _make(whole: Store, like: Sample, folder: Path) -> Sample:
    """Make and write one fake."""
    target, source = whole.sample(store.real_id(like.target)), whole.sample(store.real_id(str(like.source)))
    frames, masks = _swapped(source, target)
    files: dict[str, bytes] = {}
    for number, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        hard = np.where(mask >= store.HARD_FROM, np.uint8(255), np.uint8(0))
        for kind, picture in ((store.FRAMES, frame), (store.MASKS, mask), (store.HARD, hard)):
            files[f"{kind}/{number:06d}.png"] = png_of(picture)
    for name, values in ((store.LANDMARKS, target.landmarks()), (store.MATRICES, target.matrices())):
        file = io.BytesIO()
        np.save(file, values, allow_pickle=False)
        files[name] = file.getvalue()
    line = msgspec.structs.replace(
        like,
        id=f"{NAME}-{like.target}_{like.source}",
        method=NAME,
        reenact=NAME,
        transfer="none",
        weights_sha256=None,
        before=None,
        after=None,
    )
    return _write(line, files, f"{NAME} {VERSION} {target.info.key} {source.info.key}", folder)


def _swapped(source: StoredSample, target: StoredSample) -> tuple[list[Frame8], list[np.ndarray]]:
    """Every frame of the target with the first frame of the source on it; frames without a face stay."""
    giver, giver_points = source.array(store.FRAMES, 0), source.landmarks()[0]
    originals, frames, masks = list(target.frames()), [], []
    for frame, points in zip(originals, target.landmarks(), strict=True):
        if not (np.isfinite(points).all() and np.isfinite(giver_points).all()):
            frames.append(frame)
            masks.append(np.zeros(frame.shape[:2], np.uint8))
            continue
        made, mask = swap_unseen(giver, giver_points, frame, points)
        frames.append(made)
        masks.append(mask)
    matched = match_detail(frames, originals, masks, 0)
    matched, originals = (compressed(some, target.info.target) for some in (matched, originals))
    kept = [
        np.where(m[..., None] > 0, f, o).astype(np.uint8)
        for f, o, m in zip(matched, originals, masks, strict=True)
    ]
    return kept, masks
