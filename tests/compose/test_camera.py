"""Camera match: texture and grain come to the target's; a clean target stays clean; one seed, one result."""

import cv2
import numpy as np
import pytest

from aotface.compose.blend import blend, target_texture
from aotface.compose.camera import (
    Camera,
    View,
    blotches_of,
    find_match,
    lay,
    lines_of,
    match_view,
)
from aotface.compose.grain import draw, tile
from aotface.compose.skin_texture import Seen, measure_texture
from aotface.face.texture import block_means, octaves

SIDE = 192
MASK = np.zeros((SIDE, SIDE), np.float32)
MASK[24:-24, 24:-24] = 1
FEATURES = np.zeros((256, 256), np.float32)


def noise(strength: float, seed: int, sigma: float = 0.0) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((SIDE, SIDE)).astype(np.float32)
    made = cv2.GaussianBlur(made, (0, 0), sigma) if sigma else made
    return np.repeat((0.5 + strength / 255 * made / made.std())[..., None], 3, axis=2)


def energy(picture: np.ndarray, octave: int = 0) -> float:
    luma = np.ascontiguousarray(255 * picture[..., 1])
    return float(block_means(octaves(luma)[octave] ** 2, (MASK > 0.9).astype(np.float32)).mean())


def matched(face: np.ndarray, target: np.ndarray, given: bool = False, seed: int = 0) -> np.ndarray:
    view = View(Seen(face.copy()), Seen(target), MASK, np.zeros_like(MASK))
    camera = Camera(FEATURES, (seed, 0, 0), given=given)
    match = match_view(view, camera)
    assert match is not None
    return lay(view, match, camera.seed)


@pytest.mark.parametrize("strength", [1.5, 4.0, 9.0])
@pytest.mark.parametrize("sigma", [0.0, 0.8])
def test_a_clean_face_gets_the_grain_of_its_target(strength: float, sigma: float) -> None:
    target = noise(strength, 1, sigma)
    done = matched(noise(0.01, 2), target)
    for octave in (0, 1):
        assert energy(done, octave) ** 0.5 == pytest.approx(energy(target, octave) ** 0.5, rel=0.3)
    assert energy(noise(0.01, 2)) < 0.01 * energy(target)  # the twin: without it there is none


def test_a_clean_target_stays_clean_and_a_noisy_face_becomes_so() -> None:
    clean = noise(0.02, 1)
    assert energy(matched(noise(0.02, 2), clean)) < 0.01
    assert energy(matched(noise(6, 2), clean)) < 0.2 * energy(noise(6, 2))


def test_somebody_elses_swap_is_not_softened_and_gets_no_pixel_of_the_target() -> None:
    assert energy(matched(noise(6, 2), noise(0.02, 1), given=True)) == pytest.approx(
        energy(noise(6, 2)), rel=0.01
    )
    view = View(Seen(noise(0.5, 2)), Seen(noise(8, 1)), MASK, np.zeros_like(MASK))
    match = match_view(view, Camera(FEATURES, (0, 0, 0), given=True))
    assert match is not None and not match.stand_in.any() and match.grain.any()


def test_coloured_noise_is_laid_on_in_colour_and_a_grey_target_keeps_a_grey_face() -> None:
    rng = np.random.default_rng(3)
    colourful = (0.5 + 0.02 * rng.standard_normal((SIDE, SIDE, 3))).astype(np.float32)
    assert np.ptp(matched(noise(1, 2), colourful), axis=2)[MASK > 0].mean() > 0.01
    assert np.ptp(matched(noise(1, 2), noise(5, 1)), axis=2).max() < 1e-6


def test_one_seed_one_grain_and_another_seed_another() -> None:
    strengths, shape = np.ones(3, np.float32), (600, 700)
    first, again, other = (draw(strengths, shape, seed) for seed in ((1, 2), (1, 2), (1, 3)))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.05
    assert not np.array_equal(first, draw(strengths, shape, (1, 2), plane=1))
    np.testing.assert_allclose((tile() ** 2).mean(axis=(1, 2)), 1, rtol=1e-4)


def test_the_formula() -> None:
    nothing, tones, levels = [0, 0, 0], [50, 100, 150], [1, 1, 1]
    own = np.array([[5, 5, 5], [1, 1, 1], nothing, nothing, tones, levels], np.float32)
    wanted = np.array([[12, 5, 1.25], [4, 1, 0.25], nothing, nothing, tones, levels], np.float32)
    match = find_match(own, wanted)
    np.testing.assert_allclose(match.gains, [np.sqrt(2), 1, 0.5], rtol=0.01)
    np.testing.assert_allclose(match.grain**2, [2, 0, 0], atol=0.02)


def test_too_little_skin_is_left_alone() -> None:
    assert measure_texture(Seen(noise(3, 0)), np.zeros((SIDE, SIDE), np.float32)) is None


