"""Whose forehead shows in a video: one decision for each shot, whatever single frames say."""

import numpy as np
import pytest

from aotface.compose.forehead import Forehead
from aotface.reenact.mesh import MeshSource
from aotface.reenact.reading import Reading
from aotface.tracking.descriptor import Descriptor
from aotface.tracking.tracks import Track, Tracks
from aotface.types import Face, Frame
from aotface.video.forehead import Foreheads

FRAMES, CUT, FIRST = 30, 12, 100


def foreheads(monkeypatch: pytest.MonkeyPatch, filled: np.ndarray) -> Foreheads:
    """Of a face in two shots; ``filled``: what each frame would say."""
    frames = np.arange(FRAMES, dtype=np.int32)
    points, scores = np.zeros((FRAMES, 468, 3), np.float32), np.ones(FRAMES, np.float32)
    nobody = object.__new__(Descriptor)
    tracks = Tracks(FRAMES, np.array([CUT], np.int32), (Track(0, frames, points, scores, nobody),))
    source = MeshSource(
        np.zeros((2, 2, 3), np.uint8),
        Face(0, (0.0, 0.0, 1.0, 1.0), 1.0, points[0]),
        np.eye(2, 3),
        np.ones((2, 2), np.float32),
    )

    def frame_at(number: int) -> Frame:
        raise AssertionError("no pixels are needed")

    def seen(self: Foreheads, track: int, number: int) -> Forehead:
        return Forehead(
            object.__new__(Reading), np.ones((2, 2), np.float32), float(filled[number - FIRST]), 1.0, 1.0
        )

    monkeypatch.setattr(Foreheads, "_forehead", seen)
    return Foreheads(frame_at, lambda number: [], tracks, FIRST, {0: source, 1: None})


def test_a_decision_holds_for_a_shot(monkeypatch: pytest.MonkeyPatch) -> None:
    filled = np.where(np.arange(FRAMES) < CUT, 1.0, 0.3)
    filled[2] = filled[17] = 0.5  # one odd look of three does not decide
    found = foreheads(monkeypatch, filled)
    said = [found.of(0, number + FIRST) for number in range(FRAMES)]
    assert said == ["taken"] * CUT + ["blended"] * (FRAMES - CUT)
    assert found.record(0) == {str(FIRST): "taken", str(FIRST + CUT): "blended"}
    assert found.of(1, FIRST) is None, "somebody else's swap has no source"
