"""``aotface refine``."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from aotface.commands.device import pick_device
from aotface.commands.writing import Pair, Writing, pair_up
from aotface.errors import UsageError
from aotface.reporter import Reporter

if TYPE_CHECKING:
    from aotface.compose.pipeline import Swapped
    from aotface.media.image import Picture


@dataclass(frozen=True, kw_only=True)
class Refine(Writing):
    """Move a face that any other tool has already swapped into the light and tone of its target.

    A folder of swapped pictures and a folder of targets meet by file name; with --fps they are the frames of a video.
    """

    swapped: Annotated[
        str,
        Option(
            "--swapped",
            "-s",
            help="Picture after the swap, of the target's size, or an aligned square crop of the face; "
            "or video, or folder of its frames.",
        ),
    ]
    target: Annotated[
        str,
        Option("--target", "-t", help="The original picture or video: its light and tone are wanted."),
    ]
    fps: Annotated[
        str | None,
        Option("--fps", help="Folders are the frames of a video, so many a second: 25, or 30000/1001."),
    ] = None
    mask: Annotated[
        Path | None,
        Option(
            "--mask", help="Of a video: mask of the swap, white where it shows: video, or folder of frames."
        ),
    ] = None

    def run(self, reporter: Reporter) -> None:
        """Refine every pair."""
        self.check()
        device = pick_device(self.device, self.networks())
        if self._videos(device, reporter):
            return
        pairs, folder = pair_up(self.swapped, self.target, self.output, by_name=True)
        from aotface.commands.batch import run_pairs
        from aotface.compose.pipeline import refine
        from aotface.media.image import read_image

        options, facts = self.options(device), self.facts(device)

        def work(pair: Pair) -> "tuple[Swapped, Picture]":
            target = read_image(pair.target)
            return refine(read_image(pair.given).frame, target.frame, options, self.mark), target

        run_pairs(self, pairs, folder, work, reporter, facts)

    def _videos(self, device: str, reporter: Reporter) -> bool:
        """Refine videos, when that is what the targets are."""
        from aotface.commands.pairing import frames_pair, video_pairs
        from aotface.commands.video import VideoWork, run_videos

        rate = self._rate()
        one = frames_pair(self.swapped, self.target, self.output, rate)
        videos = [one] if one else video_pairs(self.swapped, self.target, self.output, by_name=True)
        if not videos:
            if self.mask is not None or rate is not None:
                raise UsageError("--mask and --fps are for videos and for folders of frames")
            return False
        if self.mask is not None and len(videos) > 1:
            raise UsageError(f"one --mask belongs to one video, got {len(videos)}: refine them one by one")
        facts = self.facts(device)
        work = VideoWork(self, self.options(device), facts, swapped=True, rate=rate, masks=self.mask)
        run_videos(work, videos, reporter)
        return True

    def _rate(self) -> Fraction | None:
        try:
            rate = None if self.fps is None else Fraction(self.fps)
        except (ValueError, ZeroDivisionError):
            rate = Fraction(0)
        if rate is not None and not 0 < rate <= 1000:
            raise UsageError(f"expected --fps as frames a second such as 25 or 30000/1001, got {self.fps!r}")
        return rate
