"""What stays in front of a face: things drawn over the astronaut and over faces of nobody, each beside its failing twin."""

import cv2
import numpy as np
import pytest

from aotface.face.align import align
from aotface.face.detect import detect
from aotface.face.mesh import LEFT_BROW, OUTER_LIPS
from aotface.face.parse import (
    kept_beard,
    source_planes,
    usable_texture,
    visible_at,
    visible_skin,
    without_islands,
    worn_frames,
)
from aotface.face.render import render
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import Visibility
from aotface.face.visibility.view import view_matrix, view_of_crop
from aotface.media.image import read_image
from aotface.samples import sample
from aotface.types import AlignedFace, Crop, Face, Frame, Geometry, Landmarks, Mask


def seen(crop: Crop, aligned: AlignedFace) -> Mask:
    return visible_skin(crop, aligned.landmarks, render(aligned.landmarks, len(crop)))


def hidden(visible: Mask, where: np.ndarray) -> float:
    """Mean share of a region that is taken for covered."""
    return float(1 - visible[where].mean())


def inner_face(landmarks: Landmarks) -> np.ndarray:
    """From below the brows to the chin, between the eyes' outer corners."""
    x, y = np.meshgrid(np.arange(256), np.arange(256))
    left, right = landmarks[[130, 359], 0]
    top, bottom = landmarks[[105, 334], 1].max() + 2, landmarks[18, 1]
    return (y > top) & (y < bottom) & (x > left) & (x < right)


def frames_of(landmarks: Landmarks, thickness: int) -> Mask:
    """Two rims, a bridge and the arms, drawn where spectacles sit."""
    drawn = np.zeros((256, 256), np.float32)
    rims = []
    for outer, inner in ((33, 133), (263, 362)):
        a, b = landmarks[outer, :2], landmarks[inner, :2]
        centre = np.round((a + b) / 2 + [0, 3]).astype(int)
        size = (round(float(np.linalg.norm(a - b)) * 0.85), round(float(np.linalg.norm(a - b)) * 0.68))
        cv2.ellipse(drawn, centre.tolist(), size, 0, 0, 360, (1,), thickness)
        rims.append((centre, size))
    (right, size), (left, _) = rims
    cv2.line(drawn, (right + [size[0], -6]).tolist(), (left - [size[0], 6]).tolist(), (1,), thickness)
    for centre, vertex, way in ((right, 127, -1), (left, 356, 1)):
        end = np.round(landmarks[vertex, :2]).astype(int)
        cv2.line(drawn, (centre + [way * size[0], -4]).tolist(), end.tolist(), (1,), thickness)
    return drawn


def nobody(name: str) -> AlignedFace:
    frame = read_image(sample(name)).frame
    return align(frame, detect(frame)[0])


@pytest.fixture(
    scope="module", params=["source_deep_woman", "target_medium_woman_grey", "target_light_woman_dim"]
)
def sampled(request: pytest.FixtureRequest) -> AlignedFace:
    """Faces of nobody: deep skin, a grey picture, a dim one."""
    return nobody(request.param)


def test_a_bare_face_is_visible(sampled: AlignedFace) -> None:
    assert hidden(seen(sampled.crop, sampled), inner_face(sampled.landmarks)) < 0.03


@pytest.mark.parametrize("colour", [(1.0, 0.45, 0.3), (0.4, 0.6, 1.0), (0.5, 1.0, 0.5), (0.3, 0.3, 0.3)])
def test_a_bare_face_is_visible_in_coloured_and_little_light(colour: tuple[float, ...]) -> None:
    one = nobody("source_light_man")
    lit = (one.crop * np.array(colour, np.float32)).astype(np.float32)
    assert hidden(seen(lit, one), inner_face(one.landmarks)) < 0.05


