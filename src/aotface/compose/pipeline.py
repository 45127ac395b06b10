"""One still picture: detect, the face step, blend, mark."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.colour_space import srgb_to_linear
from aotface.compose.beyond import Beyond, go_beyond
from aotface.compose.bleached import below_nose, bleached_beard
from aotface.compose.blend import Finer, blend, face_box, frame_mask
from aotface.compose.blocks import lay_blocks
from aotface.compose.blotches import without_blotches
from aotface.compose.brow_ends import BareEnds, bare_ends
from aotface.compose.camera import Camera
from aotface.compose.eyes import EyePoints
from aotface.compose.face_step import brows_of, features_of, kept_of, start_face, work_side
from aotface.compose.full_resolution import full_resolution_faces
from aotface.compose.label import Badge, place_label
from aotface.compose.refined import refine_face
from aotface.compose.sharpness import defocus
from aotface.compose.source_noise import without_noise
from aotface.compose.stubble import stubble_shown
from aotface.errors import FaceIndexError, InputError, NoFaceError, UsageError
from aotface.face.align import align, resize_matrix, scale_of, transform_landmarks
from aotface.face.detect import detect
from aotface.face.mesh import NOSE_WINGS
from aotface.face.skin_light import harder_light
from aotface.face.texture import LUMA, features_mask
from aotface.options import DEFAULTS, Options
from aotface.reenact.base import PreparedSource, Reenactor
from aotface.reenact.given import GivenSwap
from aotface.reenact.mesh import MeshReenactor
from aotface.threads import one_thread_each
from aotface.transfer import transfer_for
from aotface.transfer.base import Transfer
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Landmarks, Mask

LEAST_BLUR = 0.35
"""Blur, in pixels of the frame, below which a face counts as sharp as its target."""

STUBBLE, BEARDED = 1.5, (1.2, 2.2)
"""Blur beside which stubble stands out, in pixels at 256; and how many times as rough as the upper face the lower one
must be for a beard to begin to count, and to count."""


@dataclass(frozen=True)
class SwappedFace:
    """One finished face: ``target`` aligned, X_r with its landmarks, Y, and the mask under which Y shows (all at one side).

    ``before``, ``after``: X_r and Y at the frame's own pixels: of a face larger than the largest crop, and of a refined one.
    ``beyond``: what is done beside the mesh; None: nothing. ``kept``: where Y is the target's own, at 256 px; None: nowhere.
    ``ends``: skin that is laid over ends of the target's brows; None: nowhere. ``beard``: see `whose_beard`; or ``faded``:
    the target's stubble ends gradually on the new chin.
    """

    target: AlignedFace
    reenacted: Crop
    swapped: Crop
    mask: Float32[np.ndarray, "side side"]
    landmarks: Landmarks
    before: Finer | None = None
    after: Finer | None = None
    beyond: Beyond | None = None
    kept: Float32[np.ndarray, "256 256"] | None = None
    ends: BareEnds | None = None
    beard: str = "none"

    @cached_property
    def features(self) -> Float32[np.ndarray, "256 256"]:
        """Eyes, brows and lips of both faces."""
        return features_of(len(self.mask), self.landmarks, self.target.landmarks)

    @property
    def forehead(self) -> str:
        """Whose forehead shows above the mesh: see `aotface.compose.forehead.Forehead.verdict`."""
        return "target's" if self.beyond is None else self.beyond.forehead


@dataclass(frozen=True)
class Swapped:
    """A finished picture.

    ``frame``: the finished picture, of the target's size and type. ``original``: the target. ``faces``: in
    the order in which they were swapped. ``transfer``: the method. ``label``: drawn into the frame, None = none.
    """

    frame: Frame
    original: Frame
    faces: tuple[SwappedFace, ...]
    transfer: str
    label: Badge | None = None

    @cached_property
    def mask(self) -> Float32[np.ndarray, "height width"]:
        """0..1 over the whole frame: with which weight the swapped faces show."""
        height, width = self.original.shape[:2]
        whole = np.zeros((height, width), np.float32)
        for face in self.faces:
            np.maximum(whole, frame_mask(face.mask, face.target.matrix, height, width), out=whole)
            if face.beyond is not None:
                np.maximum(whole, face.beyond.changed(face.target.matrix, height, width), out=whole)
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
    chosen = choose(source_faces, options.source_face, "source")[0]
    targets = choose(target_faces, options.face, "target")
    prepared = prepare_source(source, chosen, options, reenactor or MeshReenactor())
    return swap_faces(target, targets, prepared, options, mark, target_faces)


def refine(
    swapped: Frame,
    target: Frame,
    options: Options = DEFAULTS,
    mark: bool = True,
    mask: Float32[np.ndarray, "height width"] | None = None,
) -> Swapped:
    """Begin at the transfer, with faces that somebody else swapped.

    Of a whole frame, all that the other tool changed is moved; a face that it did not change stays as it is.

    Args:
        swapped: the whole frame at the target's size, or one aligned square crop.
        target: uint8 or uint16, RGB.
        options: which faces, which transfer, which seed.
        mark: embed the invisible watermark.
        mask: of a whole frame, where the swap shows, 0..1; found from the difference when left out.

    Returns:
        The finished frame and everything on the way.
    """
    height, width = target.shape[:2]
    if mask is not None and mask.shape != swapped.shape[:2]:
        raise InputError(
            f"the mask is {mask.shape[1]} x {mask.shape[0]}: expected the swapped picture's size"
        )
    found = detect(target)
    targets = choose(found, options.face, "target")
    if len(targets) > 1 and swapped.shape != target.shape:
        raise UsageError(
            "one aligned crop holds one face: say --face with a number, or give the whole swapped frame"
        )
    return swap_faces(target, targets, GivenSwap(swapped, height, width, mask), options, mark, found)


def prepare_source(source: Frame, face: Face, options: Options, reenactor: Reenactor) -> PreparedSource:
    """Prepare a source, without its noise where the camera is matched.

    Args:
        source: its picture, uint8 or uint16, RGB.
        face: of it.
        options: see there.
        reenactor: gives X_r.
    """
    if isinstance(reenactor, MeshReenactor):
        reenactor = replace(reenactor, gaze=options.gaze)
    clean = source if options.camera_match == "off" else without_noise(source, face)
    return reenactor.prepare(clean, face)


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


def swap_face(
    frame: Frame, face: Face, source: PreparedSource, transfer: Transfer, options: Options = DEFAULTS
) -> SwappedFace:
    """Swap one face, up to its crop; `blend` lays it into the frame.

    Args:
        frame: uint8 or uint16, RGB.
        face: the face of it that is replaced.
        source: gives X_r.
        transfer: see there.
        options: see there.
    """
    one = start_face(frame, face, source, transfer, options, full_resolution=True)
    assert one is not None  # no region was given that might not find it
    crops = one.small, one.reenacted.crop, one.reenacted.mask, one.visible
    shown = stubble_shown(*crops, one.target.landmarks, one.reenacted.landmarks)
    one = without_blotches(replace(one, visible=one.visible * (1 - shown)))
    reenacted, finer, target = one.reenacted, full_resolution_faces(one, frame), one.target
    made = (reenacted.crop, one.swapped, one.mask)
    beyond = go_beyond(frame, target.matrix, target.landmarks, reenacted, *made[1:], one.visible)
    ends = None
    if beyond is not None:
        made = (beyond.reenacted, beyond.swapped, beyond.mask)
        if (
            reenacted.brows is None and one.seen is not None
        ):  # otherwise they are the target's, or it is a video
            ends = bare_ends(frame, face, one.seen, beyond.mask, beyond.weight)
        if ends is not None:
            beyond = beyond.with_filled(ends.soft)
    beard = "faded" if shown.max() > 0.5 and one.beard != "target's" else one.beard
    return SwappedFace(target, *made, reenacted.landmarks, *finer, beyond, kept_of(reenacted), ends, beard)


def camera_of(face: SwappedFace, options: Options, source: PreparedSource) -> Camera | None:
    """What is laid on one face of a picture; None where it is not wanted."""
    if options.camera_match == "off":
        return None
    features, seed = face.features, (options.seed, 0, face.target.face.index)
    if isinstance(source, GivenSwap):
        return Camera(features, seed, given=True)
    points = face.landmarks, face.target.landmarks
    side = len(face.mask)
    own = face.mask if face.kept is None else face.mask * (1 - cv2.resize(face.kept, (side, side)))
    blur = defocus(face.reenacted, face.target.crop, *points, own, scale_of(face.target.matrix))
    eyes = EyePoints(*points)
    blur, hard = blur if blur >= LEAST_BLUR else 0.0, _hard(face, features)
    brows = brows_of(side, face.landmarks, face.kept)
    return Camera(features, seed, blur=blur, eyes=eyes, kept=face.kept, hard=hard, brows=brows)


def _hard(face: SwappedFace, features: Mask) -> Mask | None:
    """See `Camera.hard`; none in nostrils and wings, whose edges are no shadows; less where a source's beard grows, and all
    where that is bleached."""
    half = CROP_SIDE // 2, CROP_SIDE // 2
    parts = (face.reenacted, face.target.crop, face.mask, features)
    before, theirs, mask, eyes = (cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in parts)
    hard = harder_light(srgb_to_linear(before), srgb_to_linear(theirs), mask * (1 - eyes))
    bleached = bleached_beard(face.reenacted, face.swapped, face.mask, face.landmarks, features)
    if hard == 0 and not bleached.any():
        return None
    points = transform_landmarks(face.landmarks, resize_matrix(np.eye(2, 3), len(face.mask), CROP_SIDE))
    beside = 1 - features_mask(features.shape, points, parts=(NOSE_WINGS,))
    if hard == 0:
        return np.asarray(bleached * beside, np.float32)
    before, mask = (
        cv2.resize(one, features.shape, interpolation=cv2.INTER_AREA) for one in (parts[0], parts[2])
    )
    skin, lower = mask * (1 - features), below_nose(face.landmarks, len(face.mask))
    luma = np.asarray(cv2.transform(before, LUMA), np.float32)
    rough = (luma - cv2.GaussianBlur(luma, (0, 0), STUBBLE)) ** 2
    beard, bare = (np.average(rough, weights=skin * part + np.float32(1e-6)) for part in (lower, 1 - lower))
    bearded = np.clip((beard / max(bare, 1e-9) - BEARDED[0]) / (BEARDED[1] - BEARDED[0]), 0, 1)
    return np.asarray(np.maximum(hard * (1 - bearded * lower), bleached) * beside, np.float32)


def _one_face(
    frame: Frame, face: Face, source: PreparedSource, transfer: Transfer, options: Options
) -> SwappedFace | None:
    """As `swap_face`; what is swapped already is refined in the frame's own pixels. None: that face is not swapped."""
    if not isinstance(source, GivenSwap):
        return swap_face(frame, face, source, transfer, options)
    swapped, mask, reached = source.frame, source.mask, None
    if not source.whole:
        swapped, mask, reached = source.laid(align(frame, face, work_side(face)), frame)
    one = refine_face(frame, swapped, face, transfer, options, mask, reached)
    if one is None:
        return None
    return SwappedFace(
        one.target, one.given, one.refined, one.mask, one.target.landmarks, one.before, one.after
    )


