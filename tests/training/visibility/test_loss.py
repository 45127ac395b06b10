import math

import pytest
import torch

from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.training.visibility.labels import EVERY, bits
from aotface.training.visibility.loss import kept_loss, set_loss


def surface_loss(*sets: int, favoured: Surface | None = None) -> float:
    logits = torch.zeros(1, OUTPUTS, 1, len(sets))
    if favoured is not None:
        logits[:, favoured] = 10
    lens = torch.full((1, 1, len(sets)), 255, dtype=torch.int32)
    return float(set_loss(logits, torch.tensor([[list(sets)]], dtype=torch.int32), lens)["surface"])


def test_one_surface_is_cross_entropy() -> None:
    assert surface_loss(bits(Surface.SKIN)) == pytest.approx(math.log(11), rel=1e-5)
    assert surface_loss(bits(Surface.FRAME)) == pytest.approx(math.log(11), rel=1e-5)


def test_half_known_costs_half_as_many_choices() -> None:
    assert surface_loss(bits(Surface.SKIN, Surface.HAIR)) == pytest.approx(math.log(11 / 2), rel=1e-5)


def test_nothing_known_costs_nothing_and_does_not_dilute() -> None:
    assert surface_loss(EVERY) == 0
    assert surface_loss(EVERY, bits(Surface.HAIR), EVERY) == pytest.approx(math.log(11), rel=1e-5)


def test_the_wrong_surface_costs_and_the_right_one_does_not() -> None:
    assert surface_loss(bits(Surface.SKIN), favoured=Surface.SKIN) < 0.01
    assert surface_loss(bits(Surface.SKIN), favoured=Surface.HAIR) > 9
    assert surface_loss(bits(Surface.SKIN, Surface.HAIR), favoured=Surface.HAIR) < 0.01


def test_a_rare_surface_weighs_more() -> None:
    both = surface_loss(bits(Surface.FRAME), bits(Surface.SKIN), favoured=Surface.SKIN)
    assert both == pytest.approx(10 * 8 / 9, rel=0.01)


def test_an_unknown_lens_costs_nothing() -> None:
    logits, sets = torch.zeros(1, OUTPUTS, 1, 2), torch.full((1, 1, 2), EVERY, dtype=torch.int32)
    known, unknown = (torch.tensor([[[value, 255]]], dtype=torch.int32) for value in (1, 255))
    assert float(set_loss(logits, sets, unknown)["lens"]) == 0
    assert float(set_loss(logits, sets, known)["lens"]) == pytest.approx(2 * math.log(2), rel=1e-5)


def test_what_another_network_says_of_beards_is_kept_where_nobody_drew() -> None:
    taught, same, other = (torch.zeros(1, OUTPUTS, 1, 2) for _ in range(3))
    taught[:, Surface.BEARD] = same[:, Surface.BEARD] = 2.0
    free, drawn = (torch.full((1, 1, 2), one, dtype=torch.int32) for one in (EVERY, bits(Surface.HAIR)))
    assert float(kept_loss(same, taught, free)) == pytest.approx(0, abs=1e-5)
    assert float(kept_loss(other, taught, free)) > 1
    assert float(kept_loss(other, taught, drawn)) == 0
    browed = same.clone()
    browed[:, Surface.BROW] = 2.0
    assert float(kept_loss(browed, same, free)) > 1
    taught[:, Surface.SKIN] = same[:, Surface.HAIR] = 1.0  # the twin: of other surfaces nothing is kept
    assert float(kept_loss(same, taught, free)) == pytest.approx(0, abs=1e-5)
