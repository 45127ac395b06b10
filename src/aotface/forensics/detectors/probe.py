"""`probe`: logistic regression on standardised statistics of a frozen backbone's layers; no random number takes part.

Source: Alain and Bengio, "Understanding intermediate layers using linear classifier probes", 2016.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from aotface.forensics.backbone import Backbone, open_backbone
from aotface.forensics.detectors.base import BATCH, Clips, FitSettings, Labelled, tensor_of
from aotface.threads import one_thread_each

FRAMES = 1


class Probe(nn.Module):
    """Frozen features (`Backbone.statistics`), their mean and spread, and one weight each."""

    mean: Tensor
    spread: Tensor

    def __init__(self, backbone: Backbone):
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(backbone.statistics_width, 1)
        self.register_buffer("mean", torch.zeros(backbone.statistics_width))
        self.register_buffer("spread", torch.ones(backbone.statistics_width))

    def forward(self, clips: Float[Tensor, "n frames 3 side side"]) -> Float[Tensor, " n"]:
        """Logit of each clip: of the mean feature over its frames."""
        n, frames = clips.shape[:2]
        return self.of_features(self.backbone.statistics(clips.flatten(0, 1)).view(n, frames, -1).mean(1))

    def of_features(self, features: Float[Tensor, "n width"]) -> Float[Tensor, " n"]:
        """Logit of known features."""
        values: Tensor = self.head((features - self.mean) / self.spread)
        return values.squeeze(1)


def network(settings: FitSettings, trained: bool = True) -> Probe:
    """See `Kind.network`."""
    return Probe(open_backbone(settings.backbone, trained)).eval()


def features_of(backbone: Backbone, clips: Clips) -> Float32[np.ndarray, "n width"]:
    """Mean feature of each clip."""
    found = []
    with torch.inference_mode(), one_thread_each():
        for start in range(0, len(clips), BATCH):
            part = tensor_of(clips[start : start + BATCH])
            found.append(
                backbone.eval().statistics(part.flatten(0, 1)).view(len(part), part.shape[1], -1).mean(1)
            )
    return np.asarray(torch.cat(found).numpy(), np.float32)


def fit(network: Probe, data: Labelled, settings: FitSettings, fabric: Any = None) -> None:
    """Fit mean, spread and weights; both classes have equal weight.

    Raises:
        InputError: one class only.
    """
    data.check()
    known = data.features if data.features is not None else features_of(network.backbone, data.clips)
    mean, spread = known.mean(axis=0), known.std(axis=0) + 1e-3
    weights, offset = regression((known - mean) / spread, data.fake.astype(bool), settings.penalty)
    with torch.no_grad():
        network.mean.copy_(torch.from_numpy(mean))
        network.spread.copy_(torch.from_numpy(spread))
        network.head.weight.copy_(torch.from_numpy(weights)[None])
        network.head.bias.fill_(offset)


def regression(
    values: Float32[np.ndarray, "n width"], fake: np.ndarray, penalty: float
) -> tuple[Float32[np.ndarray, " width"], float]:
    """Weights and offset of least penalised cross-entropy, found in the space that the samples span.

    Args:
        values: standardised features.
        fake: of each sample.
        penalty: of the squared length of the weights, in units of one sample's loss.
    """
    from scipy.optimize import minimize

    basis, scale, _ = np.linalg.svd(values.astype(np.float64), full_matrices=False)
    kept = scale > 1e-6 * scale.max()
    points = basis[:, kept] * scale[kept]
    sign = np.where(fake, 1.0, -1.0)
    share = np.where(fake, 0.5 / fake.sum(), 0.5 / (~fake).sum()) * len(fake)

    def cost(x: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (points @ x[:-1] + x[-1])
        pull = -share * sign / (1 + np.exp(np.clip(margin, -500, 500)))
        value = float((share * np.logaddexp(0, -margin)).sum() + penalty * (x[:-1] ** 2).sum() / 2)
        return value, np.append(points.T @ pull + penalty * x[:-1], pull.sum())

    with one_thread_each():
        found = minimize(
            cost, np.zeros(points.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}
        )
    right = (values.astype(np.float64).T @ (basis[:, kept] / scale[kept])).astype(np.float64)
    return (right @ found.x[:-1]).astype(np.float32), float(found.x[-1])
