"""Which sound and subtitles a container can hold as they are, found out by trying; and sound in another codec where not."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import BytesIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Stream

COPY, NONE = "copy", ""
"""How a stream gets into a container: as it is, or not at all. Anything else is the name of an encoder."""

CODECS = {"mp4": "aac", "mov": "aac", "matroska": "flac", "webm": "libopus"}
"""What sound becomes that a container cannot hold."""

NAMES = {"aac": "AAC", "flac": "FLAC", "libopus": "Opus"}
BITS_PER_CHANNEL = 128_000
"""Per second, of codecs with losses: nobody has to hear a difference."""

_TRIED_PACKETS, _MOST_PACKETS = 3, 3000
_OPUS_RATE = 48_000


def copied_streams(source: InputContainer) -> list[Stream]:
    """The sound and subtitle streams of a file."""
    return [stream for stream in source.streams if stream.type in ("audio", "subtitle")]


def first_packets(source: InputContainer) -> dict[int, list[av.Packet]]:
    """The first packets of every sound and subtitle stream, as far as they stand near the beginning."""
    streams = copied_streams(source)
    found: dict[int, list[av.Packet]] = {stream.index: [] for stream in streams}
    if not streams:
        return found
    for number, packet in enumerate(source.demux(streams)):
        if packet.size and len(found[packet.stream_index]) < _TRIED_PACKETS:
            found[packet.stream_index].append(packet)
        if number > _MOST_PACKETS or all(len(packets) == _TRIED_PACKETS for packets in found.values()):
            break
    return found


def way_into(format: str, stream: Stream, packets: Sequence[av.Packet]) -> str:
    """How a stream gets into a container.

    Args:
        format: the container.
        stream: of the open source.
        packets: its first ones.

    Returns:
        `COPY`, `NONE`, or the encoder that its sound needs.

    Source: [ours].
    """
    if _fits(format, stream, packets):
        return COPY
    if isinstance(stream, AudioStream) and stream.codec_context is not None:
        return CODECS[format]
    return NONE


def _fits(format: str, stream: Stream, packets: Sequence[av.Packet]) -> bool:
    """Whether a container takes the stream's first packets. Their times are put back."""
    try:
        with av.open(BytesIO(), "w", format=format) as trial:
            copy = trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
            for packet in packets:
                own = av.Packet(bytes(packet))
                own.pts, own.dts, own.time_base = packet.pts, packet.dts, packet.time_base
                own.duration, own.is_keyframe, own.stream = packet.duration, True, copy
                trial.mux(own)
    except (FFmpegError, ValueError):
        return False
    return True


class Recoder:
    """Decodes one sound stream, and encodes it anew, in step with the old times."""

    def __init__(self, container: OutputContainer, stream: AudioStream, encoder: str) -> None:
        """Add the new stream.

        Args:
            container: where to.
            stream: of the open source.
            encoder: see `CODECS`.
        """
        rate = stream.rate or _OPUS_RATE
        known = av.codec.Codec(encoder, "w").audio_rates
        if encoder == "libopus" or (known and rate not in known):
            rate = _OPUS_RATE
        self._source = stream
        added = container.add_stream(encoder, rate=rate)
        assert isinstance(added, AudioStream)
        self.stream = added
        channels = stream.channels or 2
        self.stream.layout = {1: "mono", 6: "5.1", 8: "7.1"}.get(channels, "stereo")
        if encoder != "flac":
            self.stream.bit_rate = BITS_PER_CHANNEL * channels

    def feed(
        self, packet: av.Packet | None, origin: Fraction, within: tuple[Fraction, Fraction] | None
    ) -> Iterator[av.Packet]:
        """New packets.

        Args:
            packet: the next of the source; None at the end.
            origin: what becomes the time 0, in seconds.
            within: begin and end of what is wanted, in seconds in the source; None = everything.
        """
        try:
            frames = self._source.codec_context.decode(packet)
        except FFmpegError:  # damaged: silence there is no reason to lose the rest
            frames = []
        for frame in frames:
            begin = (frame.pts or 0) * (frame.time_base or Fraction(1))
            end = begin + Fraction(frame.samples, frame.sample_rate)
            if within is None or within[0] < end and begin < within[1]:
                frame.pts = round((begin - origin) * frame.sample_rate)
                frame.time_base = Fraction(1, frame.sample_rate)
                yield from self.stream.encode(frame)
        if packet is None:
            yield from self.stream.encode(None)