def test_a_blend_lays_it_on_under_the_mask_only_and_strips_make_no_difference_to_the_rest() -> None:
    target = np.rint(255 * np.tile(noise(4, 1), (4, 1, 1))).astype(np.uint8)
    mask = np.zeros((4 * SIDE, 4 * SIDE), np.float32)
    mask[40:-40, 20 : SIDE - 20] = 1
    face = np.full((4 * SIDE, 4 * SIDE, 3), 0.5, np.float32)
    camera = Camera(FEATURES, (0, 0, 0))
    plain, done = (blend(target, face, mask, np.eye(2, 3), camera=one) for one in (None, camera))
    inside = mask[:, :SIDE] > 0
    np.testing.assert_array_equal(done[~inside], target[~inside])
    rows = slice(60, -60)
    assert plain[rows, 40:-40].std() < 1 and done[rows, 40:-40].std() == pytest.approx(4, rel=0.25)
    texture = target_texture(target, mask, np.eye(2, 3), FEATURES)
    assert texture is not None and texture[0, 0] > 5


def test_blotches_become_weaker_and_lines_stay() -> None:
    blotchy, plain = noise(6, 2, 5.0), noise(0.5, 1)
    view = View(Seen(blotchy.copy()), Seen(plain), MASK, np.zeros_like(MASK))
    inside = (slice(40, -40),) * 2
    change = blotches_of(view)[inside]
    before = 255 * (blotchy[..., 1] - blotchy[..., 1].mean())[inside]
    assert float((before + change).std()) < 0.85 * float(before.std())
    alike = View(Seen(plain.copy()), Seen(blotchy), MASK, np.zeros_like(MASK))
    assert np.abs(blotches_of(alike)).max() < 1e-3  # the twin: a calm face stays
    lined = plain.copy()
    lined[:, 94:98] -= 0.3
    line = View(Seen(lined), Seen(plain), MASK, np.zeros_like(MASK))
    assert np.abs(blotches_of(line)[inside]).max() < 0.1 * 255 * 0.3


def test_blotches_of_a_target_are_not_taken_for_grain() -> None:
    own = np.array(
        [[0.2, 0.25, 1.2], [0.05, 0.05, 0.1], *np.zeros((2, 3)), [80, 120, 160], [1, 1, 1]], np.float32
    )
    wanted = own.copy()
    wanted[:2] = [[1.7, 2.2, 6.8], [0.5, 1.0, 4.0]]
    match = find_match(own, wanted)
    assert match.grain[2] <= match.grain[1] + 0.1
    assert match.stand_in[2] == 0 < match.stand_in[0]
    blotchy = wanted[1, 2] ** 0.5
    assert blotchy > 1.7 * match.grain[2]  # the twin: what the plainest blocks have, all of it


def test_what_is_as_even_as_noise_is_not_made_stronger() -> None:
    shown = [[80, 120, 160], [1, 1, 1]]
    wanted = np.array([[9, 9, 9], [2, 2, 2], *np.zeros((2, 3)), *shown], np.float32)
    even, uneven = (
        np.array([[1, 1, 1], [plain] * 3, *np.zeros((2, 3)), *shown], np.float32) for plain in (1.0, 0.0)
    )
    assert find_match(even, wanted).gains.max() == 1
    assert find_match(uneven, wanted).gains[0] > 1  # the twin


def test_a_line_of_the_target_does_not_stand_in() -> None:
    target = noise(2, 1)
    target[94:98] -= 0.15
    plain, done = noise(0.2, 2), matched(noise(0.2, 2), target)
    inside = slice(60, -60)
    line = float((done - plain)[94:98, inside].mean() - (done - plain)[104:120, inside].mean())
    assert abs(line) < 0.1 * 0.15
    assert energy(done) > 0.5 * energy(noise(2, 1))  # the twin: pores do


def test_a_faint_fold_of_the_target_does_not_stand_in() -> None:
    """Too faint to count as a line by its energy, and still an arc on the new face."""
    fold = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(fold, (96, 150), 80, (1.0,), 1, cv2.LINE_AA)
    faint = 6 / 255 * (cv2.GaussianBlur(fold, (0, 0), 0.5) - cv2.GaussianBlur(fold, (0, 0), 2.0))
    shown, seeds = (fold > 0.5) & (MASK > 0.9), range(4)
    found = []
    for seed in seeds:
        pair = [
            matched(noise(0.2, 20 + seed), noise(2, seed) - k * faint[..., None], seed=seed) for k in (0, 1)
        ]
        found.append(float((pair[0] - pair[1])[shown].mean() / faint[shown].mean()))
    assert abs(np.mean(found)) < 0.35
    assert energy(pair[1]) > 0.5 * energy(noise(2, 1))  # the twin: pores do


def test_a_line_of_a_harder_lamp_goes_and_one_that_the_target_has_there_too_stays() -> None:
    lined = noise(1, 2)
    lined[:, 94:97] -= 0.15
    for target, low, high in ((noise(1, 1), 0.0, 0.4), (lined, 0.9, 1.1)):
        view = View(Seen(lined), Seen(target), MASK, np.zeros_like(MASK))
        done = view.face.luma + lines_of(view, np.ones(3, np.float32))
        depth = [one[60:130, 80:85].mean() - one[60:130, 95].mean() for one in (view.face.luma, done)]
        assert low < depth[1] / depth[0] < high
    plain = View(Seen(noise(1, 2)), Seen(noise(1, 1)), MASK, np.zeros_like(MASK))
    assert (
        np.abs(lines_of(plain, np.ones(3, np.float32))).mean() < 0.2
    )  # of grain as strong as the target's nearly all
