"""Run a long video through `aotface swap`, and draw how much memory the process holds over time.

    python scripts/measure_memory.py --seconds 600 --transfer mkl --out OUTSIDE_THE_REPOSITORY [--figure memory.png]

The clip is made: a face of nobody that drifts in 1280 x 720, 48 frames there and back, over and over. What memory does not
depend on (which transfer, how fast) may be cheap here; the length is what counts. Ten minutes take an hour of one core.
"""

import argparse
import math
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SIZE, FACE_SIDE = (1280, 720), 360
SOURCE = ROOT / "src" / "aotface" / "samples" / "source_light_man.jpg"
SAMPLED_SECONDS = 0.25


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--fps", type=int, default=30, help="frames a second")
    parser.add_argument("--transfer", default="mkl")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--figure", type=Path, help="PNG; needs matplotlib")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    clip, frames = long_clip(asked.out / "long.mp4", asked.seconds, asked.fps)
    words = [sys.executable, "-m", "aotface", "swap", "-s", str(SOURCE), "-t", str(clip)]
    words += ["-o", str(asked.out / "out.mp4"), "--transfer", asked.transfer, "--overwrite"]
    times, megabytes, rendering = sampled(words, asked.out)
    begun = megabytes[times > rendering]  # half of the time that frames were made, and the other half
    halves = begun[len(begun) // 10 : len(begun) // 2], begun[len(begun) // 2 :]
    print(f"{frames} frames of {SIZE[0]} x {SIZE[1]}, `{asked.transfer}`, {times[-1] / 60:.1f} minutes")
    print(
        f"peak {megabytes.max():.0f} MB; while frames are made, first half {np.median(halves[0]):.0f} MB,",
        end=" ",
    )
    print(f"second half {np.median(halves[1]):.0f} MB (median)")
    if asked.figure:
        draw(asked.figure, times, megabytes, rendering, f"{frames:,} frames, 1280 x 720, {asked.transfer}")


def long_clip(path: Path, seconds: float, rate: int) -> tuple[Path, int]:
    """Frames are encoded once, and their packets written again and again, to the end of the last round; and how many."""
    sys.path.insert(0, str(ROOT / "tests"))
    from media.made_faces import face_frame, write_frames

    frames = []
    for index in [*range(24), *range(24, 0, -1)]:
        frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        frame[180 : 180 + FACE_SIDE, 400 : 400 + FACE_SIDE] = face_frame(index, side=FACE_SIDE)
        frames.append(frame)
    loop = write_frames(path.with_name("loop.mp4"), frames, Fraction(rate))
    with av.open(str(loop)) as source, av.open(str(path), "w") as file:
        old = source.streams.video[0]
        packets = [packet for packet in source.demux(old) if packet.size]
        step = round(len(frames) / rate / old.time_base)
        new = file.add_stream_from_template(old, opaque=True)
        rounds = math.ceil(seconds * rate / len(frames))
        for number in range(rounds):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts = packet.pts + number * step, packet.dts + number * step
                copy.time_base, copy.duration = old.time_base, packet.duration
                copy.is_keyframe, copy.stream = packet.is_keyframe, new
                file.mux(copy)
    return path, rounds * len(frames)


def sampled(words: list[str], out: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """Seconds, resident megabytes, and when the first frame was made."""
    start, found, rendering = time.monotonic(), [], 0.0
    with (
        open(out / "stderr.txt", "wb") as file,
        open(out / "memory.txt", "w") as log,  # as it goes: what is stopped half-way can be drawn as well
        subprocess.Popen(words, stderr=file, stdout=file) as process,
    ):
        while process.poll() is None:
            pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1:2]
            now = time.monotonic() - start
            if pages and pages[0] != "0":  # it has not just ended
                found.append((now, int(pages[0]) * 4096 / 1e6))
                print(f"{now:.1f} {found[-1][1]:.1f}", file=log, flush=True)
            if not rendering and list(out.glob("*.aotface-part/tracks*")):
                rendering = now
            time.sleep(SAMPLED_SECONDS)
    assert process.returncode == 0, (out / "stderr.txt").read_text()[-500:]
    times, megabytes = np.array(found).T
    return times, megabytes, rendering


def draw(path: Path, times: np.ndarray, megabytes: np.ndarray, rendering: float, title: str) -> None:
    from matplotlib.figure import Figure  # an optional dependency

    figure = Figure(figsize=(8, 3.6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.plot(times / 60, megabytes, color="#2f6f9f", linewidth=1)
    axes.axvline(rendering / 60, color="0.6", linewidth=1, linestyle="--")
    axes.annotate(" faces found, frames begin", (rendering / 60, 40), color="0.35")
    axes.set(xlabel="time (minutes)", ylabel="resident memory (MB)", title=f"aotface swap: {title}")
    axes.set_ylim(0, max(1000.0, megabytes.max() * 1.15))
    axes.set_xlim(0, times[-1] / 60)
    axes.grid(alpha=0.3)
    figure.savefig(path, metadata={"Software": None})


if __name__ == "__main__":
    main()
