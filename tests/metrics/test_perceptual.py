import hashlib

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from aotface.errors import InputError, WeightsError
from aotface.metrics.perceptual import PerceptualMeter, SqueezeFeatures, layer_shapes

SIDE = 64


def arrays(seed=0):
    """Random weights that keep the size of the activations about equal."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float16)
        for name, shape in layer_shapes().items()
        if name.endswith("weight")
    } | {name: np.zeros(shape, np.float16) for name, shape in layer_shapes().items() if name.endswith("bias")}


def saved(path, weights):
    np.savez(path, **weights)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    extra = {"conv_final.weight": np.zeros((1000, 512, 1, 1), np.float16)}
    return PerceptualMeter(*saved(tmp_path_factory.mktemp("weights") / "squeeze.npz", arrays() | extra))


def crop(seed=0):
    noise = np.random.default_rng(seed).standard_normal((SIDE, SIDE, 3))
    return np.clip(0.5 + 0.6 * gaussian_filter(noise, (2, 2, 0)), 0, 1).astype(np.float32)


def box():
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[12:52, 16:48] = 1
    return mask


def test_equals_have_no_distance_and_strangers_have(meter):
    assert meter.distance(crop(), crop(), box()) == 0
    assert meter.distance(crop(0), crop(1), box()) > 0.01


def test_distance_grows_with_damage_and_is_symmetric(meter):
    damage = [meter.distance(gaussian_filter(crop(), (s, s, 0)), crop(), box()) for s in (0.5, 1.5, 4)]
    assert damage == sorted(damage) and damage[0] > 0
    assert meter.distance(crop(0), crop(1), box()) == pytest.approx(meter.distance(crop(1), crop(0), box()))


def test_nothing_outside_the_mask_is_seen(meter):
    spoilt = np.where(box()[..., None] > 0, crop(0), np.float32(np.nan))
    assert meter.distance(spoilt, crop(1), box()) == meter.distance(crop(0), crop(1), box())
    moved = box()[:, ::-1].copy()
    moved[:, :10] = 1
    assert meter.distance(crop(0), crop(1), moved) != meter.distance(crop(0), crop(1), box())


def test_red_goes_in_last():
    weights = {name: torch.zeros(shape) for name, shape in layer_shapes().items()}
    weights["conv1.weight"][0, 2, 3, 3] = 1  # the third channel of the original is red
    picture = torch.zeros(1, 3, 16, 16)
    picture[:, 0] = 1
    first = SqueezeFeatures(weights)(picture, torch.ones(1, 1, 16, 16))[0]
    assert first.max().item() == pytest.approx(255 - 123, abs=1e-3)


def test_levels_have_the_sizes_of_the_published_network():
    weights = {name: torch.zeros(shape) for name, shape in layer_shapes().items()}
    levels = SqueezeFeatures(weights)(torch.zeros(1, 3, 256, 256), torch.ones(1, 1, 256, 256))
    assert [level.shape[1] for level in levels] == [96, 128, 128, 256, 256, 384, 384, 512, 512]
    assert [level.shape[2] for level in levels] == [128, 64, 64, 64, 32, 32, 32, 32, 16]


def test_wrong_weights_and_masks_are_refused(tmp_path, meter):
    path, sha256 = saved(tmp_path / "good.npz", arrays())
    with pytest.raises(WeightsError):
        PerceptualMeter(path, "0" * 64)
    with pytest.raises(WeightsError):
        PerceptualMeter(tmp_path / "none.npz", sha256)
    short = {name: array for name, array in arrays().items() if name != "fire9.conv3x3_2.bias"}
    with pytest.raises(WeightsError, match="fire9.conv3x3_2.bias.*nothing"):
        PerceptualMeter(*saved(tmp_path / "short.npz", short))
    with pytest.raises(WeightsError, match="conv1.bias"):
        PerceptualMeter(*saved(tmp_path / "shape.npz", arrays() | {"conv1.bias": np.zeros(64, np.float16)}))
    (tmp_path / "text.npz").write_bytes(b"no arrays")
    with pytest.raises(WeightsError, match="npz"):
        PerceptualMeter(tmp_path / "text.npz", hashlib.sha256(b"no arrays").hexdigest())
    with pytest.raises(InputError, match="empty"):
        meter.distance(crop(), crop(), np.zeros((SIDE, SIDE), np.float32))
