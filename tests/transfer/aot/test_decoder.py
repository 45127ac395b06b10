import torch

from aotface.transfer.aot.decoder import (
    COLOUR_MAP_OUTPUTS,
    GATES,
    GUIDE_CHANNELS,
    PAINT_OUTPUTS,
    REMAINDER_GATES,
    SATURATION,
    FaceDecoder,
)

CHANNELS = (16, 16, 32, 32)


def parts() -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    skips = [torch.randn(2, c, s, s, generator=random) for c, s in ((16, 32), (16, 16), (32, 8))]
    return (
        skips,
        torch.randn(2, 32, 4, 4, generator=random),
        torch.randn(2, GUIDE_CHANNELS, 32, 32, generator=random),
    )


def test_shapes_of_both_heads() -> None:
    for outputs, guided in ((COLOUR_MAP_OUTPUTS, True), (PAINT_OUTPUTS, False)):
        assert FaceDecoder(CHANNELS, 1, outputs, guided)(*parts()).shape == (2, outputs, 32, 32)


def test_an_untrained_field_is_constant_and_an_untrained_painting_is_not() -> None:
    raw = FaceDecoder(CHANNELS, 1, COLOUR_MAP_OUTPUTS, True)(*parts())
    assert not raw[:, :5].any()
    of_light = torch.tensor(GATES).flatten().repeat(2)
    constants = torch.cat([of_light, torch.tensor(REMAINDER_GATES).flatten()]).view(1, -1, 1, 1)
    assert torch.allclose(raw[:, 5:], constants.expand_as(raw[:, 5:]))
    assert FaceDecoder(CHANNELS, 1, PAINT_OUTPUTS, False)(*parts()).any()


def test_without_saturation_nothing_else_is_gone() -> None:
    decoder = FaceDecoder(CHANNELS, 1, COLOUR_MAP_OUTPUTS, True)
    torch.nn.init.normal_(decoder.head.weight), torch.nn.init.normal_(decoder.head.bias)
    raw = decoder(*parts())
    raw.square().sum().backward()
    decoder.clear_saturation()
    changed = decoder(*parts())
    kept = [k for k in range(COLOUR_MAP_OUTPUTS) if k != SATURATION]
    assert raw[:, SATURATION].any() and not changed[:, SATURATION].any()
    assert torch.equal(changed[:, kept], raw[:, kept])
    assert not decoder.head.weight.grad[SATURATION].any() and decoder.head.weight.grad[kept].any()


def test_every_skip_and_the_bottleneck_count() -> None:
    decoder = FaceDecoder(CHANNELS, 1, PAINT_OUTPUTS, False)
    skips, bottleneck, guide = parts()
    before = decoder(skips, bottleneck, guide)
    for k in range(3):
        changed = [skip + 1.0 if i == k else skip for i, skip in enumerate(skips)]
        assert not torch.allclose(decoder(changed, bottleneck, guide), before)
    assert not torch.allclose(decoder(skips, bottleneck + 1.0, guide), before)
    assert torch.equal(decoder(skips, bottleneck, guide + 1.0), before)
