"""From finished segments to files: the video, what lies beside it, and what the credentials say."""

import hashlib
from pathlib import Path
from typing import Any

from aotface.commands.deliver import signer_from
from aotface.commands.pairing import VideoPair
from aotface.commands.writing import Writing
from aotface.media.files import check_output, read_bytes, write_bytes
from aotface.media.video.folder import FOLDER, list_frames, save_frame
from aotface.media.video.join import join
from aotface.media.video.parts import Parts
from aotface.media.weights import sha256
from aotface.options import Options
from aotface.provenance.credentials import Record, sign_video
from aotface.video.layers import grey_info
from aotface.video.plan import open_clip
from aotface.video.scene import Scene
from aotface.video.segments import MASK, MATRIX

Inputs = dict[str, Path]
"""What went in beside the target, by what it is."""


def beside(output: Path, layer: str) -> Path:
    """Where a layer goes."""
    return output.with_name(output.stem + layer)


def digest(path: Path) -> str:
    """The sha256 of a file; of a folder of frames, that of all of them in order."""
    if not path.is_dir():
        return sha256(path)
    return hashlib.sha256("".join(sha256(frame) for frame in list_frames(path)).encode()).hexdigest()


def record_of(options: Options, info: dict[str, Any], swapped: bool) -> Record:
    """How the frames were made."""
    reenactor = "given" if swapped else "mesh"
    return Record(options.transfer, reenactor, info.get("model_sha256"), {"seed": options.seed})


def deliver(
    command: Writing, pair: VideoPair, inputs: Inputs, record: Record, scene: Scene, parts: Parts
) -> None:
    """Join the segments with the target's sound, sign, and write the video."""
    clip = scene.clip
    segments = [parts.segment(number) for number in range(len(parts.segments))]
    whole = (clip.info, clip.times, clip.first, clip.last)
    heard = None if clip.info.container == FOLDER else pair.target
    if not command.mark:
        join(segments, heard, pair.output, *whole, command.overwrite)
        return
    joined = parts.folder / f"joined{pair.output.suffix}"
    join(segments, heard, joined, *whole, overwrite=True)
    _sign(command, joined, pair, inputs, pair.output, record, command.overwrite)


def deliver_layer(
    command: Writing,
    pair: VideoPair,
    inputs: Inputs,
    record: Record,
    scene: Scene,
    parts: Parts,
    layer: str,
) -> None:
    """Write a layer beside the output; what a stop leaves of it may be replaced when the work goes on."""
    clip, output = scene.clip, beside(pair.output, layer)
    overwrite = command.overwrite or parts.noted(layer[1:])
    check_output(output, overwrite)
    parts.note(layer[1:])
    pieces = [parts.segment(number, layer) for number in range(len(parts.segments))]
    if layer == MATRIX:
        write_bytes(output, b"".join(read_bytes(piece) for piece in pieces), overwrite)
        return
    info = grey_info(clip.info) if layer == MASK else clip.info
    whole = (info, clip.times, clip.first, clip.last)
    if layer == MASK or not command.mark:
        join(pieces, None, output, *whole, overwrite)
        return
    joined = join(pieces, None, parts.folder / f"joined{layer}", *whole, overwrite=True)
    before = Record("none", record.reenactor, None, record.parameters)
    _sign(command, joined, pair, inputs, output, before, overwrite)


def check_saved_frames(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that holds frames already, before hours are spent."""
    for path in sorted(folder.glob("[0-9]*.png"))[:1]:
        check_output(path, overwrite)


def save_frames(output: Path, folder: Path, overwrite: bool) -> None:
    """Write every frame of the finished video as PNG."""
    for frame in open_clip(output).frames():
        save_frame(folder, frame, overwrite)


def _sign(
    command: Writing,
    joined: Path,
    pair: VideoPair,
    inputs: Inputs,
    output: Path,
    record: Record,
    overwrite: bool,
) -> None:
    """Sign; a folder of frames is named by its first."""
    parent, *others = (
        list_frames(path)[0] if path.is_dir() else path for path in (pair.target, *inputs.values())
    )
    signer = signer_from(command.certificate, command.key)
    sign_video(joined, output, record, parent, dict(zip(inputs, others, strict=True)), signer, overwrite)
