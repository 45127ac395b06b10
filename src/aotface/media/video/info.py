"""What is known about a video before its frames are read."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from aotface.media.pixel_aspect import believed
from aotface.media.video.colour import Colour
from aotface.media.video.layout import Layout
from aotface.media.video.orientation import Orientation

MAX_PIXELS = 8192 * 4352
"""Largest frame that is decoded, width x height: 8K (UHD-2 and DCI) in either direction."""

FOLDER, ANIMATION = "folder", "animation"
"""Containers of what is no video file, in `VideoInfo`."""

GREY = Colour("bt709", "bt709", "bt709", full_range=True, tags=(1, 1, 1, 2))
"""Of the video of a mask."""


@dataclass(frozen=True)
class Track:
    """A stream beside the picture: its number in the file, what it holds, its codec and language ("" = not said).

    ``rate_hertz`` and ``channels`` are 0 for subtitles.
    """

    index: int
    kind: Literal["audio", "subtitle"]
    codec: str
    language: str = ""
    rate_hertz: int = 0
    channels: int = 0


@dataclass(frozen=True)
class VideoInfo:
    """A video as its file describes it.

    ``width``, ``height``: as shown, after rotation. ``coded_width``, ``coded_height``: as stored.
    ``rate``: average frames per second; the time of a frame never follows from it, see `timing`.
    ``time_base``: seconds per tick of ``VideoFrame.pts``.
    ``frames``: how many the container holds, with those that an edit list hides; None = it does not say.
    ``duration_seconds``: None = it does not say.
    ``start``: seconds on the file's clock where its first picture or sound stands.
    ``pixel_format``: of the decoder. ``bit_depth``: of the source; ``layout.depth`` is what frames are handled in.
    ``pixel_aspect``: width over height of one pixel as stored; frames are not stretched.
    ``tracks``: audio and subtitles, in the order of the file.
    ``notes``: what the user should know, one line each.
    """

    path: Path
    container: str
    codec: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    orientation: Orientation
    rate: Fraction
    time_base: Fraction
    frames: int | None
    duration_seconds: float | None
    start: Fraction
    pixel_format: str
    bit_depth: int
    layout: Layout
    colour: Colour
    pixel_aspect: Fraction = Fraction(1)
    interlaced: bool = False
    tracks: tuple[Track, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def only_pictures(self) -> bool:
        """Whether it is a folder of frames or an animation: without sound, its pixels those of the pictures themselves."""
        return self.container in (FOLDER, ANIMATION)

    @property
    def rotation(self) -> int:
        """Clockwise turn from stored to shown, in degrees: 0, 90, 180 or 270."""
        return self.orientation.rotation_degrees

    @property
    def shown_aspect(self) -> Fraction:
        """Width over height of one pixel of a frame as shown, after rotation; 1 where the file's word is not believed."""
        return believed(1 / self.pixel_aspect if self.orientation.transposed else self.pixel_aspect)

    @property
    def hdr(self) -> bool:
        """Whether it is high dynamic range (PQ or HLG), which is not handled."""
        return self.colour.hdr

    @property
    def audio(self) -> tuple[Track, ...]:
        """The sound tracks."""
        return tuple(track for track in self.tracks if track.kind == "audio")

    @property
    def subtitles(self) -> tuple[Track, ...]:
        """The subtitle tracks."""
        return tuple(track for track in self.tracks if track.kind == "subtitle")

    @property
    def tick(self) -> Fraction:
        """Seconds per tick of written files: 1/n, so that each tick of ``time_base`` is a whole number of them."""
        return Fraction(1, self.time_base.denominator)


def grey_info(info: VideoInfo) -> VideoInfo:
    """Of the video of masks: size, turn and times of the target; 8 bits in full range, so that all 256 steps are kept."""
    return replace(info, layout=info.layout._replace(depth=8), bit_depth=8, colour=GREY)
