"""`probe`: logistic regression on standardised statistics of a frozen backbone's layers; no random number takes part.

Source: Alain and Bengio, "Understanding intermediate layers using linear classifier probes", 2016.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor, nn

from aotface.forensics.backbone import Backbone, Parts, open_backbone
from aotface.forensics.detectors.base import FitSettings, Labelled, parts_of
from aotface.threads import one_thread_each

FRAMES = 1


class Probe(nn.Module):
    """Features (`Backbone.statistics`), their mean and spread, and one weight each."""

    mean: Tensor
    spread: Tensor

    def __init__(self, backbone: Backbone):
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(backbone.statistics_width, 1)
        self.register_buffer("mean", torch.zeros(backbone.statistics_width))
        self.register_buffer("spread", torch.ones(backbone.statistics_width))

    def forward(self, clips: Float[Tensor, "n frames 3 side side"]) -> Float[Tensor, " n"]:
        """Logit of each clip."""
        return self.of_parts(self.parts(clips))

    def parts(self, clips: Float[Tensor, "n frames 3 side side"]) -> Parts:
        """What training leaves as it is: here the mean feature over the frames of each clip."""
        n, frames = clips.shape[:2]
        return (self.backbone.statistics(clips.flatten(0, 1)).view(n, frames, -1).mean(1),)

    def features(self, parts: Parts) -> Float[Tensor, "n width"]:
        """Features of clips from their parts."""
        return parts[0]

    def of_parts(self, parts: Parts) -> Float[Tensor, " n"]:
        """Logits of known parts."""
        values: Tensor = self.head((self.features(parts) - self.mean) / self.spread)
        return values.squeeze(1)


def network(settings: FitSettings, trained: bool = True) -> Probe:
    """See `Kind.network`."""
    return Probe(open_backbone(settings.backbone, trained)).eval()


def fit(network: Probe, data: Labelled, settings: FitSettings, fabric: Any = None) -> None:
    """Fit mean, spread and weights; see `Labelled.weights`. Directions in which cameras differ are left out.

    Raises:
        InputError: one class only.
    """
    data.check()
    with torch.inference_mode(), one_thread_each():
        parts = data.parts if data.parts is not None else parts_of(network, data.clips)
        known = network.features(parts).numpy()
    mean, spread = known.mean(axis=0), known.std(axis=0) + 1e-3
    values = (known - mean) / spread
    away = camera_directions(values, data)
    values = values - (values @ away.T) @ away  # the weights lie in what is left, so they need no change
    weights, offset = regression(values, data.fake.astype(bool), data.weights(), settings.penalty)
    with torch.no_grad():
        network.mean.copy_(torch.from_numpy(mean))
        network.spread.copy_(torch.from_numpy(spread))
        network.head.weight.copy_(torch.from_numpy(weights)[None])
        network.head.bias.fill_(offset)


def camera_directions(
    values: Float32[np.ndarray, "n width"], data: Labelled
) -> Float32[np.ndarray, "directions width"]:
    """Unit vectors along which the mean reals of cameras differ; none where cameras are not known.

    Source: [ours], after Ravfogel et al., "Null it out", 2020.
    """
    groups = data.reals_by_camera()
    if len(groups) < 2:
        return np.zeros((0, values.shape[1]), np.float32)
    means = np.stack([values[places].mean(axis=0) for places in groups])
    return np.asarray(np.linalg.qr((means[1:] - means[0]).T)[0].T, np.float32)


def regression(
    values: Float32[np.ndarray, "n width"], fake: np.ndarray, share: Float64[np.ndarray, " n"], penalty: float
) -> tuple[Float32[np.ndarray, " width"], float]:
    """Weights and offset of least penalised cross-entropy, found in the space that the samples span.

    Args:
        values: standardised features.
        fake: of each sample.
        share: of each sample in the loss.
        penalty: of the squared length of the weights, in units of one sample's loss.
    """
    from scipy.optimize import minimize

    exact = values.astype(np.float64)
    with one_thread_each():
        squares, basis = np.linalg.eigh(exact @ exact.T)
        kept = squares > 1e-9 * squares.max()
        scale = np.sqrt(squares[kept])
        points = basis[:, kept] * scale
        sign = np.where(fake, 1.0, -1.0)

        def cost(x: np.ndarray) -> tuple[float, np.ndarray]:
            margin = sign * (points @ x[:-1] + x[-1])
            pull = -share * sign / (1 + np.exp(np.clip(margin, -500, 500)))
            value = float((share * np.logaddexp(0, -margin)).sum() + penalty * (x[:-1] ** 2).sum() / 2)
            return value, np.append(points.T @ pull + penalty * x[:-1], pull.sum())

        found = minimize(
            cost, np.zeros(points.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}
        )
        weights = exact.T @ (basis[:, kept] / scale @ found.x[:-1])
    return weights.astype(np.float32), float(found.x[-1])
