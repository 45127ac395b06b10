"""A face in another's skin tone."""

import numpy as np

from aotface.datasets.ground_truth import TONE_GAIN, times, tone_gain


def test_a_tone_is_moved_by_the_ratio_of_the_means_of_the_logs() -> None:
    grey, mask = np.full((8, 8, 3), 0.5, np.float32), np.ones((8, 8), np.float32)
    np.testing.assert_allclose(
        tone_gain(times(grey, np.array([0.5, 1, 2])), grey, mask), [2, 1, 0.5], rtol=1e-3
    )
    np.testing.assert_allclose(tone_gain(grey, 0 * grey, mask), TONE_GAIN[0], rtol=1e-6)  # a limit holds
