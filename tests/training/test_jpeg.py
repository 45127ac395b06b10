import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from aotface.samples import samples
from aotface.training.jpeg import jpeg


def portrait(side: int = 128) -> Tensor:
    """A sample face, 1 x 3 x side x side."""
    with Image.open(samples("source")[0]) as picture:
        small = picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 255


def through_pillow(images: Tensor, quality: int) -> Tensor:
    file = io.BytesIO()
    pixels = (images[0].permute(1, 2, 0) * 255).round().byte().numpy()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("quality", [35, 50, 75, 95])
def test_it_loses_what_a_file_loses(quality: int) -> None:
    shown = portrait()
    ours, real = jpeg(shown, torch.tensor([quality])), through_pillow(shown, quality)
    apart = (ours - real).square().mean().sqrt() * 255
    lost = (real - shown).square().mean().sqrt() * 255
    assert apart < 1.6 and apart < 0.6 * lost  # the library rounds colours to 8 bits on the way
    # The failing twin: another quality is not the same loss.
    other = jpeg(shown, torch.tensor([quality - 20]))
    assert (other - real).square().mean().sqrt() * 255 > 2.5


def test_quality_zero_leaves_a_picture_alone_and_more_quality_errs_less() -> None:
    shown = portrait().repeat(3, 1, 1, 1)
    out = jpeg(shown, torch.tensor([0, 30, 95]))
    assert torch.equal(out[0], shown[0])
    assert (out[1] - shown[1]).abs().mean() > (out[2] - shown[2]).abs().mean() > 0


def test_grey_stays_exactly_grey_at_any_size() -> None:
    grey = portrait()[:, :1, :101, :77].expand(-1, 3, -1, -1)
    out = jpeg(grey, torch.tensor([40]))
    assert out.shape == grey.shape and torch.equal(out[:, :1].expand_as(out), out)


def test_a_flat_picture_comes_back_and_values_have_eight_bits() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5)
    assert (jpeg(flat, torch.tensor([60])) - flat).abs().max() < 1 / 255
    steps = jpeg(portrait(), torch.tensor([60])) * 255
    assert torch.allclose(steps, steps.round(), atol=1e-3)
