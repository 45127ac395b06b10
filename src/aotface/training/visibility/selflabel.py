"""Self-training: a network of an earlier round says what the mesh cannot, where it is sure."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt16
from torch import nn

from aotface.face.mesh import OVAL
from aotface.face.visibility.classes import LENS, Surface
from aotface.face.visibility.view import VIEW_SIDE
from aotface.training.visibility.labels import EVERY, Traits, below_the_chin, bits, dilated, filled
from aotface.training.visibility.library import PSEUDO
from aotface.training.visibility.prepare import MARGIN, open_store
from aotface.training.visibility.samples import Labelled, seat
from aotface.types import Landmarks

LIKELY, SURE = 0.06, 0.9
"""Probability over which a surface stays possible, and over which it is the only one."""

NEAR = 0.15
"""How near to the face's outline hair of its head must come, in heights of the face."""

THIN = 0.016
"""Half the width, in heights of the face, that sure hair must have."""


def label_store(net: nn.Module, folder: Path, say: Callable[[str], None]) -> None:
    """Write the sets that a network gives for every face of a store, into the store.

    Args:
        net: gives logits; in evaluation mode.
        folder: of the store.
        say: called with a line of progress.
    """
    store = open_store(folder)
    side = store.pictures.shape[1]
    found = np.full((len(store), side, side), EVERY, np.uint16)
    for number in range(len(store)):
        landmarks = np.asarray(store.landmarks[number])
        empty = np.full((side, side), EVERY, np.uint16)
        face = Labelled(np.asarray(store.pictures[number]), empty, landmarks, Traits())
        found[number] = stored_sets(surfaces(net, seat(face).picture), side)
        doubt_far_hair(found[number], landmarks)
        if number % 100 == 0:
            say(f"{number} of {len(store)} labelled")
    np.save(folder / PSEUDO, found)


def doubt_far_hair(sets: UInt16[np.ndarray, "side side"], landmarks: Landmarks) -> None:
    """Let hair that is thin, or does not hang together with what is around the face, be anything, in place: flags,
    edges of collars and dark suits.

    Args:
        sets: of a stored face.
        landmarks: 468 x 3, its pixels.
    """
    hair = bits(Surface.HAIR)
    maybe = ((sets & hair) > 0) & (sets != EVERY)
    height = float(np.linalg.norm(landmarks[10, :2] - landmarks[152, :2]))
    near = dilated(filled(landmarks, OVAL, len(sets)), NEAR * height) & ~below_the_chin(landmarks, len(sets))
    _, part = cv2.connectedComponents(maybe.astype(np.uint8), connectivity=4)
    far = maybe & ~np.isin(part, np.unique(part[near & maybe]))
    sure = (sets == hair).astype(np.uint8)
    thick = cv2.morphologyEx(sure, cv2.MORPH_OPEN, np.ones((2 * round(THIN * height) + 1,) * 2, np.uint8))
    sets[far | ((sure > 0) & (thick == 0))] = EVERY


def surfaces(
    net: nn.Module, picture: Float32[np.ndarray, "side side 3"]
) -> Float32[np.ndarray, "surfaces side side"]:
    """Probabilities, mean of a picture and its mirror image."""
    values = torch.from_numpy(picture).permute(2, 0, 1)[None]
    both = torch.cat((values, values.flip(3)))
    with torch.inference_mode():
        shares = net(both)[:, :LENS].softmax(1)
    return ((shares[0] + shares[1].flip(2)) / 2).numpy()


def stored_sets(
    shares: Float32[np.ndarray, "surfaces view view"], side: int
) -> UInt16[np.ndarray, "side side"]:
    """Sets at a stored face's side, out of probabilities at the network's view; beyond the view every bit is set."""
    scale = side / (MARGIN * VIEW_SIDE)
    shift = (side - 1) / 2 - scale * (VIEW_SIDE - 1) / 2
    matrix = np.array([[scale, 0, shift], [0, scale, shift]])
    sets, top = np.zeros((side, side), np.uint16), np.zeros((side, side), np.float32)
    for surface, plane in enumerate(shares):
        larger = cv2.warpAffine(plane, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=(-1.0,))
        sets |= ((larger > LIKELY).astype(np.uint16) << surface).astype(np.uint16)
        sure = (larger > SURE) & (larger > top)
        sets[sure] = 1 << surface
        top = np.maximum(top, larger)
    sets[top < 0.2] = EVERY
    return sets
