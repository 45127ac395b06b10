"""Two trials of the studio on this computer: many clients at once, and `kill -9` in the middle.

    python scripts/studio_load.py load [--clients 50] [--seconds 120]
    python scripts/studio_load.py kill

Each starts `aotface serve` on 127.0.0.1, with an audit hook that notes every connection to another host.
"""

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from aotface.media.image import read_image
from aotface.samples import sample
from aotface.web.client import StudioClient, StudioError

SIDE, PATCH = 256, 40

_BEGIN = """
import sys
def note(event, found):
    if event in ("socket.connect", "socket.sendto") and found[1][0] not in ("127.0.0.1", "::1", "localhost"):
        open(sys.argv[1], "a").write(f"{event} {found[1]}\\n")
    if event == "socket.getaddrinfo" and found[0] not in ("127.0.0.1", "::1", "localhost", None):
        open(sys.argv[1], "a").write(f"{event} {found[0]}\\n")
sys.addaudithook(note)
from aotface.cli import main
sys.exit(main(["serve", "--port", sys.argv[2], "--state", sys.argv[3]]))
"""


class Server:
    """`aotface serve` in a process of its own."""

    def __init__(self, folder: Path, port: int = 0):
        self.outside = folder / "outside.txt"
        self.state = folder / "state"
        words = [sys.executable, "-c", _BEGIN, str(self.outside), str(port), str(self.state)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.port = int(self.address.rstrip("/").rsplit(":", 1)[1])

    def family(self) -> dict[int, str]:
        """Every process of it, and what it is."""
        found = {self.process.pid: "server"}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid:
                    words = (path.parent / "cmdline").read_bytes().split(b"\0")
                    found[int(path.parent.name)] = words[-2].decode()
            except (OSError, ValueError, IndexError):
                continue
        return found

    def memory(self) -> dict[str, int]:
        """Resident MB of each process."""
        found = {}
        for pid, name in self.family().items():
            try:
                found[name] = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 >> 20
            except (OSError, IndexError):
                continue
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)


def patient(ask, tally: Counter, end: float):
    """Ask again as long as the answer is 429."""
    while True:
        try:
            return ask()
        except StudioError as error:
            tally[f"{error.status} {error.code}"] += 1
            if error.status != 429:
                raise
            if time.monotonic() > end + 120:
                raise
            time.sleep(min(5.0, max(0.5, error.retry_seconds)))


def stamped(number: int) -> tuple[bytes, np.ndarray]:
    """A target that no other client has: its number as colours in a corner."""
    frame = cv2.resize(
        read_image(sample("target_medium_man_warm_side")).frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA
    )
    colour = np.array(
        [40 + 20 * (number % 10), 40 + 20 * (number // 10 % 10), 40 + 20 * (number // 100 % 10)], np.uint8
    )
    frame[:PATCH, :PATCH] = colour
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "PNG")
    return out.getvalue(), colour


class Worker(threading.Thread):
    """One client: uploads, swaps, and checks each result against its own input."""

    def __init__(self, address: str, number: int, end: float):
        super().__init__(daemon=True)
        self.address, self.number, self.end = address, number, end
        self.tally: Counter = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self.wrong.append(f"client {self.number}: {type(error).__name__}: {error}")

    def _work(self) -> None:
        client = patient(lambda: StudioClient(self.address, timeout_seconds=300), self.tally, self.end)
        source = patient(lambda: client.upload(sample("source_light_man")), self.tally, self.end)
        turn = 0
        while time.monotonic() < self.end:
            data, colour = stamped(self.number + 100 * (turn % 10))
            target = patient(lambda: client.upload(data, f"{self.number}.png"), self.tally, self.end)  # noqa: B023
            asked = {
                "source": source["id"],
                "target": target["id"],
                "options": {"transfer": "mean", "seed": self.number},
            }
            job = patient(lambda: client.submit("swap", True, **asked), self.tally, self.end)  # noqa: B023
            while job["state"] in ("queued", "running"):
                time.sleep(1.0)
                job = patient(lambda: client.job(job["id"]), self.tally, self.end)  # noqa: B023
            if job["state"] != "done":
                self.wrong.append(f"client {self.number}: {job['state']} {job['error']}")
                return
            self._check(client, job["id"], target["sha256"], colour)
            patient(lambda: client.delete_job(job["id"]), self.tally, self.end)  # noqa: B023
            patient(lambda: client.delete_file(target["id"]), self.tally, self.end)  # noqa: B023
            turn += 1

    def _check(self, client: StudioClient, id: str, sha256: str, colour: np.ndarray) -> None:
        made = patient(lambda: client.result(id), self.tally, self.end)
        record = patient(lambda: client.record(id), self.tally, self.end)
        shown = np.asarray(Image.open(io.BytesIO(made)).convert("RGB"))[8 : PATCH - 8, 8 : PATCH - 8]
        far = np.abs(shown.reshape(-1, 3).mean(0) - colour).max()
        if far > 4 or sha256 not in record["inputs"].values() or record["job"].get("seed", 0) != self.number:
            self.wrong.append(f"client {self.number}: a result of another: {far:.1f}")
        self.tally["results checked"] += 1


def load(clients: int, seconds: float) -> int:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        first = StudioClient(server.address)
        while not first.health() or len(server.memory()) < 2:
            time.sleep(1)
        clock = time.monotonic()
        workers = [Worker(server.address, number, clock + seconds) for number in range(clients)]
        for worker in workers:
            worker.start()
        rows = []
        while any(worker.is_alive() for worker in workers):
            time.sleep(5)
            rows.append((round(time.monotonic() - clock), server.memory()))
        tally: Counter = sum((worker.tally for worker in workers), Counter())
        wrong = [line for worker in workers for line in worker.wrong]
        print(f"{clients} clients, {time.monotonic() - clock:.0f} s: {dict(tally)}")
        for at, memory in rows[:: max(1, len(rows) // 8)] + rows[-1:]:
            print(f"  after {at} s, MB: {memory}")
        print(f"wrong: {wrong[:5] or 'nothing'}")
        print(
            f"connections to other hosts: {server.outside.read_text() if server.outside.exists() else 'none'}"
        )
        print(f"health: {first.health()}")
        server.stop()
        return int(bool(wrong) or server.outside.exists())


def clip(path: Path, count: int) -> None:
    picture = read_image(sample("target_medium_man_warm_side")).frame
    height, width = picture.shape[:2]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(25), options={"crf": "12", "preset": "veryfast"})
        stream.height = stream.width = SIDE
        stream.pix_fmt = "yuv420p"
        for index in range(count):
            matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0.1 * index, 0.62 * SIDE / 256)
            matrix[:, 2] += SIDE / 2 - width / 2, SIDE / 2 - height / 2
            frame = cv2.warpAffine(
                picture, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
            )
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p")))
        file.mux(stream.encode(None))


def frames_of(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])


