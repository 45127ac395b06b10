"""The field as an array: found first and laid on later, it is what one pass gives."""

from collections.abc import Callable

import numpy as np
import pytest

from aotface.colour_space import linear_to_srgb, srgb_to_linear
from aotface.errors import InputError
from aotface.transfer.aot.apply import transport_full
from aotface.transfer.aot.change import ColourMapChange
from aotface.transfer.aot.colour_map_arrays import (
    CHANNELS,
    apply_colour_map_array,
    find_colour_map,
    multiplied,
)
from aotface.transfer.base import Multiplied, Recoloured, apply_part
from aotface.types import Geometry


def arrays(sample: object) -> tuple:
    x_r, x_t, shape, mask = (part[0].permute(1, 2, 0).contiguous().numpy() for part in sample)  # type: ignore
    normals, pncc = np.ascontiguousarray(shape[..., :3]), np.ascontiguousarray(shape[..., 3:])
    flat = np.ascontiguousarray(mask[..., 0])
    return (x_r + 1) / 2, (x_t + 1) / 2, flat, Geometry(normals, pncc, np.zeros_like(flat), flat)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("bf16", [False, True])
def test_found_and_laid_on_it_is_the_transport(
    faces: Callable, tiny: Callable, times: int, bf16: bool
) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    large = np.ascontiguousarray(x_r.repeat(times, 0).repeat(times, 1))
    generator = tiny(wake=True)
    field = find_colour_map(generator, large, x_t, mask, geometry, bf16).whole
    assert field is not None and field.shape == (64, 64, CHANNELS) and field.dtype == np.float32
    at_once = transport_full(generator, large, x_t, mask, geometry, bf16)
    np.testing.assert_allclose(apply_colour_map_array(large, field), at_once, atol=1e-6)
    field[..., :3] += 0.2  # the twin: a changed field is another picture
    assert np.abs(apply_colour_map_array(large, field) - at_once).max() > 0.01


def test_some_rows_alone_are_those_of_the_whole(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    large = np.ascontiguousarray(x_r.repeat(3, 0).repeat(3, 1))
    field = find_colour_map(tiny(wake=True), x_r, x_t, mask, geometry).whole
    assert field is not None
    rows = slice(70, 101)
    whole = apply_colour_map_array(large, field)[rows]
    np.testing.assert_allclose(apply_colour_map_array(large[rows], field, first_row=70), whole, atol=1e-6)
    assert (
        np.abs(apply_colour_map_array(large[rows], field, first_row=76) - whole).max() > 1e-3
    )  # the twin: other rows
    part, change = (rows, slice(30, 120)), ColourMapChange(field)
    np.testing.assert_allclose(apply_part(change, large, part), whole[:, 30:120], atol=1e-6)
    moved = ColourMapChange(np.ascontiguousarray(field[:, ::-1]))
    assert np.abs(apply_part(moved, large, part) - whole[:, 30:120]).max() > 1e-3  # the twin: other columns


def test_a_change_is_multiplied(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    field = find_colour_map(tiny(wake=True), x_r, x_t, mask, geometry).whole
    assert field is not None
    change, gain = ColourMapChange(field), np.full((16, 16, 3), (-0.3, -0.2, -0.1), np.float32)
    assert isinstance(change, Multiplied)
    before, after = (srgb_to_linear(one.apply(x_r)) for one in (change, change.with_gain(gain)))
    inside = (before > 0.01) & (before < 0.99)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(
        after[inside] / before[inside], np.exp(np.broadcast_to(gain[0, 0], before.shape))[inside], rtol=2e-3
    )
    assert not isinstance(Recoloured(x_r), Multiplied)


def test_its_own_geometry_counts(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    own = Geometry(geometry.normals[::-1].copy(), geometry.pncc, geometry.depth, geometry.mask)
    generator = tiny(wake=True)
    field = find_colour_map(generator, x_r, x_t, mask, geometry, own=own).whole
    at_once = transport_full(generator, x_r, x_t, mask, geometry, own=own)
    assert field is not None
    np.testing.assert_allclose(apply_colour_map_array(x_r, field), at_once, atol=1e-6)


def test_a_painting_head_has_no_field(faces: Callable, tiny: Callable) -> None:
    assert find_colour_map(tiny(head="paint"), *arrays(faces(side=64))) is None


def test_sizes_must_agree(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    with pytest.raises(InputError, match="mask"):
        find_colour_map(tiny(), x_r, x_t, mask[:32, :32], geometry)


def test_the_formula_at_the_fields_own_pixels_is_that_of_the_picture() -> None:
    rng = np.random.default_rng(3)
    crop, field = rng.random((8, 8, 3), np.float32), rng.normal(0, 0.1, (8, 8, 7)).astype(np.float32)
    field[..., 3] += 1
    light = multiplied(srgb_to_linear(crop), field)
    wanted = apply_colour_map_array(crop, field)
    np.testing.assert_allclose(np.clip(linear_to_srgb(light + field[..., 4:]), 0, 1), wanted, atol=1e-5)
    assert np.abs(np.clip(linear_to_srgb(light), 0, 1) - wanted).max() > 0.01  # the twin: without the bias
