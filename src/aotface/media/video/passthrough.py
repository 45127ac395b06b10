"""What is copied from the target without encoding: sound, subtitles, chapters, titles; not places and devices."""

import os
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Stream

from aotface.errors import OutputError, UsageError
from aotface.media.files import show
from aotface.media.kinds import CONTAINERS
from aotface.media.video.opening import opened

if TYPE_CHECKING:
    from av.container.core import Chapter

_KEPT = (
    "title",
    "artist",
    "album",
    "comment",
    "description",
    "synopsis",
    "copyright",
    "genre",
    "date",
    "language",
)


PREROLL_PACKETS = 3
PREROLL_SECONDS = {"opus": Fraction(8, 100)}
"""How much sound before the first picture is copied, packets at least and seconds of some codecs: a decoder gives the
right samples only after these (of Opus nearly: RFC 7845, 4.6). They lie before the time 0, where nothing is heard."""

_ON_THEIR_OWN = ("pcm_", "flac", "alac", "adpcm_")
"""Codecs whose packets need none before them."""


class Span(NamedTuple):
    """``origin``: the time in the source, in seconds, that becomes 0. ``within``: begin and end of what is copied,
    in seconds in the source; None = everything."""

    origin: Fraction
    within: tuple[Fraction, Fraction] | None = None

    def holds(self, seconds: Fraction, earlier: Fraction = Fraction(0)) -> bool:
        """Whether what begins then is copied; ``earlier``: how long before the span it may begin."""
        return self.within is None or self.within[0] - earlier <= seconds < self.within[1]


def refuse_container(out: str | os.PathLike[str], target: str | os.PathLike[str] | None) -> None:
    """Refuse an output whose container cannot hold the sound and the subtitles, before the work begins.

    Args:
        out: the output; its suffix decides.
        target: the video that sound and subtitles come from; None = there are none.

    Raises:
        UsageError: a suffix that is not written.
        OutputError: a stream does not fit; the line names a container that can hold all of them.

    Source: [ours].
    """
    suffix = Path(out).suffix.lower()
    if suffix not in CONTAINERS:
        raise UsageError(
            f"{show(out)}: expected a video name that ends in .mp4, .mov or .mkv, got {suffix or 'none'}"
        )
    if target is None:
        return
    with opened(target) as (source, _):
        streams = _streams(source)
        misfit = next((stream for stream in streams if not _fits(CONTAINERS[suffix], stream)), None)
        if misfit is None:
            return
        others = [
            s for s in (".mkv", ".mp4", ".mov") if all(_fits(CONTAINERS[s], stream) for stream in streams)
        ]
        codec = misfit.codec_context.name if misfit.codec_context else "unknown"
        what = f"{misfit.type} ({codec})"  # a stream of a closed file must not be touched
    advice = (
        f"choose a name that ends in {others[0]}"
        if others
        else "convert the sound and subtitles of the target"
    )
    raise OutputError(f"{show(out)}: a {suffix} file cannot hold the {what} of {show(target)}; {advice}")


def add_copies(container: OutputContainer, source: InputContainer) -> dict[int, Stream]:
    """Add a stream for each sound and subtitle stream of the source.

    Returns:
        From the number of the stream in the source to the new one.
    """
    copies = {}
    for stream in _streams(source):
        copy = container.add_stream_from_template(stream, opaque=True)
        copy.disposition = stream.disposition
        copy.metadata.update(_kept(stream.metadata))
        copies[stream.index] = copy
    return copies


def copy_metadata(container: OutputContainer, source: InputContainer, span: Span) -> None:
    """Copy titles and chapters; leave out place, date and device of the recording."""
    container.metadata.update(_kept(source.metadata))
    chapters: "list[Chapter]" = []
    for chapter in source.chapters():
        base = chapter["time_base"] or Fraction(1)
        start, end = chapter["start"] * base, chapter["end"] * base
        if span.within is not None:
            start, end = max(start, span.within[0]), min(end, span.within[1])
        start = max(start, span.origin)
        if start < end:
            shifted = {
                name: round((time - span.origin) / base) for name, time in (("start", start), ("end", end))
            }
            chapters.append({**chapter, **shifted, "metadata": _kept(chapter["metadata"])})  # type: ignore[typeddict-item]
    if chapters:
        container.set_chapters(chapters)


def copied(
    source: InputContainer, copies: dict[int, Stream], span: Span
) -> Iterator[tuple[Fraction, av.Packet]]:
    """Read the packets of the copied streams.

    Yields:
        The time at which each is decoded, in seconds on the new clock, and the packet with its new times and stream.
    """
    if not copies:
        return
    for packet in source.demux([source.streams[index] for index in copies]):
        told = packet.pts if packet.pts is not None else packet.dts
        if not packet.size or told is None or not span.holds(told * packet.time_base, _preroll(packet)):
            continue
        shift = round(span.origin / packet.time_base)
        packet.pts = told - shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        packet.stream = copies[packet.stream_index]
        yield packet.dts * packet.time_base, packet


def _preroll(packet: av.Packet) -> Fraction:
    """How long before a span a packet may begin that the first sample in it needs, in seconds."""
    if packet.stream.type != "audio" or packet.stream.codec_context is None:
        return Fraction(0)
    name, lasting = packet.stream.codec_context.name, (packet.duration or 0) * packet.time_base
    own = 0 if name.startswith(_ON_THEIR_OWN) else PREROLL_PACKETS
    return max(
        lasting * (own + 1), PREROLL_SECONDS.get(name, Fraction(0))
    )  # one more: that which holds the sample


def _streams(source: InputContainer) -> list[Stream]:
    return [stream for stream in source.streams if stream.type in ("audio", "subtitle")]


def _fits(format: str, stream: Stream) -> bool:
    """Whether a container takes a stream, found out by trying."""
    try:
        with av.open(BytesIO(), "w", format=format) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (FFmpegError, ValueError):
        return False
    return True


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if name.lower() in _KEPT}
