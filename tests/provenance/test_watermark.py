import io
import math

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from aotface.errors import TooLargeError
from aotface.provenance import watermark
from aotface.provenance.watermark import KEY, THRESHOLD, change_of, detect, embed, false_alarm
from aotface.types import Frame


def jpeg(frame: Frame, quality: int = 75) -> Frame:
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def resized(frame: Frame, factor: float) -> Frame:
    return cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def psnr(before: np.ndarray, after: np.ndarray) -> float:
    error = np.mean((before.astype(np.float64) - after) ** 2)
    return 10 * math.log10(float(np.iinfo(before.dtype).max) ** 2 / error)


@pytest.fixture(scope="module")
def marked(portrait: Frame) -> Frame:
    return embed(portrait)


def test_marked_is_found_and_unmarked_is_not(portrait: Frame, marked: Frame) -> None:
    found, nothing = detect(marked), detect(portrait)
    assert found.found and found.version == watermark.VERSION and found.false_alarm < 1e-30
    assert not nothing.found and nothing.version == 0 and nothing.score < THRESHOLD


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.6])
def test_the_change_alone_is_what_is_added(portrait: Frame, factor: float) -> None:
    deep = resized(portrait, factor).astype(np.uint16) * 200 + 4000
    added = (embed(deep).astype(float) - deep) / 257
    np.testing.assert_allclose(added, np.dstack([change_of(deep)] * 3), atol=0.01)
    assert np.abs(added - np.dstack([change_of(deep, KEY + 1)] * 3)).max() > 1  # the twin
    assert not change_of(deep[:50]).any()  # too small for a mark


def test_another_key_finds_nothing(marked: Frame) -> None:
    assert not detect(marked, KEY + 1).found


def test_another_key_is_another_mark(portrait: Frame) -> None:
    other = embed(portrait, KEY + 1)
    assert detect(other, KEY + 1).found and not detect(other).found


@pytest.mark.parametrize("quality", [90, 75, 60])
def test_survives_jpeg(marked: Frame, quality: int) -> None:
    assert detect(jpeg(marked, quality)).found


def test_survives_half_size(marked: Frame) -> None:
    half = detect(resized(marked, 0.5))
    assert half.found and half.cell == pytest.approx(0.5)
    assert detect(resized(jpeg(marked), 0.5)).found


def test_survives_an_odd_size_and_says_which(marked: Frame) -> None:
    found = detect(jpeg(resized(marked, 0.83), 85))
    assert found.found and found.cell == pytest.approx(0.83, rel=0.04)


def test_survives_a_crop_at_any_offset(marked: Frame) -> None:
    assert detect(marked[61 : 61 + 257, 83 : 83 + 301]).found
    assert detect(jpeg(marked[-260:, -270:])).found


def test_survives_mirroring(marked: Frame) -> None:
    assert detect(marked[:, ::-1]).found and detect(jpeg(marked[40:400, ::-1])).found


def test_strong_damage_is_admitted(marked: Frame) -> None:
    assert not detect(cv2.GaussianBlur(marked, (0, 0), 12)).found


def test_faithful_and_deterministic(portrait: Frame, marked: Frame) -> None:
    assert psnr(portrait, marked) > 42
    assert np.abs(marked.astype(int) - portrait).max() <= 12
    assert np.array_equal(marked, embed(portrait)) and marked.dtype == portrait.dtype


def test_quiet_where_smooth_loud_where_textured(portrait: Frame) -> None:
    frame = np.full((256, 256, 3), 128, np.uint8)
    frame[:, 128:] = portrait[200:456, 300:428]
    change = np.abs(embed(frame).astype(int) - frame)[..., 0]
    assert change[:, :100].mean() < 0.75 * change[:, 156:].mean()
    assert 0 < change[:, :100].max() <= 4


@pytest.mark.parametrize("level", [0, 255])
def test_pure_black_and_white_stay_pure(level: int) -> None:
    frame = np.full((200, 200, 3), level, np.uint8)
    assert np.array_equal(embed(frame), frame) and not detect(frame).found


def test_grey_stays_grey(portrait: Frame) -> None:
    grey = np.repeat(portrait[..., 1:2], 3, axis=2)
    out = embed(grey)
    assert np.array_equal(out[..., 0], out[..., 1]) and np.array_equal(out[..., 0], out[..., 2])
    assert detect(out).found


