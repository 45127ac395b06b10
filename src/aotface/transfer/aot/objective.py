"""The two adversarial losses and the pairs with a known ground truth: a loss for generator and discriminators each."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from aotface.transfer.aot import losses
from aotface.transfer.aot.colour_map import resize
from aotface.transfer.aot.critic import LatentCritic
from aotface.transfer.aot.face_critic import FaceCritic
from aotface.transfer.aot.generator import RelightingGenerator, Size, Transported
from aotface.transfer.aot.msd import MixAndSegmentDiscriminator, mix

Score = Callable[[Tensor, Tensor], Tensor]
"""A distance of two batches of pictures (N3HW, -1..1) as one number, from a network outside this room."""


@dataclass(frozen=True)
class Weights:
    """How much each term counts; 0 switches a term off together with its computation. Source: [ours]."""

    pixel: float = 10.0
    fidelity: float = 0.3
    light: float = 2.0
    low_frequency: float = 10.0
    plan: float = 0.2
    reconstruction: float = 5.0
    edges: float = 5.0
    transport: float = 0.1
    cost: float = 0.02
    mix: float = 0.2
    face: float = 0.0
    smooth: float = 0.05
    taken: float = 0.5
    leak: float = 0.0
    variation: float = 0.0
    follow: float = 0.0
    identity: float = 0.0
    perceptual: float = 0.0
    penalty: float = 10.0
    cost_power: float = 1.0
    samples: int = 128


@dataclass(frozen=True)
class Batch:
    """Pairs for one step. ``answer``: Y*, where it is known; ``known``: 1 for a face whose answer counts.

    Pictures are -1..1 at one size; ``geometry`` is normals and PNCC of X_t's face mesh, ``geometry_r``
    of X_r's own; ``mask`` is 0..1.
    """

    x_r: Float[Tensor, "batch 3 side side"]
    x_t: Float[Tensor, "batch 3 side side"]
    geometry: Float[Tensor, "batch 6 side side"]
    mask: Float[Tensor, "batch 1 side side"]
    answer: Float[Tensor, "batch 3 side side"] | None = None
    known: Float[Tensor, " batch"] | None = None
    geometry_r: Float[Tensor, "batch 6 side side"] | None = None


@dataclass(frozen=True)
class Loss:
    """``total`` is differentiated; ``terms`` are the weighted parts, detached, for the log."""

    total: Float[Tensor, ""]
    terms: dict[str, float]


class Discriminators(nn.Module):
    """The latent critics Psi_1 .. Psi_3, the mix-and-segment discriminator, and the face critic.

    Args:
        size: the generator's.
        conditional: whether each critic knows the mean target vector of the face, see LatentCritic.
    """

    def __init__(self, size: Size, conditional: bool = True):
        super().__init__()
        self.conditional = conditional
        self.critics = nn.ModuleList(
            LatentCritic(width, size.critic_hidden, width if conditional else 0)
            for width in size.channels[:3]
        )
        self.msd = MixAndSegmentDiscriminator(size.msd_channels)
        self.face = FaceCritic()


def generator_loss(
    generator: RelightingGenerator,
    discriminators: Discriminators,
    batch: Batch,
    weights: Weights,
    random: torch.Generator,
    swapped: Transported,
    rebuilt: Transported | None = None,
    identity: Score | None = None,
    perceptual: Score | None = None,
) -> Loss:
    """Everything the generator minimises.

    Args:
        generator: its plan is asked again for the sampled pixels.
        discriminators: held fixed here: give the optimiser the generator's parameters only.
        batch, weights: see there.
        random: chooses pixels and rectangles.
        swapped: ``generator(...)`` of the batch.
        rebuilt: ``generator.reconstruct(...)``; needed by reconstruction, edges and mix.
        identity: distance of (Y, X_r), when there is a network for it.
        perceptual: distance of (Y, Y*), where an answer is known.

    Returns:
        The loss.
    """
    y, w = swapped.swapped, weights
    parts: dict[str, Tensor] = {}
    if batch.answer is not None:
        parts |= _supervised(y, batch.answer, _known_mask(batch), w, perceptual)
        if w.leak:
            parts["leak"] = w.leak * losses.leak_loss(y, batch.answer, batch.x_t, batch.mask, batch.known)
        if w.variation:
            known = batch.mask.new_ones(len(batch.mask)) if batch.known is None else batch.known
            parts["variation"] = w.variation * losses.variation_loss(y, [batch.answer], batch.mask, known)
        if w.plan:
            parts["plan"] = w.plan * _plan(generator, swapped, batch)
    if rebuilt is not None and (w.reconstruction or w.edges):
        parts |= _reconstruction(rebuilt.swapped, batch, w)
    if w.transport or w.cost:
        parts |= _transport(generator, discriminators, swapped, w, random)
    if w.mix and rebuilt is not None:
        predicted, _ = _segment(discriminators, swapped, y, rebuilt.swapped, random)
        parts["mix"] = w.mix * losses.fooling_loss(predicted, swapped.mask)
    if w.smooth and swapped.field is not None:
        parts["smooth"] = w.smooth * losses.smoothness_loss(swapped.field)
    if w.taken and swapped.taken is not None:
        parts["taken"] = w.taken * losses.taken_loss(swapped.taken, swapped.mask)
    if w.identity and identity is not None:
        parts["identity"] = w.identity * identity(y, batch.x_r)
    return _sum(parts, y)


def photograph_loss(batch: Batch, weights: Weights, swapped: Transported) -> Loss:
    """What the generator minimises on two photographs as they were taken: no ground truth is known.

    Args:
        batch: the pairs.
        weights: ``variation`` and ``follow`` count here.
        swapped: ``generator(...)`` of the batch.

    Returns:
        The loss; names of its terms end in ``_photographs``.
    """
    y, w, parts = swapped.swapped, weights, dict[str, Tensor]()
    if w.variation:
        known = batch.mask.new_ones(len(batch.mask))
        apart = losses.variation_loss(y, [batch.x_r, batch.x_t], batch.mask, known)
        parts["variation_photographs"] = w.variation * apart
    if w.follow:
        parts["follow_photographs"] = w.follow * losses.follow_loss(y, batch.x_t, batch.mask)
    return _sum(parts, y)


def discriminators_loss(
    generator: RelightingGenerator,
    discriminators: Discriminators,
    weights: Weights,
    random: torch.Generator,
    swapped: Transported,
    rebuilt: Transported | None = None,
) -> Loss:
    """What critics and discriminator minimise; nothing of it reaches the generator.

    Args: as for generator_loss.

    Returns:
        The loss; the term ``w1_k`` is a critic's estimate of W1 at level k, in units of the RMS of v_t.
    """
    parts: dict[str, Tensor] = {}
    estimates: dict[str, float] = {}
    for level, critic in enumerate(discriminators.critics if weights.transport else ()):
        # A difference of two means and a second derivative: bfloat16 would leave little of either.
        with torch.autocast(swapped.mask.device.type, enabled=False):
            with torch.no_grad():
                rows = _sample(generator, swapped, level, weights.samples, random)
            extra = (rows.condition,) if discriminators.conditional else ()
            distance = losses.dual(critic, rows.v_t, rows.v_y, *extra)
            penalty = losses.gradient_penalty(critic, rows.v_t, rows.v_y, random, *extra)
        parts[f"critic_{level + 1}"] = weights.penalty * penalty - distance
        estimates[f"w1_{level + 1}"] = float(distance.detach())
    if weights.mix and rebuilt is not None:
        pictures = (swapped.swapped.detach(), rebuilt.swapped.detach())
        predicted, m = _segment(discriminators, swapped, *pictures, random)
        parts["segment"] = losses.segmentation_loss(predicted, m)
    loss = _sum(parts, swapped.swapped)
    return Loss(loss.total, loss.terms | estimates)


@dataclass(frozen=True)
class _Rows:
    """Vectors of sampled pixels of one level, face by face, in units of the RMS of v_t."""

    v_r: Float[Tensor, "batch samples channels"]
    v_y: Float[Tensor, "batch samples channels"]
    v_t: Float[Tensor, "batch samples channels"]
    condition: Float[Tensor, "batch samples channels"]


def _sample(
    generator: RelightingGenerator, swapped: Transported, level: int, count: int, random: torch.Generator
) -> _Rows:
    """Pixels of the face, drawn apart for v_r and v_t: the game compares distributions, not places.

    The encoder's features are held fixed: the plan is to move them, and an encoder that could take part would
    win by shrinking all vectors to 0.
    """
    f_r, f_t = swapped.features_r[level].detach(), swapped.features_t[level].detach()
    weight = resize(swapped.mask, f_r.shape[-1]).flatten(1) + losses.TINY
    at_r, at_t = (torch.multinomial(weight.cpu(), count, True, generator=random).to(f_r.device) for _ in "rt")
    v_r, paired, pixels = (_pick(m, at_r) for m in (f_r, f_t, swapped.pixels[level]))
    v_y = generator.notpe.move(level, v_r, pixels, paired)
    v_t = _pick(f_t, at_t)
    unit = 1.0 / (v_t.square().mean().sqrt() + losses.TINY)
    shape = weight[:, None] / weight[:, None].sum(-1, keepdim=True)
    mean = (f_t.flatten(2).float() * shape).sum(-1, keepdim=True)
    condition = mean.expand(-1, -1, count).transpose(1, 2) * unit
    v_r, v_y, v_t = (rows.squeeze(-1).transpose(1, 2) * unit for rows in (v_r, v_y, v_t))
    return _Rows(v_r, v_y, v_t, condition)


def _pick(
    maps: Float[Tensor, "batch channels side side"], at: Tensor
) -> Float[Tensor, "batch channels samples 1"]:
    """Sampled pixels as a column: a picture one pixel wide, which 1x1 convolutions take as it is."""
    flat = maps.flatten(2).float()
    return flat.gather(2, at[:, None].expand(-1, flat.shape[1], -1)).unsqueeze(-1)


def game_pictures(
    y: Float[Tensor, "batch 3 side side"],
    x_t: Float[Tensor, "batch 3 side side"],
    mask: Float[Tensor, "batch 1 side side"],
    blur: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """What is mixed when a swapped face meets the photograph it lies in.

    Args:
        y, x_t: the two, -1..1.
        mask: the face.
        blur: sigma of a masked Gaussian that both pass, in parts of the side: only light and tone are left; 0: none.

    Source: [ours].
    """
    if not blur:
        return y, x_t
    sigma = blur * mask.shape[-1]
    smooth = [losses.masked_blur(images, mask.clamp_min(losses.TINY), sigma) for images in (y, x_t)]
    return smooth[0], smooth[1]


def _segment(
    discriminators: Discriminators, swapped: Transported, y_rt: Tensor, y_tt: Tensor, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The predicted and the true M of a mix at the network's side."""
    side = swapped.mask.shape[-1]
    mixed = mix(resize(y_rt, side), resize(y_tt, side), swapped.mask, random)
    return discriminators.msd(mixed.y_mix), mixed.m


