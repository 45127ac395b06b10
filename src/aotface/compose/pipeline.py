"""The straight line for one still frame: detect, align, reenact, transport, blend, mark."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.compose.blend import blend, frame_mask
from aotface.errors import FaceIndexError, NoFaceError, UsageError
from aotface.face.align import align, crop_matrix, resize_matrix, scale_of, transform_landmarks
from aotface.face.detect import detect
from aotface.face.parse import visible_skin
from aotface.face.render import render
from aotface.options import DEFAULTS, LEARNED, Options
from aotface.provenance import mark_frame
from aotface.reenact.base import Reenacted, Reenactor
from aotface.reenact.given import GivenSwap
from aotface.reenact.mesh import MeshReenactor
from aotface.transfer import classical as colour
from aotface.transfer.resolution import apply_at_resolution
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame

if TYPE_CHECKING:
    from aotface.compose.full_resolution import FullResolutionFace
    from aotface.transfer.aot.network import Network

LARGEST_SIDE = 2048
"""Larger faces are worked on at this side: a 24-megapixel portrait stays under 2 GB."""

FULL_RESOLUTION_SIDE = 1024
"""The same where the finished face is read from the source at the frame's own pixels, whatever the side of its crop."""

_ONE_LOADS = threading.Lock()  # of the threads that need the same network at the same time


@dataclass(frozen=True)
class SwappedFace:
    """One face on its way: ``target`` aligned, X_r, Y, and the mask under which Y shows (all at one side).

    ``before``, ``after``: X_r and Y at the frame's own pixels, of a face that is larger than the largest crop.
    """

    target: AlignedFace
    reenacted: Crop
    swapped: Crop
    mask: Float32[np.ndarray, "side side"]
    before: "FullResolutionFace | None" = None
    after: "FullResolutionFace | None" = None


@dataclass(frozen=True)
class Swapped:
    """What comes out of the line.

    ``frame``: the finished picture, of the target's size and type. ``original``: the target. ``faces``: in
    the order in which they were swapped. ``transfer``: the method.
    """

    frame: Frame
    original: Frame
    faces: tuple[SwappedFace, ...]
    transfer: str

    @cached_property
    def mask(self) -> Float32[np.ndarray, "height width"]:
        """0..1 over the whole frame: with which weight the swapped faces show."""
        height, width = self.original.shape[:2]
        whole = np.zeros((height, width), np.float32)
        for face in self.faces:
            np.maximum(whole, frame_mask(face.mask, face.target.matrix, height, width), out=whole)
        return whole

    @cached_property
    def reenacted(self) -> Frame:
        """The frame before the transfer: X_r in its place, in its own light up to the edge."""
        frame = self.original
        for face in self.faces:
            matrix = face.target.matrix
            frame = blend(frame, face.reenacted, face.mask, matrix, ease=False, finer=face.before)
        return frame


def swap(
    source: Frame,
    target: Frame,
    options: Options = DEFAULTS,
    reenactor: Reenactor | None = None,
    mark: bool = True,
) -> Swapped:
    """Put one face of the source on the chosen faces of the target.

    Args:
        source: uint8 or uint16, RGB.
        target: uint8 or uint16, RGB.
        options: which faces, which transfer, which seed.
        reenactor: brings the source's face into the target's pose; by the 3-D mesh when left out.
        mark: embed the invisible watermark.

    Returns:
        The finished frame and everything on the way.
    """
    return swap_found(source, detect(source), target, detect(target), options, reenactor, mark)


def swap_found(
    source: Frame,
    source_faces: list[Face],
    target: Frame,
    target_faces: list[Face],
    options: Options = DEFAULTS,
    reenactor: Reenactor | None = None,
    mark: bool = True,
) -> Swapped:
    """As `swap`, for frames whose faces are known: many pairs share few pictures."""
    if options.source_face == "all":
        raise UsageError("the source gives one face: say --source-face largest or a number")
    prepared = choose(source_faces, options.source_face, "source")[0]
    takers = choose(target_faces, options.face, "target")
    reenact = (reenactor or MeshReenactor()).prepare(source, prepared).reenact
    return _walk(target, takers, reenact, options, mark, readable=reenactor is None)


