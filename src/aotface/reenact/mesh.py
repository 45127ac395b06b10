"""Source identity in the target's pose and expression, by the 3-D mesh alone [ours]; no weights.

The new shape is the target's own (pose, expression, outline) moved towards the source's in the regions that
carry identity. Its texture is the source photograph, read through a smooth dense map; what the photograph does not
show comes from the face's mirrored side. Eyes are the target's own, and mostly the mouth: see
`aotface.reenact.target_eyes` and `aotface.reenact.target_mouth`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from aotface.face.align import align, resize_matrix, scale_of, transform_landmarks
from aotface.face.gaze import gaze_at
from aotface.face.mesh import MIRROR
from aotface.face.parse import source_planes, visibility_network
from aotface.face.render import Raster, rasterize
from aotface.face.skin_light import without_shine
from aotface.masked import resized
from aotface.options import DEFAULTS
from aotface.reenact.base import Reenacted
from aotface.reenact.beards import hairs_of, is_shaven, without_beard
from aotface.reenact.dark_side import without_dark_side
from aotface.reenact.dense_map import Jump, both_maps, dense_map, enlarge, lids, read_crop, read_mask, soften
from aotface.reenact.edge import inner_mask
from aotface.reenact.expression import mouths_alike
from aotface.reenact.eye_lines import level_eyes
from aotface.reenact.iris_colour import IrisColour, iris_colour
from aotface.reenact.lids import lid_places, unseen_eyes
from aotface.reenact.lip_colour import LipColour, lip_colour
from aotface.reenact.lips import part_lips, without_streaks
from aotface.reenact.mouth_shading import level_mouth
from aotface.reenact.nose_edges import without_one_sided_edges
from aotface.reenact.reading import Reading, SourceSkin
from aotface.reenact.remnants import without_remnants
from aotface.reenact.shape import identity_shape
from aotface.reenact.source_brows import without_sand
from aotface.reenact.spectacles import without_spectacles
from aotface.reenact.target_brows import (
    BrowLook,
    TargetBrows,
    better_kept,
    brow_look,
    target_brows,
    without_hidden_brows,
)
from aotface.reenact.target_eyes import TargetEye, target_eyes
from aotface.reenact.target_folds import risen_smile, target_folds
from aotface.reenact.target_mouth import TargetMouth, target_mouth
from aotface.reenact.target_nostrils import target_nostrils
from aotface.reenact.visibility import balance, inside, weights
from aotface.reenact.whole_brows import whole_brows
from aotface.types import CROP_SIDE, AlignedFace, Crop, Face, Frame, Landmarks, Mask, Matrix


@dataclass(frozen=True)
class MeshSource:
    """A source for the mesh.

    ``texture``: 0..1, where its picture may be read as its face; ``matrix``: frame to texture. ``skin``: the same, bare skin
    beside the mesh too; None: nothing is read there. ``gaze``: whose the eyes' direction is, see `aotface.options.Options`.
    ``lips``, ``iris``: their colour; None: they keep the target's. ``brows``: how its
    brows look; None where the target's are needed. ``shaven``: its picture without a beard, for shaven targets; None: it
    has none.
    """

    frame: Frame
    face: Face
    matrix: Matrix
    texture: Mask
    skin: Mask | None = None
    gaze: str = DEFAULTS.gaze
    lips: LipColour | None = None
    iris: IrisColour | None = None
    brows: BrowLook | None = None
    shaven: Frame | None = None

    def reenact(self, target: AlignedFace) -> Reenacted:
        """See `aotface.reenact.base.PreparedSource`."""
        traits = self.lips, self.iris, self._shows_brows(target)
        frame = self._frame_for(target)
        beard = "none" if self.shaven is None else "taken off" if frame is self.shaven else "shown"
        made = reenact(frame, self.face, target, self.texture, self.matrix, 1.0, self.gaze, *traits)
        made = replace(made, beard=beard)
        if self.skin is None or made.reading is None:
            return made
        return replace(made, reading=replace(made.reading, skin=SourceSkin(self.skin, self.matrix)))

    def _frame_for(self, target: AlignedFace) -> Frame:
        """Its picture; without its beard on a shaven face, but not in videos: frames might differ."""
        if self.shaven is None or target.face.rest is not None or not is_shaven(target):
            return self.frame
        return self.shaven

    def _shows_brows(self, target: AlignedFace) -> bool:
        """Whether the new face has its brows; in videos always, where it has some."""
        if self.brows is None or target.face.rest is not None:
            return self.brows is not None
        theirs = brow_look(target.crop, target.landmarks, target.visible)
        return theirs is None or not better_kept(self.brows, theirs)


@dataclass(frozen=True)
class MeshReenactor:
    """Reenacts by the 3-D mesh; what covers the source's face (hair, hands, spectacles) is not carried over.

    ``gaze``: see `MeshSource`.
    """

    gaze: str = DEFAULTS.gaze
    name: str = "mesh"
    files: Sequence[Path] = ()

    def prepare(self, source: Frame, face: Face) -> MeshSource:
        """See `aotface.reenact.base.Reenactor`."""
        aligned, seen = align(source, face), visibility_network().see(source, face)
        gaze = gaze_at(face)
        source, seen = without_shine(source, aligned, seen)
        bare = without_spectacles(source, face, seen)
        texture, skin = source_planes(source, aligned, seen)
        texture, shown = without_hidden_brows(source, bare, aligned, texture, seen)
        bare = without_sand(bare, face)
        large = align(bare, face, _own_side(aligned))
        brows = brow_look(large.crop, large.landmarks, texture) if shown else None
        bare = without_remnants(bare, face, seen, shown)
        bare = without_dark_side(bare, aligned, texture, _own_side(aligned))
        iris = None if gaze is None else iris_colour(aligned.crop, aligned.landmarks, gaze)
        lips = lip_colour(aligned)
        hairs = hairs_of(aligned, seen)
        shaven = None if hairs is None else without_beard(bare, face, seen, hairs)
        return MeshSource(bare, face, aligned.matrix, texture, skin, self.gaze, lips, iris, brows, shaven)


def reenact(
    source_frame: Frame,
    source: Face,
    target: AlignedFace,
    source_visible: Mask | None = None,
    source_matrix: Matrix | None = None,
    identity_strength: float = 1.0,
    gaze: str = "source",
    lips: LipColour | None = None,
    iris: IrisColour | None = None,
    brows: bool = True,
) -> Reenacted:
    """Put the source's face into the target's pose and expression.

    Args:
        source_frame: the picture of the source, uint8 or uint16 RGB.
        source: the face in it.
        target: the aligned target face; its crop's side is the side of the result.
        source_visible: optional 0..1 mask of the source's visible skin; covered places show the mirrored side, or
            else the target.
        source_matrix: frame-to-crop matrix of ``source_visible``; left out, the mask is on the frame's own pixels.
        identity_strength: 0 keeps the target's shape, 1 takes the source's where identity lives.
        gaze: ``target``: the eyes are the target's; ``source``: the source's, where it shows some that fit.
        lips: colour of the source's lips; None: lips keep the target's.
        iris: colour of the source's irises; None: the target's eyes keep theirs.
        brows: whether the source's picture shows any; if not, they are the target's.

    Returns:
        The reenacted face.

    Source: [ours]; the mesh is the 468-point one.
    """
    side = target.crop.shape[0]
    grid = min(side, CROP_SIDE)
    target_points = transform_landmarks(target.landmarks, resize_matrix(np.eye(2, 3), side, grid))
    seen_target = target.visible if target.visible is None else enlarge(target.visible, grid)
    shape = source.landmarks, target_points, identity_strength, target.face.rest
    points = identity_shape(*shape, seen_target, brows)
    raster = rasterize(points, grid)
    edge = inner_mask(points, raster, target_points)
    matrix = np.eye(2, 3) if source_matrix is None else source_matrix
    skin = None if source_visible is None else SourceSkin(source_visible, matrix)
    reading, visible = _reading_of(source_frame, source.landmarks, skin, target, points, raster, edge)
    crop, shading = _put_on(target.crop, reading, source.landmarks, points, target_points)
    if target.face.rest is None:
        small = resized(crop, grid), resized(target.crop, grid)
        light = without_one_sided_edges(*small, points, target_points, raster, visible)
        if light is not None:
            shading += light
            crop += enlarge(light, side)
            np.clip(crop, 0, 1, out=crop)
            small = np.clip(small[0] + light, 0, 1), small[1]
        smile = risen_smile(source.landmarks, target_points)
        bare = max(smile) > 0 and is_shaven(target)
        light = target_folds(*small, points, target_points, raster, smile, seen_target) if bare else None
        if light is not None:
            shading += light
            crop += enlarge(light, side)
            np.clip(crop, 0, 1, out=crop)
            small = np.clip(small[0] + light, 0, 1), small[1]
        nostrils = target_nostrils(*small, points, target_points, raster, seen_target)
        if nostrils is not None:
            shading += nostrils.light
            nostrils.lay(crop)
        light = whole_brows(small[0], points, raster, visible) if brows else None
        if light is not None:
            shading += light
            crop += enlarge(light, side)
            np.maximum(crop, 0, out=crop)
    laid = None
    if not brows:
        theirs = _through_target(target.crop, raster, target_points, side)
        shows = visible if seen_target is None else visible * seen_target
        laid = target_brows(theirs, points, raster.covered, shows)
    alike = target.face.rest is None and mouths_alike(source.landmarks, target_points, points)
    mouth = target_mouth(target, points, raster.covered, lips, alike)
    shares = (1.0, 1.0) if gaze == "target" else unseen_eyes(source.landmarks, target_points)
    eyes = tuple(target_eyes(target, crop, points, raster.covered, iris, shares))
    from_target = _lay(crop, [*(part for part in (laid, mouth) if part is not None), *eyes])
    reading = replace(reading, shown=reading.shown * (1 - enlarge(from_target, grid)), shading=shading)
    mask = enlarge(np.clip(edge * visible, 0, 1), side)
    if laid is not None:
        mask[laid.here] = np.maximum(mask[laid.here], laid.weight * enlarge(edge, side)[laid.here])
    own = transform_landmarks(points, resize_matrix(np.eye(2, 3), grid, side))
    made = Reenacted(crop, mask, from_target, own, reading, eyes, mouth, laid)
    return replace(made, raster=raster if grid == CROP_SIDE else None)


def _reading_of(
    frame: Frame,
    source: Landmarks,
    shown: SourceSkin | None,
    target: AlignedFace,
    points: Landmarks,
    raster: Raster,
    edge: Mask,
) -> tuple[Reading, Mask]:
    """How a new face is read out of the source's picture; and what the source shows of it.

    Args:
        frame: the picture.
        source: its landmarks.
        shown: its visible skin; None: all of it.
        target: see `reenact`.
        points: the new face's shape, pixels of a grid.
        raster: the same, drawn.
        edge: its soft mask.
    """
    both, places, weight, toned = _source_places(source, points, raster)
    both, parting = part_lips(both, source, places, points, raster, target)
    visible: Mask = np.ones_like(edge)
    if shown is not None:
        seen = [read_mask(shown.plane, shown.matrix, both[..., k : k + 2]) for k in (0, 2)]
        weight, visible, toned = _where_seen(weight, toned, seen, raster)
    even = balance(frame, both, toned, points) if (weight[raster.covered] < 1).any() else None
    within = (cv2.erode(edge, np.ones((3, 3))) > 0).astype(np.float32)
    return Reading(frame, both, weight, within, parting, raster.covered, balance=even), visible


def _put_on(
    crop: Crop, reading: Reading, source: Landmarks, points: Landmarks, theirs: Landmarks
) -> tuple[Crop, Float32[np.ndarray, "grid grid 3"]]:
    """The new face over the target's crop, and what was changed of it around the mouth.

    Args:
        crop: the target's.
        reading: the face.
        source: landmarks of the source.
        points: the new face's shape.
        theirs: the target's landmarks, in the same pixels.
    """
    assert reading.covered is not None
    side, grid = len(crop), len(reading.covered)
    drawn = np.clip(enlarge(reading.covered.astype(np.float32), side) * 4 - 1.5, 0, 1)
    box = _box(drawn > 0)  # elsewhere the crop is the target's
    face = _read_face(reading, side, box)
    shading = level_mouth(face, box, source, side, points, theirs, grid)
    light = level_eyes(face, box, source, side, points, theirs, grid)
    if light is not None:
        shading += light
    if reading.parting is not None:
        face *= enlarge(reading.parting.shade, side)[box][..., None]
    return _over(crop, face, drawn, box), shading


def _lay(crop: Crop, parts: Sequence[TargetBrows | TargetEye | TargetMouth]) -> Mask:
    """Lay them into X_r, in place; where it is the target's then."""
    shown: Mask = np.zeros(crop.shape[:2], np.float32)
    for part in parts:
        part.lay(crop)
        shown[part.here] = np.maximum(shown[part.here], part.weight)
    return shown


