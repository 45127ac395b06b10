#!/usr/bin/env python
"""Mutated pictures and videos through the readers, in one process: a frame or one of our errors comes back.

    nice -n 12 scripts/fuzz_readers.py --pictures 100000 --videos 3000 --seed 1 -o fuzz.json

Every file follows from the seed and its number alone, so `--only NUMBER` makes the same one again. Counted are: what came
back, by format; the slowest file; how often a decoder in the child process died; memory at the beginning and at the end.
A crash of this process, an exception that is not ours, or a file that takes more than five seconds is a fault.
"""

import argparse
import collections
import gc
import json
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from corpus import ENTRIES, base_picture

from aotface import errors
from aotface.media import apart
from aotface.media.image import read_image

PICTURES = [
    "place.jpg", "progressive.jpg", "cmyk_icc.jpg", "palette_transparent.png", "adobe_rgb_16.png", "p3.png",
    "rgba_16.tif", "tiled.tif", "palette.tif", "jpeg_inside.tif", "fax.tif", "planar.tif", "lossy.webp",
    "lossless.webp", "rgba.webp", "animated.webp", "animated.gif", "interlaced.gif", "plain.bmp", "palette.bmp",
    "plain.ppm", "words.ppm", "deep.ppm", "plain.jp2", "deep.jp2", "plain.avif", "turned.avif",
]  # fmt: skip
VIDEOS = [("mp4", "libx264"), ("mkv", "libx264"), ("mov", "mjpeg"), ("webm", "libvpx-vp9"), ("avi", "mpeg4"),
          ("ts", "mpeg2video"), ("mp4", "libx265")]  # fmt: skip
SLOW_SECONDS = 5.0


def mutated(good: bytes, rng: np.random.Generator) -> bytes:
    """A copy with flipped bytes, cut short, with a part twice, a part gone, or a length made huge."""
    data = np.frombuffer(good, np.uint8).copy()
    kind = rng.integers(0, 6)
    if kind <= 1:
        reach = data.size if rng.random() < 0.5 else min(400, data.size)
        count = int(rng.integers(1, 12))
        data[rng.integers(0, reach, count)] = rng.integers(0, 256, count)
    elif kind == 2:
        data = data[: rng.integers(1, data.size)]
    elif kind == 3:
        start, end = sorted(rng.integers(0, data.size, 2))
        data = np.concatenate([data[:end], data[start:]])
    elif kind == 4:
        start, end = sorted(rng.integers(0, data.size, 2))
        data = np.concatenate([data[:start], data[end:]])
    else:
        place = int(rng.integers(0, max(data.size - 4, 1)))
        data[place : place + 4] = rng.choice(
            np.array([0, 255, 127, 128], np.uint8), data[place : place + 4].size
        )
    return data.tobytes() or b"\0"


def good_videos(folder: Path) -> dict[str, bytes]:
    """A small clip in each container."""
    import av

    made = {}
    for ending, codec in VIDEOS:
        path = folder / f"good_{codec}.{ending}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height = 64, 48
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            if codec == "libx265":
                stream.options = {"x265-params": "log-level=none:pools=1"}
            for number in range(8):
                values = np.roll(base_picture(48, 64), 4 * number, axis=1)
                for packet in stream.encode(av.VideoFrame.from_ndarray(values, "rgb24")):
                    container.mux(packet)
            for packet in stream.encode(None):
                container.mux(packet)
        made[path.name] = path.read_bytes()
    for name in ("animated.gif", "animated.webp"):
        make = ENTRIES[name].make
        assert make is not None
        made[name] = make(base_picture(24, 32))
    return made


def look_at_video(path: Path) -> None:
    """What a swap would read: what the file says, all times, all frames."""
    from aotface.video.plan import open_clip

    for frame in open_clip(path).frames():
        if frame.index < 3:
            _ = frame.rgb


def memory_kb() -> int:
    """Resident, now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize() // 1024


def fuzz(
    goods: dict[str, bytes],
    numbers: range,
    seed: int,
    folder: Path,
    look: Callable[[Path], object],
    said: dict,
) -> None:
    """Run all; ``said`` is filled."""
    names = list(goods)
    counts: dict[str, collections.Counter] = {name: collections.Counter() for name in names}
    said |= {"files": 0, "faults": [], "slowest_seconds": 0.0, "memory_kb": [], "outcomes": counts}
    begin = time.monotonic()
    for number in numbers:
        name = names[number % len(names)]
        path = folder / f"case{Path(name).suffix}"
        path.write_bytes(mutated(goods[name], np.random.default_rng([seed, number])))
        clock = time.monotonic()
        try:
            look(path)
            outcome = "read"
        except errors.AotfaceError as error:
            outcome = type(error).__name__
            if not str(error).isprintable():
                said["faults"].append(f"{number} {name}: not printable: {error!r}")
            if "decoder crash" in str(error):
                outcome = "decoder crashed in the child"
        except Exception:
            outcome = "FAULT"
            said["faults"].append(f"{number} {name}: {traceback.format_exc(limit=-3)}")
        seconds = time.monotonic() - clock
        if seconds > SLOW_SECONDS:
            said["faults"].append(f"{number} {name}: took {seconds:.1f} s ({outcome})")
        counts[name][outcome] += 1
        said["files"] += 1
        said["slowest_seconds"] = round(max(said["slowest_seconds"], seconds), 2)
        if said["files"] % 1000 == 0:
            gc.collect()
            said["memory_kb"].append(memory_kb())
            said["seconds"] = round(time.monotonic() - begin)
            yield_to(said)


def yield_to(said: dict) -> None:
    print(f"{said['files']} files, {len(said['faults'])} faults, {said['memory_kb'][-1]} kB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--videos", type=int, default=30)
    parser.add_argument("--begin", type=int, default=0, help="first number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, default=None, help="one number, and its traceback")
    parser.add_argument("-o", "--output", type=Path, default=Path("fuzz.json"))
    given = parser.parse_args()
    goods = {name: ENTRIES[name].make(base_picture(24, 32)) for name in PICTURES}  # type: ignore[misc]
    result: dict = {"seed": given.seed, "pictures": {}, "videos": {}}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)

        def picture(path: Path) -> object:
            return read_image(path, max_pixels=1_000_000)

        rows = [("pictures", given.pictures, lambda: goods, picture)]
        rows.append(("videos", given.videos, lambda: good_videos(folder), look_at_video))
        for kind, count, make, look in rows:
            if not count:
                continue
            numbers = range(given.begin, given.begin + count)
            if given.only is not None:
                numbers = range(given.only, given.only + 1)
            try:
                fuzz(make(), numbers, given.seed, folder, look, result[kind])
            finally:
                result["children"] = apart.started()
                given.output.write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))
    raise SystemExit(1 if any(result[kind].get("faults") for kind in ("pictures", "videos")) else 0)


if __name__ == "__main__":
    main()
