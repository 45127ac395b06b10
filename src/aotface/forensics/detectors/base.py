"""What a trainable detector is, and the training loop that all networks share."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from aotface.errors import InputError
from aotface.forensics.backbone import Parts
from aotface.threads import one_thread_each

BATCH = 16

Clips = UInt8[np.ndarray, "_n _frames _side _side 3"]


@dataclass(frozen=True)
class FitSettings:
    """How a detector is trained.

    ``backbone``: see `aotface.forensics.backbone`. ``epochs``: at 0, networks that start as a probe stay one. ``rate``: of
    the weights; ten times that of the head of networks that start from chance. ``penalty``: weight of the squared weights
    in the probe, from which the others start.
    """

    backbone: str = "lite0"
    epochs: int = 4
    rate: float = 1e-4
    penalty: float = 10.0
    seed: int = 0


@dataclass(frozen=True)
class Labelled:
    """Clips and whether each is a fake.

    ``parts``: what the network's frozen blocks make of them, where it is known. ``camera``: a number for each, below 0
    where it is not known.
    """

    clips: Clips
    fake: np.ndarray
    parts: Parts | None = None
    camera: np.ndarray | None = None

    def check(self) -> None:
        """Refuse what nothing can be learned from.

        Raises:
            InputError: one class only.
        """
        if len(set(self.fake.tolist())) < 2:
            what = "fakes" if len(self.fake) and self.fake.all() else "reals"
            raise InputError(
                f"expected reals and fakes to train on, got {what} only ({len(self.fake)} samples)"
            )

    def reals_by_camera(self) -> list[np.ndarray]:
        """Places of the reals of each known camera."""
        if self.camera is None:
            return []
        real = ~self.fake.astype(bool)
        return [np.flatnonzero(real & (self.camera == n)) for n in np.unique(self.camera[real]) if n >= 0]

    def weights(self) -> Float64[np.ndarray, " n"]:
        """Of each sample in the loss, 1 in the mean: both classes alike, reals of a camera in all as much as its fakes."""
        fake = self.fake.astype(bool)
        found = np.where(fake, 0.5 / fake.sum(), 0.5 / (~fake).sum())
        for places in self.reals_by_camera():
            mine = (
                found[fake & (self.camera == self.camera[places[0]])].sum() if self.camera is not None else 0
            )
            if mine > 0:
                found[places] = mine / len(places)
        found[~fake] *= 0.5 / found[~fake].sum()
        return found * len(found)


@runtime_checkable
class Kind(Protocol):
    """The file of a detector."""

    FRAMES: int

    def network(self, settings: FitSettings, trained: bool = True) -> nn.Module:
        """Clips of 0..1, (n, frames, 3, side, side), to one logit each; ``trained`` loads the backbone's weights."""

    def fit(self, network: nn.Module, data: Labelled, settings: FitSettings, fabric: Any = None) -> None:
        """Train it in place; a Lightning Fabric runs it on one GPU or many."""


def tensor_of(clips: Clips) -> Float32[Tensor, "n frames 3 side side"]:
    """0..1, channels before rows."""
    return torch.from_numpy(np.ascontiguousarray(clips.transpose(0, 1, 4, 2, 3))).float() / 255


def logits(network: nn.Module, clips: Clips, device: str = "cpu") -> Float32[np.ndarray, " n"]:
    """Logits of clips: above 0 means more likely a fake."""
    network.eval().to(device)
    found = []
    with torch.inference_mode(), one_thread_each():
        for start in range(0, len(clips), BATCH):
            found.append(network(tensor_of(clips[start : start + BATCH]).to(device)).float().cpu())
    return np.asarray(torch.cat(found).numpy(), np.float32)


def parts_of(network: Any, clips: Clips, device: Any = "cpu") -> Parts:
    """What the frozen blocks of a network make of clips."""
    found = []
    with torch.inference_mode(), one_thread_each():
        for start in range(0, len(clips), BATCH):
            made = network.parts(tensor_of(clips[start : start + BATCH]).to(device))
            found.append([part.cpu() for part in made])
    return tuple(torch.cat(column) for column in zip(*found, strict=True))


def cut(parts: Parts, places: Any) -> Parts:
    """Parts of some samples."""
    return tuple(part[places] for part in parts)


def fit_network(network: nn.Module, data: Labelled, settings: FitSettings, fabric: Any = None) -> None:
    """Train all weights by cross-entropy (`Labelled.weights`), mirrored at random; trained batch statistics stay.

    Raises:
        InputError: one class only.
    """
    data.check()
    generator = torch.Generator().manual_seed(settings.seed)
    fakes = torch.from_numpy(data.fake.astype(np.float32))
    shares = torch.from_numpy(data.weights()).float()
    head = [p for name, p in network.named_parameters() if name.startswith("head")]
    rest = [p for name, p in network.named_parameters() if not name.startswith("head")]
    groups = [{"params": rest, "lr": settings.rate}, {"params": head, "lr": 10 * settings.rate}]
    optimiser: Any = torch.optim.AdamW(groups, weight_decay=1e-4)
    model: Any = network
    if fabric is not None:
        model, optimiser = fabric.setup(network, optimiser)
    network.train()
    _freeze_statistics(network)
    rank, world = (0, 1) if fabric is None else (fabric.global_rank, fabric.world_size)
    for _ in range(settings.epochs):
        order = torch.randperm(len(fakes), generator=generator)
        mirrored = torch.rand(len(fakes), generator=generator) < 0.5
        usable = order[: len(order) // world * world][rank::world]
        for places in usable.split(BATCH):
            crops = tensor_of(data.clips[places.numpy()])
            crops = torch.where(mirrored[places].view(-1, 1, 1, 1, 1), crops.flip(-1), crops)
            wanted, share = fakes[places], shares[places]
            if fabric is not None:
                crops, wanted, share = (one.to(fabric.device) for one in (crops, wanted, share))
            loss = F.binary_cross_entropy_with_logits(model(crops), wanted, share)
            optimiser.zero_grad()
            loss.backward() if fabric is None else fabric.backward(loss)
            optimiser.step()
    network.eval()


def _freeze_statistics(network: nn.Module) -> None:
    """Trained running means stay as they are: batches here are small. From random weights there are none to keep."""
    if getattr(network, "from_chance", False):
        return
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            module.eval()
