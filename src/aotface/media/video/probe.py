"""What a video file says: sizes, rate, colours, sound."""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from aotface.errors import UnsupportedError, VideoError
from aotface.media.files import show
from aotface.media.kinds import is_video
from aotface.media.pixel_aspect import MOST, stretch
from aotface.media.video import colour, orientation
from aotface.media.video.info import Track, VideoInfo
from aotface.media.video.layout import layout_for
from aotface.media.video.opening import opened

__all__ = ["is_video", "probe", "refuse_unhandled"]

_FALLBACK_RATE = Fraction(25)
_DOLBY_TAGS = ("dvh1", "dvhe", "dva1", "dvav", "dav1")  # Dolby Vision without a picture for other players


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Read what a video file says about itself, and decode its first frame to see whether that is so.

    HDR is reported here and refused by `refuse_unhandled`, which every reader of frames calls.

    Args:
        path: MP4, MOV, MKV, WebM, AVI, MPEG, ... by content.

    Returns:
        The facts.

    Raises:
        VideoError: missing, empty, damaged, not a video, without a picture or without a frame.
        TooLargeError: frames larger than `MAX_PIXELS`; found before anything is decoded.

    Source: [ours].
    """
    with opened(path) as (container, stream):
        try:
            frame = next(container.decode(stream), None)
        except EOFError:
            frame = None
        if frame is None:
            raise VideoError(
                f"{show(path)}: expected a video, found no frame in it; get a whole copy of the file"
            )
        return _info(Path(path), container, stream, frame)


def refuse_unhandled(info: VideoInfo) -> None:
    """Refuse a video whose frames cannot be handled.

    Raises:
        UnsupportedError: HDR, or a matrix that is not handled.
    """
    if info.hdr:
        raise UnsupportedError(
            f"{show(info.path)}: expected standard dynamic range, found HDR ({info.colour.transfer}); "
            "convert it to SDR (BT.709) first"
        )
    if info.colour.matrix not in colour.WEIGHTS:
        raise UnsupportedError(
            f"{show(info.path)}: expected colours in BT.601, BT.709 or BT.2020, found {info.colour.matrix}; "
            "convert it to BT.709 first"
        )


def _info(path: Path, container: InputContainer, stream: VideoStream, frame: av.VideoFrame) -> VideoInfo:
    """Gather the facts from the container and its first frame."""
    turn, known = orientation.from_matrix(display_matrix(frame))
    width, height = frame.width, frame.height
    rgb = frame.format.is_rgb or frame.format.has_palette
    tags = (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
    found = colour.from_tags(tags, height, width, frame.format.name.startswith("yuvj"), rgb)
    dolby = str(stream.codec_context.codec_tag) in _DOLBY_TAGS and not found.hdr
    aspect = stream.sample_aspect_ratio or Fraction(1)
    bits = max(component.bits for component in frame.format.components)
    length = stream.duration * stream.time_base if stream.duration and stream.time_base else None
    if length is None and container.duration:
        length = Fraction(container.duration, av.time_base)
    return VideoInfo(
        path=path,
        container=container.format.name,
        codec=stream.codec_context.name,
        width=height if turn.transposed else width,
        height=width if turn.transposed else height,
        coded_width=width,
        coded_height=height,
        orientation=turn,
        rate=stream.average_rate or stream.guessed_rate or _FALLBACK_RATE,
        time_base=stream.time_base or 1 / _FALLBACK_RATE,
        frames=stream.frames or None,
        duration_seconds=float(length) if length else None,
        start=_start(container, stream),
        pixel_format=frame.format.name,
        bit_depth=bits,
        layout=layout_for(frame.format, height, width),
        colour=replace(found, transfer="dolby vision") if dolby else found,
        pixel_aspect=aspect,
        interlaced=frame.interlaced_frame,
        tracks=_tracks(container),
        notes=(*_notes(frame, bits, known, aspect), *_others(container, stream)),
    )


def display_matrix(frame: av.VideoFrame) -> bytes | None:
    """The display matrix that travels with a frame; None if there is none."""
    beside: Any = frame.side_data  # PyAV's own annotation knows only one of its kinds
    found = beside.get("DISPLAYMATRIX")
    return None if found is None else bytes(found)


def _start(container: InputContainer, stream: VideoStream) -> Fraction:
    """The earliest time of picture and sound, exact, in seconds."""
    streams = [stream, *container.streams.audio]
    starts = [s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base]
    return min(starts, default=Fraction(0))


def _tracks(container: InputContainer) -> tuple[Track, ...]:
    tracks = []
    for stream in container.streams:
        codec, language = stream.codec_context.name if stream.codec_context else "", stream.language or ""
        if isinstance(stream, av.AudioStream):
            rate, channels = (stream.rate, stream.channels) if codec else (0, 0)
            tracks.append(Track(stream.index, "audio", codec, language, rate or 0, channels))
        elif stream.type == "subtitle":
            tracks.append(Track(stream.index, "subtitle", codec, language))
    return tuple(tracks)


def _others(container: InputContainer, stream: VideoStream) -> tuple[str, ...]:
    """What lies in the file and is lost."""
    attached = av.stream.Disposition.attached_pic
    moving = [one for one in container.streams.video if not one.disposition & attached]
    if len(moving) < 2:
        return ()
    return (
        f"holds {len(moving)} moving pictures; only number {moving.index(stream) + 1} is used, the others are left out",
    )


def _notes(frame: av.VideoFrame, bits: int, known: bool, aspect: Fraction) -> tuple[str, ...]:
    """What of the video is handled differently from how it is."""
    notes = []
    if bits > 10:
        notes.append(f"has {bits} bits; it is written with 10")
    if frame.interlaced_frame:
        notes.append(
            "is interlaced; both fields are handled as one picture and the output is marked progressive"
        )
    if any(component.is_alpha for component in frame.format.components):
        notes.append("has transparency; it is left out")
    if max(stretch(float(aspect))) > MOST:
        notes.append(f"says that a pixel is {aspect} times as wide as high; its pixels are handled as square")
    if not known:
        notes.append("is turned by an angle that is no multiple of 90 degrees; it is handled as it is stored")
    return tuple(notes)
