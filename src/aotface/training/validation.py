"""How good the averaged generator is on people it never saw: the benchmark's numbers, and a sheet."""

import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aotface.media.folder import make_folder
from aotface.media.image import write_image
from aotface.media.sheet import Panel, sheet
from aotface.metrics.colour import lf_de
from aotface.metrics.ground_truth import psnr
from aotface.training.config import TrainConfig
from aotface.training.data import Batches, Shards
from aotface.training.trainer import Terms, Trainer, averaged_generator
from aotface.transfer.aot.generator import SIZES, RelightingGenerator
from aotface.transfer.aot.objective import Batch
from aotface.types import Crop

SAMPLES = "samples"
BATCH = 8
SHOWN = 8
SEED_OFFSET = 99
"""Held-out faces are lit by other draws than those of training, also where people are the same."""

SMALLEST_MASK = 0.02
"""Share of the crop; a face that is hardly visible says nothing."""


class Validation:
    """Call it with a trainer: medians over always the same pairs with ground truth, and a sheet.

    Args:
        shards: held-out faces.
        config: of the run; the same ranges of light are drawn.
        out: the run's folder.
        words: beside the step in the sheet's title.
    """

    def __init__(self, shards: Shards, config: TrainConfig, out: Path, words: str = ""):
        side = config.options.side or SIZES[config.size].side
        shards = shards.at_side(side) if side < shards.side else shards
        self.batches = Batches(shards, BATCH, 0.0, config.lighting, config.seed + SEED_OFFSET)
        self.count = -(-config.validation_faces // BATCH)
        self.out, self.words = out, words

    def __call__(self, trainer: Trainer) -> Terms:
        """Judge, and draw; what is returned goes into the log."""
        generator = averaged_generator(trainer)
        rows: list[Terms] = []
        for number in range(max(1, self.count)):
            batch = self.batches.draw(number, games=False)
            swapped = moved(generator, batch)
            if number == 0:
                title = f"step {trainer.step}{self.words}:  x_r | x_t | swapped | answer"
                folder = make_folder(self.out / SAMPLES)
                picture = sample_sheet(batch, swapped, title)
                write_image(folder / f"step_{trainer.step:06d}.png", picture, overwrite=True)
            if self.count:
                rows += list(judge(batch, swapped))
        names = rows[0] if rows else ()
        return {f"validation/{name}": statistics.median(row[name] for row in rows) for name in names}


def moved(generator: RelightingGenerator, batch: Batch) -> Tensor:
    """Y of a batch, -1..1, in full precision."""
    with torch.inference_mode():
        inputs = (batch.x_r, batch.x_t, batch.geometry, batch.mask, batch.geometry_r)
        result: Tensor = generator(*inputs).swapped
    return result


def judge(batch: Batch, swapped: Tensor) -> Iterator[Terms]:
    """The benchmark's numbers for each face that shows enough: PSNR to the answer, LF-dE to the target.

    ``psnr_untouched`` and ``psnr_copy`` are what doing nothing, and copying the target, would score;
    ``lf_de_truth`` is what the answer itself does.
    """
    assert batch.answer is not None
    for row in range(len(swapped)):
        mask = np.ascontiguousarray(batch.mask[row, 0].numpy())
        if mask.mean() < SMALLEST_MASK:
            continue
        y, answer, x_r, x_t = (crop_of(part[row]) for part in (swapped, batch.answer, batch.x_r, batch.x_t))
        yield {
            "psnr": psnr(y, answer, mask),
            "psnr_untouched": psnr(x_r, answer, mask),
            "psnr_copy": psnr(x_t, answer, mask),
            "lf_de": lf_de(y, x_t, mask),
            "lf_de_truth": lf_de(answer, x_t, mask),
        }


def sample_sheet(batch: Batch, swapped: Tensor, title: str) -> np.ndarray:
    """One row a face: x_r | x_t | swapped | answer; the last two count inside the mask and lie over x_t."""
    assert batch.answer is not None
    over = [batch.mask * part + (1 - batch.mask) * batch.x_t for part in (swapped, batch.answer)]
    columns = (("x_r", batch.x_r), ("x_t", batch.x_t), ("swapped", over[0]), ("answer", over[1]))
    rows = [
        [Panel(np.rint(crop_of(part[row]) * 255).astype(np.uint8), name) for name, part in columns]
        for row in range(min(SHOWN, len(swapped)))
    ]
    return sheet(rows, height=swapped.shape[-1], title=title)


def crop_of(picture: Tensor) -> Crop:
    """From 3HW, -1..1, to a crop."""
    return np.ascontiguousarray((picture.permute(1, 2, 0).numpy() * 0.5 + 0.5).clip(0, 1).astype(np.float32))
