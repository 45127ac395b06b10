"""`aot` as a transfer: the network's map, put right; the same at any side, in any thread, and out of its maps."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from aotface.errors import InputError
from aotface.transfer import open_transfer
from aotface.transfer.aot.both_sides import without_one_sided_light
from aotface.transfer.aot.bounds import bound_octaves
from aotface.transfer.aot.brows import hold_brows
from aotface.transfer.aot.colour_map_arrays import find_colour_map
from aotface.transfer.aot.eyes import limit_eye_whites
from aotface.transfer.aot.fine_detail import without_target_detail
from aotface.transfer.aot.highlights import limit_highlights
from aotface.transfer.aot.network import Network
from aotface.transfer.aot.nose import warm_nostrils
from aotface.transfer.aot.transfer import AotTransfer
from aotface.transfer.base import Change, FacePair, Transfer

Pair = Callable[..., FacePair]


@pytest.fixture
def transfer(tiny: Callable) -> AotTransfer:
    generator = tiny(wake=True)
    return AotTransfer(Network(generator, "a" * 64, {}), generator)


@pytest.mark.parametrize("atlas", [False, True])
def test_the_map_is_the_networks_put_right(tiny: Callable, pair: Pair, atlas: bool) -> None:
    one, generator = pair(256), tiny(wake=True, lamps=4 if atlas else 0)
    if atlas:
        generator.atlas.lamps.copy_(torch.rand(generator.atlas.lamps.shape) + 0.1)
    transfer = AotTransfer(Network(generator, "a" * 64, {}), generator)
    given = one.reenacted, one.target, one.mask, one.geometry
    parts = find_colour_map(transfer.generator, *given, own=one.own_geometry)
    assert parts is not None and (parts.light is None) != atlas
    raw = parts.whole
    points = one.own_landmarks, one.landmarks
    wanted = parts.with_light(without_target_detail(parts.field, parts.lit, one.mask, one.own_geometry))
    wanted = without_one_sided_light(wanted, one)
    wanted = bound_octaves(limit_highlights(wanted, one.reenacted, one.mask), one)
    wanted = warm_nostrils(hold_brows(wanted, one), one)
    wanted = limit_eye_whites(wanted, one.reenacted, one.target, *points)
    found = transfer.find(one)
    assert isinstance(transfer, Transfer) and isinstance(found, Change)
    np.testing.assert_array_equal(found.temporal, wanted)
    assert np.abs(wanted - raw).max() > 1e-4  # the twin: without that it is another


def test_maps_restore_the_change_at_any_side(transfer: AotTransfer, pair: Pair) -> None:
    one = pair(512)
    change = transfer.find(one)
    again = transfer.restore(np.array(change.temporal))
    np.testing.assert_array_equal(change.apply(one.reenacted), again.apply(one.reenacted))
    half = change.apply(one.small.reenacted)
    full = change.apply(one.reenacted).reshape(256, 2, 256, 2, 3).mean((1, 3))
    assert half.shape == (256, 256, 3) and np.abs(full - half).mean() < 0.01


def test_in_the_frame_it_is_what_it_is_in_the_crop(transfer: AotTransfer, pair: Pair) -> None:
    one = pair(256)
    change = transfer.find(one)
    in_frame = change.in_frame(np.eye(2, 3), 256)
    assert in_frame is not None
    strip = (0, 60, 256, 196)
    moved = in_frame(np.ascontiguousarray(one.reenacted[60:196]), strip)
    np.testing.assert_allclose(moved[2:-2, 2:-2], change.apply(one.reenacted)[62:194, 2:-2], atol=0.03)


def test_a_network_that_paints_gives_pictures_and_no_maps(tiny: Callable, pair: Pair) -> None:
    generator = tiny(head="paint")
    painting, one = AotTransfer(Network(generator, "b" * 64, {}), generator), pair(512)
    change = painting.find(one)
    assert not painting.smooth and change.temporal is None
    assert change.apply(one.reenacted).shape == (512, 512, 3)
    with pytest.raises(InputError, match="paint"):
        painting.restore(np.zeros((8, 8, 7), np.float32))


def test_four_threads_give_the_bytes_of_one(pair: Pair) -> None:
    """The packaged network, shared: each face at its own size, several times over."""
    transfer = open_transfer("aot")
    sides = [256, 320, 512, 256] * 2

    def swapped(number: int) -> bytes:
        one = pair(sides[number], seed=number)
        return transfer.find(one).apply(one.reenacted).tobytes()

    alone = [swapped(number) for number in range(len(sides))]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(swapped, range(len(sides))))
    assert together == alone and len(set(alone)) == len(sides)
    assert torch.is_inference_mode_enabled() is False
