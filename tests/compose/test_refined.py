"""Another tool's swap up to the hairline: all of it is moved, none of it becomes the target, nothing is softened."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from aotface.cli import main
from aotface.colour_space import luminance, srgb_to_lab
from aotface.compose import pipeline, refined
from aotface.compose.blend import blend, frame_mask
from aotface.compose.pipeline import refine, swap_face
from aotface.errors import InputError
from aotface.face.detect import detect
from aotface.face.template import five_points, similarity_between
from aotface.media.image import read_image, write_image
from aotface.options import Options
from aotface.reenact.given import GivenSwap
from aotface.samples import sample
from aotface.transfer import transfer_for
from aotface.types import Frame, Mask

MKL = Options(transfer="mkl")


@pytest.fixture(scope="module")
def triple() -> tuple[Frame, Frame, Mask]:
    """A target; a source laid over it by five points, in other colours, with grain; and where it is."""
    target, source = (read_image(sample(n)).frame for n in ("target_medium_woman_grey", "source_light_man"))
    target = np.clip(target * [1.0, 0.9, 0.8], 0, 255).astype(np.uint8)  # not quite grey: a tone to come to
    theirs, own = (detect(one)[0].landmarks for one in (target, source))
    matrix = similarity_between(five_points(own), five_points(theirs))
    height, width = target.shape[:2]
    warped = cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_CUBIC) / 255
    grain = np.random.default_rng(0).normal(0, 0.03, (height, width, 1))
    warped = np.clip(warped * [0.7, 0.85, 1.0] + grain, 0, 1)
    top, chin = theirs[10, :2], theirs[152, :2]
    middle, reach = (top * 1.15 - chin * 0.15 + chin) / 2, np.array([0.36, 0.56]) * np.linalg.norm(chin - top)
    y, x = np.mgrid[:height, :width]
    far = np.hypot((x - middle[0]) / reach[0], (y - middle[1]) / reach[1])
    mask = np.clip((1 - far) * 12, 0, 1).astype(np.float32)
    after = target / 255 + mask[..., None] * (warped - target / 255)
    return target, np.rint(after * 255).astype(np.uint8), mask


def detail(frame: Frame) -> np.ndarray:
    plane = np.log(luminance(frame.astype(np.float32) / 255) + np.float32(0.002))
    return plane - cv2.GaussianBlur(plane, (0, 0), 1.5)


def softness(refined: Frame, swapped: Frame, where: np.ndarray) -> float:
    """Fine detail of the swap that is still there, in the same places: slope of one on the other."""
    after, before = detail(refined)[where], detail(swapped)[where]
    return float((after * before).mean() / (before**2).mean())


def tone(frame: Frame, where: np.ndarray) -> np.ndarray:
    return srgb_to_lab(frame[where].astype(np.float32) / 255).mean(axis=0)


def test_all_of_the_region_is_moved_and_keeps_its_texture(triple: tuple[Frame, Frame, Mask]) -> None:
    target, swapped, mask = triple
    done, where = refine(swapped, target, MKL, mark=False), mask > 0.02
    assert softness(done.frame, swapped, where) > 0.97
    skin = done.mask * (mask == 1) > 0.9
    apart = [float(np.linalg.norm(tone(one, skin) - tone(target, skin))) for one in (done.frame, swapped)]
    assert apart[0] < 3 < apart[1]
    assert done.mask[where].min() > 0.5 and done.mask[mask == 1].min() > 0.99
    far = cv2.dilate(where.astype(np.uint8), np.ones((41, 41))) == 0
    np.testing.assert_array_equal(done.frame[far], target[far])
    given = GivenSwap(swapped, *swapped.shape[:2])  # the twin: read in a crop, inside the mesh
    old = swap_face(target, detect(target)[0], given, transfer_for(MKL))
    laid = frame_mask(old.mask, old.target.matrix, *mask.shape)
    assert laid[mask == 1].min() == 0  # the old forehead comes back


def aligned_crop(swapped: Frame, background: np.ndarray | None = None) -> Frame:
    """A square around the face, a little turned, as another tool might give it."""
    points = detect(swapped)[0].landmarks[:, :2]
    middle, size = points.mean(axis=0), np.ptp(points[:, 1])
    matrix = cv2.getRotationMatrix2D(tuple(middle.tolist()), 7, 300 / size)
    matrix[:, 2] += 256 - middle
    more = {} if background is None else {"borderValue": background.tolist()}
    return cv2.warpAffine(swapped, matrix, (512, 512), flags=cv2.INTER_CUBIC, **more)


def test_an_aligned_crop_is_refined_in_the_frame(triple: tuple[Frame, Frame, Mask]) -> None:
    target, swapped, mask = triple
    done = refine(aligned_crop(swapped), target, MKL, mark=False)
    where, far = mask == 1, cv2.dilate((mask > 0.02).astype(np.uint8), np.ones((41, 41))) == 0
    assert done.mask[where].mean() > 0.97 and softness(done.frame, swapped, where) > 0.8
    np.testing.assert_array_equal(done.frame[far], target[far])
    apart = [float(np.linalg.norm(tone(one, where) - tone(target, where))) for one in (done.frame, swapped)]
    assert apart[0] < 3 < apart[1]


def test_a_crop_with_a_background_of_its_own_stays_inside_the_mesh(
    triple: tuple[Frame, Frame, Mask],
) -> None:
    target, swapped, mask = triple
    around = cv2.dilate((mask > 0.02).astype(np.uint8), np.ones((61, 61))) > 0
    green = np.where(around[..., None], swapped, np.array([0, 255, 0], np.uint8))
    done = refine(aligned_crop(green, np.array([0.0, 255.0, 0.0])), target, MKL, mark=False)
    assert done.mask[mask == 1].mean() > 0.6 and done.mask[~around].max() < 1e-3
    np.testing.assert_array_equal(done.frame[~around], target[~around])  # no green


def test_a_crop_alone_would_soften(
    triple: tuple[Frame, Frame, Mask], monkeypatch: pytest.MonkeyPatch
) -> None:
    target, swapped, mask = triple
    monkeypatch.setattr(pipeline, "blend", lambda *given, **_: blend(*given))
    assert softness(refine(swapped, target, MKL, mark=False).frame, swapped, mask > 0.02) < 0.95


def test_what_was_not_swapped_is_left_alone(triple: tuple[Frame, Frame, Mask]) -> None:
    target, swapped, mask = triple
    done = refine(target, target, MKL, mark=False)
    assert done.faces == ()
    np.testing.assert_array_equal(done.frame, target)
    assert len(refine(swapped, target, MKL, mark=False).faces) == 1


def test_a_given_mask_says_where(triple: tuple[Frame, Frame, Mask], tmp_path: Path) -> None:
    target, swapped, mask = triple
    half = mask * (np.arange(mask.shape[1]) < mask.shape[1] // 2)
    done = refine(swapped, target, MKL, mark=False, mask=half.astype(np.float32))
    assert done.mask[:, mask.shape[1] // 2 + 30 :].max() == 0 and done.mask[half == 1].min() > 0.5
    with pytest.raises(InputError, match="expected the swapped picture's size"):
        refine(swapped, target, MKL, mask=mask[:50])
    white = np.rint(np.repeat(half[..., None], 3, axis=2) * 255).astype(np.uint8)
    for name, frame in (("swapped", swapped), ("target", target), ("white", white)):
        write_image(tmp_path / f"{name}.png", frame)
    words = [f"--{name}={tmp_path / name}.png" for name in ("swapped", "target")]
    out = tmp_path / "out.png"
    more = ["--mask", str(tmp_path / "white.png"), "-o", str(out), "--transfer", "mkl", "--no-mark"]
    assert main(["refine", *words, *more]) == 0
    assert np.abs(read_image(out).frame.astype(int) - done.frame).max() <= 2


def test_pictures_go_the_new_way(triple: tuple[Frame, Frame, Mask], monkeypatch: pytest.MonkeyPatch) -> None:
    target, swapped, _ = triple
    calls: list[int] = []
    monkeypatch.setattr(pipeline, "refine_face", lambda *given: calls.append(1))
    assert refine(swapped, target, MKL, mark=False).faces == () and calls


def test_the_tone_is_finished_only_where_it_was_begun() -> None:
    weight = np.ones((256, 256), np.float32)
    given, target = (np.full((256, 256, 3), level, np.float32) for level in (0.6, 0.4))
    begun = np.full_like(given, 0.43)
    done = refined._finished_tone(given, begun, target, weight)
    assert abs(float(done.mean()) - 0.4) < 0.01 < float(begun.mean()) - 0.4
    assert (
        refined._finished_tone(given, given, target, weight) is given
    )  # the twin: a transfer that moves nothing


@pytest.mark.parametrize("darker", [0.9, 0.85])
def test_darker_skin_gets_back_all_of_its_fine_detail(darker: float) -> None:
    given = _pores()
    lit = darker * given
    lost = refined._lost_detail(given, lit, np.ones((96, 96), np.float32), 1.0)
    nothing = np.zeros_like(given)
    assert _strength(lit) == pytest.approx(darker * _strength(given), rel=1e-3)
    assert _strength(refined.refined(lit, nothing, nothing, lost)) == pytest.approx(
        _strength(given), rel=5e-3
    )


def test_fine_detail_is_raised_within_a_bound_and_never_lowered() -> None:
    given, region, nothing = _pores(), np.ones((96, 96), np.float32), np.zeros((96, 96, 3), np.float32)
    assert refined._lost_detail(given, 1.1 * given, region, 1.0) == 0
    lost = refined._lost_detail(given, 0.4 * given, region, 1.0)
    raised = _strength(refined.refined(0.4 * given, nothing, nothing, lost)) / _strength(0.4 * given)
    assert raised == pytest.approx(np.exp(refined.MOST_RAISED), rel=5e-3)


def test_a_soft_face_gets_no_hard_grain() -> None:
    soft = np.asarray(cv2.GaussianBlur(_pores(), (0, 0), 4.0), np.float32)
    lost = refined._lost_detail(soft, 0.4 * soft, np.ones((96, 96), np.float32), 1.0)
    assert lost == refined.MOST_ADDED


def _pores() -> Frame:
    """Grey skin with detail of several sizes, 0..1."""
    noise = np.random.default_rng(3).normal(size=(96, 96)).astype(np.float32)
    detail = sum(cv2.GaussianBlur(noise, (0, 0), sigma) for sigma in (0.6, 1.2, 2.4))
    return np.repeat(0.6 + 0.04 * detail[..., None], 3, axis=2).astype(np.float32)


def _strength(picture: Frame) -> float:
    return float(np.sqrt((refined.fine_detail(picture) ** 2).mean()))