@one_thread_each()  # another number of threads rounds otherwise, and is no faster
def swap_faces(
    target: Frame,
    faces: list[Face],
    source: PreparedSource,
    options: Options,
    mark: bool = True,
    shown: Sequence[Face] = (),
) -> Swapped:
    """Swap faces one after the other, and label and mark the picture.

    Args:
        target: uint8 or uint16, RGB.
        faces: of the target; each is replaced.
        source: gives X_r.
        options: which transfer, which seed, which label.
        mark: embed the invisible watermark.
        shown: all faces of the target, which a label shall not cover.
    """
    boxes = np.array([face.box for face in shown or faces], np.float32).reshape(-1, 4)
    height, width = target.shape[:2]
    label = place_label(options, height, width, boxes)  # no room for it: said before the work
    frame, done, transfer = target, [], transfer_for(options)
    for face in faces:
        one = _one_face(target, face, source, transfer, options)
        if one is None:
            continue
        camera = camera_of(one, options, source)
        if one.ends is not None:
            frame = one.ends.lay(frame)
        if one.beyond is not None:
            frame = one.beyond.lay(frame, one.target.matrix)
        where, features = (one.mask, one.target.matrix), one.features
        frame = blend(frame, one.swapped, *where, finer=one.after, camera=camera, features=features)
        if camera is not None and (box := face_box(one.mask, one.target.matrix, height, width)) is not None:
            frame = lay_blocks(frame, target, box, one.mask, one.target.matrix)
        done.append(one)
    frame = frame if label is None else label.draw(frame)
    if mark:
        from aotface.provenance import mark_frame  # brings scipy.fft: only who marks waits for it

        frame = mark_frame(frame)
    return Swapped(frame, target, tuple(done), options.transfer, label)
