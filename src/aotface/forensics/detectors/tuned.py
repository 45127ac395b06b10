"""Networks that start as a probe, and then train their last blocks: what `efficientnet`, `tsn`, `i3d` and `sbi` share.

The frozen blocks are run once for each clip. So few samples as there are here teach a whole network nothing.

Source: Kumar et al., "Fine-tuning can distort pretrained features", 2022: first the head, then the rest.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from aotface.forensics.backbone import Parts
from aotface.forensics.detectors import probe
from aotface.forensics.detectors.base import BATCH, FitSettings, Labelled, cut, parts_of
from aotface.threads import one_thread_each


class Tuned(probe.Probe):
    """A probe whose last blocks are trained; of a clip the mean logit of its frames."""

    def parts(self, clips: Float[Tensor, "n frames 3 side side"]) -> Parts:
        """What the frozen blocks make of each frame: (n, frames, ...)."""
        found = self.backbone.early(clips.flatten(0, 1))
        return tuple(part.unflatten(0, clips.shape[:2]) for part in found)

    def features(self, parts: Parts) -> Float[Tensor, "n width"]:
        """Mean features over frames."""
        n, frames = parts[0].shape[:2]
        found = self.backbone.late(tuple(part.flatten(0, 1) for part in parts))
        return found.view(n, frames, -1).mean(1)


class _OfParts(nn.Module):
    """`Tuned.of_parts` as a module, for the launcher."""

    def __init__(self, network: Tuned):
        super().__init__()
        self.network = network

    def forward(self, *parts: Tensor) -> Tensor:
        """Logits."""
        return self.network.of_parts(parts)


def fit(network: Tuned, data: Labelled, settings: FitSettings, fabric: Any = None) -> None:
    """Fit as a probe, then train last blocks and head. Statistics of normalisation stay.

    Raises:
        InputError: one class only.
    """
    data.check()
    network.eval()
    device = "cpu" if fabric is None else fabric.device
    parts = data.parts if data.parts is not None else parts_of(network.to(device), data.clips, device)
    known = Labelled(data.clips, data.fake, parts, data.camera)
    probe.fit(network.cpu(), known, settings)
    with torch.inference_mode():
        values = (network.features(parts) - network.mean) / network.spread
    away = torch.from_numpy(probe.camera_directions(values.numpy(), data))
    with one_thread_each():
        _tune(network, known, settings, fabric)
    network.cpu().requires_grad_(True)
    with torch.no_grad():
        network.head.weight -= network.head.weight @ away.T @ away


def _tune(network: Tuned, data: Labelled, settings: FitSettings, fabric: Any) -> None:
    generator = torch.Generator().manual_seed(settings.seed)
    network.requires_grad_(False)
    trained = [*network.backbone.body.trained(), *network.head.parameters()]
    for weight in trained:
        weight.requires_grad_(True)
    optimiser: Any = torch.optim.AdamW(trained, lr=settings.rate, weight_decay=1e-4)
    model: Any = _OfParts(network)
    if fabric is not None:
        model, optimiser = fabric.setup(model, optimiser)
    rank, world = (0, 1) if fabric is None else (fabric.global_rank, fabric.world_size)
    fakes, shares = torch.from_numpy(data.fake).float(), torch.from_numpy(data.weights()).float()
    for _ in range(settings.epochs):
        order = torch.randperm(len(fakes), generator=generator)
        for places in order[: len(order) // world * world][rank::world].split(BATCH):
            batch = (*cut(data.parts or (), places), fakes[places], shares[places])
            *parts, wanted, share = batch if fabric is None else (one.to(fabric.device) for one in batch)
            loss = F.binary_cross_entropy_with_logits(model(*parts), wanted, share)
            optimiser.zero_grad()
            loss.backward() if fabric is None else fabric.backward(loss)
            optimiser.step()
