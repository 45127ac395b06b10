import torch

from aotface.transfer.aot.notpe import NOTPE, pixel_pyramid

CHANNELS = (16, 32, 32)


def level(channels: int, side: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(channels)
    return tuple(torch.randn(2, c, side, side, generator=random) for c in (channels, 12, channels))  # type: ignore[return-value]


def shuffled(values: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    return values.flatten(2)[:, :, order].view_as(values)


def test_permuting_pixels_permutes_the_plan() -> None:
    notpe, parts, order = NOTPE(CHANNELS, 32), level(16), torch.randperm(64)
    moved = notpe.move(0, *parts)
    again = notpe.move(0, *(shuffled(part, order) for part in parts))
    assert torch.allclose(again, shuffled(moved, order), atol=1e-5)


def test_the_permutation_check_catches_a_layer_that_looks_at_neighbours() -> None:
    layer, (values, _, _), order = torch.nn.Conv2d(16, 16, 3, padding=1), level(16), torch.randperm(64)
    assert not torch.allclose(layer(shuffled(values, order)), shuffled(layer(values), order), atol=1e-5)


def test_sampled_pixels_move_as_they_do_in_the_picture() -> None:
    notpe, parts, at = NOTPE(CHANNELS, 32), level(32), torch.tensor([3, 60, 17])
    column = notpe.move(1, *(part.flatten(2)[:, :, at, None] for part in parts))
    assert torch.allclose(column[..., 0], notpe.move(1, *parts).flatten(2)[:, :, at], atol=1e-5)


def test_plan_is_a_displacement_and_switched_off_is_the_identity() -> None:
    v_r, pixels, v_t = level(16)
    notpe = NOTPE(CHANNELS, 32)
    assert not torch.allclose(notpe.move(0, v_r, pixels, v_t), v_r, atol=1e-2)
    torch.nn.init.zeros_(notpe.omegas[0].leave.weight)
    assert torch.equal(notpe.move(0, v_r, pixels, v_t), v_r)
    assert NOTPE(CHANNELS, 32, enabled=False).move(0, v_r, pixels, v_t) is v_r


def test_target_features_are_read_only_when_wanted() -> None:
    v_r, pixels, v_t = level(16)
    for wanted in (True, False):
        notpe = NOTPE(CHANNELS, 32, target_features=wanted)
        assert (
            torch.equal(notpe.move(0, v_r, pixels, v_t), notpe.move(0, v_r, pixels, v_t + 1.0)) is not wanted
        )


def test_all_levels_move() -> None:
    parts = [level(c, side) for c, side in zip(CHANNELS, (16, 8, 4), strict=True)]
    moved = NOTPE(CHANNELS, 32)(*(list(p) for p in zip(*parts, strict=True)))
    assert [tuple(m.shape) for m in moved] == [(2, 16, 16, 16), (2, 32, 8, 8), (2, 32, 4, 4)]


def test_pixel_pyramid_is_the_mean_of_each_square() -> None:
    x_r, x_t = torch.rand(1, 6, 16, 16), torch.rand(1, 6, 16, 16)
    pyramid = pixel_pyramid(x_r, x_t, 3)
    assert [tuple(p.shape) for p in pyramid] == [(1, 12, 8, 8), (1, 12, 4, 4), (1, 12, 2, 2)]
    assert torch.allclose(pyramid[2][0, 0, 0, 0], x_r[0, 0, :8, :8].mean(), atol=1e-6)
    assert torch.allclose(pyramid[0][0, 6, 0, 1], x_t[0, 0, :2, 2:4].mean(), atol=1e-6)
