import numpy as np
import pytest

from aotface.errors import UsageError
from aotface.metrics import METRICS, Sample, measure
from aotface.metrics.temporal import Clip

SIDE = 64
RNG = np.random.default_rng(0)
RESULT, TARGET, REENACTED, TRUTH = RNG.random((4, SIDE, SIDE, 3), np.float32)
MASK = np.zeros((SIDE, SIDE), np.float32)
MASK[12:52, 16:48] = 1
NORMALS = np.zeros((SIDE, SIDE, 3), np.float32)
NORMALS[..., 2] = 1
LANDMARKS = np.zeros((468, 3), np.float32)


class Model:
    """Stands in for both kinds of model."""

    def embedding(self, crop, landmarks):
        mean = crop.mean(axis=(0, 1))
        return mean / np.linalg.norm(mean)

    def distance(self, result, other, mask):
        return float(np.abs(result - other).mean())


def full():
    clip = Clip([RESULT, RESULT], [TARGET, TARGET], [MASK, MASK])
    return Sample(
        RESULT,
        MASK,
        target=TARGET,
        reenacted=REENACTED,
        truth=TRUTH,
        normals=NORMALS,
        landmarks=LANDMARKS,
        target_landmarks=LANDMARKS,
        source=REENACTED,
        source_landmarks=LANDMARKS,
        rerun=RESULT,
        frames=clip,
        identity=Model(),
        perceptual=Model(),
    )


def test_a_full_sample_gives_every_number_in_the_order_of_the_registry():
    values = measure(full())
    assert list(values) == list(METRICS)
    assert all(isinstance(value, float) for value in values.values())


def test_what_is_not_there_is_left_out():
    assert measure(Sample(RESULT, MASK)) == {}
    assert set(measure(Sample(RESULT, MASK, reenacted=REENACTED))) == {"keep"}
    assert set(measure(Sample(RESULT, MASK, truth=TRUTH))) == {"psnr", "ssim", "de_truth"}
    assert not any("identity" in name for name in measure(Sample(RESULT, MASK, TARGET, REENACTED)))


def test_a_truth_scores_perfectly_against_itself_and_noise_does_not():
    perfect = measure(Sample(TRUTH, MASK, truth=TRUTH))
    assert perfect["psnr"] == 100 and perfect["de_truth"] < 1e-9
    assert measure(Sample(RESULT, MASK, truth=TRUTH))["psnr"] < 20


def test_the_mask_blends_where_no_composite_is_given():
    sample = Sample(RESULT, MASK, target=TARGET)
    np.testing.assert_array_equal(sample.blended[MASK > 0], RESULT[MASK > 0])
    np.testing.assert_array_equal(sample.blended[MASK == 0], TARGET[MASK == 0])
    assert measure(Sample(RESULT, MASK, target=TARGET, composite=TARGET), ["seam"]) == {"seam": 1.0}
    assert Sample(RESULT, MASK).blended is None


def test_every_metric_says_what_it_needs_and_which_way_is_better():
    assert METRICS["lf_de"].needs == {"target"} and METRICS["lf_de"].better == "lower"
    assert METRICS["identity_drop"].needs == {"model", "reenacted", "source"}
    assert METRICS["light_distance"].needs == {"target", "normals"}
    assert METRICS["keep"].better == METRICS["psnr"].better == METRICS["ssim"].better == "higher"
    assert METRICS["seam"].better == "target" and METRICS["seam"].ideal == 1
    assert all(metric.function.__doc__ or name == "perceptual" for name, metric in METRICS.items())


def test_the_declared_direction_is_the_real_one():
    """A result that is the answer beats one that is noise, in the declared direction."""
    good = measure(Sample(TRUTH, MASK, target=TRUTH, reenacted=TRUTH, truth=TRUTH, perceptual=Model()))
    bad = measure(Sample(RESULT, MASK, target=TRUTH, reenacted=TRUTH, truth=TRUTH, perceptual=Model()))
    for name in set(good) - {"leak", "leak_floor", "ita_difference", "mouth_opening"}:
        # leak: the answer *is* the target here; noise has no mouth
        metric = METRICS[name]
        if metric.better == "target":
            assert abs(good[name] - metric.ideal) < abs(bad[name] - metric.ideal), name
        else:
            assert (good[name] < bad[name]) == (metric.better == "lower"), name


def test_unknown_names_are_refused():
    with pytest.raises(UsageError, match="niceness"):
        measure(full(), ["keep", "niceness"])
    assert list(measure(full(), ["psnr", "keep"])) == ["keep", "psnr"]