def test_the_astronauts_fringe_is_in_front_and_her_face_is_not_hidden(aligned: AlignedFace) -> None:
    visible = seen(aligned.crop, aligned)
    x, y = np.round(aligned.landmarks[10, :2]).astype(int)
    assert visible[y + 2 : y + 8, x - 15 : x + 30].mean() < 0.3
    assert hidden(visible, inner_face(aligned.landmarks)) < 0.02


@pytest.mark.parametrize("thickness", [2, 4])
def test_frames_of_spectacles_are_in_front(sampled: AlignedFace, thickness: int) -> None:
    drawn = frames_of(sampled.landmarks, thickness)
    worn = sampled.crop * (1 - drawn[..., None]) + 0.05 * drawn[..., None]
    here = (drawn > 0) & inner_face(sampled.landmarks)
    assert hidden(seen(worn.astype(np.float32), sampled), here) > 0.85
    assert hidden(seen(sampled.crop, sampled), here) < 0.05, "the failing twin: there was nothing"


@pytest.mark.parametrize("name", ["source_deep_woman", "target_light_woman_dim"])
def test_a_medical_mask_is_in_front(name: str) -> None:
    sampled = nobody(name)
    outline = sampled.landmarks[[123, 195, 352, 401, 152, 177], :2]
    area = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(area, [np.round(outline).astype(np.int32)], (1,))
    shade = np.clip(0.75 + 0.1 * np.sin(np.arange(256) / 6), 0, 1)[:, None, None]
    cloth = (np.array([0.45, 0.7, 0.9]) * shade).astype(np.float32) * np.ones((256, 256, 1), np.float32)
    worn = np.where(area[..., None] > 0, cloth, sampled.crop)
    assert hidden(seen(worn, sampled), area > 0) > 0.8
    eyes = inner_face(sampled.landmarks) & (np.arange(256)[:, None] < outline[0, 1] - 12)
    assert hidden(seen(worn, sampled), eyes) < 0.1


def test_off_the_mesh_everything_is_visible(aligned: AlignedFace) -> None:
    visible, geometry = seen(aligned.crop, aligned), render(aligned.landmarks, 256)
    assert (visible[geometry.mask == 0] == 1).all()
    assert visible.dtype == np.float32 and visible.min() >= 0 and visible.max() <= 1


def test_around_the_mesh_skin_is_told_from_all_else() -> None:
    frame = read_image(sample("source_light_man")).frame
    face = detect(frame)[0]
    aligned = align(frame, face)
    plain, around = visible_at(frame, face), visible_at(frame, face, around=True)
    mesh = render(aligned.landmarks, 256).mask > 0
    assert np.array_equal(plain[mesh], around[mesh])
    x, y = np.round(aligned.landmarks[10, :2]).astype(int)
    assert around[y - 6 : y - 2, x - 10 : x + 10].min() > 0.8, "forehead"
    assert around[:20, :20].max() < 0.2 < plain[:20, :20].min(), "ground"


def test_side_does_not_matter(portrait: Frame, face: Face) -> None:
    here, large = (align(portrait, face, side) for side in (256, 384))
    there = seen(large.crop, large)
    assert there.shape == (384, 384)
    assert np.abs(cv2.resize(there, (256, 256)) - seen(here.crop, here)).mean() < 0.02


def test_frame_and_crop_agree(portrait: Frame, face: Face, aligned: AlignedFace) -> None:
    assert np.abs(visible_at(portrait, face) - seen(aligned.crop, aligned)).mean() < 0.02


def test_a_source_is_not_read_near_its_hair(portrait: Frame, face: Face, aligned: AlignedFace) -> None:
    usable, visible = usable_texture(portrait, aligned), visible_at(portrait, face)
    assert usable[visible < 0.3].max() < 0.3
    assert usable[inner_face(aligned.landmarks)].mean() > 0.9
    assert usable.mean() < visible.mean()


