"""X_r read at the frame's own pixels is the one in the crop, finer."""

import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.reenact.mesh import MeshReenactor
from aotface.samples import sample


@pytest.mark.parametrize("step", [1, 3])
def test_at_the_crops_own_pixels_it_is_the_crop(step: int) -> None:
    frame = read_image(sample("source_medium_woman")).frame
    large = np.ascontiguousarray(frame.repeat(step, axis=0).repeat(step, axis=1))
    targets = read_image(sample("source_light_man")).frame
    target = align(targets, detect(targets)[0], 256)
    made = MeshReenactor().prepare(large, detect(large)[0]).reenact(target)
    assert made.reading is not None
    face, shown = made.reading.finer().read(np.eye(2, 3), 256, (0, 0, 256, 256))
    inside = (made.mask > 0.9) & (shown > 0.99)
    assert inside.mean() > 0.15
    assert np.abs(face - made.crop)[inside].mean() < 0.004
    strip, part = made.reading.finer().read(np.eye(2, 3), 256, (0, 100, 256, 140))
    np.testing.assert_allclose(strip, face[100:140], atol=2e-3)
    moved = made.reading.finer().read(np.array([[1.0, 0, 6], [0, 1, 0]]), 256, (0, 0, 256, 256))[0]
    assert np.abs(moved - made.crop)[inside].mean() > 0.008  # the twin: six pixels aside is another
