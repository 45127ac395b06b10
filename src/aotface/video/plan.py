"""Everything that decides the finished frames, as paths and plain values: what another process needs to make them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from aotface.errors import UsageError
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.media.video.folder import FOLDER, folder_facts
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times, regular
from aotface.options import DEFAULTS, Options
from aotface.tracking.tracks import Tracks
from aotface.video.scene import Clip, Giver, Scene, make_scene, prepare_source


class Put(NamedTuple):
    """What goes onto one track: a face of a picture; ``source`` is None where it is there already."""

    track: int
    source: Path | None
    source_face: str = DEFAULTS.source_face


class Footage(NamedTuple):
    """Frames ``first`` to ``last - 1`` of a video, or of a folder of pictures, which needs a ``rate``."""

    path: Path
    first: int
    last: int
    rate: Fraction | None = None

    @staticmethod
    def of(clip: Clip) -> "Footage":
        """What another process needs to open the same."""
        rate = clip.facts.rate if clip.facts.container == FOLDER else None
        return Footage(clip.path.resolve(), clip.first, clip.last, rate)

    def clip(self) -> Clip:
        """Open it."""
        return replace(open_clip(self.path, rate=self.rate), first=self.first, last=self.last)


@dataclass(frozen=True)
class Plan:
    """See `Scene`, of which this is the recipe; the faces of the target travel beside it."""

    target: Footage
    puts: tuple[Put, ...]
    options: Options
    mark: bool = True
    swapped: Footage | None = None
    masks: Footage | None = None

    @staticmethod
    def of(scene: Scene, puts: Sequence[Put]) -> "Plan":
        """The recipe of a scene, in absolute paths."""
        whole = tuple(put._replace(source=put.source and put.source.resolve()) for put in puts)
        options, weights = scene.options, Path(scene.options.weights)
        if weights.is_file():
            options = replace(options, weights=str(weights.resolve()))
        beside = (scene.swapped, scene.masks)
        swapped, masks = (None if clip is None else Footage.of(clip) for clip in beside)
        return Plan(Footage.of(scene.clip), whole, options, scene.mark, swapped, masks)

    def scene(self, tracks: Tracks) -> Scene:
        """Open everything.

        Args:
            tracks: of `analyse`.
        """
        swapped, masks = (
            None if footage is None else footage.clip() for footage in (self.swapped, self.masks)
        )
        return scene_of(self.target.clip(), tracks, self.puts, self.options, self.mark, swapped, masks)


def scene_of(
    clip: Clip,
    tracks: Tracks,
    puts: Sequence[Put],
    options: Options,
    mark: bool = True,
    swapped: Clip | None = None,
    masks: Clip | None = None,
) -> Scene:
    """Look at every source once, and make the scene; see `make_scene`."""
    givers = {put.track: look_at(put.source, put.source_face) for put in puts}
    return make_scene(clip, tracks, None, options, mark, swapped, givers, masks)


def open_clip(
    path: Path,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    rate: Fraction | None = None,
) -> Clip:
    """A video, or the part of it between two times.

    Args:
        path: a video, or a folder of pictures.
        start_seconds: None = from the first frame.
        end_seconds: None = up to the last one.
        rate: frames a second of a folder.

    Raises:
        UsageError: a folder without a rate.
    """
    if path.is_dir():
        if rate is None:
            raise UsageError(f"{show(path)}: expected --rate with a folder of frames: frames a second")
        facts = folder_facts(path, rate)
        times = regular(facts.frames or 0, rate)
    else:
        facts, times = probe(path), frame_times(path)
    return Clip(path, facts, times, *times.between(start_seconds, end_seconds))


@lru_cache(maxsize=8)
def look_at(source: Path | None, which: str) -> Giver | None:
    """Look at a source once; None where the face is there already."""
    return None if source is None else prepare_source(read_image(source).frame, which)
