import torch

from aotface.transport.decoder import (
    FIELD_OUTPUTS,
    GATES,
    GUIDE_CHANNELS,
    PAINT_OUTPUTS,
    REMAINDER_GATES,
    FaceDecoder,
)

CHANNELS = (16, 16, 32, 32)


def parts() -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    skips = [torch.randn(2, c, s, s, generator=random) for c, s in ((16, 32), (16, 16), (32, 8))]
    return (
        skips,
        torch.randn(2, 32, 4, 4, generator=random),
        torch.randn(2, GUIDE_CHANNELS, 32, 32, generator=random),
        torch.randn(2, 64, generator=random),
    )


def test_shapes_of_both_heads() -> None:
    for outputs, guided in ((FIELD_OUTPUTS, True), (PAINT_OUTPUTS, False)):
        assert FaceDecoder(CHANNELS, 1, outputs, guided)(*parts()).shape == (2, outputs, 32, 32)


def test_an_untrained_field_is_constant_and_an_untrained_painting_is_not() -> None:
    raw = FaceDecoder(CHANNELS, 1, FIELD_OUTPUTS, True)(*parts())
    assert not raw[:, :5].any()
    of_light = torch.tensor(GATES).flatten().repeat(2)
    constants = torch.cat([of_light, torch.tensor(REMAINDER_GATES).flatten(), torch.zeros(2)]).view(
        1, -1, 1, 1
    )
    assert torch.allclose(raw[:, 5:], constants.expand_as(raw[:, 5:]))
    assert FaceDecoder(CHANNELS, 1, PAINT_OUTPUTS, False)(*parts()).any()


def test_every_skip_and_the_bottleneck_count() -> None:
    decoder = FaceDecoder(CHANNELS, 1, PAINT_OUTPUTS, False)
    skips, bottleneck, guide, summary = parts()
    before = decoder(skips, bottleneck, guide, summary)
    for k in range(3):
        changed = [skip + 1.0 if i == k else skip for i, skip in enumerate(skips)]
        assert not torch.allclose(decoder(changed, bottleneck, guide, summary), before)
    assert not torch.allclose(decoder(skips, bottleneck + 1.0, guide, summary), before)
    assert torch.equal(decoder(skips, bottleneck, guide + 1.0, summary), before)


def test_the_light_code_begins_silent_and_then_reaches_every_level() -> None:
    decoder = FaceDecoder(CHANNELS, 1, PAINT_OUTPUTS, False)
    skips, bottleneck, guide, summary = parts()
    plain = FaceDecoder(CHANNELS, 1, PAINT_OUTPUTS, False, coded=False)
    plain.load_state_dict({k: v for k, v in decoder.state_dict().items() if not k.startswith("code.")})
    before = decoder(skips, bottleneck, guide, summary)
    assert torch.allclose(before, plain(skips, bottleneck, guide), atol=1e-6)
    first = 0
    for width in decoder.code.widths:  # one level's tuning after the other
        with torch.no_grad():
            decoder.code.leave.bias.zero_()
            decoder.code.leave.bias[first : first + width] = 0.5
        assert not torch.allclose(decoder(skips, bottleneck, guide, summary), before)
        first += width
