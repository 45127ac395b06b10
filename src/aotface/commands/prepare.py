"""``aotface prepare``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from aotface.errors import UsageError
from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Prepare:
    """Turn a FOLDER of portraits into shards for training.

    A subfolder is a person; a picture in the folder itself is a person of its own; an index.csv with the
    columns file and person (and perhaps split) says it otherwise. Run again after a stop, it resumes.
    --lamps FOLDER adds people who held still under many lamps (index.csv: file, person, azimuth_degrees,
    elevation_degrees). --photographs N adds pairs of photographs as they were taken, for games.
    """

    folder: Annotated[Path | None, Argument(help="Folder with portraits; may be left out with --lamps.")] = (
        None
    )
    output: Annotated[Path, Option("--output", "-o", help="Folder for the shards.")]
    lamps: Annotated[
        Path | None,
        Option("--lamps", help="Folder with people under calibrated lamps; they go into SHARDS/lamps."),
    ] = None
    photographs: Annotated[
        int,
        Option("--photographs", min=0, help="People of pairs without ground truth, in SHARDS/photographs."),
    ] = 0
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
        """Write the shards and their index; people under lamps first, because they take less time."""
        if self.folder is None and self.lamps is None:
            raise UsageError("expected a folder with portraits, or --lamps FOLDER; got neither")
        if self.lamps is not None:
            self._under_lamps(self.lamps, reporter)
        if self.folder is None:
            if self.photographs:
                raise UsageError("--photographs chooses from a folder with portraits; got none")
            return
        self._portraits(self.folder, reporter)
        if self.photographs:
            self._pairs(self.folder, reporter)

    def _under_lamps(self, folder: Path, reporter: Reporter) -> None:
        from aotface.media.files import show
        from aotface.training.lamp_shards import LampConfig, prepare_lamps

        index = prepare_lamps(folder, self.output, LampConfig(self.side), reporter.say, self.overwrite)
        splits = [entry["split"] for entry in index["people"]]
        reporter.say(
            f"{show(self.output)}  under lamps: {splits.count('train')} people to train on, "
            f"{splits.count('test')} that are only judged on"
        )

    def _portraits(self, folder: Path, reporter: Reporter) -> None:
        from aotface.media.files import show
        from aotface.training.listing import list_pictures
        from aotface.training.prepare import PrepareConfig, prepare

        listed = list_pictures(folder, self.validation)
        config = PrepareConfig(side=self.side, sources=self.sources, seed=self.seed)
        index = prepare(listed, self.output, config, reporter.say, reporter.warn, self.overwrite)
        parts = []
        for split in ("train", "validation"):
            people = [face["person"] for face in index["faces"] if face["split"] == split]
            parts.append(f"{split}: {len(people)} faces of {len(set(people))} people")
        reporter.say(f"{show(self.output)}  " + ", ".join(parts))

    def _pairs(self, folder: Path, reporter: Reporter) -> None:
        from aotface.media.files import show
        from aotface.training.listing import list_pictures
        from aotface.training.photograph_shards import PhotographConfig, prepare_photographs

        listed = list_pictures(folder, self.validation)
        config = PhotographConfig(side=self.side, people=self.photographs, seed=self.seed)
        index = prepare_photographs(listed, self.output, config, reporter.say, self.overwrite)
        counts = {split: sum(files.values()) for split, files in index["files"].items()}
        reporter.say(
            f"{show(self.output)}  photographs: {counts['train']} pairs, {counts['validation']} held out"
        )
