"""Vectors: the same pixels for everybody, and a plan that can be taken out and put back."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from aotface.errors import InputError
from aotface.evaluation.solvers.vectors import (
    colours,
    column_of,
    decoded,
    features,
    rows_of,
    scaled,
    transported,
    wide,
)
from aotface.evaluation.triple import Triple
from aotface.transfer.aot.generator import RelightingGenerator

Make = Callable[..., Triple]


def test_colours_are_those_of_the_same_pixels_under_the_mask(triple: Make) -> None:
    one = triple(0)
    cloud = colours(one, 100)
    assert cloud.here.shape == cloud.there.shape == cloud.truth.shape == (100, 3)
    assert (one.mask.reshape(-1)[cloud.places] > 0.5).all() and (np.diff(cloud.places) > 0).all()
    np.testing.assert_array_equal(cloud.there, one.target.reshape(-1, 3)[cloud.places])
    np.testing.assert_array_equal(cloud.places, colours(triple(1), 100).places)  # same mask, same draw
    everything = colours(one, 10**6)
    assert len(everything.places) == np.count_nonzero(one.mask > 0.5)
    with pytest.raises(InputError, match="there is ground truth"):
        colours(triple(0, truth=False), 100)


def test_a_plan_can_be_taken_out_and_put_back(triple: Make, generator: RelightingGenerator) -> None:
    one = triple(0)
    seen = transported(generator, one)
    places = [np.arange(part[0, 0].numel()) for part in seen.moved]
    moved = [rows_of(part, place) for part, place in zip(seen.moved, places, strict=True)]
    own = np.clip(seen.swapped[0].permute(1, 2, 0).numpy() / 2 + 0.5, 0, 1)
    np.testing.assert_allclose(decoded(generator, one, places, moved), own, atol=1e-5)
    wrong = [np.zeros_like(part) for part in moved]
    assert np.abs(decoded(generator, one, places, wrong) - own).max() > 0.01
    again = transported(generator, one)  # the generator kept its own plan
    torch.testing.assert_close(again.swapped, seen.swapped)


def test_columns_hold_the_rows(triple: Make, generator: RelightingGenerator) -> None:
    one = triple(0)
    seen, true = transported(generator, one), transported(generator, replace(one, reenacted=one.truth))
    cloud = features(seen, true, 1, 12)
    assert cloud.name == "F2" and cloud.here.shape == (12, 16)
    maps = [part[1] for part in (seen.features_r, seen.pixels, seen.features_t)]
    columns = [column_of(part, cloud.places) for part in maps]
    assert columns[0].shape == (1, 16, 12, 1)
    with torch.inference_mode():
        plan = generator.notpe.move(1, *columns)
    np.testing.assert_allclose(plan[0, :, :, 0].T.numpy(), rows_of(seen.moved[1], cloud.places), atol=1e-5)
    assert np.abs(cloud.truth - cloud.here).max() > 0


@pytest.mark.parametrize("pixels", [300, 1000, 5000])
def test_a_face_of_any_size(triple: Make, pixels: int) -> None:
    one = triple(0)
    face = scaled(one, pixels)
    count = np.count_nonzero(face.mask > 0.5)
    assert pixels <= count < 1.2 * pixels + 60
    size = len(face.mask)
    assert face.reenacted.shape == face.target.shape == face.geometry.normals.shape == (size, size, 3)
    assert face.truth is not None and len(face.truth) == size
    np.testing.assert_allclose(face.reenacted.mean(), one.reenacted.mean(), atol=0.03)
    with pytest.raises(InputError, match="no face"):
        scaled(replace(one, mask=np.zeros_like(one.mask)), pixels)


def test_a_wider_pass_has_more_vectors(triple: Make, generator: RelightingGenerator) -> None:
    one = triple(0)
    twin = wide(generator, 90)
    assert twin.size.side == 96 and generator.size.side == 64
    assert transported(twin, one).features_r[0].shape[-1] == 48