def _source_places(
    source: Landmarks, points: Landmarks, raster: Raster
) -> tuple[np.ndarray, np.ndarray, Mask, Mask]:
    """Where each grid pixel lies in the source's picture (x, y, and both of the mirrored side), each vertex likewise, the
    first's weight, and how far both sides' tones are known."""
    unit = len(raster.depth) / CROP_SIDE
    direct, mirrored = (inside(one[:, :2]) for one in lid_places(source, points))
    shown = weights(source, points)
    shown = np.stack([shown[:, 0], np.minimum(shown[:, 1], shown[MIRROR, 1])], axis=1)
    drawn = raster.interpolate(shown.astype(np.float32))
    weight, toned = (soften(drawn[..., k], raster.covered, 4.0 * unit) for k in (0, 1))
    places = np.concatenate([direct, mirrored[MIRROR]], axis=1)
    return dense_map(raster, places, lids(points, len(raster.depth))), places, weight, toned


def _where_seen(weight: Mask, toned: Mask, seen: list[Mask], raster: Raster) -> tuple[Mask, Mask, Mask]:
    """The weight of the face's own side where a mask covers parts of both sides, what is visible of either, and where both
    sides' tones are known."""
    reachable = weight * seen[0]
    weight = reachable / np.maximum(reachable + (1 - reachable) * seen[1], 1e-3) * (reachable > 1e-3)
    weight = soften(weight.astype(np.float32), raster.covered, 1.5 * len(raster.depth) / CROP_SIDE)
    both = toned * seen[0] * seen[1]
    return weight, np.clip(np.maximum(reachable, seen[1]), 0, 1), both


