"""From folders of pictures to one store of aligned faces, a little wider than the network's view."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from aotface.datasets.lamps import read_shots, split_of
from aotface.errors import AotfaceError, UsageError
from aotface.face.align import transform_landmarks
from aotface.face.detect import detect
from aotface.face.visibility.view import ZOOM, cut, view_matrix
from aotface.media.files import show
from aotface.media.image import read_image
from aotface.training.visibility.labels import OUTSIDE, UNLABELLED
from aotface.types import Matrix

STORED_SIDE = 384
"""Side of a stored face in pixels."""

MARGIN = 1.3
"""How much wider than the network's view a stored face is: room to turn, shift and scale it."""

LAMPS_EACH = 12
"""Pictures of a person under hard lamps."""

NAMES = ("pictures", "labels", "landmarks")


@dataclass(frozen=True)
class Store:
    """Aligned faces. ``files``: their names. ``labels``: the six of FASSEG, or `OUTSIDE`, or `UNLABELLED`.

    ``landmarks``: in pixels of the stored face.
    """

    files: list[str]
    pictures: UInt8[np.ndarray, "n side side 3"]
    labels: UInt8[np.ndarray, "n side side"]
    landmarks: Float32[np.ndarray, "n 468 3"]

    def __len__(self) -> int:
        return len(self.files)


def prepare(files: Iterable[Path], root: Path, out: Path, say: Callable[[str], None]) -> None:
    """Find the largest face of every picture and keep it.

    Args:
        files: pictures; a PNG of the same name beside one holds hand labels.
        root: folder to which stored names are relative.
        out: folder of the store; made when missing.
        say: called with a line of progress.
    """
    names, rows = list[str](), list[tuple[np.ndarray, np.ndarray, np.ndarray]]()
    for number, file in enumerate(files):
        try:
            rows.append(_one(file))
            names.append(str(file.relative_to(root)))
        except AotfaceError as error:
            say(f"left out: {error}")
        if number % 50 == 0:
            say(f"{number} pictures, {len(names)} faces")
    _write(out, names, rows)


def prepare_lamps(
    data: Path, root: Path, out: Path, say: Callable[[str], None], each: int = LAMPS_EACH
) -> None:
    """Keep people under hard lamps, of those who may be trained on, at the place where the frontal lamp shows each.

    Args:
        data: see `datasets.lamps.read_shots`.
        root: folder to which stored names are relative.
        out: folder of the store; made when missing.
        say: called with a line of progress.
        each: pictures of a person, spread evenly over the lamps' angles.
    """
    names, rows = list[str](), list[tuple[np.ndarray, np.ndarray, np.ndarray]]()
    for person, shots in read_shots(data, say).items():
        if split_of(person) != "train":
            continue
        by_angle = sorted(shots, key=lambda shot: shot.angle)
        faces = detect(read_image(data / by_angle[0].file).frame)
        if not faces:
            say(f"left out: {person} has no face under the frontal lamp")
            continue
        matrix = view_matrix(faces[0].landmarks, STORED_SIDE, ZOOM / MARGIN)
        points = transform_landmarks(faces[0].landmarks, matrix)
        for place in np.linspace(0, len(by_angle) - 1, min(each, len(by_angle))).round().astype(int):
            frame = read_image(data / by_angle[place].file).frame
            picture = (cut(frame, matrix, STORED_SIDE) * 255 + 0.5).astype(np.uint8)
            rows.append(
                (picture, _warped_labels(np.full(frame.shape[:2], UNLABELLED, np.uint8), matrix), points)
            )
            names.append(str((data / by_angle[place].file).relative_to(root)))
    _write(out, names, rows)


def _write(out: Path, names: list[str], rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, arrays in zip(NAMES, zip(*rows, strict=True), strict=True):
        np.save(out / f"{name}.npy", np.stack(arrays))
    (out / "files.txt").write_text("\n".join(names) + "\n")


def open_store(folder: Path) -> Store:
    """Open a store that `prepare` made; the arrays stay on the disc until they are read.

    Raises:
        UsageError: there is none.
    """
    if not (folder / "files.txt").is_file():
        raise UsageError(f"{show(folder)}: expected prepared faces, found none; prepare them first")
    files = (folder / "files.txt").read_text().split("\n")[:-1]
    return Store(files, *(np.load(folder / f"{name}.npy", mmap_mode="r") for name in NAMES))


def _one(file: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frame = read_image(file).frame
    faces = detect(frame)
    if not faces:
        raise UsageError(f"{show(file)}: no face")
    matrix = view_matrix(faces[0].landmarks, STORED_SIDE, ZOOM / MARGIN)
    picture = (cut(frame, matrix, STORED_SIDE) * 255 + 0.5).astype(np.uint8)
    labels = _labels(file.with_suffix(".png"), frame.shape[:2], matrix)
    return picture, labels, transform_landmarks(faces[0].landmarks, matrix)


def _labels(file: Path, size: tuple[int, int], matrix: Matrix) -> np.ndarray:
    known = np.full(size, UNLABELLED, np.uint8)
    if file.is_file():
        found = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        if found is not None and found.shape == size:
            known = np.asarray(found, np.uint8)
    return _warped_labels(known, matrix)


def _warped_labels(known: np.ndarray, matrix: Matrix) -> np.ndarray:
    return np.asarray(
        cv2.warpAffine(
            known,
            matrix,
            (STORED_SIDE, STORED_SIDE),
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(OUTSIDE,),
        )
    )
