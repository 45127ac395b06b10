"""Who is who in a video: frames with the faces' numbers, and each face by itself."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from aotface.inspection import YELLOW
from aotface.media.sheet import Panel, annotated, sheet
from aotface.tracking.tracks import Track
from aotface.video.scene import Clip

MOST_FACES = 60
"""Faces on one sheet; the largest first."""

FRAMES, LOOKS = 3, 3
"""Frames with numbers, at most; and pictures of each face: at its begin, in the middle, at its end."""

FRAME_HEIGHT, FACE_SIDE, MARGIN = 360, 160, 0.35

Picture8 = UInt8[np.ndarray, "_ _ 3"]


def tracks_sheet(clip: Clip, tracks: Sequence[Track]) -> Picture8:
    """Draw a few frames in which many faces are seen, with their numbers; then a row for each face.

    Args:
        clip: the video.
        tracks: its faces, as `aotface inspect` numbers them.

    Returns:
        The sheet, uint8 RGB.
    """
    shown = list(tracks)[:MOST_FACES]
    crowded = _crowded(shown)
    wanted: dict[int, list[tuple[Track, int]]] = {}
    for track in shown:
        for place in _looks(track):
            wanted.setdefault(int(track.frames[place]), []).append((track, place))
    overview: list[Panel] = []
    faces: dict[int, list[Panel]] = {track.id: [] for track in shown}
    for number, picture in _pictures(clip, sorted({*wanted, *crowded})):
        if number in crowded:
            overview.append(Panel(_numbered(picture, shown, number), f"frame {number}"))
        for track, place in wanted.get(number, ()):
            label = f"face {track.id}, frame {number}"
            faces[track.id].append(Panel(_cut(picture, track.landmarks[place]), label))
    rows = [overview, *faces.values()]
    return sheet(rows, [FRAME_HEIGHT] + [FACE_SIDE] * len(faces))


def _looks(track: Track) -> list[int]:
    """Places in a track, from its begin to its end."""
    return sorted({round(share * (len(track.frames) - 1)) for share in np.linspace(0, 1, LOOKS)})


def _crowded(tracks: Sequence[Track]) -> list[int]:
    """Frames that together show every face, those with most faces first; no more than `FRAMES`."""
    there: dict[int, set[int]] = {}
    for track in tracks:
        for number in track.frames.tolist():
            there.setdefault(number, set()).add(track.id)
    left: set[int] = {track.id for track in tracks}
    found: list[int] = []
    while left and len(found) < FRAMES:
        best = max(there, key=lambda number: (len(there[number] & left), -number))
        found.append(best)
        left -= there[best]
    return sorted(found)


def _pictures(clip: Clip, numbers: Sequence[int]) -> Iterator[tuple[int, Picture8]]:
    """Frames by their numbers in the clip, 8 bits, with square pixels."""
    for number in numbers:
        (frame,) = clip.frames(clip.first + number, clip.first + number + 1)
        picture = frame.square
        yield number, picture if picture.dtype == np.uint8 else (picture >> 8).astype(np.uint8)


def _numbered(picture: Picture8, tracks: Sequence[Track], number: int) -> Picture8:
    zoom = FRAME_HEIGHT / len(picture)
    width = max(1, round(picture.shape[1] * zoom))
    small = cv2.resize(picture, (width, FRAME_HEIGHT), interpolation=cv2.INTER_AREA)
    marks: list[tuple[float, float, str]] = []
    for track in tracks:
        (places,) = np.nonzero(track.frames == number)
        if not places.size:
            continue
        points = track.landmarks[places[0], :, :2] * zoom
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        cv2.rectangle(small, (round(x0), round(y0)), (round(x1), round(y1)), YELLOW, 2)
        marks.append((min(max(x0, 0.0), width - 16.0), max(y0 - 24, 0.0), str(track.id)))
    return annotated(small, marks, size=20)


def _cut(picture: Picture8, landmarks: np.ndarray) -> Picture8:
    """A square around a face."""
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    middle, half = (low + high) / 2, float((high - low).max()) * (0.5 + MARGIN)
    x, y = (round(float(value - half)) for value in middle)
    side = max(2, round(2 * half))
    edge = max(0, -x, -y, x + side - picture.shape[1], y + side - picture.shape[0])
    wide = cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(60, 60, 60))
    return np.ascontiguousarray(wide[y + edge : y + edge + side, x + edge : x + edge + side])
