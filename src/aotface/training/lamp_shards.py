"""From people under calibrated lamps to shards: each person's stack of pictures, and all others warped onto it.

All pictures of a person are aligned to the pixel and their values are linear light, so any weighted sum of a stack is
that person under the sum of the lamps. One safetensors file a person; finished files are kept, so that a stopped run
continues.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float16, Float32, UInt8

from aotface.datasets.ground_truth import TONE_GAIN, tone_gain
from aotface.datasets.lamps import FRONTAL_DEGREES, Shot, read_shots, split_of
from aotface.datasets.portraits import Entry, Say, Seen, usable
from aotface.datasets.shown import feathered, shown, valid
from aotface.errors import UsageError
from aotface.face.align import align
from aotface.face.render import render
from aotface.media.files import read_bytes, show, write_bytes
from aotface.media.image import read_image
from aotface.reenact.mesh import reenact
from aotface.reenact.reading import Reading
from aotface.training.shard_arrays import as_bytes, shape_arrays, shrunk_to, stacked, write_arrays
from aotface.training.shard_index import INDEX, claim
from aotface.types import CROP_SIDE

FORMAT = 1
FOLDER = "lamps"
FEWEST_LAMPS = 9
"""A person with fewer sound pictures is left out: sums of up to nine lamps are drawn."""
_DARKEST = 1e-3


@dataclass(frozen=True)
class LampConfig:
    """``side``: of the stored crops, pixels."""

    side: int = 128


@dataclass(frozen=True)
class _Person:
    """Somebody under many lamps: the picture under the frontal lamp, and all pictures as grey levels, lamp first."""

    name: str
    seen: Seen
    levels: UInt8[np.ndarray, "lamps height width"]
    present: UInt8[np.ndarray, " lamps"]


def prepare_lamps(
    data: Path, out: Path, config: LampConfig, say: Say = lambda line: None, overwrite: bool = False
) -> dict[str, Any]:
    """Build the shards of people under lamps.

    Args:
        data: folder with ``index.csv``: file, person, azimuth_degrees, elevation_degrees.
        out: the folder of shards; these go into its subfolder ``lamps``.
        config: see LampConfig.
        say: called with lines of progress, and of what is left out.
        overwrite: throw away lamp shards of another request.

    Returns:
        The index that was written.

    Raises:
        UsageError: a side that cannot be, no such data, or fewer than two people.
        OutputExistsError: the folder holds lamp shards of other pictures or options.
    """
    if not (32 <= config.side <= CROP_SIDE and config.side % 16 == 0):
        raise UsageError(f"expected a side from 32 to {CROP_SIDE} that 16 divides, got {config.side}")
    shots = read_shots(data, say)
    fingerprint, folder = _fingerprint(data, shots, config), out / FOLDER
    request = {"config": asdict(config), "fingerprint": fingerprint}
    claim(folder, request, ("person_*.safetensors",), "shards", overwrite)
    if (folder / INDEX).exists():
        say(f"{show(folder)}: all there already")
        return dict(json.loads(read_bytes(folder / INDEX)))
    lamps = sorted({shot.lamp for own in shots.values() for shot in own})
    people = _people(data, shots, lamps, say)
    for number, target in enumerate(people, 1):
        path = folder / file_of(target.name)
        if not path.exists():
            arrays = _arrays(target, [person for person in people if person is not target], config.side)
            write_arrays(arrays, path)
        say(f"{path.name}: {number} of {len(people)} people under lamps")
    index = {
        "format": FORMAT,
        "config": asdict(config),
        "fingerprint": fingerprint,
        "lamps_degrees": [list(lamp) for lamp in lamps],
        "people": [{"person": person.name, "split": split_of(person.name)} for person in people],
    }
    write_bytes(folder / INDEX, json.dumps(index, indent=1).encode(), overwrite=True)
    return index


def file_of(person: str) -> str:
    """Name of a person's file; names of people may hold anything."""
    return f"person_{hashlib.sha256(person.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}.safetensors"


def _fingerprint(data: Path, shots: dict[str, list[Shot]], config: LampConfig) -> str:
    """What tells requests apart: the options, and names, lamps and sizes of the pictures."""
    facts = [
        (shot.file, person, shot.lamp, (data / shot.file).stat().st_size)
        for person in sorted(shots)
        for shot in shots[person]
    ]
    return hashlib.sha256(json.dumps([FORMAT, asdict(config), facts]).encode()).hexdigest()


