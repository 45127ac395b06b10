"""What the child processes do: look at uploads, run jobs, compare transfers. Paths count from the state folder."""

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from aotface.errors import FaceIndexError, TooLargeError, UnreadableImageError
from aotface.face.detect import detect
from aotface.jobs.early import look_at
from aotface.media.decoding import READ
from aotface.media.image import encode_image, read_image
from aotface.media.kinds import ANIMATIONS, head_of, is_animation, is_video
from aotface.media.sniff import sniff
from aotface.types import Frame
from aotface.video.plan import open_clip
from aotface.video.scene import Clip
from aotface.web.child_main import Talk
from aotface.web.errors import ChildError

PREVIEW_SIDE = 1280

_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif"}
"""Of pictures that are also written; others are kept under ``.bin``, since only content counts."""

ANIMATION_SUFFIXES = {name: suffix for suffix, name in ANIMATIONS.items()}

Made = tuple[dict[str, Any], bytes]


def facts(task: dict[str, Any], _: Talk) -> Made:
    """What an upload is: kind, sizes, length; refused where it cannot be read or is larger than the limits."""
    path, limits = Path(task["path"]), task["limits"]
    head = head_of(path)
    if head and sniff(head).kind == "other":
        raise UnreadableImageError(
            f"{path}: expected a picture ({READ}) or a video (MP4, MOV, MKV, WebM, AVI, MPEG), found neither; "
            "check that it is the right file"
        )
    look_at(path)
    if not is_video(path) and not is_animation(path):
        picture = read_image(path, max_pixels=limits["pixels"])
        height, width = picture.frame.shape[:2]
        suffix = _SUFFIXES.get(picture.format, ".bin")
        return {
            "kind": "picture",
            "suffix": suffix,
            "width": width,
            "height": height,
            "frames": 1,
            "seconds": 0.0,
        }, b""
    clip = open_clip(path)
    info, count = clip.info, len(clip.times)
    seconds = float(clip.times.seconds(count - 1)) if count else 0.0
    seconds += 1 / float(info.rate)
    _check_video(info.width * info.height, count, seconds, limits)
    next(iter(clip.frames(0, 1)))
    suffix = _video_suffix(head)
    return {
        "kind": "video",
        "suffix": suffix,
        "width": info.width,
        "height": info.height,
        "frames": count,
        "seconds": round(seconds, 3),
    }, b""


def _video_suffix(head: bytes) -> str:
    """Of a video's name here, and of what is made of it where no other format is asked for."""
    name = sniff(head).name
    if name in ("GIF", "WEBP"):
        return ANIMATION_SUFFIXES[name]
    if name == "MP4 or QuickTime":
        return ".mov" if head[8:12] == b"qt  " else ".mp4"
    return ".webm" if name == "Matroska or WebM" and b"webm" in head[:64] else ".mkv"


def _check_video(pixels: int, frames: int, seconds: float, limits: dict[str, Any]) -> None:
    if pixels > limits["frame_pixels"]:
        raise TooLargeError(
            f"frames of {pixels:,} pixels, the limit is {limits['frame_pixels']:,}; make it smaller"
        )
    if seconds > limits["seconds"] or frames > limits["frames"]:
        raise TooLargeError(
            f"{seconds:.0f} seconds and {frames:,} frames, the limits are {limits['seconds']:.0f} seconds and "
            f"{limits['frames']:,} frames; cut it"
        )


@lru_cache(maxsize=4)
def _clip(path: str) -> Clip:
    return open_clip(Path(path))


def _frame(task: dict[str, Any]) -> Frame:
    """One frame of an upload; of a picture the picture."""
    path, number = task["path"], task.get("frame", 0)
    if not is_video(path) and not is_animation(path):
        if number:
            raise ChildError("no_such_frame", "a picture has one frame, number 0")
        return read_image(path).frame
    clip = _clip(path)
    if number >= len(clip.times):
        raise ChildError(
            "no_such_frame", f"frame {number} does not exist: there are {len(clip.times)}, counted from 0"
        )
    (frame,) = clip.frames(number, number + 1)
    return frame.rgb


def preview(task: dict[str, Any], _: Talk) -> Made:
    """A PNG of at most `PREVIEW_SIDE` pixels."""
    frame = _frame(task)
    if frame.dtype == np.uint16:
        frame = (frame >> 8).astype(np.uint8)
    scale = PREVIEW_SIDE / max(frame.shape[:2])
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in frame.shape[:2])
        frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return {}, encode_image(np.ascontiguousarray(frame), "PNG")


def faces(task: dict[str, Any], _: Talk) -> Made:
    """The faces of one frame."""
    rows = []
    for face in detect(_frame(task)):
        x0, y0, x1, y1 = (float(value) for value in face.box)
        box = [round(value, 1) for value in (x0, y0, x1 - x0, y1 - y0)]
        rows.append({"index": face.index, "box": box, "size_px": max(box[2], box[3])})
    return {"faces": rows}, b""


def verify(task: dict[str, Any], _: Talk) -> Made:
    """Which marks an upload carries."""
    from aotface.provenance.verify import verify as verify_file

    found = verify_file(Path(task["path"]))
    return _finite(found.to_dict() | {"lines": found.lines()}), b""


def run(task: dict[str, Any], talk: Talk) -> Made:
    """Make one job of `aotface.jobs`."""
    from aotface.jobs.run import run_job
    from aotface.jobs.spec import JobSpec

    for reference in task.get("references", ()):
        _write_reference(reference)
    written = run_job(msgspec.convert(task["spec"], JobSpec), talk, talk.cancelled)
    return {"results": [path.name for path in written]}, b""


def _write_reference(wanted: dict[str, Any]) -> None:
    """A picture of one face of a frame, by which a video's face is found again."""
    frame = _frame(wanted)
    found = detect(frame)
    if wanted["face"] >= len(found):
        raise FaceIndexError(
            f"face {wanted['face']} of frame {wanted['frame']} does not exist: it shows {len(found)}, counted from 0"
        )
    x0, y0, x1, y1 = found[wanted["face"]].box
    margin = 0.6 * max(x1 - x0, y1 - y0)
    top, left = max(0, math.floor(y0 - margin)), max(0, math.floor(x0 - margin))
    crop = frame[top : math.ceil(y1 + margin), left : math.ceil(x1 + margin)]
    Path(wanted["output"]).write_bytes(encode_image(np.ascontiguousarray(crop), "PNG"))


def compare(task: dict[str, Any], talk: Talk) -> Made:
    """One pair by several transfers: a picture of each, and the benchmark's numbers."""
    from aotface.web.comparing import compare as compare_transfers

    return _finite(compare_transfers(task, talk)), b""


def _finite(value: Any) -> Any:
    """NaN, which JSON does not know, as null."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def warm(_: dict[str, Any], __: Talk) -> Made:
    """Load what the first job needs, so that it does not wait for it."""
    from aotface.compose.pipeline import swap
    from aotface.samples import samples

    source, target = (read_image(samples(role)[0]).frame for role in ("source", "target"))
    swap(source, target)
    return {}, b""


TASKS: dict[str, Callable[[dict[str, Any], Talk], Made]] = {
    "facts": facts,
    "preview": preview,
    "faces": faces,
    "verify": verify,
    "run": run,
    "compare": compare,
    "warm": warm,
}
"""By name. The first four only look."""
