"""What goes into a video: one picture as the mask of every frame."""

from pathlib import Path

import numpy as np
import pytest

from aotface.errors import UsageError
from aotface.jobs.scene import open_inputs
from aotface.jobs.spec import JobSpec
from aotface.media.image import write_image


def test_one_picture_is_the_mask_of_all_frames(place: Path) -> None:
    job = JobSpec(kind="refine", swapped="clip.mp4", target="clip.mp4", output="o.mp4", mask="mask.png")
    white = np.full((256, 256, 3), 255, np.uint8)
    write_image(place / "mask.png", white)
    inputs = open_inputs(job)
    assert inputs.masks is None and inputs.still_mask is not None
    np.testing.assert_array_equal(inputs.still_mask, white)
    write_image(place / "mask.png", white[:240], overwrite=True)
    with pytest.raises(UsageError, match="expected the target's 256 x 256 pixels, got 256 x 240"):
        open_inputs(job)
