"""Run videos through `aotface swap` and look at what comes out; prints Markdown tables.

    python scripts/measure_video.py SOURCE --clips FOLDER --out OUTSIDE_THE_REPOSITORY [--seconds 3] [--made] [--long 600]
    python scripts/measure_video.py SOURCE --kill 8 CLIP --out ...

SOURCE is a picture. The first line makes every video of FOLDER (``--seconds``: only its beginning), with ``--made`` also
a dozen made ones with a face of nobody, and compares frames, times and sound with the target's. ``--kill`` ends the work
with SIGKILL at random moments, says the same command again each time, compares with an uninterrupted run, and counts
what is done twice. Outputs show whoever is on the clips: keep them outside the repository. Flicker: ``measure_flicker.py``.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np

from aotface.media.kinds import is_video
from aotface.media.video.decode import read_frames
from aotface.media.video.timing import FrameTimes, frame_times
from aotface.video.plan import open_clip

ROOT = Path(__file__).resolve().parents[1]
COUNTED = """
import os, sys, time
from aotface.tracking.saved_tracker import SavedTracker
from aotface.media.video.encode import SegmentWriter
from aotface.video import frame_state as seen, render as video, segments
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
def count(owner, name, kind):
    call = getattr(owner, name)
    def counted(*words, **more):
        os.write(log, (kind + " begins\\n").encode())
        start = time.perf_counter()
        result = call(*words, **more)
        os.write(log, f"{kind} {time.perf_counter() - start}\\n".encode())
        return result
    setattr(owner, name, counted)
count(SavedTracker, "add", "search")
count(seen, "_new_face_state", "face")
count(seen, "_made_again", "again")
count(video, "_finish", "finish")
count(segments, "_keep", "keep")
count(SegmentWriter, "add", "encode")
from aotface.cli import main
raise SystemExit(main())
"""
"""The command line, with a line in a file where each piece of a frame's work begins and where it ends (with the
seconds that it took: landmarks and encoder work on threads of their own, which no clock of one thread sees)."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--seconds", type=float, help="of each clip; all of it when left out")
    parser.add_argument("--made", nargs="*", metavar="NAME", help="all of them, or these")
    parser.add_argument("--long", type=float, default=0, help="seconds of a long made clip")
    parser.add_argument("--kill", nargs=2, metavar=("N", "CLIP"))
    parser.add_argument("--transfer", default="aot")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    clips = sorted(path for path in asked.clips.iterdir() if is_video(path)) if asked.clips else []
    if clips or asked.made is not None or asked.long:
        made = make_clips(asked.out / "made", asked.long, asked.made)
        integrity([(clip, asked.seconds) for clip in clips] + [(clip, None) for clip in made], asked)
    if asked.kill:
        kills(int(asked.kill[0]), Path(asked.kill[1]), asked)


# --- frames, times, sound ---------------------------------------------------------------------------------------------


def integrity(clips: list[tuple[Path, float | None]], asked: argparse.Namespace) -> None:
    """One row per clip, written as soon as it is known."""
    heads = ("clip", "size", "frames in / out", "largest time difference, ms", "audio packets identical")
    table(*heads, "faces (swapped in frames)", "CPU seconds per frame", "peak memory, MB")
    for clip, limit in clips:
        out = asked.out / f"{clip.stem}{clip.suffix if clip.suffix in ('.mp4', '.mov', '.mkv') else '.mkv'}"
        words = [sys.executable, "-m", "aotface", *swap_words(clip, out, asked, limit), "--face", "all"]
        cost = run(words, asked.out / "stderr.txt")
        if cost.code:
            said = (asked.out / "stderr.txt").read_text().strip().splitlines()[-1:]
            row(clip.name, f"exit code {cost.code}: {' '.join(said)}")
            continue
        record = json.loads(out.with_name(f"{out.stem}.run.json").read_text())
        times, made = frame_times(clip), frame_times(out, exact=True)
        first, last = times.between(None, limit)
        facts = open_clip(out).facts
        row(
            clip.name,
            f"{facts.width} x {facts.height}",
            f"{last - first} / {len(made)}",
            f"{apart(times, made, first, last):.3f}",
            heard(clip, out, None if limit is None else times.seconds(last)),
            ", ".join(str(track["frames"]) for track in record["tracks"].values()),
            f"{cost.seconds / record['frames']:.2f}",
            f"{cost.megabytes}",
        )


def apart(times: FrameTimes, made: FrameTimes, first: int, last: int) -> float:
    """Largest difference of showing times, counted from the first frame, in milliseconds."""
    wanted = [times.seconds(index) - times.seconds(first) for index in range(first, last)]
    found = [made.seconds(index) - made.seconds(0) for index in range(len(made))]
    return max((1000 * float(abs(a - b)) for a, b in zip(wanted, found, strict=False)), default=0.0)


