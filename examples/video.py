"""Swap a face in a video: with progress, stopped half way, and resumed.

    python examples/video.py OUT
    python examples/video.py OUT scene.mp4 person.jpg

Without a video, a short clip is made: a sample face that moves before a blurred background.
"""

import argparse
import threading
from pathlib import Path

import aotface
from aotface.errors import Interrupted
from aotface.profiling.clip import write_clip
from aotface.samples import sample


def sample_clip(folder: Path, frames: int) -> Path:
    """The clip, made when it is not there yet."""
    clip = folder / "clip.mp4"
    if not clip.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_clip(folder, height=360, width=640, count=frames)
    return clip


def main(folder: Path, video: Path | None, source: Path, frames: int) -> None:
    """Write ``swapped.mp4``, its mask as ``swapped.mask.mp4``, and say what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    video = video or sample_clip(folder / "clip", frames)
    output = folder / "swapped.mp4"

    # The token that cancels: set it from a button, a signal, another thread, or, as here, from the callback.
    stop = threading.Event()

    def show(work: str, done: int, total: int) -> None:
        """Called for every frame; ``work`` is "looking for faces", then "swapping"."""
        print(f"\r{work}: {done} of {total} frames", end="" if done < total else "\n", flush=True)

    def show_half(work: str, done: int, total: int) -> None:
        """The same, and stop when half of the frames are swapped."""
        show(work, done, total)
        if work == "swapping" and 2 * done >= total:
            stop.set()

    with aotface.Swapper() as swapper:
        try:
            swapper.swap_file(source, video, output, show_half, stop, layers=("mask",), overwrite=True)
        except Interrupted as stopped:
            print(f"\n{stopped}")
        # The same call resumes: finished frames are kept in swapped.mp4.aotface-part/ until the video is whole.
        swapper.swap_file(source, video, output, show, layers=("mask",), overwrite=True)
        print(*swapper.verify(output).lines(), sep="\n  ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Swap a face in a video.")
    parser.add_argument("folder", type=Path, help="where the video goes")
    parser.add_argument("video", type=Path, nargs="?", help="default: a made clip")
    parser.add_argument("source", type=Path, nargs="?", default=sample("source_medium_woman"))
    parser.add_argument("--frames", type=int, default=50, help="of the made clip")
    main(**vars(parser.parse_args()))