def refine(swapped: Frame, target: Frame, options: Options = DEFAULTS, mark: bool = True) -> Swapped:
    """Enter the line at the transfer, with faces that somebody else swapped.

    Args:
        swapped: the whole frame at the target's size, or one aligned square crop.
        target: uint8 or uint16, RGB.
        options: which faces, which transfer, which seed.
        mark: embed the invisible watermark.

    Returns:
        The finished frame and everything on the way.
    """
    height, width = target.shape[:2]
    takers = choose(detect(target), options.face, "target")
    if len(takers) > 1 and swapped.shape != target.shape:
        raise UsageError(
            "one aligned crop holds one face: say --face with a number, or give the whole swapped frame"
        )
    return _walk(target, takers, GivenSwap(swapped, height, width).reenact, options, mark)


def choose(faces: list[Face], which: str, where: str) -> list[Face]:
    """The faces that were asked for.

    Args:
        faces: largest first.
        which: ``largest``, ``all`` or a number.
        where: name of the picture, for the message.

    Raises:
        NoFaceError: there is none.
        FaceIndexError: there are fewer than the number asks for.
        UsageError: not a choice.
    """
    if which not in ("largest", "all") and not which.isdecimal():
        raise UsageError(f"expected a face as largest, all or a number from 0, got {which!r}")
    if not faces:
        raise NoFaceError(
            f"no face found in the {where}: it needs one of at least about 64 pixels, not turned away"
        )
    if which == "all":
        return faces
    index = 0 if which == "largest" else int(which)
    if index >= len(faces):
        raise FaceIndexError(
            f"face {index} of the {where} does not exist: it shows {len(faces)}, counted from 0"
        )
    return [faces[index]]


def work_side(face: Face) -> int:
    """Side of the crop that keeps the face's full resolution: a multiple of 32 from 256 to `LARGEST_SIDE`."""
    needed = CROP_SIDE / scale_of(crop_matrix(face.landmarks))
    return int(np.clip(np.ceil(needed / 32) * 32, CROP_SIDE, LARGEST_SIDE))


def transport(reenacted: Reenacted, target: AlignedFace, mask: np.ndarray, options: Options) -> Crop:
    """Move X_r into the target's appearance: found at 256 px, applied at the crop's own resolution.

    Args:
        reenacted: X_r.
        target: X_t, the same side.
        mask: side x side: pixels that count.
        options: which transfer, its seed, its device.

    Returns:
        Y, side x side; what X_r took from the target as it is (an open mouth) stays as it is.
    """
    if options.transfer == LEARNED:
        network, inputs = _network(reenacted, target, mask, options)
        moved = network.transport(*inputs)
    else:
        counted, wanted = shrunk(mask * (1 - reenacted.from_target)), shrunk(target.crop)
        before = shrunk(reenacted.crop)
        after = colour.find(options.transfer)(before, wanted, counted, seed=options.seed)
        moved = apply_at_resolution(reenacted.crop, before, after, counted)
    return with_native(reenacted, moved)


def with_native(reenacted: Reenacted, moved: Crop) -> Crop:
    """Y where X_r was moved; what X_r took from the target as it is (an open mouth) stays as it is.

    Args:
        reenacted: X_r.
        moved: Y of all of it, the same side.
    """
    rows, columns = (np.flatnonzero(reenacted.from_target.any(axis=axis)) for axis in (1, 0))
    result = moved.copy()  # a transfer may give back what it was given
    if len(rows):
        here = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        result[here] += (reenacted.crop[here] - moved[here]) * reenacted.from_target[here][..., None]
    return result


def learned_colour_map(
    reenacted: Reenacted, target: AlignedFace, mask: np.ndarray, options: Options
) -> np.ndarray | None:
    """What the network of `LEARNED` would lay on X_r, as a plain array; None where it repaints. See `transport`."""
    network, inputs = _network(reenacted, target, mask, options)
    return network.find(*inputs)