def heard(target: Path, out: Path, until: Fraction | None) -> str:
    """How many of the sound's packets are there, byte for byte and in order."""
    wanted, found = packets(target, until), packets(out, None)
    if not wanted and not found:
        return "no sound"
    place = next((i for i in range(len(wanted)) if wanted[i : i + len(found)] == found), None)
    return f"{len(found) if place is not None else 0} of {len(wanted)}"


def packets(path: Path, until: Fraction | None) -> list[bytes]:
    with av.open(str(path)) as file:
        if not file.streams.audio:
            return []
        found = [packet for packet in file.demux(audio=0) if packet.size]
        times = [
            (packet.pts if packet.pts is not None else packet.dts) * packet.time_base for packet in found
        ]
        kept = zip(found, times, strict=True)
        return [bytes(packet) for packet, begin in kept if until is None or begin < until]


# --- stopped at any moment --------------------------------------------------------------------------------------------


def kills(count: int, clip: Path, asked: argparse.Namespace) -> None:
    """SIGKILL at moments spread at random over all the work, and how much of it is done a second time.

    A piece that was begun and not ended counts as if it had been done. Loading (about three seconds for each start) is
    no frame's work, and not counted.
    """
    whole, broken = asked.out / "whole.mkv", asked.out / "broken.mkv"
    logs, errors = [asked.out / f"{name}.txt" for name in ("whole", "broken")], asked.out / "stderr.txt"
    words = [
        [sys.executable, "-c", COUNTED, str(log), *swap_words(clip, out, asked, asked.seconds)]
        for log, out in zip(logs, (whole, broken), strict=True)
    ]
    for log in logs:
        log.write_text("")
    assert run(words[0], errors).code == 0, errors.read_text()
    pieces = work(logs[0]).ended
    moments = np.sort(np.random.default_rng(asked.seed).integers(0, int(0.97 * pieces), count))
    there, room = [], 0
    for moment in moments.tolist():
        with open(errors, "wb") as file, subprocess.Popen(words[1], stderr=file, stdout=file) as process:
            while process.poll() is None and work(logs[1]).ended < moment:
                time.sleep(0.02)
            time.sleep(np.random.default_rng(moment).uniform(0, 0.3))
            process.kill()
        folder = Path(f"{broken}.aotface-part")
        there.append(len(list(folder.glob("segment_*.mp4"))))
        room = max(room, sum(path.stat().st_size for path in folder.glob("*") if path.is_file()))
        assert not broken.exists(), "finished before it was stopped: the clip is too short"
    assert run(words[1], errors).code == 0, errors.read_text()
    told(clip, [work(log) for log in logs], [whole, broken], 100 * moments / pieces, there, room)
    print("left behind:", ", ".join(p.name for p in asked.out.iterdir() if "part" in p.name) or "nothing")


class Work(NamedTuple):
    """By kind: pieces that were begun, and seconds that one took; ``ended``: pieces of all kinds."""

    begun: dict[str, int]
    each: dict[str, float]
    ended: int


def work(log: Path) -> Work:
    begun: dict[str, int] = {}
    spent: dict[str, list[float]] = {}
    for line in log.read_text().splitlines():
        kind, _, what = line.partition(" ")
        if what == "begins":
            begun[kind] = begun.get(kind, 0) + 1
        elif what:
            spent.setdefault(kind, []).append(float(what))
    each = {kind: float(np.mean(seconds)) for kind, seconds in spent.items()}
    return Work(begun, each, sum(map(len, spent.values())))


def told(
    clip: Path, works: list[Work], outs: list[Path], moments: np.ndarray, there: list[int], room: int
) -> None:
    """The rows of `kills`."""
    (once, twice), facts = works, open_clip(outs[0]).facts
    frames = list(read_frames(outs[0]))
    same = sum(
        a.pts == b.pts and all(np.array_equal(p, q) for p, q in zip(a.planes, b.planes, strict=True))
        for a, b in zip(frames, read_frames(outs[1]), strict=True)
    )
    each = {kind: once.each.get(kind, twice.each.get(kind, 0)) for kind in twice.begun}
    more = {kind: count - once.begun.get(kind, 0) for kind, count in twice.begun.items()}
    lost = sum(more[kind] * each[kind] for kind in more)
    total = sum(count * each[kind] for kind, count in once.begun.items())
    table("what", f"{clip.name}, {facts.width} x {facts.height}, {len(frames)} frames, `{sys.argv[1:]}`")
    row("kills, at so many percent of the work", ", ".join(f"{percent:.0f}" for percent in moments))
    row("segments finished then", ", ".join(map(str, there)))
    row("frames the same", f"{same} of {len(frames)}")
    row("files the same", "yes" if outs[0].read_bytes() == outs[1].read_bytes() else "no")
    for kind, count in more.items():
        row(f"{kind}: more often ({1000 * each[kind]:.1f} ms each)", f"{count} of {once.begun.get(kind, 0)}")
    row("work done twice", f"{lost:.1f} of {total:.1f} seconds of work: {100 * lost / total:.1f} %")
    row("largest folder of parts at a kill", f"{room / 1e6:.1f} MB")