def test_a_strip_of_forehead_between_strands_is_not_read(portrait: Frame, aligned: AlignedFace) -> None:
    brows = round(float(aligned.landmarks[[66, 296], 1].mean()))
    read = []
    for half in (9, 30):
        view = np.zeros((OUTPUTS, 256, 256), np.float32)
        view[Surface.SKIN] = 1
        strands = np.zeros((256, 256), np.float32)
        strands[: brows - 2] = 1
        strands[:, 128 - half : 128 + half] = 0
        view[Surface.HAIR] = cv2.warpAffine(strands, view_of_crop(256), (256, 256))
        found = Visibility(view, view_matrix(aligned.face.landmarks))
        usable = source_planes(portrait, aligned, found)[0]
        read.append(usable[brows - 20, 128])
    assert read[0] < 0.1 < 0.9 < read[1]


def test_a_source_is_not_read_beyond_its_picture(portrait: Frame, face: Face, aligned: AlignedFace) -> None:
    """Half of the face is cut off: the picture's last column would be drawn over it."""
    middle = round(float(face.landmarks[1, 0]))
    cut = np.ascontiguousarray(portrait[:, :middle])
    usable = usable_texture(cut, align(cut, face))
    half = round(float(aligned.landmarks[1, 0]))
    inner = inner_face(aligned.landmarks)
    columns = np.arange(256) > half + 8
    assert usable[inner & columns].max() < 0.05 < 0.8 < usable[inner & (np.arange(256) < half - 40)].mean()


def test_same_crop_same_bytes(aligned: AlignedFace) -> None:
    first, second = (seen(aligned.crop, aligned) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_a_face_that_is_not_there(mean_landmarks: Landmarks) -> None:
    gone = mean_landmarks + np.float32(900)
    geometry: Geometry = render(gone, 256)
    assert (visible_skin(np.full((256, 256, 3), 0.5, np.float32), gone, geometry) == 1).all()


def bearded(
    points: Landmarks, moustache: float, left: bool = True, sure: float = 0.9, crop: Crop | None = None
) -> Mask:
    """How much of a beard is kept: on the right jaw, and where it is said."""
    drawn, x = np.zeros((256, 256), np.float32), points[152, 0]
    y0, y1 = points[17, 1] + 2, points[152, 1]
    drawn[round(y0) : round(y1), round(x - 40) : round(x + (40 if left else 0))] = sure
    row, column = np.round((points[2, :2] + points[0, :2])[::-1] / 2).astype(int)
    drawn[row - 4 : row + 5, column - 15 : column + 16] = moustache
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)
    planes[Surface.BEARD] = cv2.warpAffine(drawn, view_of_crop(256)[:2], (256, 256))
    seen = Visibility(planes, view_of_crop(256))
    return kept_beard(seen, points, render(points, 256), crop)


def test_a_full_beard_stays_and_a_shadow_does_not(sampled: AlignedFace) -> None:
    points = sampled.landmarks
    kept = bearded(points, moustache=0.9)
    x, y = np.round((points[17, :2] + points[152, :2]) / 2).astype(int)
    assert kept[y, x] > 0.95 and kept[: round(points[1, 1]) - 12].max() == 0
    lips = np.zeros((256, 256), np.uint8)
    cv2.fillConvexPoly(lips, cv2.convexHull(np.round(points[OUTER_LIPS, :2]).astype(np.int32)), (1,))
    assert kept[lips > 0].mean() < 0.6
    assert bearded(points, moustache=0.0, sure=0.6).max() == 0  # the twins: a shaven lip; nothing at all
    assert bearded(points, moustache=0.0, left=False).max() == 0


def test_a_sure_beard_needs_less_of_a_moustache(sampled: AlignedFace) -> None:
    points = sampled.landmarks
    x, y = np.round((points[17, :2] + points[152, :2]) / 2).astype(int)
    assert bearded(points, moustache=0.16)[y, x] > 0.95
    assert bearded(points, moustache=0.16, sure=0.3).max() == 0  # the twins: a weak one; a shadow on one side
    assert bearded(points, moustache=0.16, left=False).max() == 0


