"""What decides the finished frames of a video: the clip, its faces over time, and who is put where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from aotface.compose import pipeline
from aotface.compose.label import Badge, place_label, shows_label
from aotface.compose.pipeline import choose
from aotface.face.align import transform_points
from aotface.face.detect import detect
from aotface.face.template import similarity_between
from aotface.media.video.animation import read_animation
from aotface.media.video.decode import VideoFrame, read_frames
from aotface.media.video.folder import read_folder_frames
from aotface.media.video.info import ANIMATION, FOLDER, VideoInfo
from aotface.media.video.timing import FrameTimes
from aotface.options import DEFAULTS, Options
from aotface.reenact.base import PreparedSource, Reenactor
from aotface.reenact.mesh import MeshReenactor
from aotface.tracking.smooth import smooth
from aotface.tracking.tracks import Tracks, choose_tracks
from aotface.transfer import transfer_for
from aotface.transfer.base import Transfer
from aotface.types import Face, Frame, Landmarks
from aotface.video.forehead import Foreheads

EVERY, SLOWEST = 3, 6
"""In every so many frames what a transfer does is found, where it has maps: of a face that moves, and of one that stands
still. Those between take the maps around, averaged. Maps are smooth in time, and finding them is a third of a frame's work
(docs/log/2026-11-29-video.md)."""

STILL = 1e-3
"""Root mean square motion of landmarks within the face, in face sizes, up to which it stands still: faces at rest have
0.0001 to 0.0008, others 0.002 and more."""


@dataclass(frozen=True)
class Clip:
    """Frames ``first`` to ``last - 1`` of a video, or of a folder of pictures."""

    path: Path
    info: VideoInfo
    times: FrameTimes
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def frames(self, first: int | None = None, last: int | None = None) -> Iterator[VideoFrame]:
        """Frames, by their numbers in the video; all of the clip when left out."""
        bounds = (self.first if first is None else first, self.last if last is None else last)
        if self.info.container == ANIMATION:
            return read_animation(self.info, self.times, *bounds)
        if self.info.container == FOLDER:
            return read_folder_frames(self.path, self.info.rate, *bounds, self.info)
        return read_frames(self.path, *bounds, self.info, self.times)


@dataclass(frozen=True)
class Scene:
    """Everything that decides the finished frames.

    ``clip``: the target. ``tracks``: its faces, smoothed, numbered from the clip's first frame. ``sources``: by track, the
    face that is put there: a source, or None where ``swapped`` holds it already. ``transfer``: that of the options.
    ``swapped``: the same frames after somebody else's swap. ``masks``: the same frames as a mask of that swap, white where
    it shows; left out, it is found. ``label``: see `aotface.compose.label`. ``still_mask``: one mask for all frames.
    """

    clip: Clip
    tracks: Tracks
    sources: Mapping[int, PreparedSource | None]
    options: Options
    transfer: Transfer
    mark: bool = True
    swapped: Clip | None = None
    masks: Clip | None = None
    label: Badge | None = None
    still_mask: Frame | None = None

    def finds(self, track: int, number: int) -> bool:
        """Whether what the transfer does to a face is found in a frame, or taken from the frames around: see `EVERY`."""
        if not self.transfer.smooth or self.sources[track] is None:
            return True
        if track not in self._found:
            self._found[track] = self._found_in(track)
        return number - self.clip.first in self._found[track]

    def looked_at(self, track: int, number: int) -> int:
        """The last frame up to this one of which `finds` is true: there it is looked what stands in front of the face."""
        return next((one for one in range(number, number - SLOWEST, -1) if self.finds(track, one)), number)

    @cached_property
    def _found(self) -> dict[int, frozenset[int]]:
        return {}

    def _found_in(self, id: int) -> frozenset[int]:
        """Of each shot the first frame, from there on as `EVERY` says; and frames that are shown more than once."""
        track = self.tracks.tracks[id]
        found: list[int] = []
        for stretch in self.tracks.stretches(track):
            frames, last = track.frames[stretch].tolist(), None
            repeats = set(self.tracks.repeats(id, range(frames[0], frames[-1] + 1)))
            for number, points in zip(frames, track.landmarks[stretch], strict=True):
                since = SLOWEST if last is None else number - found[-1]
                moves = since >= EVERY and last is not None and _motion_within(last, points) > STILL
                if since >= SLOWEST or moves or number == frames[-1] or {number, number + 1} & repeats:
                    found.append(number)
                    last = points
        return frozenset(found)

    def label_at(self, number: int) -> Badge | None:
        """The label, where the frame of a number shows it."""
        since = self.clip.times.seconds(number) - self.clip.times.seconds(self.clip.first)
        return self.label if shows_label(float(since)) else None

    @cached_property
    def foreheads(self) -> Foreheads:
        """Whose forehead shows, by face and shot."""
        return Foreheads(self._frame_at, self.faces_at, self.tracks, self.clip.first, self.sources)

    def _frame_at(self, number: int) -> Frame:
        return next(iter(self.clip.frames(number, number + 1))).rgb

    def faces_at(self, number: int) -> list[tuple[int, Face]]:
        """The faces of a frame, by its number in the video, each with its track's id; see `Tracks.faces_at`."""
        aspect = float(self.clip.info.shown_aspect)
        found = self.tracks.faces_at(number - self.clip.first)
        return [(track, replace(face, pixel_aspect=aspect)) for track, face in found]


