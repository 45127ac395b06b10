"""The atlas is the mean over people and their mirror images; skin cancels; people who are judged take no part."""

import dataclasses

import pytest
import torch

from aotface.errors import UsageError
from aotface.training.atlas import DARKEST, fill_atlas, with_mirrors
from aotface.training.lamp_data import Stacks
from aotface.transfer.aot.atlas import SIDE, LampAtlas

PIXELS = 128
LAMPS = ((0.0, 0.0), (40.0, 0.0), (0.0, 30.0))


def people(*skins: float) -> Stacks:
    """Faces that fill their pictures: even skin with a stripe, under a lamp in front, one from the side, one from above."""
    along = torch.linspace(0.0, 1.0, PIXELS)
    x, y = along.expand(PIXELS, PIXELS), along[:, None].expand(PIXELS, PIXELS)
    stripe = torch.where((x > 0.45) & (x < 0.55), 0.5, 1.0)
    lights = torch.stack([torch.ones_like(x), 0.2 + x, 0.3 + 0.5 * (1 - y)])
    byte = torch.full((3, PIXELS, PIXELS), 0.0)
    byte[0], byte[1] = x, y
    parts = [
        {
            "stack": ((lights * stripe * skin + DARKEST) - DARKEST).half(),
            "present": torch.ones(len(LAMPS), dtype=torch.uint8),
            "mask": torch.full((PIXELS, PIXELS), 255, dtype=torch.uint8),
            "pncc": (byte * 255).round().to(torch.uint8),
        }
        for skin in skins
    ]
    return Stacks(parts, [[] for _ in parts], torch.tensor([0.0, 40.0, 30.0]), PIXELS, "", LAMPS)


def test_mirror_images_stand_beside_their_lamps() -> None:
    assert with_mirrors(LAMPS) == [(None, 1), (0, 0), (2, 2), (1, None)]


def test_lamps_are_relative_to_the_front_and_skin_cancels() -> None:
    atlas = LampAtlas(4)
    fill_atlas(atlas, people(0.9, 0.7))
    left, front, above, right = atlas.lamps
    assert torch.allclose(front, torch.ones(SIDE, SIDE), atol=0.01)
    along = torch.linspace(0.0, 1.0, SIDE)
    assert torch.allclose(right[20], 0.2 + along, atol=0.05)
    assert torch.allclose(left, right.flip(1), atol=0.02)
    assert torch.allclose(above[:, 10], 0.3 + 0.5 * (1 - along), atol=0.05)
    assert float(atlas.front[:, SIDE // 2].mean()) < 0.6 * float(
        atlas.front[:, 5].mean()
    )  # the stripe is skin


def test_where_people_differ_there_is_less_trust() -> None:
    stacks, atlas = people(0.9, 0.7), LampAtlas(4)
    stacks.parts[0]["stack"][1, 80:] *= 0.3
    fill_atlas(atlas, stacks)
    assert float(atlas.trust[50:].mean()) < 0.7 * float(atlas.trust[:30].mean())


def test_another_number_of_lamps_is_refused() -> None:
    with pytest.raises(UsageError, match="show 4 lamps: set options.lamps"):
        fill_atlas(LampAtlas(3), people(0.9))


def test_a_lamp_that_nobody_has_in_a_place_is_filled_in() -> None:
    stacks, atlas = people(0.9), LampAtlas(4)
    mask = stacks.parts[0]["mask"].clone()
    mask[:, :30] = 0
    parts = [dataclasses.replace(stacks).parts[0] | {"mask": mask}]
    fill_atlas(atlas, dataclasses.replace(stacks, parts=parts))
    assert bool(torch.isfinite(atlas.lamps).all()) and float(atlas.lamps.min()) > 0.0