def _people(
    data: Path, shots: dict[str, list[Shot]], lamps: list[tuple[float, float]], say: Say
) -> list[_Person]:
    """Everybody with a face under the frontal lamp, by name."""
    entries = []
    for person, own in sorted(shots.items()):
        still = min(own, key=lambda shot: shot.angle)
        if still.angle < FRONTAL_DEGREES and len(own) >= FEWEST_LAMPS:
            entries.append(Entry(still.file, person))
        else:
            say(f"left out: {person} has no lamp in front, or fewer than {FEWEST_LAMPS} pictures")
    people = []
    for entry, seen in usable(data, entries, say):
        height, width = seen.frame.shape[:2]
        levels = np.zeros((len(lamps), height, width), np.uint8)
        present = np.zeros(len(lamps), np.uint8)
        for shot in shots[entry.person]:
            frame = read_image(data / shot.file).frame
            if frame.shape[:2] != (height, width):
                say(f"left out: {shot.file} has another size than {entry.file}")
                continue
            grey = frame.astype(np.float32).mean(axis=2) / (257.0 if frame.dtype == np.uint16 else 1.0)
            levels[lamps.index(shot.lamp)] = np.rint(grey)
            present[lamps.index(shot.lamp)] = 1
        people.append(_Person(entry.person, seen, levels, present))
    if len(people) < 2:
        raise UsageError(f"{show(data)}: expected two people or more under lamps, found {len(people)}")
    return people


def _arrays(target: _Person, sources: list[_Person], side: int) -> dict[str, np.ndarray]:
    """One person's file: its own stack and geometry, and for each other person the warped stack."""
    seen = target.seen
    stack = _many(target.levels, lambda frame: align(frame, seen.aligned.face).crop, side)
    rows = [_warped(source, seen, side) for source in sources]
    for row, source in zip(rows, sources, strict=True):
        both = (source.present * target.present).astype(bool)
        row["gains"][1] = _gain_of_sums(row["warped"][both], stack[both], row["warped_mask"])
    arrays = {"stack": stack, "present": target.present, "mask": as_bytes(seen.geometry.mask, side)}
    arrays |= shape_arrays(seen.geometry, side)
    return arrays | stacked(rows)


def _warped(source: _Person, seen: Seen, side: int) -> dict[str, np.ndarray]:
    """A source in the geometry of a target: stack, masks, shape, and gains of skin tone.

    ``gains``: of the pictures as they stand (both under the frontal lamp, values taken as sRGB); of sums of light.
    ``inside``: where X_r shows the source, also beyond the mask under which answers count.
    """
    made = reenact(source.seen.frame, source.seen.aligned.face, seen.aligned)
    assert made.reading is not None
    mask = feathered(
        made.mask * (1 - made.from_target) * shown(source.seen, seen.aligned) * seen.visible * valid(seen)
    )
    own = render(made.landmarks, CROP_SIDE)
    gain = tone_gain(made.crop, seen.aligned.crop, mask)[1] if mask.any() else 1.0
    reading = made.reading
    return {
        "warped": _many(source.levels, lambda frame: _read(reading, frame), side),
        "warped_mask": as_bytes(mask, side),
        "inside": as_bytes(own.mask * (1 - made.from_target), side),
        "gains": np.array([gain, 1.0], np.float32),
        **{f"own_{name}": values for name, values in shape_arrays(own, side).items()},
    }


def _read(reading: Reading, frame: np.ndarray) -> Float32[np.ndarray, "side side 3"]:
    """Another picture, aligned to the pixel with the first, through the same warp; beyond the mesh it continues."""
    return replace(reading, frame=frame).read(np.eye(2, 3), CROP_SIDE, (0, 0, CROP_SIDE, CROP_SIDE))[0]


def _many(
    levels: UInt8[np.ndarray, "lamps height width"], through: Any, side: int
) -> Float16[np.ndarray, "lamps side side"]:
    """Every grey picture through a warp of colour pictures, three at a time; linear light, 0..1."""
    count = len(levels)
    padded = np.concatenate([levels, np.zeros((-count % 3, *levels.shape[1:]), np.uint8)])
    crops = []
    for first in range(0, len(padded), 3):
        crop = through(np.ascontiguousarray(padded[first : first + 3].transpose(1, 2, 0)))
        crops.append(shrunk_to(crop, side).transpose(2, 0, 1))
    return np.concatenate(crops)[:count].astype(np.float16)


def _gain_of_sums(warped: np.ndarray, stack: np.ndarray, mask: UInt8[np.ndarray, "side side"]) -> float:
    """Gain from the source's tone to the target's, both under the sum of all lamps that they share."""
    inside = mask > 0
    if not inside.any() or not len(warped):
        return 1.0
    logs = [
        np.average(
            np.log(np.maximum(part.astype(np.float32).mean(axis=0)[inside], _DARKEST)), weights=mask[inside]
        )
        for part in (warped, stack)
    ]
    return float(np.clip(np.exp(logs[1] - logs[0]), *TONE_GAIN))
