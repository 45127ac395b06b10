"""Decoding time stamps (DTS), computed from presentation time stamps (PTS).

Encoders choose a DTS that depends on where they begin, and one of them reads uninitialised memory when it gets a single
frame. So theirs are not used: the k-th packet in decoding order gets the PTS of frame k - d, with one d for the whole
video. Such a DTS rises, and is never later than the PTS of its frame.
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
