"""ModFlows, a peer with a network of its own: colours go along one picture's flow to a latent, and along another's to
the result.

An encoder reads a picture and gives the numbers of its flow. Re-created from facts of the paper and of its program; the
weights are the authors', in a file of the user's. Two things are ours: pixels with mask 0 are returned unchanged, and before
the encoder reads a crop they get the colour of the nearest pixel inside, so that no background counts.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8
from PIL import Image
from torch import Tensor, nn

from aotface.errors import UsageError, WeightsError
from aotface.forensics.backbone import MEAN, SPREAD
from aotface.media.files import show
from aotface.media.weights import load_safetensors, sha256
from aotface.transfer.base import Recolour
from aotface.transfer.classical.masked import check_shapes
from aotface.types import Crop, Mask

SIDE = 528
"""Of the picture that the encoder reads, pixels."""

STEPS = 8
"""Euler steps of a flow."""

HIDDEN = 1024
"""Units of a flow's one hidden layer."""

NUMBERS = 4 * HIDDEN + HIDDEN + 3 * HIDDEN + 3
"""Of one flow."""

MAX_BYTES = 512 << 20
"""Largest file of weights that is opened; the encoder's numbers fill half of it."""

FLOATS = (torch.float32, torch.float16, torch.bfloat16)
"""Of numbers in a file: all of them fit into 32 bits."""

_AT_ONCE = 8192
"""Colours that go along a flow together, so that few of them are in memory."""

Colours = Float32[np.ndarray, "colours 3"]
"""Display-encoded RGB, one row each."""

Numbers = Float32[np.ndarray, "8195"]
"""Of one flow: first weights (units, then r, g, b and time), first bias, second weights (3, units), second bias."""

Picture = UInt8[np.ndarray, "_rows _columns 3"]

Encode = Callable[[Picture], Numbers]
"""A picture in, its flow out."""


def flow(colours: Colours, numbers: Numbers, *, backward: bool = False) -> Colours:
    """Carry colours along a flow: velocity = second(tanh(first(r, g, b, t))), in `STEPS` Euler steps.

    Args:
        colours: any values.
        numbers: of the flow.
        backward: against the velocity. Time runs 0, 1/8, ... 7/8 all the same, as the authors have it, so that this is
            no exact inverse.

    Returns:
        The colours where they end, not clipped.

    Source: Larchenko et al., "Color Transfer with Modulated Flows", AAAI 2025, arXiv 2503.19062; number and times of steps,
            and the order of numbers: facts of its program, github.com/maria-larchenko/modflows.
    """
    sizes = [4 * HIDDEN, HIDDEN, 3 * HIDDEN, 3]
    first, first_bias, second, second_bias = torch.from_numpy(numbers).split(sizes)
    by_colour, by_time = first.view(HIDDEN, 4).split([3, 1], 1)
    second = second.view(3, HIDDEN)
    length = (-1 if backward else 1) / STEPS
    moved = torch.from_numpy(colours).split(_AT_ONCE)
    for step in range(STEPS):
        bias = first_bias + by_time[:, 0] * (step / STEPS)
        units = (torch.addmm(bias, part, by_colour.T).tanh_() for part in moved)
        velocities = (torch.addmm(second_bias, part, second.T) for part in units)
        moved = tuple(part + length * velocity for part, velocity in zip(moved, velocities, strict=True))
    return torch.cat(moved).numpy()


def filled(crop: Crop, mask: Mask) -> Crop:
    """A crop whose pixels with mask 0 have the colour of the nearest pixel inside.

    Args:
        crop: 0..1.
        mask: above 0 somewhere.
    """
    inside = mask > 0
    outside = np.where(inside, 0, 1).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((labels.max() + 1, 3), np.float32)
    colours[labels[inside]] = crop[inside]
    return colours[labels]


def recolour(reenacted: Crop, target: Crop, mask: Mask, *, encode: Encode, seed: int = 0) -> Crop:
    """Carry X_r's colours along its own flow, then against the target's.

    Args:
        reenacted: X_r, 0..1.
        target: X_t, 0..1.
        mask: above 0 where pixels count; elsewhere X_r stays.
        encode: gives the flow of a picture.
        seed: nothing is drawn.

    Returns:
        Y, 0..1.

    Raises:
        InputError: the arrays do not belong together.

    Source: as of `flow`.
    """
    check_shapes(reenacted, target, mask)
    result, inside = reenacted.astype(np.float32), mask > 0
    if not inside.any():
        return result
    own, wanted = (
        encode(np.rint(np.clip(filled(crop, mask), 0, 1) * 255).astype(np.uint8))
        for crop in (reenacted, target)
    )
    moved = flow(flow(result[inside], own), wanted, backward=True)
    result[inside] = np.clip(moved, 0, 1)
    return result


def planes(picture: Picture) -> Float32[np.ndarray, "3 528 528"]:
    """What the encoder reads of a picture at 528 px: its values in a row, cut into three planes.

    The rows of RGB pixels are not transposed, so that each plane holds a third of the picture, colours mixed. This looks
    like a fault, but the weights were trained with it.

    Args:
        picture: of any size.

    Returns:
        Values as ImageNet's networks take them.

    Source: as of `flow`.
    """
    small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    values = (np.asarray(small, np.float32) / 255).reshape(3, SIDE, SIDE)
    mean, spread = (np.array(row, np.float32)[:, None, None] for row in (MEAN, SPREAD))
    return (values - mean) / spread


def open_modflows(path: Path) -> Recolour:
    """The peer with its weights.

    Args:
        path: the authors' encoder as safetensors, see docs/benchmark.md.

    Raises:
        UsageError: torchvision is not there. WeightsError: the file cannot be used.
    """
    path = path.expanduser()
    network = _loaded(path)

    def encode(picture: Picture) -> Numbers:
        with torch.inference_mode():
            found: Tensor = network(torch.from_numpy(planes(picture))[None])[0]
        if not bool(found.isfinite().all()):
            raise WeightsError(f"{show(path)}: these weights give a flow that is no number")
        return found.numpy()

    summary = "ModFlows: along the flow of X_r's colours, then against the target's"
    return Recolour("modflows", partial(recolour, encode=encode), summary, version=sha256(path))


def _loaded(path: Path) -> nn.Module:
    """The encoder; its tensors must be exactly those of the file."""
    tensors = load_safetensors(path, max_bytes=MAX_BYTES)
    network = _network()
    kinds = {f"model.{name}": _kind(value) for name, value in network.state_dict().items()}
    known = {name: _kind(value) for name, value in tensors.items()} == kinds
    known = known and all(value.dtype in FLOATS for value in tensors.values() if value.is_floating_point())
    if not known or not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise WeightsError(
            f"{show(path)}: expected finite tensors of torchvision's efficientnet_b6 with {NUMBERS} outputs, named model.*; "
            "convert the authors' encoder as docs/benchmark.md says"
        )
    found = {
        name.removeprefix("model."): value.float() if value.is_floating_point() else value
        for name, value in tensors.items()
    }
    network.load_state_dict(found, assign=True)
    return network.eval()


def _kind(tensor: Tensor) -> tuple[torch.Size, bool]:
    return tensor.shape, tensor.is_floating_point()


def _network() -> nn.Module:
    """The encoder without numbers."""
    try:
        from torchvision.models import efficientnet_b6
    except (ImportError, RuntimeError, AttributeError):  # the last two: of another torch's release
        raise UsageError(
            "modflows needs torchvision, in the release that fits the installed torch: pip install torchvision"
        ) from None
    with torch.device("meta"):
        network: nn.Module = efficientnet_b6(num_classes=NUMBERS)
    return network
