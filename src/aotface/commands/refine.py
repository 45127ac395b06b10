"""``aotface refine``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Option

from aotface.commands.device import pick_device
from aotface.commands.voice import Voice
from aotface.commands.writing import Pair, Writing, pair_up

if TYPE_CHECKING:
    from aotface.media.image import Picture
    from aotface.swap.pipeline import Swapped


@dataclass(frozen=True, kw_only=True)
class Refine(Writing):
    """Move a face that any other tool has already swapped into the light and tone of its target.

    A folder of swapped pictures and a folder of targets meet by file name.
    """

    swapped: Annotated[
        str,
        Option(
            "--swapped",
            "-s",
            help="Picture after the swap, of the target's size, or an aligned square crop of the face.",
        ),
    ]
    target: Annotated[
        str, Option("--target", "-t", help="The original picture: its light and tone are wanted.")
    ]

    def run(self, voice: Voice) -> None:
        """Refine every pair."""
        self.check()
        device = pick_device(self.device, self.networks())
        from aotface.commands.video import VideoWork, run_videos, video_pairs

        videos = video_pairs(self.swapped, self.target, self.output, by_name=True)
        if videos:
            run_videos(VideoWork(self, self.options(device), None, self.facts(device)), videos, voice)
            return
        pairs, folder = pair_up(self.swapped, self.target, self.output, by_name=True)
        from aotface.commands.batch import run_pairs
        from aotface.media.image import read_image
        from aotface.swap.pipeline import refine

        options, facts = self.options(device), self.facts(device)

        def work(pair: Pair) -> "tuple[Swapped, Picture]":
            target = read_image(pair.target)
            return refine(read_image(pair.given).frame, target.frame, options, self.mark), target

        run_pairs(self, pairs, folder, work, voice, facts)
