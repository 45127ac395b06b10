from dataclasses import replace

import torch

from aotface.training.ranges import LightingConfig
from aotface.training.reliefs import draw_reliefs, load_reliefs

CONFIG = LightingConfig()


def everywhere(side: int) -> torch.Tensor:
    """Places over the whole mean face, 1 x 2 x side x side."""
    at = (torch.arange(side) + 0.5) / side
    return torch.stack(torch.meshgrid(at, at, indexing="xy"))[None]


def test_the_heads_differ_and_have_nothing_in_common() -> None:
    heads = load_reliefs(torch.device("cpu"))
    assert len(heads) > 100 and bool(torch.isfinite(heads).all())
    assert heads.mean(0).abs().max() < 1e-6  # in crop sides
    assert 2.0 / 256 < float(heads.std(0)[0, 30:70, 30:70].mean()) < 6.0 / 256


def test_a_head_is_read_where_it_lies_in_pixels_of_any_side() -> None:
    config = replace(CONFIG, head_relief=(1.0, 1.0))
    heads = load_reliefs(torch.device("cpu"))
    side = heads.shape[-1]
    found = draw_reliefs(everywhere(side), torch.Generator().manual_seed(3), config)
    chosen = int(torch.randint(len(heads), (1,), generator=torch.Generator().manual_seed(3)))
    assert torch.allclose(found[0, 0], heads[chosen, 0] * side, atol=1e-3)
    double = draw_reliefs(everywhere(2 * side), torch.Generator().manual_seed(3), config)
    small = torch.nn.functional.avg_pool2d(double, 2) / 2
    assert (small - found).abs().mean() < 0.1


def test_strength_is_drawn_and_zero_is_none() -> None:
    places = everywhere(32).repeat(6, 1, 1, 1)
    none = draw_reliefs(places, torch.Generator().manual_seed(0), replace(CONFIG, head_relief=(0.0, 0.0)))
    assert none.abs().max() == 0
    some = draw_reliefs(places, torch.Generator().manual_seed(0), CONFIG)
    assert some.std(dim=(1, 2, 3)).unique().numel() > 1
