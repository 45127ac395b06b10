#!/usr/bin/env python
"""Two runs at once onto one video, with other sources; and a run that is killed again and again, and resumed.

    scripts/try_two_runs.py --source a.png --other b.png --target clip.mp4 --rounds 20 --kills 10

Of every round one run must end with 0 and the other with 5, and the file must be that of one source alone. What was killed
must end as the same bytes as what was not (with --no-mark).
"""

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def command(source: Path, target: Path, output: Path) -> list[str]:
    words = [sys.executable, "-m", "aotface", "swap", "-s", source, "-t", target, "-o", output]
    return [str(word) for word in (*words, "--transfer", "mkl", "--no-mark")]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def clean(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("source", "other", "target"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, quiet = random.Random(given.seed), {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with tempfile.TemporaryDirectory() as place:
        folder, whole, seconds = Path(place), {}, 0.0
        for source in (given.source, given.other):
            clock = time.monotonic()
            subprocess.run(command(source, given.target, folder / "o.mp4"), check=True, **quiet)
            seconds, whole[digest(folder / "o.mp4")] = time.monotonic() - clock, source.name
            clean(folder)
        outcomes: list[tuple[list[int], str]] = []
        for _ in range(given.rounds):
            first = subprocess.Popen(command(given.source, given.target, folder / "o.mp4"), **quiet)
            time.sleep(chance.uniform(0, seconds))
            second = subprocess.Popen(command(given.other, given.target, folder / "o.mp4"), **quiet)
            lines = [run.communicate()[1].decode().splitlines() for run in (second, first)]
            codes = sorted([first.returncode, second.returncode])
            made = whole.get(digest(folder / "o.mp4"), "MIXED") if (folder / "o.mp4").exists() else "NONE"
            tracebacks = sum("Traceback" in line for one in lines for line in one)
            left = sorted(path.name for path in folder.iterdir())
            outcomes.append((codes, made))
            print(codes, made, left, f"tracebacks {tracebacks}", flush=True)
            clean(folder)
        good = sum(codes == [0, 5] and made not in ("MIXED", "NONE") for codes, made in outcomes)
        print(json.dumps({"rounds": given.rounds, "one whole file and one refusal": good}), flush=True)
        kills, finished = 0, []
        while kills < given.kills:
            run = subprocess.Popen(command(given.source, given.target, folder / "o.mp4"), **quiet)
            try:
                run.communicate(timeout=chance.uniform(0.2, 0.9) * seconds)
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                run.communicate()
                kills += 1
            if (folder / "o.mp4").exists():  # from the beginning once more
                finished.append(whole.get(digest(folder / "o.mp4")))
                clean(folder)
        subprocess.run(command(given.source, given.target, folder / "o.mp4"), check=True, **quiet)
        finished.append(whole.get(digest(folder / "o.mp4")))
        left = sorted(path.name for path in folder.iterdir())
        same = finished == [given.source.name] * len(finished)
        told = {"kills": kills, "finished": len(finished), "all identical": same, "left": left}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
