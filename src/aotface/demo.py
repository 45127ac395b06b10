"""The sample faces through every transfer, side by side: the quickest way to see what the methods do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from aotface.compose.pipeline import Swapped, choose, swap_found
from aotface.errors import InputError
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.jobs.write_output import OutputOptions, write_output
from aotface.media.files import check_output, list_images, pair_names
from aotface.media.folder import make_folder
from aotface.media.image import Picture, read_image, write_image
from aotface.media.sheet import Panel, sheet
from aotface.options import Options
from aotface.provenance import mark_frame
from aotface.provenance.credentials import Record
from aotface.samples import samples
from aotface.transfer import names as transfers
from aotface.transfer import open_transfer
from aotface.types import Face, Frame

PANEL_SIDE = 224
"""Side of each picture on the sheet in pixels."""

METHODS = transfers()
"""What every target is swapped with, in the order of the sheet's columns."""

Seen = tuple[Picture, list[Face]]


def demonstrate(
    folder: Path,
    source: str | None,
    target: str | None,
    overwrite: bool,
    say: Callable[[str], None],
) -> Path:
    """Give every target a face, by every method.

    Args:
        folder: where the pictures go; made when missing.
        source: picture, folder or glob; the packaged samples when None.
        target: likewise.
        overwrite: replace what is there.
        say: told of each target as it is done.

    Returns:
        The path of the sheet, ``sheet.png``.

    Raises:
        InputError: this installation has no samples.
    """
    place = make_folder(folder) / "sheet.png"
    check_output(place, overwrite)
    sources = [_look(path) for path in _pictures("source", source)]
    targets = [_look(path) for path in _pictures("target", target)]
    names = pair_names([s.path for s, _ in sources], [t.path for t, _ in targets])
    rows, terms = [], OutputOptions(overwrite=overwrite)
    for number, taker in enumerate(targets):
        giver_number = number % len(sources)
        name = Path(names[giver_number, number])
        row = [_panel(*sources[giver_number], "source"), _panel(*taker, "target")]
        for method in METHODS:
            done = _swap(sources[giver_number], taker, method)
            written = folder / f"{name.stem}.{method}{name.suffix}"
            model = open_transfer(method).identity().get("model_sha256")
            record = Record(method, "mesh", model, {"seed": Options.seed})
            inputs = {"source": sources[giver_number][0].path}
            write_output(written, done.frame, taker[0], inputs, record, terms)
            row.append(_panel_of(done.frame, done.faces[0].target.face, method))
        rows.append(row)
        say(f"{number + 1}/{len(targets)} {name.stem}: {len(METHODS)} methods")
    title = "one face per row, in the light of its target: what each transfer makes of it"
    return write_image(place, mark_frame(sheet(rows, PANEL_SIDE, title)), overwrite=overwrite)


def _pictures(role: str, given: str | None) -> list[Path]:
    if given is not None:
        return list_images(given)
    found = samples(role)
    if not found:
        raise InputError(f"this installation has no sample {role}: install again, or name yours: --{role}")
    return found


def _look(path: Path) -> Seen:
    picture = read_image(path)
    return picture, detect(picture.frame)


def _swap(prepared: Seen, taker: Seen, method: str) -> Swapped:
    return swap_found(prepared[0].frame, prepared[1], taker[0].frame, taker[1], Options(transfer=method))


def _panel(picture: Picture, faces: list[Face], label: str) -> Panel:
    return _panel_of(picture.frame, choose(faces, "largest", f"{label} {picture.path.name}")[0], label)


def _panel_of(frame: Frame, face: Face, label: str) -> Panel:
    crop = align(frame, face, PANEL_SIDE).crop
    return Panel(np.rint(crop * 255).astype(np.uint8), label)
