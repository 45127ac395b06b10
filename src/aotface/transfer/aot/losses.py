"""Every loss beside its formula. Pictures are display-encoded, -1..1; masked means weigh pixels by mask."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from aotface.transfer.aot.colour_map import LIGHT_FLOOR, ColourMap, resize, to_linear
from aotface.transfer.aot.face_critic import face_statistics
from aotface.transfer.aot.octaves import masked_blur

LOW_SIGMAS = (6.0 / 256.0, 16.0 / 256.0)
GRADIENT_LEVELS = 3
TINY = 1e-6
FIDELITY_FLOOR = 4e-4
"""Mean square error, of a range of 2, below which a picture is good enough: 40 dB."""

DETAIL_SIGMA, DETAIL_FLOOR = 8.0 / 256.0, 0.004
"""What is finer than this blur, in parts of the side, is detail; linear luminance below which noise would rule."""

BROAD_SIGMA = 12.0 / 256.0
"""Blur that leaves light and tone and removes features, in parts of the side; as in the benchmark's `lf_de`."""

TONES = 2
"""Last of the `face_statistics`: mean colours, which are no variation."""

Images = Float[Tensor, "batch 3 height width"]
Masks = Float[Tensor, "batch 1 height width"]
Rows = Float[Tensor, "*rows channels"]
Potential = Callable[..., Tensor]


def masked_mean(values: Float[Tensor, "batch channels height width"], mask: Masks) -> Float[Tensor, ""]:
    """sum(m v) / (C sum(m)): one mean over the whole batch; a small face does not weigh like a large one."""
    total = (values * mask).sum()
    return total / (mask.sum() * values.shape[1] + TINY)


def pixel_loss(y: Images, answer: Images, mask: Masks) -> Float[Tensor, ""]:
    """E_m |Y - Y*| in display-encoded sRGB."""
    return masked_mean((y - answer).abs(), mask)


def fidelity_loss(y: Images, answer: Images, mask: Masks) -> Float[Tensor, ""]:
    """Mean over the batch of log(E_m (Y - Y*)^2 + e): a tenth of a decibel counts alike in every picture.

    Pictures without a single pixel under the mask do not count.
    """
    area = mask.sum((1, 2, 3))
    square = ((y - answer).square() * mask).sum((1, 2, 3)) / (y.shape[1] * area + TINY)
    known = (area > 1.0).float()
    return (torch.log(square + FIDELITY_FLOOR) * known).sum() / known.sum().clamp_min(1.0)


def light_loss(y: Images, answer: Images, mask: Masks) -> Float[Tensor, ""]:
    """E_m |log(Y + e) - log(Y* + e)| in linear light: exposure counts alike in light and in shadow."""
    logs = [torch.log(to_linear(images).clamp_min(0.0) + LIGHT_FLOOR) for images in (y, answer)]
    return masked_mean((logs[0] - logs[1]).abs(), mask)


def low_frequency_loss(y: Images, answer: Images, mask: Masks) -> Float[Tensor, ""]:
    """Mean over sigma of E_m |G_sigma * (Y - Y*)|, G the masked Gaussian mean: lighting without detail."""
    difference = y - answer
    side = y.shape[-1]
    blurred = [masked_blur(difference, mask.clamp_min(TINY), sigma * side).abs() for sigma in LOW_SIGMAS]
    return masked_mean(torch.stack(blurred).mean(0), mask)


def gradient_loss(y: Images, answer: Images, mask: Masks) -> Float[Tensor, ""]:
    """Mean over levels of E_m |dx (Y - Y*)| + E_m |dy (Y - Y*)|; each level has half the side."""
    difference, total = y - answer, y.new_zeros(())
    for _ in range(GRADIENT_LEVELS):
        across = (difference[..., :, 1:] - difference[..., :, :-1]).abs()
        down = (difference[..., 1:, :] - difference[..., :-1, :]).abs()
        # A step counts only when both its pixels lie in the face.
        total = total + masked_mean(across, torch.minimum(mask[..., :, 1:], mask[..., :, :-1]))
        total = total + masked_mean(down, torch.minimum(mask[..., 1:, :], mask[..., :-1, :]))
        difference, mask = F.avg_pool2d(difference, 2), F.avg_pool2d(mask, 2)
    return total / GRADIENT_LEVELS


def smoothness_loss(field: ColourMap) -> Float[Tensor, ""]:
    """Total variation of log gain and of the other channels: E |dx f| + E |dy f|."""
    values = torch.cat([field.gain, field.saturation, field.bias], dim=1)
    across = (values[..., :, 1:] - values[..., :, :-1]).abs().mean()
    return across + (values[..., 1:, :] - values[..., :-1, :]).abs().mean()


def taken_loss(taken: Float[Tensor, "batch octaves 3 side side"], mask: Masks) -> Float[Tensor, ""]:
    """E_m of the sum of |log-gain| over the octaves given: what is taken from X_t's fine detail has its price.

    An edge of shadow is worth it; a lash or a nostril of the target's, which is right in one pair of ten, is not.
    Source: [ours].
    """
    return masked_mean(
        taken.abs().sum(1), mask if taken.shape[-1] == mask.shape[-1] else resize(mask, taken.shape[-1])
    )


