"""What the network answers at 256 px is what a face of any size gets, reduced to 256 px: within 1 dE of Lab."""

from dataclasses import dataclass
from importlib import import_module

import cv2
import numpy as np
import pytest
import torch

from aotface.colour_space import srgb_to_lab
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.render import render
from aotface.media.image import read_image
from aotface.reenact.base import Reenacted
from aotface.reenact.mesh import reenact
from aotface.samples import sample
from aotface.transfer.aot.colour_map_arrays import (
    ColourMapArray,
    apply_colour_map_array,
    colour_map_inputs,
    find_colour_map,
)
from aotface.types import AlignedFace, Crop, Geometry, Mask

NETWORK = import_module("aotface.transfer.aot.network")
LARGE, SMALL = 1024, 256
MOST = 1.0
"""Mean dE."""


@dataclass(frozen=True)
class Pair:
    """X_r at 1,024 px, and all that the network reads at 256."""

    large: Crop
    small: Crop
    target: Crop
    mask: Mask
    geometry: Geometry
    own: Geometry

    @property
    def given(self) -> tuple[Crop, Crop, Mask, Geometry]:
        return self.small, self.target, self.mask, self.geometry


def reduced(crop: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(crop, (SMALL, SMALL), interpolation=cv2.INTER_AREA))


def pair(target_name: str) -> Pair:
    source, frame = (read_image(sample(name)).frame for name in ("source_light_man", target_name))
    prepared, taker = detect(source)[0], detect(frame)[0]

    def moved(side: int) -> tuple[AlignedFace, Reenacted]:
        target = align(frame, taker, side)
        return target, reenact(source, prepared, target)

    target, made = moved(SMALL)
    large = moved(LARGE)[1].crop
    shapes = (render(face.landmarks, SMALL) for face in (target, made))
    return Pair(large, reduced(large), target.crop, made.mask, *shapes)


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [pair("target_medium_man_warm_side"), pair("target_deep_woman_cool_window")]


def answer(one: Pair) -> Crop:
    """The network's own picture at 256 px: its field and what it makes of X_r in one pass, without this product."""
    generator = NETWORK.load_network().generator
    tensors = colour_map_inputs(*one.given, one.own, SMALL, torch.device("cpu"))
    with torch.inference_mode():
        swapped = generator(*tensors).swapped
    return np.ascontiguousarray(swapped[0].permute(1, 2, 0).numpy() * 0.5 + 0.5)


def found(one: Pair) -> ColourMapArray:
    field = find_colour_map(NETWORK.load_network().generator, *one.given, own=one.own).whole
    assert field is not None
    return field


def apart(one: Crop, other: Crop, mask: Mask) -> float:
    """Mean dE under the mask."""
    difference = np.linalg.norm(srgb_to_lab(one) - srgb_to_lab(other), axis=2)
    return float((difference * mask).sum() / mask.sum())


def test_a_face_of_any_size_gets_what_the_network_answers(pairs: list[Pair]) -> None:
    fields = [found(one) for one in pairs]
    for one, field in zip(pairs, fields, strict=True):
        own = answer(one)
        assert apart(apply_colour_map_array(one.small, field), own, one.mask) <= MOST / 10
        assert apart(reduced(apply_colour_map_array(one.large, field)), own, one.mask) <= MOST
        assert apart(one.small, own, one.mask) > 5 * MOST  # it does change the face


def test_a_field_in_a_wrong_place_or_of_another_face_would_be_seen(pairs: list[Pair]) -> None:
    """The failing twin."""
    one, other = pairs
    own, field = answer(one), found(one)
    step = len(field) // 16
    assert (
        apart(reduced(apply_colour_map_array(one.large, np.roll(field, step, axis=1))), own, one.mask) > MOST
    )
    assert apart(reduced(apply_colour_map_array(one.large, found(other))), own, one.mask) > MOST
    assert apart(reduced(apply_colour_map_array(one.large, field * np.float32(1.1))), own, one.mask) > MOST