def kill(count: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip(folder / "clip.mp4", count)
        server = Server(folder)
        client = StudioClient(server.address)
        source, target = client.upload(sample("source_light_man")), client.upload(folder / "clip.mp4")
        scene = client.upload(sample("target_light_woman_dim"))
        asked = {"source": source["id"], "options": {"transfer": "mean"}}
        done = client.wait(client.submit("swap", True, target=scene["id"], **asked)["id"])
        before = client.result(done["id"])
        job = client.submit("swap", True, target=target["id"], **asked)
        waiting = client.submit("swap", True, target=scene["id"], **asked)
        while client.job(job["id"])["progress"] < 0.75:
            time.sleep(0.2)
        family = server.family()
        at = client.job(job["id"])["progress"]
        segments = len(list(server.state.glob(f"jobs/{job['id']}/*/*.mp4")))
        server.process.kill()
        server.process.wait()
        time.sleep(2)
        orphans = [pid for pid in family if pid != server.process.pid and Path(f"/proc/{pid}/stat").exists()]
        print(
            f"killed at {at:.2f} of the video, {segments} segments there; orphans 2 s later: {orphans or 'none'}"
        )
        again = Server(folder, server.port)
        clock = time.monotonic()
        kept = client.job(done["id"])
        print(
            f"finished job after the restart: {kept['state']}, same bytes: {client.result(done['id']) == before}"
        )
        states = {
            name: client.job(id)["state"] for name, id in (("running", job["id"]), ("waiting", waiting["id"]))
        }
        print(f"unfinished jobs after the restart: {states}")
        resumed = client.wait(job["id"])
        made = client.record(job["id"])["frames_made"]
        print(
            f"resumed: {resumed['state']} after {time.monotonic() - clock:.0f} s, {made} of {count} frames made anew"
        )
        other = client.wait(waiting["id"])
        whole = client.wait(client.submit("swap", True, target=target["id"], **asked)["id"])
        same = np.array_equal(frames_of(client.result(job["id"])), frames_of(client.result(whole["id"])))
        print(
            f"waiting job: {other['state']}; resumed video is frame for frame that of an unbroken run: {same}"
        )
        print(json.dumps({"outside": again.outside.read_text() if again.outside.exists() else "none"}))
        again.stop()
        return int(not same or kept["state"] != "done" or bool(orphans))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("trial", choices=("load", "kill"))
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--frames", type=int, default=100)
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return load(asked.clients, asked.seconds) if asked.trial == "load" else kill(asked.frames)


if __name__ == "__main__":
    sys.exit(main())