def _read_face(reading: Reading, side: int, box: tuple[slice, slice]) -> Crop:
    """The source's texture in ``box`` of the crop."""
    maps = both_maps(reading.maps)
    torn: list[Jump | None] = [None, None]
    if (parting := reading.parting) is not None:
        jumps = [np.ascontiguousarray(parting.jump[..., k : k + 2]) for k in (0, 2)]
        torn = [(parting.below, jump, parting.box) for jump in jumps]
    face = read_crop(reading.frame, maps[0], side, box, torn[0])
    weight = enlarge(reading.weight, side)
    mirrored = _both(_box(weight < 1), box)  # elsewhere the first alone is seen
    if weight[mirrored].size:
        inner = tuple(slice(m.start - b.start, m.stop - b.start) for m, b in zip(mirrored, box, strict=True))
        other = read_crop(reading.frame, maps[1], side, mirrored, torn[1])
        if reading.balance is not None:
            other *= enlarge(reading.balance, side)[mirrored]
        face[inner] = other + (face[inner] - other) * weight[mirrored][..., None]
    if parting is not None:
        without_streaks(face, maps[0], parting, box, side)
    return face


def _over(crop: Crop, face: Crop, drawn: Mask, box: tuple[slice, slice]) -> Crop:
    """The face over the target's crop; ``face`` is used up."""
    whole = crop.copy()
    face -= whole[box]
    face *= drawn[box][..., None]
    face += whole[box]
    whole[box] = np.clip(face, 0, 1, out=face)
    return whole


def _own_side(aligned: AlignedFace) -> int:
    """Side of the crop that has about as many pixels as the picture of the face."""
    return int(np.clip(np.ceil(CROP_SIDE / scale_of(aligned.matrix) / 32) * 32, CROP_SIDE, 1024))


def _both(one: tuple[slice, slice], other: tuple[slice, slice]) -> tuple[slice, slice]:
    """What two boxes share; where that is nothing, its ends are its starts."""
    starts = [max(a.start, b.start) for a, b in zip(one, other, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(one, other, strict=True)]
    rows, columns = (slice(a, max(a, b)) for a, b in zip(starts, stops, strict=True))
    return rows, columns


def _box(shown: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that show something."""
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _through_target(crop: Crop, raster: Raster, target: Landmarks, side: int) -> Crop:
    """The target's crop under the new shape: mouth and eyes follow the parts that were shifted."""
    large = enlarge(dense_map(raster, target[:, :2]), side)
    zoom = side / raster.depth.shape[0]
    large = (large + 0.5) * zoom - 0.5
    return cv2.remap(
        crop,
        large[..., 0].astype(np.float32),
        large[..., 1].astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