def _transport(
    generator: RelightingGenerator,
    discriminators: Discriminators,
    swapped: Transported,
    w: Weights,
    random: torch.Generator,
) -> dict[str, Tensor]:
    distance = cost = swapped.mask.new_zeros(())
    for level, critic in enumerate(discriminators.critics):
        with torch.autocast(swapped.mask.device.type, enabled=False):
            rows = _sample(generator, swapped, level, w.samples, random)
            if w.transport:
                extra = (rows.condition,) if discriminators.conditional else ()
                distance = distance + losses.dual(critic, rows.v_t, rows.v_y, *extra)
            if w.cost:
                cost = cost + losses.transport_cost(rows.v_y, rows.v_r, w.cost_power)
    return {"transport": w.transport * distance, "cost": w.cost * cost}


def _supervised(
    y: Tensor, answer: Tensor, mask: Tensor, w: Weights, perceptual: Score | None
) -> dict[str, Tensor]:
    parts = {}
    if w.pixel:
        parts["pixel"] = w.pixel * losses.pixel_loss(y, answer, mask)
    if w.fidelity:
        parts["fidelity"] = w.fidelity * losses.fidelity_loss(y, answer, mask)
    if w.light:
        parts["light"] = w.light * losses.light_loss(y, answer, mask)
    if w.low_frequency:
        parts["low_frequency"] = w.low_frequency * losses.low_frequency_loss(y, answer, mask)
    if w.perceptual and perceptual is not None:
        # Outside the face both show the answer, so that only the face is judged.
        parts["perceptual"] = w.perceptual * perceptual(mask * y + (1.0 - mask) * answer, answer)
    return parts


