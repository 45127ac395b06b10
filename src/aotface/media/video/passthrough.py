"""What comes along from the target: sound, subtitles, chapters, titles; not places and devices."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from aotface.errors import OutputError, UsageError
from aotface.media.files import show
from aotface.media.kinds import ANIMATIONS, CONTAINERS, ENDINGS
from aotface.media.video.opening import opened
from aotface.media.video.sound import COPY, NAMES, NONE, Recoder, copied_streams, first_packets, way_into

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


_SUFFIXES = (".mkv", ".mp4", ".mov")
"""Containers that are named where another one does not do, the most patient first."""


class Span(NamedTuple):
    """``origin``: the time in the source, in seconds, that becomes 0. ``within``: begin and end of what is copied,
    in seconds in the source; None = everything."""

    origin: Fraction
    within: tuple[Fraction, Fraction] | None = None

    def holds(self, seconds: Fraction, earlier: Fraction = Fraction(0)) -> bool:
        """Whether what begins then is copied; ``earlier``: how long before the span it may begin."""
        return self.within is None or self.within[0] - earlier <= seconds < self.within[1]


def check_container(out: str | os.PathLike[str], target: str | os.PathLike[str] | None) -> tuple[str, ...]:
    """Find out whether an output's container can hold the sound and the subtitles, before the work begins.

    Args:
        out: the output; its suffix decides.
        target: the video that sound and subtitles come from; None = there are none.

    Returns:
        What the user should know, a line each: which sound is converted, because it does not fit as it is.

    Raises:
        UsageError: a suffix that is not written.
        OutputError: a stream does not fit; the line names a container that can hold all of them.

    Source: [ours].
    """
    suffix = Path(out).suffix.lower()
    if suffix in ANIMATIONS:
        return () if target is None else _lost_in_animations(suffix, target)
    if suffix not in CONTAINERS:
        raise UsageError(f"{show(out)}: expected a video name that ends in {ENDINGS}, got {suffix or 'none'}")
    if target is None:
        return ()
    with opened(target) as (source, _):
        streams, packets = copied_streams(source), first_packets(source)
        ways = {
            s: {t.index: way_into(CONTAINERS[s], t, packets[t.index]) for t in streams} for s in _SUFFIXES
        }
        mine = {t.index: way_into(CONTAINERS[suffix], t, packets[t.index]) for t in streams}
        whole = [s for s in _SUFFIXES if all(way == COPY for way in ways[s].values())]
        # a stream of a closed file must not be touched
        names = {
            t.index: f"{t.type} ({t.codec_context.name if t.codec_context else 'unknown'})" for t in streams
        }
    misfit = next((names[index] for index, way in mine.items() if way == NONE), None)
    if misfit is not None:
        others = [s for s in _SUFFIXES if NONE not in ways[s].values()]
        best = next(iter(whole or others), None)
        advice = (
            f"choose a name that ends in {best}" if best else "convert the sound and subtitles of the target"
        )
        raise OutputError(
            f"{show(out)}: a {suffix} file cannot hold the {misfit} of {show(target)}; {advice}"
        )
    keep = f"; a name that ends in {whole[0]} keeps it" if whole else ""
    return tuple(
        f"{show(target)}: its {names[index]} does not fit into {suffix} and is converted to {NAMES[way]}{keep}"
        for index, way in mine.items()
        if way != COPY
    )


def _lost_in_animations(suffix: str, target: str | os.PathLike[str]) -> tuple[str, ...]:
    with opened(target) as (source, _):
        lost = sorted({stream.type for stream in copied_streams(source)})
    return (
        (f"{show(target)}: its {' and '.join(lost)} is left out: {suffix} holds pictures only",)
        if lost
        else ()
    )


def add_copies(
    container: OutputContainer, source: InputContainer, target: str | os.PathLike[str], format: str
) -> dict[int, Stream | Recoder]:
    """Add a stream for each sound and subtitle stream of the source.

    Args:
        container: the output.
        source: the target, open.
        target: its path.
        format: of the output.

    Returns:
        From the number of the stream in the source to the new one, or to what makes it.
    """
    with opened(target) as (trial, _):
        packets = first_packets(trial)
        ways = {s.index: way_into(format, s, packets[s.index]) for s in copied_streams(trial)}
        packets.clear()
    copies: dict[int, Stream | Recoder] = {}
    for stream in copied_streams(source):
        way = ways[stream.index]
        if way in (COPY, NONE) or not isinstance(stream, AudioStream):
            copy = container.add_stream_from_template(stream, opaque=True)
            copies[stream.index] = copy
        else:
            copies[stream.index] = recoder = Recoder(container, stream, way)
            copy = recoder.stream
        copy.disposition = stream.disposition
        copy.metadata.update(_kept(stream.metadata))
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
    source: InputContainer, copies: dict[int, Stream | Recoder], span: Span
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
        copy = copies[packet.stream_index]
        if isinstance(copy, Recoder):
            yield from _timed(copy.feed(packet, span.origin, span.within))
            continue
        shift = round(span.origin / packet.time_base)
        packet.pts = told - shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        packet.stream = copy
        yield packet.dts * packet.time_base, packet
    for copy in copies.values():
        if isinstance(copy, Recoder):
            yield from _timed(copy.feed(None, span.origin, span.within))


def _timed(packets: Iterator[av.Packet]) -> Iterator[tuple[Fraction, av.Packet]]:
    for packet in packets:
        yield (packet.dts or 0) * packet.time_base, packet


def _preroll(packet: av.Packet) -> Fraction:
    """How long before a span a packet may begin that the first sample in it needs, in seconds."""
    if packet.stream.type != "audio" or packet.stream.codec_context is None:
        return Fraction(0)
    name, lasting = packet.stream.codec_context.name, (packet.duration or 0) * packet.time_base
    own = 0 if name.startswith(_ON_THEIR_OWN) else PREROLL_PACKETS
    return max(
        lasting * (own + 1), PREROLL_SECONDS.get(name, Fraction(0))
    )  # one more: that which holds the sample


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if name.lower() in _KEPT}