def leak_loss(
    y: Images, answer: Images, x_t: Images, mask: Masks, known: Float[Tensor, " batch"] | None = None
) -> Float[Tensor, ""]:
    """Mean over the batch of max(0, corr_m(H Y, H X_t) - corr_m(H Y*, H X_t)): more of X_t's detail than Y* has.

    H as in the benchmark's metric `leak`: log-luminance less its masked Gaussian of `DETAIL_SIGMA`. Shadows' edges that
    Y* shares with X_t cost nothing. Faces without a pixel under the mask do not count.

    Args:
        y, answer, x_t, mask: pictures and face.
        known: 1 for a face whose answer counts; left out, all do.

    Source: [ours].
    """
    area = (mask.sum((1, 2, 3)) > 1.0).float() * (1.0 if known is None else known)
    weight = mask / (mask.sum((2, 3), keepdim=True) + TINY)
    own, wanted, theirs = (_detail(images.float(), mask, weight) for images in (y, answer, x_t))
    excess = (_correlation(own, theirs, weight) - _correlation(wanted, theirs, weight)).clamp_min(0.0)
    return (excess * area).sum() / area.sum().clamp_min(1.0)


def variation_loss(
    y: Images, answers: list[Images], mask: Masks, known: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Mean over batch and octaves of the distance of S(Y) to [min S(Y*), max S(Y*)] over the answers.

    S is the log of the mean square of an octave, of brightness and two colours, as in `face_statistics`. A mean of what
    might be right varies less than anything that is right, and terms pixel by pixel reward it. This one asks how strong
    variation is, not where it lies. Less alone must not cost: then colour varies too much instead
    (docs/log/2026-11-29-paleness.md).

    Args:
        y, answers, mask: pictures and face; where several answers might be right, all between them is.
        known: 1 for a face whose answer counts.

    Source: [ours].
    """
    weight = (mask.sum((1, 2, 3)) > 1.0).float() * known
    with torch.no_grad():
        wanted = torch.stack([face_statistics(answer, mask)[:, :-TONES] for answer in answers])
    found = face_statistics(y, mask)[:, :-TONES]
    outside = torch.maximum(wanted.amin(0) - found, found - wanted.amax(0)).clamp_min(0.0).mean(1)
    return (outside * weight).sum() / weight.sum().clamp_min(1.0)


def follow_loss(y: Images, x_t: Images, mask: Masks) -> Float[Tensor, ""]:
    """E_m |G * (Y - X_t)|, G the masked Gaussian mean of `BROAD_SIGMA`: light and tone of a photograph, place by place."""
    broad = masked_blur(y - x_t, mask.clamp_min(TINY), BROAD_SIGMA * y.shape[-1])
    return masked_mean(broad.abs(), mask)


def _detail(images: Images, mask: Masks, weight: Masks) -> Float[Tensor, "batch 1 height width"]:
    """High-pass log-luminance, mean 0 under the weight."""
    red, green, blue = to_linear(images).split(1, 1)
    logs = torch.log((0.2126 * red + 0.7152 * green + 0.0722 * blue).clamp_min(DETAIL_FLOOR))
    fine = logs - masked_blur(logs, mask.clamp_min(TINY), DETAIL_SIGMA * images.shape[-1])
    return fine - (fine * weight).sum((2, 3), keepdim=True)


def _correlation(first: Tensor, second: Tensor, weight: Masks) -> Float[Tensor, " batch"]:
    products = (
        (a * b * weight).sum((1, 2, 3)) for a, b in ((first, second), (first, first), (second, second))
    )
    both, one, other = products
    return both / (one * other + DETAIL_FLOOR**4).sqrt()


def dual(psi: Potential, v_t: Rows, v_y: Rows, *condition: Rows) -> Float[Tensor, ""]:
    """E[Psi(v_t)] - E[Psi(v_y)]: its supremum over 1-Lipschitz Psi is W1 (Kantorovich and Rubinstein)."""
    return psi(v_t, *condition).mean() - psi(v_y, *condition).mean()


def gradient_penalty(
    psi: Potential, v_t: Rows, v_y: Rows, generator: torch.Generator, *condition: Rows
) -> Float[Tensor, ""]:
    """E (max(|grad Psi(v)| - 1, 0))^2 on random points between v_t and v_y: one-sided, W1 needs no more.

    Source: [ours]; the paper does not say how it keeps Psi 1-Lipschitz.
    """
    share = torch.rand(*v_t.shape[:-1], 1, generator=generator).to(v_t.device)
    between = (share * v_t + (1.0 - share) * v_y).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(psi(between, *condition).sum(), between, create_graph=True)
    # The square root has no slope at 0.
    length = (slope.square().sum(-1) + TINY * TINY).sqrt()
    return (length - 1.0).clamp_min(0.0).square().mean()


def transport_cost(v_y: Rows, v_r: Rows, power: float = 1.0) -> Float[Tensor, ""]:
    """E |v_y - v_r|^p: among the maps that push v_r onto v_t, the plan is the cheapest.

    p = 1 is the cost that W1 measures; its optimal map need not be unique. p = 2 has one optimal map.
    """
    squared = (v_y - v_r).square().sum(-1)
    if power == 2.0:
        return squared.mean()
    return (squared + TINY * TINY).pow(power / 2.0).mean()


def segmentation_loss(predicted: Masks, m: Masks) -> Float[Tensor, ""]:
    """E (D(Y_mix) - M)^2: what the mix-and-segment discriminator wants."""
    return (predicted - m).square().mean()


def fooling_loss(predicted: Masks, mask: Masks) -> Float[Tensor, ""]:
    """E_m D(Y_mix)^2: what the generator wants; 0, the mean of +1 and -1, tells nothing about either side."""
    return masked_mean(predicted.square(), mask)