def _plan(generator: RelightingGenerator, swapped: Transported, batch: Batch) -> Tensor:
    """How far the plan carries vectors from those of the answer: E |v_y - v_{Y*}| over the face, all levels.

    In units of the spread of v_{Y*}. All features are held fixed, as in the latent game: an encoder that could take
    part would win by giving every pixel the same vector. Source: [ours].
    """
    assert batch.answer is not None
    whole = batch.mask * batch.answer + (1.0 - batch.mask) * batch.x_t
    own = batch.geometry if batch.geometry_r is None else batch.geometry_r
    with torch.no_grad():
        wanted = generator.features(whole, own, batch.mask)[:3]
    fixed_r, fixed_t = ([f.detach() for f in part[:3]] for part in (swapped.features_r, swapped.features_t))
    moved = generator.notpe(fixed_r, swapped.pixels, fixed_t)
    known, total = _known_mask(batch), swapped.mask.new_zeros(())
    for vectors, goal in zip(moved, wanted, strict=True):
        goal = goal.float()
        spread = (goal - goal.mean((0, 2, 3), keepdim=True)).square().mean().sqrt() + losses.TINY
        apart = (vectors.float() - goal).abs() / spread
        total = total + losses.masked_mean(apart, resize(known, goal.shape[-1]))
    return total


def _reconstruction(y_tt: Tensor, batch: Batch, w: Weights) -> dict[str, Tensor]:
    parts = {}
    if w.reconstruction:
        parts["reconstruction"] = w.reconstruction * losses.pixel_loss(y_tt, batch.x_t, batch.mask)
    if w.edges:
        parts["edges"] = w.edges * losses.gradient_loss(y_tt, batch.x_t, batch.mask)
    return parts


def _known_mask(batch: Batch) -> Tensor:
    return batch.mask if batch.known is None else batch.mask * batch.known.view(-1, 1, 1, 1)


def _sum(parts: dict[str, Tensor], like: Tensor) -> Loss:
    total = torch.stack(list(parts.values())).sum() if parts else like.new_zeros(())
    return Loss(total, {name: float(part.detach()) for name, part in parts.items()})
