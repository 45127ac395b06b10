"""Make one sample: a pure function of the plan's entry and the files that it names."""

import hashlib
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import msgspec
import numpy as np
from jaxtyping import Float32

from aotface.compose.pipeline import choose, swap_faces
from aotface.errors import AotfaceError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.forge import store
from aotface.forge.detail import match_detail
from aotface.forge.plan import REAL, Method, Plan, PlanInput, job_of
from aotface.forge.store import Sample, encode_sample
from aotface.forge.target import Target, read_target, source_frame
from aotface.forge.work import Work, works_of
from aotface.jobs.context import JobContext, open_context
from aotface.jobs.spec import JobSpec
from aotface.light import light_distance
from aotface.media.plain import png_of
from aotface.metrics.colour import ita_difference, lf_de, mean_de
from aotface.reenact.base import PreparedSource
from aotface.reporter import Silent
from aotface.threads import one_thread_each
from aotface.transfer.base import shrunk
from aotface.types import AlignedFace, Crop, Face, Frame, Mask
from aotface.video.render import render_layers
from aotface.video.scene import make_scene

FAILED = "failed"
"""In place of a sample's files: why there are none."""

METER_SIDE = 64
"""Side in pixels of the crops whose light and tone are compared: both are smooth."""

Files = dict[str, bytes]


@dataclass(frozen=True)
class ForgeOrder:
    """What every worker is told, once. ``keys``: of each sample, see `work.key_of`."""

    plan: Plan
    keys: tuple[str, ...]
    device: str = "cpu"

    def make(self, piece: list[int]) -> Files:
        """Make samples by their places in `works_of`; files by ``ID/NAME``. One that fails gives ``ID/failed``."""
        works = works_of(self.plan)
        files: Files = {}
        with one_thread_each():
            for number in piece:
                work = works[number]
                try:
                    made = make_sample(self.plan, work, self.keys[number], self.device)
                except AotfaceError as error:
                    made = {FAILED: " ".join(str(error).split()).encode()}
                files |= {f"{work.id}/{name}": data for name, data in made.items()}
        return files


@dataclass(frozen=True)
class Made:
    """One finished frame, the target's frame, with which weight the swap shows, and distances from the target."""

    frame: Frame
    original: Frame
    mask: Mask | None = None
    before: dict[str, float | None] | None = None
    after: dict[str, float | None] | None = None


def make_sample(plan: Plan, work: Work, key: str, device: str = "cpu") -> Files:
    """All files of a sample, by their names in its folder.

    Raises:
        AotfaceError: an input cannot be used, or shows no face.
    """
    target = read_target(work.target, plan.region, plan.side, plan.shrink)
    marked = plan.purpose == "show" and work.method is not None
    frames, originals, masks = [], [], []
    distances: tuple[Any, Any] = (None, None)
    for made in _frames(plan, work, target, device):
        frames.append(target.cut.frame(made.frame))
        originals.append(target.cut.frame(made.original))
        masks.append(
            np.zeros(frames[-1].shape[:2], np.uint8) if made.mask is None else target.cut.mask(made.mask)
        )
        if made.after is not None:
            distances = made.before, made.after
    if work.method is not None and not marked:
        if plan.match_detail:
            frames = match_detail(frames, originals, masks, plan.seed)
        # chroma of half the resolution reaches a pixel beyond the mask
        rows = zip(frames, originals, masks, strict=True)
        frames = [np.where(mask[..., None] > 0, frame, original) for frame, original, mask in rows]
    files: Files = {}
    for number, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        hard = np.where(mask >= store.HARD_FROM, np.uint8(255), np.uint8(0))
        for kind, picture in ((store.FRAMES, frame), (store.MASKS, mask), (store.HARD, hard)):
            files[f"{kind}/{number:06d}.png"] = png_of(picture)
    points, matrices = target.places()
    files |= {store.LANDMARKS: _npy(points), store.MATRICES: _npy(matrices)}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    facts = {} if work.method is None else method_context(work.method, plan.purpose == "show", device).facts
    line = describe(work, key, target, marked, distances, hashes, facts)
    return files | {store.RECORD: encode_sample(line)}


def describe(
    work: Work,
    key: str,
    target: Target,
    marked: bool,
    distances: tuple[dict[str, float | None] | None, dict[str, float | None] | None],
    hashes: dict[str, str],
    facts: dict[str, Any],
) -> Sample:
    """The line of the manifest."""
    source, method, pair = work.source, work.method, work.pair
    inputs = [one for one in (work.target, source) if one is not None]
    gap = None
    if pair is not None:
        gap = {name: getattr(pair.gap, name) for name in pair.gap.__struct_fields__}
    return Sample(
        id=work.id,
        label=REAL if method is None else "fake",
        method=None if method is None else method.name,
        control=method is not None and method.control,
        split=work.target.split,
        kind=work.target.kind,
        target=work.target.id,
        target_person=work.target.person,
        source=None if source is None else source.id,
        source_person=None if source is None else source.person,
        stratum=None if pair is None else pair.stratum,
        gap=gap,
        before=distances[0],
        after=distances[1],
        frames_count=len(target.faces),
        rate=work.target.rate,
        height=target.cut.height,
        width=target.cut.width,
        first_frame=work.target.first,
        tone=work.target.tone,
        light=work.target.light,
        transfer=None if method is None else method.transfer,
        reenact=None if method is None else method.reenact,
        weights_sha256=facts.get("model_sha256"),
        seed=0 if method is None else method.seed,
        target_sha256=work.target.sha256,
        source_sha256=None if source is None else source.sha256,
        licences=tuple(dict.fromkeys(one.licence for one in inputs)),
        consents=tuple(dict.fromkeys(one.consent for one in inputs)),
        marked=marked,
        key=key,
        files=dict(sorted(hashes.items())),
    )


