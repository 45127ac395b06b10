"""Light coarse to fine: blurs over the face, the octaves of log light between them, and how those of two pictures differ."""

import torch
from jaxtyping import Float
from torch import Tensor

from aotface.transfer.aot.blur import blur

BASE_FLOOR = 1e-3
BASE_LIMIT = 4.0
OCTAVES = tuple(sigma / 256.0 for sigma in (48.0, 24.0, 12.0, 6.0, 3.0, 1.5))
"""Widths of the blurs, in parts of the crop's side, between which log light is split into octaves."""
REMAINDERS = OCTAVES[:4]
"""Widths at which what still differs from the target, after the first map, is looked at again."""
BROAD = OCTAVES[1:2]
"""The width down to which what is lacking at last is looked at: broader than any feature of a face."""
PRIOR_WEIGHT = 0.02
PRIOR_WIDTH = 4.0


def masked_blur(
    images: Float[Tensor, "batch channels side side"],
    mask: Float[Tensor, "batch 1 side side"],
    sigma: float,
) -> Float[Tensor, "batch channels side side"]:
    """Gaussian mean over the mask only; away from it the result tends to a wider mean, at last to the global.

    Args:
        images: any values.
        mask: 0..1; at least one pixel of it must not be 0.
        sigma: of the Gaussian, in pixels.

    Returns:
        Smooth values everywhere, also outside the mask.

    Source: [ours], normalised convolution.
    """
    stacked = torch.cat([images.float() * mask, mask.float()], dim=1)
    wide, narrow = (blur(stacked, width) for width in (PRIOR_WIDTH * sigma, sigma))
    return _local_mean(narrow, _local_mean(wide, _mean(stacked)))


def _mean(stacked: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch values 1 1"]:
    """Mean over the mask of values times mask, with the mask itself as last channel."""
    total = stacked.sum((2, 3), keepdim=True)
    return total[:, :-1] / total[:, -1:]


def _local_mean(
    blurred: Float[Tensor, "batch channels side side"], prior: Float[Tensor, "batch values _ _"]
) -> Float[Tensor, "batch values side side"]:
    """The same after a blur: normalised convolution, with a little of the prior where the mask is far."""
    return torch.add(blurred[:, :-1], prior, alpha=PRIOR_WEIGHT) / (blurred[:, -1:] + PRIOR_WEIGHT)


def match_light(
    light_r: Float[Tensor, "batch 3 side side"],
    light_t: Float[Tensor, "batch 3 side side"],
    mask: Float[Tensor, "batch 1 side side"],
) -> tuple[Float[Tensor, "batch 3 1 1"], Float[Tensor, "batch 12 3 side side"]]:
    """Log light of both pictures, coarse to fine: where the generator starts from. Carries no gradient.

    Args:
        light_r: linear light of X_r.
        light_t: linear light of X_t.
        mask: the face, 0..1, not empty.

    Returns:
        The log-gain between the faces' mean light, within +-BASE_LIMIT; and the octaves below it, widest to
        finest, those of X_t first, then those of X_r: what is light in them and what is face, it is for the
        decoder to tell apart.

    Source: [ours].
    """
    with torch.no_grad():
        logs = [_floored_log(mean) for mean in _coarse_to_fine(light_r, light_t, mask, OCTAVES)]
        base = (logs[0][:, 3:] - logs[0][:, :3]).clamp(-BASE_LIMIT, BASE_LIMIT)
        octaves = [fine - coarse for coarse, fine in zip(logs[:-1], logs[1:], strict=True)]
        return base, torch.stack([o[:, 3:] for o in octaves] + [o[:, :3] for o in octaves], dim=1)


def _coarse_to_fine(
    first: Float[Tensor, "batch 3 side side"],
    second: Float[Tensor, "batch 3 side side"],
    mask: Float[Tensor, "batch 1 side side"],
    widths: tuple[float, ...],
) -> list[Float[Tensor, "batch 6 _ _"]]:
    """Means of two pictures over the face, one behind the other: over all of it, then under blurs of these widths."""
    side = first.shape[-1]
    stacked = torch.cat([first * mask, second * mask, mask], dim=1).float()
    # An octave's prior, PRIOR_WIDTH times as wide, is another octave's blur: none is made twice.
    every = {sigma * factor for sigma in widths for factor in (1.0, PRIOR_WIDTH)}
    blurred = {width: blur(stacked, width * side) for width in every}
    mean = _mean(stacked)
    return [mean] + [
        _local_mean(blurred[sigma], _local_mean(blurred[PRIOR_WIDTH * sigma], mean)) for sigma in widths
    ]


def _floored_log(light: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    return torch.log(light.clamp_min(0.0) + BASE_FLOOR)


def remaining_light(
    light_y: Float[Tensor, "batch 3 side side"],
    light_t: Float[Tensor, "batch 3 side side"],
    mask: Float[Tensor, "batch 1 side side"],
    widths: tuple[float, ...] = REMAINDERS,
) -> Float[Tensor, "batch octaves 3 side side"]:
    """By how much the light of X_t still differs from that of Y: the mean first, then octaves, widest to finest.

    Args:
        light_y: linear light of an answer.
        light_t: linear light of X_t.
        mask: the face, 0..1, not empty.
        widths: of the blurs between which octaves lie, in parts of the side; all octaves together are the finest's.

    Returns:
        Differences of logarithms, differentiable in ``light_y``.

    Source: [ours].
    """
    side = light_y.shape[-1]
    with torch.autocast(light_y.device.type, enabled=False):
        mean, *local = _coarse_to_fine(light_y, light_t, mask, widths)
        means = [mean.expand(-1, -1, side, side), *local]
        logs = _floored_log(torch.stack(means, dim=1))
        apart = (logs[:, :, 3:] - logs[:, :, :3]).clamp(-BASE_LIMIT, BASE_LIMIT)
        return torch.cat([apart[:, :1], apart[:, 1:] - apart[:, :-1]], dim=1)


def gate_octaves(
    octaves: Float[Tensor, "batch 12 3 side side"], gates: Float[Tensor, "batch 24 side side"]
) -> Float[Tensor, "batch 3 side side"]:
    """The part of the octaves that the gates call light: added from X_t, taken away from X_r.

    Args:
        octaves: of match_light.
        gates: for each octave of X_t, then of X_r, one for brightness and one for colour.

    Returns:
        A log-gain per channel.
    """
    # One octave after the other: what one needs stays near the processor. Split, not sliced: the gradient of a slice
    # is a whole array of zeros.
    half, brightness = octaves.shape[1] // 2, octaves.mean(2, keepdim=True)
    total, even = torch.zeros_like(octaves[:, 0]), torch.zeros_like(brightness[:, 0])
    shares = gates.split(1, dim=1)
    for number in range(2 * half):
        sign, bright, colour = 1.0 if number < half else -1.0, shares[2 * number], shares[2 * number + 1]
        total = torch.addcmul(total, colour, octaves[:, number], value=sign)
        even = torch.addcmul(even, bright - colour, brightness[:, number], value=sign)
    return total + even


def gated(
    octaves: Float[Tensor, "batch octaves 3 side side"], gates: Float[Tensor, "batch twice side side"]
) -> Float[Tensor, "batch octaves 3 side side"]:
    """Octaves times their gates, one for brightness and one for colour each."""
    brightness = octaves.mean(2, keepdim=True)
    shares = gates.unflatten(1, (octaves.shape[1], 2)).unsqueeze(3)  # batch octaves 2 1 side side
    even, colour = shares[:, :, 0], shares[:, :, 1]
    return torch.addcmul((even - colour) * brightness, colour, octaves)
