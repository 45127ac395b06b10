import torch

from aotface.transfer.aot.encoder import PerceptualEncoder, PixelNorm

CHANNELS = (16, 16, 32, 32)


def inputs(pictures: int = 2, side: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    pixels = torch.rand(pictures, 6, side, side, generator=random) * 2 - 1
    return pixels, torch.ones(pictures, 1, side, side), torch.rand(1, 6, side, side, generator=random)


def test_levels_halve_from_half_the_side() -> None:
    features = PerceptualEncoder(CHANNELS, blocks=1)(*inputs())
    assert [tuple(f.shape) for f in features] == [
        (2, 16, 32, 32),
        (2, 16, 16, 16),
        (2, 32, 8, 8),
        (2, 32, 4, 4),
    ]


def test_stacked_pictures_are_encoded_as_each_alone() -> None:
    encoder = PerceptualEncoder(CHANNELS, blocks=1)
    pixels, mask, shape = inputs()
    together = encoder(pixels, mask, shape)
    alone = encoder(pixels[1:], mask[1:], shape)
    assert all(torch.allclose(a[1:], b, atol=1e-5) for a, b in zip(together, alone, strict=True))


def test_geometry_reaches_the_levels_and_can_be_left_out() -> None:
    pixels, mask, shape = inputs()
    for use, changes in ((True, True), (False, False)):
        torch.manual_seed(0)
        encoder = PerceptualEncoder(CHANNELS, blocks=1, geometry=use)
        before, after = encoder(pixels, mask, shape), encoder(pixels, mask, shape.flip(-1))
        assert [not torch.equal(a, b) for a, b in zip(before, after, strict=True)][:3] == [changes] * 3


def test_sum_of_two_layers_is_one_layer_over_the_concatenation() -> None:
    encoder = PerceptualEncoder(CHANNELS, blocks=1)
    merge, shape = encoder.merges[0], encoder.shapes[0]
    values, geometry = torch.rand(1, 16, 8, 8), torch.rand(1, 6, 8, 8)
    weight = torch.cat([merge.weight, shape.weight], dim=1)
    joined = torch.nn.functional.conv2d(torch.cat([values, geometry], dim=1), weight, merge.bias)
    assert torch.allclose(merge(values) + shape(geometry), joined, atol=1e-6)


def test_absolute_exposure_is_not_normalised_away() -> None:
    encoder = PerceptualEncoder(CHANNELS, blocks=1)
    pixels, mask, shape = inputs()
    bright, dark = encoder(pixels, mask, shape), encoder(pixels - 0.5, mask, shape)
    # A normalising layer would make these equal up to rounding.
    assert all(float((a - b).detach().abs().mean()) > 1e-2 for a, b in zip(bright, dark, strict=True))


def test_depth_is_stable_at_the_start() -> None:
    deep = PerceptualEncoder(CHANNELS, blocks=12)
    spread = [float(f.detach().std()) for f in deep(*inputs())]
    assert all(0.2 < value < 3.0 for value in spread)


def test_pixel_norm_by_hand_and_pixel_by_pixel() -> None:
    values = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1).repeat(1, 1, 1, 2)
    values[..., 1] *= 10.0
    length = (12.5 + 1e-4) ** 0.5
    out = PixelNorm(2)(values).detach()
    assert torch.allclose(out[0, :, 0, 0], torch.tensor([3.0, 4.0]) / length)
    # The neighbour is ten times as strong, and nobody notices.
    assert torch.allclose(out[..., 0], out[..., 1], atol=1e-4)
