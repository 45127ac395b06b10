import math
from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor

from aotface.transfer.aot import generator as generators
from aotface.transfer.aot.colour_map import to_linear
from aotface.transfer.aot.generator import SIZES
from aotface.transfer.aot.octaves import masked_blur

# Made once by the tiny generator of seed 0 (awake) on the made-up faces of seed 0.
GOLDEN_MEAN = [-0.08959, 0.17991, -0.05188]
GOLDEN_PIXELS = [0.01335, -0.11663, 0.10818, 0.13258]


def masked_mean(images: Tensor, mask: Tensor) -> Tensor:
    return (images * mask).sum((2, 3)) / mask.sum((2, 3))


def grey(images: Tensor) -> Tensor:
    return images.mean(1, keepdim=True).repeat(1, 3, 1, 1)


def test_channels_are_multiples_of_sixteen() -> None:
    for size in SIZES.values():
        assert size.side % 32 == 0
        assert all(c % 16 == 0 for c in (*size.channels, *size.msd_channels, size.omega_hidden))


@pytest.mark.parametrize("side", [48, 64, 96])
def test_result_has_the_size_of_the_changed_picture(faces: Callable, tiny: Callable, side: int) -> None:
    sample = faces(side=side)
    out = tiny(wake=True)(*sample)
    assert out.swapped.shape == sample.x_r.shape and out.swapped.dtype == torch.float32
    assert out.field.gain.shape == (2, 3, 64, 64) and out.field.saturation.shape == (2, 1, 64, 64)
    assert [f.shape[-1] for f in out.features_r] == [32, 16, 8, 4]
    assert [m.shape for m in out.moved] == [f.shape for f in out.features_t[:3]]
    assert float(out.swapped.detach().abs().max()) <= 1.0


def test_in_training_light_is_no_finer_than_the_pictures(faces: Callable, tiny: Callable) -> None:
    sample, fine = faces(batch=1), tiny(wake=True, light_side=96)
    assert fine(*sample).field.gain.shape[-1] == 96
    assert torch.equal(fine.train()(*sample).swapped, tiny(wake=True).train()(*sample).swapped)
    assert fine(*faces(batch=1, side=96)).field.gain.shape[-1] == 96


