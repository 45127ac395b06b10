from collections.abc import Callable

import numpy as np
import pytest
import torch

from aotface.errors import InputError
from aotface.transfer.aot.apply import bf16_is_fast, transport_full
from aotface.types import Geometry


def arrays(sample: object, index: int = 0) -> tuple:
    x_r, x_t, shape, mask = (part[index].permute(1, 2, 0).contiguous().numpy() for part in sample)  # type: ignore
    normals, pncc = np.ascontiguousarray(shape[..., :3]), np.ascontiguousarray(shape[..., 3:])
    flat = np.ascontiguousarray(mask[..., 0])
    return (x_r + 1) / 2, (x_t + 1) / 2, flat, Geometry(normals, pncc, np.zeros_like(flat), flat)


def enlarge(crop: np.ndarray, times: int) -> np.ndarray:
    return np.ascontiguousarray(crop.repeat(times, 0).repeat(times, 1))


def test_crop_equals_the_networks_own_output(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(side=256), tiny(wake=True)
    expected = (
        generator(*(part[:1] for part in sample)).swapped[0].detach().permute(1, 2, 0).numpy() / 2 + 0.5
    )
    y = transport_full(generator, *arrays(sample))
    assert y.shape == (256, 256, 3) and y.dtype == np.float32
    assert np.abs(y - expected).max() < 1e-3


def test_same_input_same_bytes(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny(wake=True)
    assert transport_full(generator, *arrays(sample)).tobytes() == transport_full(
        generator, *arrays(sample)).tobytes()  # fmt: skip


def test_large_face_keeps_its_detail(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    generator = tiny(wake=True)
    large = np.clip(enlarge(x_r, 16) * 0.6 + 0.2, 0, 1)
    pores = 0.02 * ((np.indices((1024, 1024)).sum(0) % 2) * 2 - 1).astype(np.float32)[..., None]
    plain = transport_full(generator, large, x_t, mask, geometry)
    pored = transport_full(generator, large + pores, x_t, mask, geometry)
    assert plain.shape == (1024, 1024, 3)
    kept = (pored - plain)[256:768, 256:768]
    usable = (plain[256:768, 256:768] > 0.1) & (plain[256:768, 256:768] < 0.9)
    pattern = np.broadcast_to(pores[256:768, 256:768], kept.shape)
    # A smooth map scales the pattern from place to place, but turns it nowhere.
    assert usable.mean() > 0.3
    assert (np.sign(kept) == np.sign(pattern))[usable].mean() > 0.99
    # The failing twin: a result that was made small and enlarged has lost the pattern.
    small = transport_full(generator, x_r, x_t, mask, geometry)
    lost = enlarge(small, 16)[256:768, 256:768] - plain[256:768, 256:768]
    assert (np.sign(lost) == np.sign(pattern))[usable].mean() < 0.6


def test_large_and_small_agree_on_the_light(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    generator = tiny(wake=True)
    small = transport_full(generator, x_r, x_t, mask, geometry)
    large = transport_full(generator, enlarge(x_r, 4), x_t, mask, geometry)
    means = large.reshape(64, 4, 64, 4, 3).mean((1, 3))
    assert np.abs(means - small)[8:-8, 8:-8].mean() < 0.02


def test_painting_can_be_enlarged_too(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    y = transport_full(tiny(head="paint"), enlarge(x_r, 2), x_t, mask, geometry)
    assert y.shape == (128, 128, 3)


def test_sizes_that_differ_are_refused(faces: Callable, tiny: Callable) -> None:
    x_r, x_t, mask, geometry = arrays(faces(side=64))
    with pytest.raises(InputError, match="mask: expected 64 x 64"):
        transport_full(tiny(), x_r, x_t, np.ascontiguousarray(mask[:32]), geometry)


def test_bf16_is_near_fp32(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny(wake=True)
    generator.to(memory_format=torch.channels_last)
    exact, rough = (transport_full(generator, *arrays(sample), bf16=bf16) for bf16 in (False, True))
    assert np.abs(exact - rough).mean() < 0.01


def test_speed_of_bf16_is_known_for_every_kind_of_device() -> None:
    assert isinstance(bf16_is_fast(), bool)
    assert bf16_is_fast("meta") is False