def _motion_within(before: Landmarks, now: Landmarks) -> float:
    """How far landmarks move beside how the face as a whole does in the picture; see `STILL`."""
    points, wanted = (one[:, :2].astype(np.float64) for one in (before, now))
    rest = transform_points(points, similarity_between(points, wanted)) - wanted
    size = float(np.sqrt(np.ptp(wanted, axis=0).prod()))
    return float(np.sqrt((rest**2).sum(axis=1).mean())) / max(size, 1.0)


def prepare_source(
    frame: Frame, which: str, reenactor: Reenactor | None = None, options: Options = DEFAULTS
) -> PreparedSource:
    """Choose the face of a source, and prepare it.

    Args:
        frame: uint8 or uint16, RGB.
        which: ``largest`` or a number.
        reenactor: by the 3-D mesh when left out.
        options: see there.

    Raises:
        NoFaceError, FaceIndexError, UsageError: see `choose`.
    """
    face = choose(detect(frame), which, "source")[0]
    return pipeline.prepare_source(frame, face, options, reenactor or MeshReenactor())


def make_scene(
    clip: Clip,
    tracks: Tracks,
    prepared: PreparedSource | None,
    options: Options,
    mark: bool = True,
    swapped: Clip | None = None,
    sources: Mapping[int, PreparedSource | None] | None = None,
    masks: Clip | None = None,
) -> Scene:
    """Choose the faces that were asked for, and smooth their motion.

    Args:
        clip: the target.
        tracks: of `analyse`.
        prepared: the source; None when ``swapped`` holds the faces.
        options: see there.
        mark: embed the invisible watermark in every frame that is changed.
        swapped: see Scene.
        sources: who goes where, in place of ``prepared`` and ``options.face``.
        masks: see Scene.

    Raises:
        NoFaceError, FaceIndexError, UsageError: see `choose_tracks`.
        UsageError, WeightsError: see `open_transfer`.
    """
    if sources is None:
        sources = dict.fromkeys(choose_tracks(tracks, options.face), prepared)
    rate = float(clip.info.rate)
    transfer = transfer_for(options)
    info = clip.info
    label = place_label(options, info.height, info.width, _boxes(tracks), float(info.shown_aspect))
    return Scene(clip, smooth(tracks, rate), sources, options, transfer, mark, swapped, masks, label)


def _boxes(tracks: Tracks) -> Float32[np.ndarray, "n 4"]:
    """Of every face in every frame: x0, y0, x1, y1."""
    points = [track.landmarks[..., :2] for track in tracks.tracks]
    boxes = [np.concatenate([one.min(axis=1), one.max(axis=1)], axis=1) for one in points]
    return np.concatenate([*boxes, np.zeros((0, 4), np.float32)], dtype=np.float32)
