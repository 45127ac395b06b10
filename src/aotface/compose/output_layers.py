"""Layers that can be written beside a finished picture or video. Imports nothing heavy.

Adding a layer is one row of `LAYERS`: the option ``--save-NAME``, its help, and the files of pictures and videos follow.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aotface.compose.pipeline import Swapped
    from aotface.media.video.decode import VideoFrame
    from aotface.media.video.info import VideoInfo
    from aotface.types import Frame

    FrameLayers = Any
    """`aotface.video.layers.Layers`, which stands further right."""


@dataclass(frozen=True)
class OutputLayer:
    """One row of the table.

    ``picture_ending``, ``video_ending``: ends of the files' names. ``of_picture``: the layer of a picture, as a frame or as
    the content of a file. ``of_frame``: of a video frame, encoded as video. ``of_line``: in its place, one line of text per
    frame, from the frame's number in the finished video and its time there in seconds. ``info``: of the layer's video, from
    the target's. ``lossless``: how its video is encoded. ``shows_swap``: it shows a swapped face, and is marked.
    """

    name: str
    summary: str
    picture_ending: str
    video_ending: str
    of_picture: "Callable[[Swapped], Frame | bytes]"
    of_frame: "Callable[[FrameLayers], VideoFrame] | None" = None
    of_line: "Callable[[FrameLayers, int, Fraction], str] | None" = None
    info: "Callable[[VideoInfo], VideoInfo]" = lambda info: info
    lossless: bool = False
    shows_swap: bool = False


def _grey_info(info: "VideoInfo") -> "VideoInfo":
    from aotface.media.video.info import grey_info

    return grey_info(info)


def _grey(done: "Swapped") -> "Frame":
    from aotface.compose.place import grey

    return grey(done.mask)


def _places(done: "Swapped") -> bytes:
    from aotface.compose.place import face_row, place_of

    rows = [face_row(place_of(face.target), face=face.target.face.index) for face in done.faces]
    return json.dumps({"faces": rows}, indent=1).encode()


LAYERS: tuple[OutputLayer, ...] = (
    OutputLayer(
        "mask",
        "with which weight the swapped faces show",
        ".mask.png",
        ".mask.mp4",
        _grey,
        of_frame=lambda made: made.mask(),
        info=_grey_info,
        lossless=True,
    ),
    OutputLayer(
        "reenacted",
        "the swap before the transfer",
        ".reenacted.png",
        ".reenacted.mp4",
        lambda done: done.reenacted,
        of_frame=lambda made: made.reenacted(),
        shows_swap=True,
    ),
    OutputLayer(
        "matrix",
        "where each face sits, as numbers",
        ".matrix.json",
        ".matrix.jsonl",
        _places,
        of_line=lambda made, number, time: made.line(number, time),
    ),
)
"""In the order in which they are written."""


def layers_named(names: tuple[str, ...]) -> tuple[OutputLayer, ...]:
    """The rows of some names, in the order of the table."""
    return tuple(row for row in LAYERS if row.name in names)


def layer_of_ending(ending: str) -> OutputLayer:
    """The row whose video files end so."""
    return next(row for row in LAYERS if row.video_ending == ending)
