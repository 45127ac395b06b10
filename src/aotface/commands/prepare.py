"""``aotface prepare``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Prepare:
    """Turn a FOLDER of portraits into shards for training.

    A subfolder is a person; a picture in the folder itself is a person of its own; an index.csv with the
    columns file and person (and perhaps split) says it otherwise. Said again after a stop, it goes on where
    it stopped.
    """

    folder: Annotated[Path, Argument(help="Folder with portraits.")]
    output: Annotated[Path, Option("--output", "-o", help="Folder for the shards.")]
    side: Annotated[int, Option("--side", help="Side of the stored crops in pixels, at most 256.")] = 128
    sources: Annotated[
        int, Option("--sources", min=1, help="How many other people are warped onto each face.")
    ] = 6
    validation: Annotated[
        float, Option("--validation", help="Share of the people that is held out of training.")
    ] = 0.1
    seed: Annotated[int, Option("--seed", min=0, help="Chooses who is warped onto whom.")] = 0
    overwrite: Annotated[bool, Option("--overwrite", help="Replace shards of another request.")] = False

    def run(self, reporter: Reporter) -> None:
        """Write the shards and their index."""
        from aotface.media.files import show
        from aotface.training.listing import list_pictures
        from aotface.training.prepare import PrepareConfig, prepare

        listed = list_pictures(self.folder, self.validation)
        config = PrepareConfig(side=self.side, sources=self.sources, seed=self.seed)
        index = prepare(listed, self.output, config, reporter.say, reporter.warn, self.overwrite)
        parts = []
        for split in ("train", "validation"):
            people = [face["person"] for face in index["faces"] if face["split"] == split]
            parts.append(f"{split}: {len(people)} faces of {len(set(people))} people")
        reporter.say(f"{show(self.output)}  " + ", ".join(parts))
