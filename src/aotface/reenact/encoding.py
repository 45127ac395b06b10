"""Pictures as networks write them: range, mean, deviation, channel order, layout."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from aotface.errors import WeightsError
from aotface.types import Crop


@dataclass(frozen=True)
class Encoding:
    """How a network writes colours: ``(black + (white - black) * value - mean) / std``, in this order."""

    range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    channels: str = "RGB"
    layout: str = "NCHW"

    def shape(self, size: int) -> tuple[int, int, int, int]:
        """Of a picture of that side."""
        return (1, 3, size, size) if self.layout == "NCHW" else (1, size, size, 3)


def encode(square: Crop, encoding: Encoding) -> Float32[np.ndarray, "1 a b c"]:
    """An RGB picture 0..1 as a network wants it."""
    black, white = encoding.range
    values = square if encoding.channels == "RGB" else square[..., ::-1]
    values = (black + (white - black) * values - np.array(encoding.mean)) / np.array(encoding.std)
    values = values if encoding.layout == "NHWC" else values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None], np.float32)


def decode(answer: np.ndarray, encoding: Encoding, model: Path) -> Crop:
    """A network's picture as RGB 0..1: the inverse of `encode`.

    Args:
        answer: one picture, with or without a batch axis of one.
        encoding: how the network writes it.
        model: its file, for messages.

    Raises:
        WeightsError: the answer is not one square picture of finite numbers.
    """
    values = answer[0] if answer.ndim == 4 and len(answer) == 1 else answer
    if values.ndim == 3 and encoding.layout == "NCHW":
        values = values.transpose(1, 2, 0)
    if values.ndim != 3 or values.shape[2] != 3 or values.shape[0] != values.shape[1]:
        raise WeightsError(
            f"{model}: expected one square {encoding.layout} picture of 3 channels, got {answer.shape}"
        )
    if not np.isfinite(values).all():
        raise WeightsError(
            f"{model} answers with numbers that are not finite: check range, mean and std of its inputs"
        )
    black, white = encoding.range
    values = (values * np.array(encoding.std) + np.array(encoding.mean) - black) / (white - black)
    values = values if encoding.channels == "RGB" else values[..., ::-1]
    return np.ascontiguousarray(np.clip(values, 0, 1), np.float32)


def decode_mask(answer: np.ndarray, model: Path) -> Float32[np.ndarray, "side side"]:
    """A network's mask, 0..1.

    Raises:
        WeightsError: the answer is not one square mask of finite numbers.
    """
    values = np.squeeze(answer)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not np.isfinite(values).all():
        raise WeightsError(f"{model}: expected one square mask of finite numbers, got {answer.shape}")
    return np.ascontiguousarray(np.clip(values, 0, 1), np.float32)
