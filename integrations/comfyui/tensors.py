"""ComfyUI's pictures as frames, and back: IMAGE is frames x height x width x 3, MASK frames x height x width, float 0..1."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from aotface.errors import InputError

ROUNDING = 1e-3
"""How far a value may lie from a step of 8 bits, in such steps, that comes from a picture of 8 bits."""


class Frames(Sequence[Any]):
    """A batch as frames for the engine; each is converted when it is asked for.

    A batch that came from 8 bits is given back as 8 bits, so that the pixels are those of the file it came from; any other
    as 16 bits. Values outside 0..1 are cut off, as ComfyUI does when it saves.
    """

    def __init__(self, batch: torch.Tensor, name: str):
        """``batch``: IMAGE or MASK. ``name``: of the node's input, for messages.

        Raises:
            InputError: not a batch of pictures, or numbers that are not finite.
        """
        shape = " x ".join(map(str, batch.shape))
        if (
            batch.ndim not in (3, 4)
            or (batch.ndim == 4 and batch.shape[3] not in (1, 3, 4))
            or not batch.numel()
        ):
            raise InputError(f"{name}: expected frames x height x width x 3, got {shape or 'one number'}")
        self._batch, self.name = batch, name
        self._eight = True
        for number in range(len(batch)):
            values = self._values(number) * 255
            if not torch.isfinite(values).all():
                raise InputError(f"{name}, frame {number}: expected finite numbers, got NaN or infinity")
            self._eight = self._eight and bool((values - values.round()).abs().max() < ROUNDING)

    def __len__(self) -> int:
        return len(self._batch)

    def __getitem__(self, number: Any) -> np.ndarray:  # type: ignore[override]
        """One frame, uint8 or uint16: height x width x 3."""
        top, kind = (255, np.uint8) if self._eight else (65535, np.uint16)
        frame = (self._values(number) * top).round().numpy().astype(kind)
        return frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=2)

    def repeated(self, count: int) -> "Frames":
        """A single picture for each of ``count`` frames; a longer batch as it is."""
        if len(self) != 1:
            return self
        return Frames(self._batch.expand(count, *self._batch.shape[1:]), self.name)

    def _values(self, number: int) -> torch.Tensor:
        values = self._batch[number].detach().cpu().double().clamp(0, 1)
        return values[..., :3] if values.ndim == 3 else values


def as_image(frames: Iterable[np.ndarray]) -> torch.Tensor:
    """Frames as IMAGE; of 8 bits each value is a whole step, which ComfyUI saves without change."""
    return torch.stack([_floats(frame) for frame in frames])


def as_mask(masks: Iterable[np.ndarray]) -> torch.Tensor:
    """Masks, 0..1, as MASK."""
    return torch.stack([torch.from_numpy(np.array(mask, np.float32)) for mask in masks])


def _floats(frame: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frame.astype(np.float32) / np.float32(np.iinfo(frame.dtype).max))
