"""The order of packets: decoded in one order, shown in another, with decoding times that follow from the shown ones.

Encoders make up decoding times that depend on where they begin, and one of them reads memory that it never wrote when
it gets a single frame. So their times are not used: the packet that is decoded k-th gets the time at which frame k - d
is shown, with one d for the whole video. Such times rise, and never pass the time at which a frame is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import av


def presentation_order(pts: Sequence[int]) -> tuple[int, ...]:
    """For each packet, in the order of decoding, the number of its frame in the order of showing.

    Args:
        pts: when the frame of each packet is shown, in the order of decoding; no two alike.
    """
    numbers = {tick: number for number, tick in enumerate(sorted(pts))}
    return tuple(numbers[tick] for tick in pts)


def delay(shown: Sequence[int]) -> int:
    """How many packets have to be decoded before the first frame can be shown, at least.

    Args:
        shown: from `presentation_order`.
    """
    return max(place - number for place, number in enumerate(shown))


@dataclass(frozen=True)
class Stamps:
    """``ticks``: when each frame of the video is shown, and when the last one ends. ``delay``: see above, the d."""

    ticks: Sequence[int]
    delay: int

    def put(self, packet: av.Packet, place: int, number: int) -> None:
        """Write its times into a packet.

        Args:
            packet: the packet.
            place: its number in the order of decoding, in the whole video.
            number: the number of its frame in the order of showing, in the whole video.
        """
        back = place - self.delay
        early = min(back, 0) * (self.ticks[1] - self.ticks[0])  # before the first frame: at its pace
        packet.pts = self.ticks[number]
        packet.dts = self.ticks[max(back, 0)] + early
        packet.duration = self.ticks[number + 1] - self.ticks[number]
