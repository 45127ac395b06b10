"""Train the visibility network of `src/aotface/face/visibility`.

    python scripts/train_visibility.py prepare --data DATA --work WORK     # once: aligns every face
    python scripts/train_visibility.py train --work WORK                   # resumes when called again
    python scripts/train_visibility.py label --work WORK                   # self-training; then train on, with more --steps
    python scripts/train_visibility.py export --work WORK --out FILE.onnx
    python scripts/train_visibility.py rims --work WORK --out FILE.onnx    # the rim network, for the packaged one

DATA holds ``portraits/train`` and ``face_parts`` (FASSEG), and perhaps ``lit_faces`` (Extended
Yale B); WORK is a folder outside the repository.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from aotface.face.visibility.network import VisibilityNetwork
from aotface.training.interrupt import asked_to_stop
from aotface.training.visibility.again import from_onnx
from aotface.training.visibility.export import export
from aotface.training.visibility.library import LAMPS, Library, open_library
from aotface.training.visibility.loop import Run, TrainConfig, to_tensors, train
from aotface.training.visibility.net import VisibilityNet
from aotface.training.visibility.prepare import prepare, prepare_lamps
from aotface.training.visibility.rims import RimSample, draw_rims, export_rims, train_rims
from aotface.training.visibility.samples import draw_sample
from aotface.training.visibility.selflabel import label_store

ROOT = Path(__file__).parents[1]
PICTURES = (".jpg", ".jpeg", ".webp")
FOLDERS = {"face_parts": "face_parts", "train": "portraits/train", "val": "portraits/val"}
TRAITS = ROOT / "scripts/visibility_traits.json"
TEST_SET = ROOT / "tests/face/visibility/hand_labels.json"
STATISTICS = 64
"""Samples that give a file's batch norms their statistics back."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("prepare", help="align every face once")
    first.add_argument("--data", type=Path, required=True)
    second = commands.add_parser("train", help="train, or resume")
    second.add_argument("--steps", type=int, default=TrainConfig.steps)
    second.add_argument("--batch", type=int, default=TrainConfig.batch)
    second.add_argument("--rate", type=float, default=TrainConfig.rate)
    second.add_argument("--seed", type=int, default=TrainConfig.seed)
    second.add_argument("--fall", type=float, default=TrainConfig.fall)
    second.add_argument("--run", default="run", help="name of the run's folder in WORK")
    second.add_argument(
        "--begin-with", help="another run in WORK, or a file of `export`, whose weights this one begins with"
    )
    second.add_argument(
        "--keep", type=Path, help="file of `export`: what it says of brows and beards is kept"
    )
    third = commands.add_parser("label", help="between two rounds: label the portraits with a run's network")
    third.add_argument("--run", default="run")
    third.add_argument("--network", type=Path, help="file of `export`, in place of a run's network")
    fourth = commands.add_parser("export", help="write the averaged network as ONNX")
    fourth.add_argument("--run", default="run")
    fourth.add_argument("--out", type=Path, required=True)
    fifth = commands.add_parser("rims", help="train and write the rim network")
    fifth.add_argument("--samples", type=int, default=1000)
    fifth.add_argument("--steps", type=int, default=1500)
    fifth.add_argument("--out", type=Path, required=True)
    for command in (first, second, third, fourth, fifth):
        command.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "prepare":
        prepare_all(options.data, options.work)
    elif options.command == "label":
        label_portraits(options.work, options.run, options.network)
    elif options.command == "export":
        found = export(averaged(options.work / options.run), options.out, overwrite=True)
        say(
            f"{options.out}: {options.out.stat().st_size:,} bytes; a probability differs by at most {found:.2g}"
        )
    elif options.command == "rims":
        train_rim_network(options.work, options.samples, options.steps, options.out)
    else:
        config = TrainConfig(
            steps=options.steps, batch=options.batch, rate=options.rate, seed=options.seed, fall=options.fall
        )
        train_one(options.work, options.run, config, options.begin_with, options.keep)


def say(line: str) -> None:
    print(line, flush=True)


def prepare_all(data: Path, work: Path) -> None:
    for name, folder in FOLDERS.items():
        files = sorted(p for p in (data / folder).rglob("*") if p.suffix.lower() in PICTURES)
        prepare(files, data, work / name, say)
    if (data / "lit_faces").is_dir():
        prepare_lamps(data / "lit_faces", data, work / LAMPS, say)


def train_one(work: Path, name: str, config: TrainConfig, begin_with: str | None, keep: Path | None) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    library = open_library(work, TRAITS, left_out())
    run = Run(config, work / name)
    if keep:
        run.teacher = from_onnx(keep.read_bytes(), some_pictures(library))
    if run.step:
        say(f"goes on at step {run.step}; brows and beards are {'kept' if keep else 'not kept'}")
    elif begin_with and begin_with.endswith(".onnx"):
        run.take(from_onnx(Path(begin_with).read_bytes(), some_pictures(library)))
        say(f"begins with {begin_with}")
    elif begin_with:
        say(f"{run.begin_with(work / begin_with)} arrays taken from {begin_with}")
    with asked_to_stop() as stop:
        train(run, library, say, stop)


def some_pictures(library: Library) -> torch.Tensor:
    drawn = [np.random.default_rng([1, number]) for number in range(STATISTICS)]
    return to_tensors([draw_sample(library.draw(rng), library.box, rng) for rng in drawn])[0]


def label_portraits(work: Path, name: str, network: Path | None) -> None:
    torch.set_num_threads(1)
    if network is None:
        net = averaged(work / name)
    else:
        net = from_onnx(network.read_bytes(), some_pictures(open_library(work, TRAITS, left_out())))
    label_store(net, work / "train", say)


def train_rim_network(work: Path, count: int, steps: int, out: Path) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    faces = [one for one in open_library(work, TRAITS, left_out()).faces if not one.traits.glasses]
    network, rng, samples = VisibilityNetwork(), np.random.default_rng(0), list[RimSample]()
    while len(samples) < count:
        sample = draw_rims(faces[rng.integers(len(faces))], network, rng)
        if sample is None:
            continue
        samples.append(sample)
        if len(samples) % 100 == 0:
            say(f"{len(samples)} samples")
    found = export_rims(train_rims(samples, steps, say), out, overwrite=True)
    say(f"{out}: {out.stat().st_size:,} bytes; a probability differs by at most {found:.2g}")


def averaged(folder: Path) -> VisibilityNet:
    """The averaged network of a run's last checkpoint."""
    run = Run(TrainConfig(), folder)
    run.net.load_state_dict(run.average)
    say(f"step {run.step}")
    return run.net.eval()


def left_out() -> set[str]:
    """Pictures of the test set, and further pictures of the same people."""
    found = json.loads(TEST_SET.read_text())
    return set(found["left_out"]) | {picture["file"] for picture in found["pictures"]}


if __name__ == "__main__":
    main()
