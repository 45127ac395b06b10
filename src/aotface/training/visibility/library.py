"""All faces of the prepared stores with their sets, and wigs and textures out of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from aotface.face.visibility.classes import Surface
from aotface.training.visibility.covers.hair import Wigs
from aotface.training.visibility.covers.textures import Textures
from aotface.training.visibility.labels import (
    EVERY,
    OUTSIDE,
    Traits,
    below_the_chin,
    bits,
    hand_sets,
    mesh_sets,
    plain_background,
    thin_brows,
)
from aotface.training.visibility.prepare import Store, open_store
from aotface.training.visibility.samples import Box, Labelled

PSEUDO = "pseudo.npy"
"""File of a store: sets that a network of an earlier round gave, which narrow those of the mesh."""

LAMPS = "lamps"
"""Store of people under hard lamps; may be missing."""

LEAST_HAIR = 0.02
"""Share of a picture that must be hair for a wig."""


@dataclass(frozen=True)
class Library:
    """``faces``: to train on. ``by_hand``: how many of them, at the beginning, have hand labels."""

    faces: list[Labelled]
    by_hand: int
    box: Box

    def draw(self, rng: np.random.Generator) -> Labelled:
        """A face; those with hand labels are drawn as often as all others in a third of the draws."""
        if rng.random() < 0.33 and self.by_hand:
            return self.faces[rng.integers(self.by_hand)]
        return self.faces[rng.integers(self.by_hand, len(self.faces))]


def open_library(work: Path, traits: Path, left_out: set[str]) -> Library:
    """Read the stores ``face_parts`` and ``train``, and `LAMPS`.

    Args:
        work: folder of the stores.
        traits: JSON: name of a trait to names of files that have it.
        left_out: files that are never trained on: the test set.
    """
    known = read_traits(traits)
    hand = list(_faces(open_store(work / "face_parts"), known, left_out, None, Traits()))
    folder = work / "train"
    pseudo = np.load(folder / PSEUDO, mmap_mode="r") if (folder / PSEUDO).is_file() else None
    portraits = list(_faces(open_store(folder), known, left_out, pseudo, Traits()))
    if (work / LAMPS / "files.txt").is_file():
        portraits += _faces(open_store(work / LAMPS), {}, left_out, None, Traits(beard=True))
    faces = hand + portraits
    return Library(faces, len(hand), Box(wigs_of(faces), textures_of(portraits)))


def read_traits(path: Path) -> dict[str, Traits]:
    """Traits by file name."""
    found: dict[str, dict[str, bool]] = {}
    for trait, files in json.loads(path.read_text()).items():
        for file in files:
            found.setdefault(file, {})[trait] = True
    return {file: Traits(**traits) for file, traits in found.items()}


def _faces(
    store: Store,
    known: dict[str, Traits],
    left_out: set[str],
    pseudo: np.ndarray | None,
    unknown: Traits,
) -> Iterator[Labelled]:
    for number, file in enumerate(store.files):
        traits = known.get(file, unknown)
        if traits.skip or file in left_out:
            continue
        labels, landmarks = np.asarray(store.labels[number]), np.asarray(store.landmarks[number])
        if (labels < 6).any():
            sets = hand_sets(labels, landmarks, traits)
        else:
            sets = mesh_sets(landmarks, len(labels), traits)
            sets[plain_background(np.asarray(store.pictures[number]), landmarks)] = bits(Surface.BACKGROUND)
            sets[labels == OUTSIDE] = EVERY
            if pseudo is not None:
                narrowed = sets & pseudo[number]
                trusted = ~below_the_chin(landmarks, len(labels))  # dark suits pass for hair
                believed = (narrowed > 0) & trusted
                sets = np.where(believed, narrowed, sets).astype(np.uint16)
            thin_brows(sets, np.asarray(store.pictures[number]), landmarks)
        yield Labelled(np.asarray(store.pictures[number]), sets, landmarks, traits)


def wigs_of(faces: list[Labelled]) -> Wigs:
    """The hair of every face where it is known and there is enough."""
    pictures, masks = [], []
    for face in faces:
        hair = (face.sets == bits(Surface.HAIR)).astype(np.uint8) * 255
        if hair.mean() > LEAST_HAIR * 255:
            pictures.append(face.picture)
            masks.append(np.asarray(cv2.morphologyEx(hair, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))))
    return Wigs(np.stack(pictures), np.stack(masks))


def textures_of(faces: list[Labelled], size: int = 96) -> Textures:
    """The lower and upper corners of portraits: clothes and backgrounds."""
    pieces = []
    for face in faces:
        for corner in (face.picture[-size:, :size], face.picture[-size:, -size:], face.picture[:size, :size]):
            if corner.std() > 8:
                pieces.append(corner)
    return Textures(np.stack(pieces) if pieces else np.zeros((0, size, size, 3), np.uint8))