def test_untrained_on_itself_is_the_identity(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny()
    out = generator(sample.x_t, sample.x_t, sample.geometry, sample.mask)
    assert torch.allclose(out.swapped, sample.x_t, atol=1e-5)
    assert torch.allclose(generator.reconstruct(*sample[1:]).swapped, sample.x_t, atol=1e-5)
    awake = tiny(wake=True).reconstruct(*sample[1:]).swapped
    assert not torch.allclose(awake, sample.x_t, atol=1e-2)


def test_untrained_brings_the_masked_mean_to_the_target(faces: Callable, tiny: Callable) -> None:
    sample = faces(batch=4)

    def error(y: Tensor) -> float:
        difference = masked_mean(to_linear(y), sample.mask) - masked_mean(to_linear(sample.x_t), sample.mask)
        return float(difference.detach().abs().mean())

    before, after = error(sample.x_r), error(tiny()(*sample).swapped)
    assert before > 0.05 and after < 0.4 * before
    nothing = tiny(base=False, remainder=False)(*sample).swapped
    assert error(nothing) == pytest.approx(before, rel=1e-3)


def test_untrained_brings_the_position_dependent_light_too(faces: Callable, tiny: Callable) -> None:
    sample = faces(batch=4)
    swapped = tiny()(*sample).swapped

    def error(y: Tensor) -> float:
        blurred = [masked_blur(to_linear(x), sample.mask, 3.0) * sample.mask for x in (y, sample.x_t)]
        return (blurred[0] - blurred[1]).detach().abs().mean().item()

    assert error(swapped) < 0.5 * error(sample.x_r)
    # What the first map leaves is smaller still after the second look.
    assert error(swapped) < 0.8 * error(tiny(remainder=False)(*sample).swapped)


def test_the_second_look_scales_the_whole_answer_smoothly(faces: Callable, tiny: Callable) -> None:
    sample = faces(batch=1)
    first, second = (tiny(wake=True, remainder=on)(*sample).field for on in (False, True))
    lacking = second.gain - first.gain
    assert lacking.abs().max() > 0.01
    assert torch.equal(second.saturation, first.saturation)
    assert torch.allclose(second.bias, first.bias * torch.exp(lacking), atol=1e-6)


@pytest.mark.parametrize("too_bright", [-0.1, 0.1, 0.5])
def test_a_share_of_what_broad_light_lacks_is_added_up_to_a_limit(
    faces: Callable, tiny: Callable, monkeypatch: pytest.MonkeyPatch, too_bright: float
) -> None:
    monkeypatch.setattr(generators, "DIRECTION_SHARE", 0.0)
    sample, generator = faces(batch=1), tiny()
    face = sample.x_t * 0.5  # no pixel is cut off
    with torch.no_grad():
        generator.decoder.head.bias[3:] = 0.0  # every gate shut
        generator.decoder.head.bias[:3] = too_bright
        gain, in_training = (
            net(*sample._replace(x_r=face, x_t=face)).field.gain.mean().item()
            for net in (generator, deepcopy(generator).train())
        )
    assert in_training == pytest.approx(too_bright, abs=0.01)
    share, limit = generators.REST_SHARE, generators.REST_LIMIT
    assert gain == pytest.approx(too_bright - share * limit * math.tanh(too_bright / limit), abs=0.01)
    assert abs(gain - too_bright) < share * limit


@pytest.mark.parametrize("head", ["field", "paint"])
@pytest.mark.parametrize("side", [64, 77, 129])
def test_grey_in_grey_out_bit_for_bit(faces: Callable, tiny: Callable, head: str, side: int) -> None:
    sample = faces(side=side)
    sample = sample._replace(x_t=grey(sample.x_t))
    for layout in (torch.contiguous_format, torch.channels_last):
        parts = [part.to(memory_format=layout) for part in sample]
        y = tiny(wake=True, head=head)(*parts).swapped
        assert torch.equal(y[:, 0], y[:, 1]) and torch.equal(y[:, 0], y[:, 2])
        assert y.std().item() > 0.05


def test_grey_rule_is_what_keeps_it_grey(faces: Callable, tiny: Callable) -> None:
    sample = faces()
    y = tiny(wake=True, grey_rule=False)(sample.x_r, grey(sample.x_t), sample.geometry, sample.mask).swapped
    assert (y[:, 0] - y[:, 2]).abs().max().item() > 1e-2


def test_a_coloured_target_is_not_touched_by_the_grey_rule(faces: Callable, tiny: Callable) -> None:
    sample = faces()
    with_rule, without = (tiny(wake=True, grey_rule=rule)(*sample).swapped for rule in (True, False))
    assert torch.allclose(with_rule, without, atol=1e-6)


def test_same_input_same_bytes(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny(wake=True)
    assert torch.equal(generator(*sample).swapped, generator(*sample).swapped)


def test_faces_of_a_batch_do_not_see_each_other(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(batch=3), tiny(wake=True)
    alone = generator(*(part[1:2] for part in sample)).swapped
    # Products over more rows are rounded otherwise; a face that saw another would differ by tenths.
    assert torch.allclose(generator(*sample).swapped[1:2], alone, atol=2e-3)


def test_golden(faces: Callable, tiny: Callable) -> None:
    swapped = tiny(wake=True)(*faces()).swapped.detach()
    assert swapped[0].mean((1, 2)).tolist() == pytest.approx(GOLDEN_MEAN, abs=2e-4)
    assert swapped[1, 0, 41, 20:24].tolist() == pytest.approx(GOLDEN_PIXELS, abs=1e-3)


def test_golden_would_notice_another_seed(faces: Callable, tiny: Callable) -> None:
    swapped = tiny(wake=True, seed=1)(*faces()).swapped.detach()
    assert swapped[0].mean((1, 2)).tolist() != pytest.approx(GOLDEN_MEAN, abs=2e-4)


@pytest.mark.parametrize("options", [{}, {"head": "paint"}, {"geometry": False}, {"transport": False},
                                     {"target_features": False}, {"base": False}])  # fmt: skip
def test_gradient_reaches_every_parameter(faces: Callable, tiny: Callable, options: dict) -> None:
    sample, generator = faces(), tiny(wake=True, **options)
    (generator(*sample).swapped - sample.x_t).abs().mean().backward()
    silent = [n for n, p in generator.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_reconstruction_does_not_train_the_plan(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny(wake=True)
    (generator.reconstruct(*sample[1:]).swapped - sample.x_t).abs().mean().backward()
    silent = {n.split(".")[0] for n, p in generator.named_parameters() if p.grad is None}
    assert silent == {"notpe"}


def test_reconstruction_takes_over_features(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny(wake=True)
    features = generator(*sample).features_t
    again = generator.reconstruct(*sample[1:], features).swapped
    assert torch.allclose(again, generator.reconstruct(*sample[1:]).swapped, atol=1e-4)


def test_an_empty_mask_gives_finite_values(faces: Callable, tiny: Callable) -> None:
    sample = faces()
    out = tiny(wake=True)(*sample._replace(mask=torch.zeros_like(sample.mask)))
    assert bool(torch.isfinite(out.swapped).all())


def test_bf16_stays_near_fp32(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny()
    exact = generator(*sample).swapped
    with torch.autocast("cpu", torch.bfloat16):
        rough = generator(*sample).swapped
    # Light is float32 in both; only the constants of the gates are rounded.
    assert rough.dtype == torch.float32 and (exact - rough).abs().mean().item() < 2e-3


def test_the_reenacted_faces_own_shape_matters(faces: Callable, tiny: Callable) -> None:
    sample, generator = faces(), tiny(wake=True)
    plain = generator(*sample).swapped
    assert torch.equal(generator(*sample, sample.geometry).swapped, plain)  # the target's, said or not
    turned = torch.cat([-sample.geometry[:, :3], sample.geometry[:, 3:]], dim=1)
    assert float((generator(*sample, turned).swapped - plain).abs().max().detach()) > 1e-4


def test_the_same_weights_work_at_another_side(faces: Callable, tiny: Callable) -> None:
    small, large = tiny(wake=True), tiny(wake=True, side=128)
    large.load_state_dict(small.state_dict())
    out = large(*faces(side=128))
    assert out.field.gain.shape[-1] == 128 and large.size.side == 128