def _network(
    reenacted: Reenacted, target: AlignedFace, mask: np.ndarray, options: Options
) -> "tuple[Network, tuple[Crop, Crop, np.ndarray, np.ndarray, bool, np.ndarray]]":
    """The network, and what it is given."""
    # Brings torch: only who asks pays.
    from aotface.transfer.aot.network import fast_precision

    shrink = resize_matrix(np.eye(2, 3), len(mask), CROP_SIDE)
    points, own = (transform_landmarks(who, shrink) for who in (target.landmarks, reenacted.landmarks))
    wanted, counted = shrunk(target.crop), shrunk(mask * (1 - reenacted.from_target))
    inputs = (reenacted.crop, wanted, counted, points, fast_precision(options.device), own)
    return loaded_network(options), inputs


def loaded_network(options: Options) -> "Network":
    """The network of `LEARNED`, loaded once, whoever asks first.

    Raises:
        UsageError, WeightsError: see `aotface.transfer.aot.network.load_network_for`.
    """
    from aotface.transfer.aot.network import load_network, load_network_for

    with _ONE_LOADS:
        if options.backend != "torch":
            return load_network_for(options.backend, options.weights)
        return load_network(options.weights, options.device)


def swap_face(
    frame: Frame,
    taker: Face,
    reenact: Callable[[AlignedFace], Reenacted],
    options: Options,
    readable: bool = False,
) -> SwappedFace:
    """Swap one face, up to its crop; `blend` lays it into the frame.

    Args:
        frame: uint8 or uint16, RGB.
        taker: the face of it that is replaced.
        reenact: from the aligned target to X_r.
        options: which transfer, its seed, its device.
        readable: X_r is read from the source's picture by a map, and can be read again at the frame's own pixels.
    """
    side = work_side(taker)
    native = readable and options.transfer == LEARNED and side > FULL_RESOLUTION_SIDE
    target = align(frame, taker, FULL_RESOLUTION_SIDE if native else side)
    reenacted = reenact(target)
    mask = reenacted.mask * enlarged(visible_at(frame, taker), len(target.crop))
    if not native:
        return SwappedFace(target, reenacted.crop, transport(reenacted, target, mask, options), mask)
    field = learned_colour_map(reenacted, target, mask, options)
    if field is None or reenacted.reading is None:  # a network that paints: at the crop's own side
        return swap_face(frame, taker, reenact, options)
    from aotface.compose.full_resolution import FullResolutionFace
    from aotface.transfer.aot.colour_map_arrays import apply_colour_map_array

    finer, place = reenacted.reading.finer(), (target.matrix, len(target.crop), options.device)
    before, after = (FullResolutionFace(finer, one, *place) for one in (None, field))
    moved = with_native(reenacted, apply_colour_map_array(reenacted.crop, field, options.device))
    return SwappedFace(target, reenacted.crop, moved, mask, before, after)


def _walk(
    target: Frame,
    takers: list[Face],
    reenact: Callable[[AlignedFace], Reenacted],
    options: Options,
    mark: bool,
    readable: bool = False,
) -> Swapped:
    frame, done = target, []
    for taker in takers:
        face = swap_face(target, taker, reenact, options, readable)
        frame = blend(frame, face.swapped, face.mask, face.target.matrix, finer=face.after)
        done.append(face)
    return Swapped(mark_frame(frame) if mark else frame, target, tuple(done), options.transfer)


def visible_at(frame: Frame, face: Face) -> Float32[np.ndarray, "256 256"]:
    """The face's visible skin, in its crop at 256 px."""
    aligned = align(frame, face)
    return visible_skin(aligned.crop, aligned.landmarks, render(aligned.landmarks, CROP_SIDE))


def enlarged(values: np.ndarray, side: int) -> np.ndarray:
    """A mask of 256 px at a crop's own side."""
    return values if len(values) == side else cv2.resize(values, (side, side), interpolation=cv2.INTER_LINEAR)


def shrunk(values: np.ndarray) -> np.ndarray:
    """A crop or mask at the side at which transfers are found."""
    side = (CROP_SIDE, CROP_SIDE)
    return values if values.shape[:2] == side else cv2.resize(values, side, interpolation=cv2.INTER_AREA)
