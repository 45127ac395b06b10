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
from aotface.media.video.folder import FOLDER, folder_info
from aotface.media.video.probe import probe
from aotface.media.video.timing import frame_times, regular
from aotface.options import DEFAULTS, Options
from aotface.reenact.base import PreparedSource
from aotface.tracking.tracks import Tracks
from aotface.video.scene import Clip, Scene, make_scene, prepare_source


class Assignment(NamedTuple):
    """What goes onto one track: a face of a picture; ``source`` is None where it is there already."""

    track: int
    source: Path | None
    source_face: str = DEFAULTS.source_face


class ClipSpec(NamedTuple):
    """Frames ``first`` to ``last - 1`` of a video, or of a folder of pictures, which needs a ``rate``."""

    path: Path
    first: int
    last: int
    rate: Fraction | None = None

    @staticmethod
    def of(clip: Clip) -> "ClipSpec":
        """What another process needs to open the same."""
        rate = clip.info.rate if clip.info.container == FOLDER else None
        return ClipSpec(clip.path.resolve(), clip.first, clip.last, rate)

    def clip(self) -> Clip:
        """Open it."""
        return replace(open_clip(self.path, rate=self.rate), first=self.first, last=self.last)


@dataclass(frozen=True)
class Plan:
    """See `Scene`, of which this is the recipe; the faces of the target travel beside it."""

    target: ClipSpec
    assignments: tuple[Assignment, ...]
    options: Options
    mark: bool = True
    swapped: ClipSpec | None = None
    masks: ClipSpec | None = None

    @staticmethod
    def of(scene: Scene, assignments: Sequence[Assignment]) -> "Plan":
        """The recipe of a scene, in absolute paths."""
        whole = tuple(put._replace(source=put.source and put.source.resolve()) for put in assignments)
        options, weights = scene.options, Path(scene.options.weights)
        if weights.is_file():
            options = replace(options, weights=str(weights.resolve()))
        beside = (scene.swapped, scene.masks)
        swapped, masks = (None if clip is None else ClipSpec.of(clip) for clip in beside)
        return Plan(ClipSpec.of(scene.clip), whole, options, scene.mark, swapped, masks)

    def scene(self, tracks: Tracks) -> Scene:
        """Open everything.

        Args:
            tracks: of `analyse`.
        """
        swapped, masks = (None if spec is None else spec.clip() for spec in (self.swapped, self.masks))
        return scene_of(self.target.clip(), tracks, self.assignments, self.options, self.mark, swapped, masks)


def scene_of(
    clip: Clip,
    tracks: Tracks,
    assignments: Sequence[Assignment],
    options: Options,
    mark: bool = True,
    swapped: Clip | None = None,
    masks: Clip | None = None,
) -> Scene:
    """Prepare every source once, and make the scene; see `make_scene`."""
    sources = {put.track: prepare_source_file(put.source, put.source_face) for put in assignments}
    return make_scene(clip, tracks, None, options, mark, swapped, sources, masks)


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
            raise UsageError(f"{show(path)}: expected --fps with a folder of frames: frames a second")
        info = folder_info(path, rate)
        times = regular(info.frames or 0, rate)
    else:
        info, times = probe(path), frame_times(path)
    return Clip(path, info, times, *times.between(start_seconds, end_seconds))


@lru_cache(maxsize=8)
def prepare_source_file(source: Path | None, which: str) -> PreparedSource | None:
    """Prepare a source once; None where the face is there already."""
    return None if source is None else prepare_source(read_image(source).frame, which)