def _frames(plan: Plan, work: Work, target: Target, device: str) -> Iterator[Made]:
    if work.method is None:
        return (Made(frame, frame) for frame in target.frames())
    mark = plan.purpose == "show"
    assert work.source is not None
    context = method_context(work.method, mark, device)
    prepared = _prepared(work.method, work.source, mark, device)
    if target.picture is not None:
        return iter([_picture(target, prepared, context, mark)])
    return _clip(target, prepared, context, mark)


def _picture(target: Target, prepared: PreparedSource, context: JobContext, mark: bool) -> Made:
    face, frame = target.faces[0], target.picture
    assert face is not None and frame is not None
    done = swap_faces(frame, [face], prepared, context.options, mark)
    one = done.faces[0]
    before, after = _distances(shrunk(one.reenacted), done.frame, frame, face, shrunk(one.mask))
    return Made(done.frame, frame, done.mask, before, after)


def _clip(target: Target, prepared: PreparedSource, context: JobContext, mark: bool) -> Iterator[Made]:
    clip, tracks = target.clip, target.tracks
    assert clip is not None and tracks is not None
    scene = make_scene(clip, tracks, prepared, context.options, mark)
    seen = [number for number, face in enumerate(target.faces) if face is not None]
    middle = seen[len(seen) // 2]
    for number, layers in enumerate(render_layers(scene, clip.first, clip.last)):
        frame, original = layers.frame.rgb, layers.original.rgb
        height, width = original.shape[0], original.shape[1]
        mask = np.zeros((height, width), np.float32)
        for one in layers.faces:
            np.maximum(mask, one.changed(height, width), out=mask)
        face, before, after = target.faces[number], None, None
        if number == middle and face is not None and layers.faces:
            one = layers.faces[0]
            before, after = _distances(shrunk(one.reenacted), frame, original, face, shrunk(one.mask))
        yield Made(frame, original, mask, before, after)


def _distances(
    reenacted: Crop, frame: Frame, original: Frame, face: Face, mask: Float32[np.ndarray, "256 256"]
) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """How far X_r, and the finished face, are from the target's light and tone; empty where nothing shows."""
    small = _small(mask)
    if np.count_nonzero(small > 0.5) < 50:
        return {}, {}
    aligned, normals = _metered(original, face)
    found = []
    for crop in (_small(reenacted), align(frame, face, METER_SIDE).crop):
        values = {
            "mean_de": mean_de(crop, aligned.crop, small),
            "lf_de": lf_de(crop, aligned.crop, small),
            "light": light_distance(crop, aligned.crop, normals, small),
            "tone_degrees": ita_difference(crop, aligned.crop, small),
        }
        found.append({name: round(v, 4) if np.isfinite(v) else None for name, v in values.items()})
    return found[0], found[1]


def _metered(original: Frame, face: Face) -> tuple[AlignedFace, Float32[np.ndarray, "side side 3"]]:
    """The target's face as distances are measured, and its normals: once for all methods, which follow each other."""
    if not any(known[0] is face for known in _METERED):
        aligned = align(original, face, METER_SIDE)
        _METERED.append((face, aligned, render(aligned.landmarks, METER_SIDE).normals))
    return next(known[1:] for known in _METERED if known[0] is face)


_METERED: deque[tuple[Face, AlignedFace, np.ndarray]] = deque(maxlen=2)
"""The latest faces."""


def _small(values: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(values, (METER_SIDE, METER_SIDE), interpolation=cv2.INTER_AREA))


@lru_cache(maxsize=32)
def method_context(method: Method, mark: bool, device: str) -> JobContext:
    """Networks and options of a method, once for each process."""
    return open_context(msgspec.structs.replace(job_of(method, mark, JobSpec), device=device), Silent())


def _prepared(method: Method, source: PlanInput, mark: bool, device: str) -> PreparedSource:
    """The source, looked at once for all methods of one reenactor."""
    settings = method_context(method, mark, device).spec.reenactor_settings()
    key = (settings, source.id, source.sha256, device)
    if key not in _PREPARED:
        while len(_PREPARED) >= MOST_PREPARED:
            del _PREPARED[next(iter(_PREPARED))]
        frame = source_frame(source)
        face = choose(detect(frame), "largest", f"source {source.id}")[0]
        _PREPARED[key] = method_context(method, mark, device).reenactor.prepare(frame, face)
    return _PREPARED[key]


_PREPARED: dict[Any, PreparedSource] = {}
"""The latest sources; a worker makes one sample after the other."""

MOST_PREPARED = 8


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()
