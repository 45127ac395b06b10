"""The rim network: which of what may be a frame is the rim itself, and which is skin or brow along it.

It learns from spectacles drawn on bare portraits, of which the visibility network has said what it sees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from aotface.errors import WeightsError
from aotface.face.visibility.classes import Surface
from aotface.face.visibility.network import Visibility, VisibilityNetwork
from aotface.face.visibility.rims import INPUTS, inputs_of
from aotface.face.visibility.view import VIEW_SIDE
from aotface.media.files import show, write_bytes
from aotface.media.onnx_runtime import open_session
from aotface.training.visibility.camera import photograph
from aotface.training.visibility.covers.glasses import wear
from aotface.training.visibility.covers.textures import Textures
from aotface.training.visibility.export import TOLERANCE, to_onnx
from aotface.training.visibility.hard_light import light_hard
from aotface.training.visibility.labels import bits
from aotface.training.visibility.samples import Labelled, seat

BROW_PLANE = slice(INPUTS - 1, INPUTS)
"""Of the inputs."""

DILATIONS = (1, 1, 2, 4, 8, 2)
"""Of the convolutions: together they look 18 pixels far."""

LIT_HARD = 0.3
"""Share of the samples under a hard lamp."""

FRAME, BROW = 4.0, 2.0
"""Weight of a frame's pixel in the loss, and of a brow's beside it; that of any other is 1."""


class RimNet(nn.Module):
    """Dilated convolutions at full resolution: a rim is thin."""

    def __init__(self, width: int = 12):
        super().__init__()
        layers: list[nn.Module] = []
        for number, step in enumerate(DILATIONS):
            inputs = width if number else INPUTS
            layers += [nn.Conv2d(inputs, width, 3, padding=step, dilation=step), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 1))

    def forward(self, planes: Float[Tensor, "n inputs h w"]) -> Float[Tensor, "n 1 h w"]:
        """Logits of rim."""
        return self.layers(planes)


@dataclass(frozen=True)
class RimSample:
    """``inputs``: see `inputs_of`. ``rim``: 1 where a pixel shows some of a rim, else 0."""

    inputs: Float32[np.ndarray, "inputs side side"]
    rim: UInt8[np.ndarray, "side side"]


def draw_rims(face: Labelled, network: VisibilityNetwork, rng: np.random.Generator) -> RimSample | None:
    """A bare face with spectacles drawn on it; None where the visibility network sees none.

    Args:
        face: whose.
        network: the one that the rim network refines.
        rng: draws everything.
    """
    canvas = seat(face, rng)
    canvas.sets[:] = 0  # of all else nothing is asked but that it is no rim
    wear(canvas, rng, Textures(np.zeros((0, 96, 96, 3), np.uint8)))
    if rng.random() < LIT_HARD:
        light_hard(canvas, rng)
    view = photograph(canvas.picture, rng)
    planes = network.probabilities(view)
    if not Visibility(planes, np.eye(2, 3)).spectacles.any():
        return None
    return RimSample(inputs_of(view, planes), (canvas.sets == bits(Surface.FRAME)).astype(np.uint8))


def moved(sample: RimSample, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A piece of a sample around its rims, mirrored by chance, brighter or darker, its probabilities blurred by chance."""
    stack = np.concatenate([sample.inputs, sample.rim[None]]).astype(np.float32)
    rows, columns = (np.flatnonzero(sample.rim.any(axis=axis)) for axis in (1, 0))
    corner = [
        int(np.clip(rng.integers(at[0], at[-1] + 1) - length // 2, 0, VIEW_SIDE - length))
        for at, length in zip((rows, columns), size, strict=True)
    ]
    piece = stack[:, corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]]
    if rng.random() < 0.5:
        piece = piece[..., ::-1]
    piece = np.ascontiguousarray(piece)
    piece[:3] = piece[:3] * np.exp(rng.normal(0, 0.2)) + rng.normal(0, 0.03, (3, 1, 1))
    for plane in (3, 4):
        if rng.random() < 0.7:
            piece[plane] = cv2.GaussianBlur(piece[plane], (0, 0), rng.uniform(0.5, 2.5))
        piece[plane] = np.clip(piece[plane] * np.exp(rng.normal(0, 0.3)), 0, 1)
    return piece


def train_rims(
    samples: list[RimSample],
    steps: int,
    say: Callable[[str], None],
    seed: int = 0,
    batch: int = 6,
    rate: float = 4e-3,
    size: tuple[int, int] = (96, 128),
) -> RimNet:
    """Train one network.

    Args:
        samples: all of them.
        steps: of the optimiser.
        say: called with a line of progress.
        seed: of everything.
        batch: pieces in a step.
        rate: of learning at its highest.
        size: of a piece, height and width, pixels.
    """
    torch.manual_seed(seed)
    rng, net = np.random.default_rng(seed), RimNet()
    optimiser = torch.optim.AdamW(net.parameters(), rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps)
    total = 0.0
    for step in range(1, steps + 1):
        pieces = np.stack([moved(samples[n], rng, size) for n in rng.integers(len(samples), size=batch)])
        planes, rim = torch.from_numpy(pieces).split([INPUTS, 1], dim=1)
        weight = 1 + (FRAME - 1) * rim + (BROW - 1) * planes[:, BROW_PLANE] * (1 - rim)
        losses = nn.functional.binary_cross_entropy_with_logits(net(planes), rim, weight, reduction="sum")
        loss = losses / weight.sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 0:
            say(f"step {step}: {total / 100:.4f}")
            total = 0.0
    return net.eval()


def export_rims(net: RimNet, path: Path, overwrite: bool = False) -> float:
    """Write a rim network.

    Args:
        net: trained.
        path: the ``.onnx`` file.
        overwrite: replace an existing file.

    Returns:
        The largest difference of a probability from torch's, in full precision.

    Raises:
        WeightsError: the file differs too much; nothing is written.
    """
    probabilities = nn.Sequential(net, nn.Sigmoid()).eval()
    data = to_onnx(probabilities, INPUTS, any_size=True)
    piece = torch.randn(1, INPUTS, 40, 72, generator=torch.Generator().manual_seed(0)) / 4
    with torch.inference_mode():
        wanted = probabilities(piece).numpy()
    found = float(np.abs(open_session(data).run(None, {"input": piece.numpy()})[0] - wanted).max())
    if not found <= TOLERANCE:
        raise WeightsError(
            f"{show(path)}: a probability differs by {found:.3g} from torch's, allowed is {TOLERANCE}"
        )
    write_bytes(path, data, overwrite)
    return found
