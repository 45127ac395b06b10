"""One picture, from both frames to the finished one."""

import cv2
import numpy as np
import pytest
import torch
from skimage.data import astronaut

import aotface
from aotface.compose import pipeline
from aotface.compose.face_step import LARGEST_SIDE, work_side
from aotface.compose.pipeline import Swapped, choose, refine, swap
from aotface.errors import FaceIndexError, InputError, NoFaceError, UsageError, WeightsError
from aotface.face.align import align, crop_matrix, resize_matrix, scale_of
from aotface.face.detect import detect
from aotface.media.image import read_image
from aotface.options import Options
from aotface.provenance import watermark
from aotface.samples import sample
from aotface.types import CROP_SIDE, Face


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(astronaut())


@pytest.fixture(scope="module")
def source(photo: np.ndarray) -> np.ndarray:
    """The same woman mirrored, narrower and under a dim blue light: all that a test of the line needs."""
    dim = photo[:, ::-1] * np.array([0.3, 0.4, 0.55])
    return cv2.resize(dim.astype(np.uint8), (400, 460), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def done(source: np.ndarray, photo: np.ndarray) -> Swapped:
    return swap(source, photo, mark=False)


def masked_mean(frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return (frame * mask[..., None]).sum(axis=(0, 1)) / mask.sum()


def test_the_face_changes_and_nothing_else(done: Swapped, photo: np.ndarray) -> None:
    assert done.frame.shape == photo.shape and done.frame.dtype == np.uint8
    np.testing.assert_array_equal(done.frame[done.mask == 0], photo[done.mask == 0])
    x0, y0, x1, y1 = (round(v) for v in done.faces[0].target.face.box)
    assert done.mask[y0:y1, x0:x1].mean() > 0.4
    far = (y1 - y0) // 3  # forehead, ears and neck get the face's tone
    assert done.mask.sum() == pytest.approx(done.mask[y0 - far : y1 + far, x0 - far : x1 + far].sum())
    assert np.abs(done.frame.astype(int) - photo)[done.mask > 0.9].mean() > 3


def test_the_transfer_brings_the_light_of_the_target(done: Swapped, photo: np.ndarray) -> None:
    wanted, before = masked_mean(photo, done.mask), masked_mean(done.reenacted, done.mask)
    assert np.abs(masked_mean(done.frame, done.mask) - wanted).max() < 8
    assert np.abs(before - wanted).max() > 40  # the twin: without it the face stays dim


def test_same_input_same_bytes(done: Swapped, source: np.ndarray, photo: np.ndarray) -> None:
    np.testing.assert_array_equal(swap(source, photo, mark=False).frame, done.frame)


def test_sixteen_bits_stay_sixteen(done: Swapped, source: np.ndarray, photo: np.ndarray) -> None:
    deep = swap(source, photo.astype(np.uint16) * 257, mark=False)
    assert deep.frame.dtype == np.uint16
    np.testing.assert_array_equal(deep.frame[deep.mask == 0], photo.astype(np.uint16)[deep.mask == 0] * 257)
    apart = np.abs(deep.frame / 257 - done.frame)  # what lies beside the face is rounded twice
    assert apart.max() <= 4 and np.count_nonzero(apart > 1.5) < 10


def test_a_grey_target_keeps_a_grey_face(source: np.ndarray, photo: np.ndarray) -> None:
    grey = np.repeat(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    large = cv2.resize(grey, None, fx=2.2, fy=2.2, interpolation=cv2.INTER_CUBIC)
    for target in (grey, large):
        assert np.ptp(swap(source, target, mark=False).frame, axis=2).max() == 0


def test_two_faces(photo: np.ndarray, source: np.ndarray) -> None:
    smaller = cv2.resize(photo, (380, 380), interpolation=cv2.INTER_AREA)
    two = np.concatenate([photo, np.pad(smaller, ((66, 66), (0, 0), (0, 0)))], axis=1)
    every = swap(source, two, Options(face="all"), mark=False)
    assert len(every.faces) == 2
    left, right = every.mask[:, :512].max(), every.mask[:, 512:].max()
    assert left > 0.9 and right > 0.9
    second = swap(source, two, Options(face="1"), mark=False)
    assert second.mask[:, :512].max() == 0 and second.mask[:, 512:].max() > 0.9
    np.testing.assert_array_equal(second.frame[:, 512:], every.frame[:, 512:])


def test_a_large_face_is_worked_on_at_its_own_size(photo: np.ndarray, done: Swapped) -> None:
    assert work_side(done.faces[0].target.face) == 256
    large = cv2.resize(photo, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    face = detect(large)[0]
    side = work_side(face)
    assert side % 32 == 0 and 256 < side < 3 * 256
    assert 1 <= scale_of(resize_matrix(crop_matrix(face.landmarks), 256, side)) < 1 + 32 / side
    huge = Face(0, face.box, face.score, face.landmarks * np.float32(20))
    assert work_side(huge) == LARGEST_SIDE


def test_edges_of_a_nose_are_no_shadows_of_a_harder_lamp(
    done: Swapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = done.faces[0]
    none = np.zeros_like(face.features)
    monkeypatch.setattr(pipeline, "harder_light", lambda *_: 0.0)
    monkeypatch.setattr(pipeline, "bleached_beard", lambda *_: none)
    assert pipeline._hard(face, face.features) is None
    monkeypatch.setattr(pipeline, "bleached_beard", lambda *_: none + 1)
    bleached = pipeline._hard(face, face.features)
    assert bleached is not None and 0 == bleached.min() < bleached.max() == 1  # under any lamp
    monkeypatch.setattr(pipeline, "bleached_beard", lambda *_: none)
    monkeypatch.setattr(pipeline, "harder_light", lambda *_: 1.0)
    hard = pipeline._hard(face, face.features)
    assert hard is not None
    points = face.landmarks[:, :2] * CROP_SIDE / len(face.mask)
    x, y = np.round(points[[129, 358, 64, 294, 98, 327, 4, 205, 425, 9]]).astype(int).T
    assert hard[y, x][:7].max() < 0.2  # wings, nostrils and tip
    assert hard[y, x][7:].min() > 0.8  # the twins: cheeks and forehead


def test_choosing_faces(done: Swapped) -> None:
    one = done.faces[0].target.face
    assert choose([one, one], "all", "target") == [one, one]
    assert choose([one], "0", "target") == choose([one], "largest", "target") == [one]
    with pytest.raises(FaceIndexError, match="face 2 of the target does not exist: it shows 1"):
        choose([one], "2", "target")
    with pytest.raises(NoFaceError, match="no face found in the source"):
        choose([], "largest", "source")
    for wrong in ("-1", "first", "1.5", ""):
        with pytest.raises(UsageError, match="largest, all or a number"):
            choose([one], wrong, "target")


def test_a_source_gives_one_face(photo: np.ndarray) -> None:
    with pytest.raises(UsageError, match="the source gives one face"):
        swap(photo, photo, Options(source_face="all"))


def test_a_transfer_without_its_weights(photo: np.ndarray) -> None:
    with pytest.raises(WeightsError, match="no such weights file"):
        swap(photo, photo, Options(weights="no-such-weights"))


def test_an_unknown_transfer(photo: np.ndarray) -> None:
    with pytest.raises(UsageError, match="aot2"):
        swap(photo, photo, Options(transfer="aot2"))


def test_refine_the_whole_frame(done: Swapped, photo: np.ndarray) -> None:
    """A swap as another tool would leave it, in a dim light of its own, comes back in the target's."""
    dim = done.frame * np.array([0.3, 0.4, 0.55])
    swapped = np.rint(photo + (dim - photo) * done.mask[..., None]).astype(np.uint8)
    refined = refine(swapped, photo, mark=False)
    wanted = masked_mean(photo, refined.mask)
    assert np.abs(masked_mean(refined.frame, refined.mask) - wanted).max() < 7
    assert np.abs(masked_mean(swapped, refined.mask) - wanted).max() > 14  # the twin
    inside = (refined.mask > 0.95) & (done.mask > 0.95)
    assert np.abs(refined.frame.astype(int) - done.frame)[inside].mean() < 10
    np.testing.assert_array_equal(refined.frame[refined.mask == 0], photo[refined.mask == 0])


def test_an_aligned_crop_finds_its_place_by_its_face(photo: np.ndarray) -> None:
    """The target's own face, cut out in an alignment that is not ours, comes home."""
    crop = np.rint(align(photo, detect(photo)[0], 300).crop * 255).astype(np.uint8)[8:, 5:-3]
    assert refine(crop, photo, mark=False).faces == ()  # as it is, it is the target's own
    darker = np.rint(crop * 0.8).astype(np.uint8)
    refined = refine(darker, photo, mark=False)
    inside = refined.mask > 0.95
    assert inside.sum() > 4000
    assert np.abs(refined.frame.astype(int) - photo)[inside].mean() < 6
    moved = np.roll(refined.frame, 3, axis=1)
    assert np.abs(moved.astype(int) - photo)[inside].mean() > 10  # the twin: three pixels off would show


def test_refine_refuses_what_does_not_fit(photo: np.ndarray) -> None:
    with pytest.raises(InputError, match="is 512 x 300, its target 512 x 512"):
        refine(photo[:300], photo)
    with pytest.raises(NoFaceError, match="no face in the swapped crop"):
        refine(photo[300:500, :200], photo)
    two = np.concatenate([photo, photo[:, ::-1]], axis=1)
    with pytest.raises(UsageError, match="one aligned crop holds one face"):
        refine(photo, two, Options(face="all"))


def test_the_library_speaks_the_same(done: Swapped, source: np.ndarray, photo: np.ndarray) -> None:
    assert [face.index for face in aotface.detect(photo)] == [0]
    np.testing.assert_array_equal(aotface.swap(source, photo, face=0, mark=False).frame, done.frame)
    plain = aotface.swap(source, photo, "none", mark=False)
    np.testing.assert_array_equal(plain.reenacted, done.reenacted)
    assert plain.transfer == "none" and (plain.frame != done.frame).any()
    refined = aotface.refine(done.reenacted, photo, transfer="mean", mark=False)
    assert refined.transfer == "mean"


def test_the_watermark_comes_last_and_is_on_by_default(
    done: Swapped, source: np.ndarray, photo: np.ndarray
) -> None:
    marked = aotface.swap(source, photo).frame
    np.testing.assert_array_equal(marked, watermark.embed(done.frame))
    assert watermark.detect(marked).found and not watermark.detect(done.frame).found


@pytest.mark.parametrize("name", ["target_deep_woman_cool_window", "target_medium_man_warm_side"])
def test_any_number_of_torch_threads_gives_the_same_bytes(name: str) -> None:
    """These two differed by a level at a few pixels between one thread and two."""
    given = [read_image(sample(one)).frame for one in ("source_deep_woman", name)]
    before, found = torch.get_num_threads(), []
    try:
        for number in (1, 2, 4):
            torch.set_num_threads(number)
            found.append(swap(*given, mark=False).frame.tobytes())
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(before)
    assert len(set(found)) == 1