def test_sixteen_bits_keep_their_depth(portrait: Frame) -> None:
    deep = portrait.astype(np.uint16) * 257 + np.uint16(3)
    deep = np.minimum(deep, 65535).astype(np.uint16)
    out = embed(deep)
    assert out.dtype == np.uint16 and psnr(deep, out) > 42 and detect(out).found
    assert len(np.unique((out.astype(int) - deep)[..., 0])) > 200  # finer than 8-bit steps
    assert detect((out // 257).astype(np.uint8)).found


@pytest.mark.parametrize("side", [128, 160, 192, 256])
def test_small_pictures(portrait: Frame, side: int) -> None:
    small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    out = embed(small)
    assert detect(out).found and detect(jpeg(out)).found and psnr(small, out) > 42


def test_large_picture_is_found_at_full_and_at_screen_size(portrait: Frame) -> None:
    large = cv2.resize(portrait, (2600, 1700), interpolation=cv2.INTER_CUBIC)
    out = embed(large)
    full, screen = detect(out), detect(jpeg(resized(out, 0.3)))
    assert full.found and full.cell == pytest.approx(1700 / 1024, rel=0.01)
    assert screen.found


def test_bands_leave_no_seam(portrait: Frame) -> None:
    flat = np.full((1100, 300, 3), 120, np.uint8)
    change = embed(flat).astype(int)[..., 0] - 120
    tile = 128
    assert np.array_equal(change[512 - tile : 512 + tile, 40:200], change[512 : 512 + 2 * tile, 40:200])


def test_a_view_is_as_good_as_a_copy(portrait: Frame) -> None:
    large = cv2.resize(portrait, (1200, 1100), interpolation=cv2.INTER_AREA)
    turned = embed(large[:, ::-1, ::-1])
    assert np.array_equal(turned, embed(np.ascontiguousarray(large[:, ::-1, ::-1]))) and detect(turned).found


@pytest.mark.parametrize("shape", [(95, 300), (300, 95), (10, 10), (1, 1)])
def test_too_small_is_left_alone(shape: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    out = embed(frame)
    assert np.array_equal(out, frame) and out is not frame
    assert not detect(frame).found
    assert detect(frame).too_small == (min(shape) < 48)


def test_too_long_is_refused() -> None:
    frame = np.zeros((100, 32_001, 3), np.uint8)
    for function in (embed, detect):
        with pytest.raises(TooLargeError, match="32001 x 100"):
            function(frame)


def textures() -> dict[str, Frame]:
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:300, 0:300]
    planes = {
        "noise": rng.normal(128, 40, (300, 300)),
        "flat": np.full((300, 300), 90.0),
        "ramp": columns * 0.8,
        "stripes": 128 + 80 * np.sin(columns / 2.0),
        "checks": 255.0 * ((rows // 8 + columns // 8) % 2),
        "tiled noise": np.tile(rng.normal(128, 40, (128, 128)), (3, 3))[:300, :300],
        "bricks": data.brick()[:300, :300].astype(float),
        "grass": data.grass()[:300, :300].astype(float),
        "gravel": data.gravel()[:300, :300].astype(float),
        "page": cv2.resize(data.page(), (384, 191)).astype(float),
    }
    return {
        name: np.repeat(np.clip(v, 0, 255).astype(np.uint8)[..., None], 3, 2) for name, v in planes.items()
    }


@pytest.mark.parametrize("name", list(textures()))
def test_no_false_alarm_on_textures(name: str) -> None:
    assert detect(textures()[name]).score < THRESHOLD - 1


def test_false_alarm_bound_is_below_one_in_a_million() -> None:
    assert false_alarm(THRESHOLD) < 1e-6 < false_alarm(THRESHOLD - 0.5)
    assert false_alarm(0.0) == 1.0


def test_scores_of_one_fit_keep_the_bound() -> None:
    """One fixed shift of many keys: P(score > z) <= exp(-z^2 / 2), and about a Gaussian's share."""
    fold = np.random.default_rng(3).normal(size=(watermark.TILE, watermark.TILE))
    rows, columns, _ = watermark._bins()
    wave = np.fft.rfft2(fold)[rows % watermark.TILE, columns]
    keys = np.exp(2j * np.pi * np.random.default_rng(4).random((2_000, len(rows))))
    scores = (wave / np.abs(wave) * keys.conj()).real.sum(axis=1) / math.sqrt(len(rows) / 2)
    assert scores.std() == pytest.approx(1, abs=0.06)
    for z in (1.0, 2.0, 3.0):
        assert (scores > z).mean() < math.exp(-z * z / 2)


def test_score_is_exact_for_the_bare_tile() -> None:
    """The tile itself agrees in every phase: n cosines of 1 over sqrt(n / 2)."""
    bins = len(watermark._bins()[0])
    assert watermark._match(watermark._tile(KEY), 1.0, KEY) == pytest.approx(math.sqrt(2 * bins), rel=1e-3)


@pytest.mark.parametrize("scale", [0.75, 1.0, 1.0546875, 2.1])
@pytest.mark.parametrize("border", [cv2.BORDER_WRAP, cv2.BORDER_REPLICATE])
def test_maps_grow_as_by_a_general_warp(scale: float, border: int) -> None:
    small = np.random.default_rng(0).normal(size=(128, 128)).astype(np.float32)
    side = 300 if border == cv2.BORDER_WRAP else int(128 * scale)
    for top in (0, side // 3):
        band = np.zeros((side - top, side, 3), np.uint8)
        offset = 0.5 / scale - 0.5
        matrix = np.array([[1 / scale, 0, offset], [0, 1 / scale, top / scale + offset]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        expected = cv2.warpAffine(small, matrix, (side, side - top), flags=flags, borderMode=border)
        grown = watermark._grow(small, scale, top, band.shape, border)
        np.testing.assert_allclose(grown, expected, atol=1e-5)
        shifted = watermark._grow(small, scale, top + 1, band.shape, border)  # the twin
        assert np.abs(shifted - expected).max() > 0.1