def test_hairs_tell_a_beard_that_the_network_hardly_sees(sampled: AlignedFace) -> None:
    points = sampled.landmarks
    noise = np.random.default_rng(4).standard_normal((256, 256, 1)).astype(np.float32)
    smooth = np.repeat(0.5 + 0.005 * noise, 3, axis=2)
    hairy = smooth.copy()
    hairy[round(points[2, 1]) + 5 :] = np.repeat(0.5 + 0.05 * noise, 3, axis=2)[round(points[2, 1]) + 5 :]
    x, y = np.round((points[17, :2] + points[152, :2]) / 2).astype(int)
    weak = {"moustache": 0.05, "sure": 0.15}
    assert bearded(points, **weak, crop=hairy)[y, x] > 0.9
    assert bearded(points, **weak, crop=smooth).max() == 0 == bearded(points, **weak).max()  # the twins
    full = bearded(points, moustache=0.9, crop=hairy)
    assert np.array_equal(full, bearded(points, moustache=0.9))


def test_an_old_face_with_deep_lids_wears_no_frame(sampled: AlignedFace) -> None:
    """A target's frame must go over its nose; an eye patch has no bridge, and stays."""
    drawn = frames_of(sampled.landmarks, 3)
    x0, x1 = (round(float(sampled.landmarks[vertex, 0])) for vertex in (133, 362))
    planes = np.zeros((OUTPUTS, 256, 256), np.float32)

    def front(where: Mask, patch: float = 0.0) -> float:
        planes[Surface.FRAME] = cv2.warpAffine(where, view_of_crop(256)[:2], (256, 256))
        planes[Surface.COVER, :12, :12] = patch
        seen = Visibility(planes, view_of_crop(256))
        assert seen.frames.max() == 1
        return float(np.maximum(seen.things, worn_frames(seen, sampled.landmarks))[60:].max())

    cut = drawn.copy()
    cut[:, x0 - 2 : x1 + 3] = 0
    assert front(drawn) == 1 and front(cut) == 0 and front(cut, patch=0.9) == 1


def test_rims_are_told_where_brows_are(sampled: AlignedFace, monkeypatch: pytest.MonkeyPatch) -> None:
    planes, asked = np.zeros((OUTPUTS, 256, 256), np.float32), []
    planes[Surface.FRAME] = cv2.warpAffine(frames_of(sampled.landmarks, 3), view_of_crop(256)[:2], (256, 256))
    seen = Visibility(planes, view_of_crop(256), np.zeros((256, 256, 3), np.float32))
    monkeypatch.setattr(
        "aotface.face.visibility.network.rims_of", lambda *given: asked.append(given) or given[2]
    )
    worn_frames(seen, sampled.landmarks)
    eyes, (right, left) = asked[0][3:]
    assert (
        right[:, 0].mean() < left[:, 0].mean()
        and max(right[:, 1].mean(), left[:, 1].mean()) < eyes[:, 1].min()
    )


def test_a_piece_of_a_brow_is_no_cover() -> None:
    frame = read_image(sample("target_medium_woman_grey")).frame
    face = detect(frame)[0]
    landmarks = align(frame, face).landmarks
    (x, y), covered = landmarks[LEFT_BROW, :2].mean(axis=0).astype(int), np.zeros((256, 256), np.float32)
    covered[y - 2 : y + 2, x - 6 : x + 6] = 0.9
    assert not without_islands(covered, landmarks).any()
    covered[y - 2 : y + 40, x + 3 : x + 6] = 0.9  # it belongs to a frame
    np.testing.assert_array_equal(without_islands(covered, landmarks), covered)
    apart = np.zeros_like(covered)
    apart[y + 30 : y + 34, x - 6 : x + 6] = 0.9
    np.testing.assert_array_equal(without_islands(apart, landmarks), apart)