# --- made clips -------------------------------------------------------------------------------------------------------


def make_clips(folder: Path, long_seconds: float, names: list[str] | None) -> list[Path]:
    """A dozen kinds of video with a face of nobody, 24 frames each unless said otherwise."""
    sys.path.insert(0, str(ROOT / "tests"))
    from media.made_faces import face_frame, plain_frame, write_frames

    folder.mkdir(parents=True, exist_ok=True)
    count, woman = 24, "target_deep_woman_cool_window"
    faces = [face_frame(index) for index in range(count)]
    both = [np.hstack([face_frame(i), face_frame(-i, woman)]) for i in range(count)]
    tick = Fraction(1, 90000)
    steps = np.random.default_rng(1).integers(20, 80, count).cumsum()
    uneven = {"seconds": [int(step) * 90 * tick for step in steps - steps[0]], "time_base": tick}
    gain = srgb_gain(faces, count // 2)
    wide = [np.hstack([face, plain_frame(0)])[:, :455] for face in faces[:4]]
    huge = [cv2.resize(frame, (3840, 2160), interpolation=cv2.INTER_CUBIC) for frame in wide]
    kinds: dict[str, tuple[list[np.ndarray], dict[str, Any]]] = {
        "ntsc.mp4": (faces, {"sound": "aac"}),
        "uneven.mp4": (faces, uneven | {"sound": "aac"}),
        "ten_bit.mp4": (faces, {"format": "yuv420p10le", "sound": "aac"}),
        "rotated.mp4": ([np.rot90(face) for face in faces], {"rotation": 90, "sound": "aac"}),
        "silent.mkv": (faces, {}),
        "two_faces.mp4": (both, {"sound": "aac"}),
        "returning.mp4": (faces[:10] + [plain_frame(i) for i in range(10)] + faces[10:], {"sound": "aac"}),
        "cut.mp4": (faces[:12] + [face_frame(i, woman) for i in range(12)], {"sound": "aac"}),
        "lamp.mp4": (gain, {"sound": "aac", "quality": 4}),
        "2160p.mp4": (huge, {"sound": "aac"}),
        "one.mp4": (faces[:1], {}),
    }
    wanted = [] if names is None else names or list(kinds)
    made = [write_frames(folder / name, kinds[name][0], **kinds[name][1]) for name in wanted]
    if long_seconds:
        back_and_forth = (faces + faces[::-1])[: 2 * count]
        repeated = (back_and_forth * (1 + round(long_seconds * 30) // len(back_and_forth)))[
            : round(long_seconds * 30)
        ]
        made.append(write_frames(folder / "long.mp4", repeated, rate=Fraction(30), sound="aac"))
    return made


def srgb_gain(frames: list[np.ndarray], lamp: int) -> list[np.ndarray]:
    """A third of the light before the lamp is switched on."""
    levels = np.arange(256) / 255
    linear = np.where(levels > 0.04045, ((levels + 0.055) / 1.055) ** 2.4, levels / 12.92) / 3
    dim = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return [np.rint(dim * 255).astype(np.uint8)[f] if i < lamp else f for i, f in enumerate(frames)]


# --- running and printing ---------------------------------------------------------------------------------------------


def swap_words(clip: Path, out: Path, asked: argparse.Namespace, limit: float | None) -> list[str]:
    words = ["swap", "-s", str(asked.source), "-t", str(clip), "-o", str(out), "--transfer", asked.transfer]
    return [*words, "--overwrite", *([] if limit is None else ["--trim-end", str(limit)])]


class Cost(NamedTuple):
    """Of a finished process: exit code, processor seconds, and peak resident memory in MB (0 where there is no /proc)."""

    code: int
    seconds: float
    megabytes: int


def run(words: list[str], errors: Path) -> Cost:
    """Run a command to its end."""
    before, peak = resource.getrusage(resource.RUSAGE_CHILDREN), 0
    with open(errors, "wb") as file, subprocess.Popen(words, stderr=file, stdout=file) as process:
        while process.poll() is None:
            # not the peak that rusage tells: a child counts what its parent held when it was forked
            with suppress(OSError):
                status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                peak = max([peak, *(int(line.split()[1]) for line in status if line.startswith("VmHWM"))])
            time.sleep(0.1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(process.returncode, used, peak // 1024)


def table(*heads: str) -> None:
    row(*heads)
    row(*["---"] * len(heads))


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
