"""Reading, writing and the way between them, on every file of the corpus."""

import dataclasses
import io
import time
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from corpus import ENTRIES, CorpusFile, base_picture, raw
from PIL import Image, ImageCms, ImageOps

from aotface import errors
from aotface.media.image import encode_image, output_format, read_image, write_image

SUFFIX = {"JPEG": ".jpg", "WEBP": ".webp", "TIFF": ".tif"}


def distance(frame: np.ndarray, base: np.ndarray) -> float:
    """Mean absolute difference in 1/255."""
    scale = 257 if frame.dtype == np.uint16 else 1
    return float(np.abs(frame / scale - base.astype(float)).mean())


def file_of(corpus: list[CorpusFile], name: str) -> Path:
    return next(file.path for file in corpus if file.name == name)


def test_reading_gives_the_right_picture_or_one_clear_line(
    corpus_file: CorpusFile, capfd: pytest.CaptureFixture[str]
) -> None:
    start = time.perf_counter()
    if corpus_file.expect != "ok":
        with pytest.raises(errors.InputError) as caught:
            read_image(corpus_file.path)
        assert type(caught.value).__name__ == corpus_file.expect
        line = str(caught.value)
        assert line.isprintable() and corpus_file.path.name[:20] in line and ";" in line, line
        assert len(line.removeprefix(str(corpus_file.path))) < 200
    else:
        picture = read_image(corpus_file.path)
        assert picture.frame.dtype == (np.uint16 if picture.bit_depth == 16 else np.uint8)
        assert bool(picture.notes) == corpus_file.notes, picture.notes
        assert all(note.isprintable() for note in picture.notes)
        if corpus_file.limit is not None:
            assert picture.frame.shape == base_picture().shape
            assert distance(picture.frame, base_picture()) <= corpus_file.limit
    assert time.perf_counter() - start < 5  # nothing hangs, nothing unpacks a bomb
    assert capfd.readouterr() == ("", "")  # not even a C library prints


def test_twin_the_limits_would_notice_a_picture_that_is_turned_or_in_other_colours() -> None:
    base = base_picture(48, 48)  # square, so that turned ones have its shape
    wrong = [base[::-1], base[:, ::-1], base.swapaxes(0, 1), base[..., ::-1], 255 - base]
    wrong.append(np.round(raw.in_adobe_rgb(base)).astype(np.uint8))
    assert all(distance(frame, base) > 4 for frame in wrong)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_agrees_with_pillow(orientation: int, tmp_path: Path) -> None:
    path = tmp_path / "turned.png"
    path.write_bytes(raw.saved(Image.fromarray(base_picture()), "PNG", exif=raw.exif(orientation)))
    with Image.open(path) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened))
    assert np.array_equal(read_image(path).frame, expected)


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if not entry.error])
def test_writing_an_unchanged_frame_gives_the_same_picture(
    corpus: list[CorpusFile], name: str, tmp_path: Path
) -> None:
    first = read_image(file_of(corpus, name))
    path = tmp_path / f"out{SUFFIX.get(first.format, '.png')}"
    assert write_image(path, first.frame, first) == path
    again = read_image(path)
    assert (again.bit_depth, again.icc, again.exif) == (first.bit_depth, first.icc, first.exif)
    assert (again.alpha is None) == (first.alpha is None)
    assert again.grey == (first.grey and first.format != "WEBP")
    if first.lossless:
        assert np.array_equal(again.frame, first.frame)
        assert first.alpha is None or np.array_equal(again.alpha, first.alpha)
        assert first.stored is None or np.array_equal(again.stored, first.stored)
    else:
        assert distance(again.frame, to_8(first.frame)) < 2
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def to_8(frame: np.ndarray) -> np.ndarray:
    return frame if frame.dtype == np.uint8 else np.round(frame / 257).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".webp"])
@pytest.mark.parametrize("bits", [8, 16])
def test_lossless_formats_give_the_frame_back_bit_for_bit(suffix: str, bits: int, tmp_path: Path) -> None:
    if (suffix, bits) == (".webp", 16):
        pytest.skip("WebP has 8 bits")
    dtype = np.uint8 if bits == 8 else np.uint16
    noise = np.random.default_rng(7).integers(0, 2**bits, (37, 53, 3), dtype=dtype)
    path = write_image(tmp_path / f"noise{suffix}", noise, quality=100)
    assert np.array_equal(read_image(path).frame, noise)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_other_programs_read_the_16_bit_files_that_are_written(channels: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 65536, (41, 29, channels), dtype=np.uint16)
    data = bytes(imagecodecs.png_encode(pixels if channels > 1 else pixels[..., 0]))
    (tmp_path / "in.png").write_bytes(data)
    picture = read_image(tmp_path / "in.png")
    for exif in (None, raw.exif()):
        like = dataclasses.replace(picture, exif=exif)
        tiff = write_image(tmp_path / "out.tif", picture.frame, like, overwrite=True)
        with tifffile.TiffFile(tiff) as file:
            assert np.array_equal(file.pages[0].asarray(), pixels.squeeze())
        png = write_image(tmp_path / "out.png", picture.frame, like, overwrite=True)
        assert np.array_equal(imagecodecs.png_decode(png.read_bytes()), pixels.squeeze())


def test_pillow_reads_the_8_bit_tiff_that_is_written(tmp_path: Path) -> None:
    frame = np.random.default_rng(3).integers(0, 256, (700, 900, 3), dtype=np.uint8)  # several strips
    with Image.open(write_image(tmp_path / "out.tif", frame)) as opened:
        assert np.array_equal(np.asarray(opened), frame)


def test_twin_jpeg_does_not_give_the_frame_back() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(encode_image(noise, "JPEG"))) as opened:
        assert not np.array_equal(np.asarray(opened), noise)


def test_jpeg_keeps_full_colour_resolution() -> None:
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = (255, 0, 0)
    stripes[:, 1::2] = (0, 0, 255)
    with Image.open(io.BytesIO(encode_image(stripes, "JPEG"))) as opened:
        assert np.abs(np.asarray(opened).astype(int) - stripes).max() < 12  # 4:2:0 would mix them to purple


@pytest.mark.parametrize("name", ["adobe_rgb.jpg", "p3.png", "adobe_rgb_16.png"])
def test_changed_pixels_are_shown_as_the_frame_says(
    corpus: list[CorpusFile], name: str, tmp_path: Path
) -> None:
    first = read_image(file_of(corpus, name))
    frame = first.frame.copy()
    frame[10:30, 20:50] = np.array([205, 160, 130]) * (257 if first.bit_depth == 16 else 1)  # as if a face
    written = write_image(tmp_path / "out.png", frame, first)
    second = read_image(written)
    assert first.stored is not None and second.stored is not None
    assert second.icc == first.icc
    step = 257 if first.bit_depth == 16 else 1
    assert np.abs(second.frame.astype(int) - frame)[10:30, 20:50].max() <= step
    untouched = np.ones(frame.shape[:2], bool)
    untouched[10:30, 20:50] = False
    assert np.array_equal(second.stored[untouched], first.stored[untouched])


def test_every_8_bit_colour_comes_back_through_a_16_bit_profile_picture(tmp_path: Path) -> None:
    steps = np.arange(0, 256, 15, dtype=np.uint16) * np.uint16(257)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, len(steps), 3)
    like = tmp_path / "like.png"
    data = raw.with_chunk(
        bytes(imagecodecs.png_encode(lattice)), b"iCCP", b"a\0\0" + raw.zlib.compress(raw.ADOBE_RGB)
    )
    like.write_bytes(data)
    picture = read_image(like)
    path = write_image(tmp_path / "out.png", lattice, picture)  # all of sRGB lies inside Adobe RGB
    error = np.abs(read_image(path).frame.astype(int) - lattice)
    assert error.max() < 257 * 0.1


def test_colours_outside_srgb_survive_where_nothing_changed(tmp_path: Path) -> None:
    green = np.zeros((4, 4, 3), np.uint8)
    green[..., 1] = 255
    path = tmp_path / "green.png"
    path.write_bytes(raw.saved(Image.fromarray(green), "PNG", icc_profile=raw.ADOBE_RGB))
    picture = read_image(path)
    with Image.open(write_image(tmp_path / "out.png", picture.frame, picture)) as opened:
        assert np.array_equal(np.asarray(opened), green)
    frame = picture.frame.copy()
    frame[0, 0] = 255
    with Image.open(write_image(tmp_path / "changed.png", frame, picture)) as opened:
        assert np.array_equal(np.asarray(opened)[1:], green[1:]) and (np.asarray(opened)[0, 0] == 255).all()


def test_ink_with_a_profile_agrees_with_another_engine(corpus: list[CorpusFile]) -> None:
    path = file_of(corpus, "cmyk_icc.jpg")
    with Image.open(path) as opened:
        own = ImageCms.ImageCmsProfile(io.BytesIO(raw.cmyk_profile()))
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        srgb = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(opened, own, srgb, intent, outputMode="RGB", flags=flags)
    assert np.abs(np.asarray(shown).astype(int) - read_image(path).frame).max() <= 2


def test_grey_stays_grey_until_a_colour_comes_in(corpus: list[CorpusFile], tmp_path: Path) -> None:
    for name in ("grey.png", "grey_gamma.png", "grey_16.tif", "grey_alpha_16.png"):
        picture = read_image(file_of(corpus, name))
        assert picture.grey
        same = read_image(write_image(tmp_path / f"same_{name}", picture.frame, picture))
        assert same.grey and np.array_equal(same.frame, picture.frame)
        frame = picture.frame.copy()
        frame[3, 4] = (200, 100, 50)
        changed = read_image(write_image(tmp_path / f"changed_{name}", frame, picture))
        assert not changed.grey and np.array_equal(changed.frame, frame), name


def test_depth_follows_the_picture_it_was_made_from(tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (5, 6, 3), dtype=np.uint16)
    flat = np.random.default_rng(1).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    like_deep = read_image(write_image(tmp_path / "deep.tif", deep))
    like_flat = read_image(write_image(tmp_path / "flat.png", flat))
    up = read_image(write_image(tmp_path / "up.png", flat, like_deep))
    assert up.bit_depth == 16 and np.array_equal(up.frame, flat.astype(np.uint16) * 257)
    down = read_image(write_image(tmp_path / "down.tif", deep, like_flat))
    assert down.bit_depth == 8 and np.array_equal(down.frame, np.round(deep / 257).astype(np.uint8))
    jpeg = read_image(write_image(tmp_path / "deep.jpg", deep, like_deep))
    assert jpeg.bit_depth == 8


PRIVATE = (b"GPS", b"PLACE", b"THUMBNAIL", b"MAKERNOTE", b"Photoshop", b"xmpmeta")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("name", ["place.jpg", "exif.tif"])
def test_camera_and_date_are_kept_place_and_thumbnail_are_not(
    corpus: list[CorpusFile], name: str, suffix: str, tmp_path: Path
) -> None:
    picture = read_image(file_of(corpus, name))
    path = write_image(tmp_path / f"out{suffix}", picture.frame, picture)
    data = path.read_bytes()
    assert not [mark for mark in PRIVATE if mark in data]
    with Image.open(path) as opened:
        exif = opened.getexif()
        assert (exif[0x010F], exif[0x0110], exif[0x8298]) == ("Maker", "Model 1", "(c) nobody")
        inner = exif.get_ifd(0x8769)
        assert inner[0x9003] == "2020:01:02 03:04:05" and float(inner[0x829A]) == pytest.approx(0.01)
        assert not exif.get_ifd(0x8825) and exif.get(0x0112, 1) == 1


def test_twin_the_place_is_in_the_file_that_was_read(corpus: list[CorpusFile]) -> None:
    data = file_of(corpus, "place.jpg").read_bytes()
    assert [mark for mark in PRIVATE if mark in data] == list(PRIVATE)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.getexif().get_ifd(0x8825)


def test_a_record_with_a_place_is_cleaned_even_when_a_caller_brings_it(tmp_path: Path) -> None:
    picture = read_image(write_image(tmp_path / "a.png", base_picture()))
    dirty = dataclasses.replace(picture, exif=raw.exif(orientation=6, gps=True))
    with Image.open(write_image(tmp_path / "b.jpg", dirty.frame, dirty)) as opened:
        exif = opened.getexif()
        assert not exif.get_ifd(0x8825) and 0x0112 not in exif and exif[0x010F] == "Maker"


def test_transparent_pictures_do_not_become_jpeg(corpus: list[CorpusFile], tmp_path: Path) -> None:
    picture = read_image(file_of(corpus, "rgba.png"))
    with pytest.raises(errors.UsageError, match="transparent"):
        write_image(tmp_path / "a.jpg", picture.frame, picture)
    assert picture.alpha is not None
    opaque = dataclasses.replace(picture, alpha=np.full_like(picture.alpha, 255))
    assert read_image(write_image(tmp_path / "a.jpg", picture.frame, opaque)).alpha is None


def test_limits_are_asked_for_before_decoding(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", base_picture())
    with pytest.raises(errors.TooLargeError, match="64 x 48 pixels, the limit is 3,071"):
        read_image(path, max_pixels=64 * 48 - 1)
    assert read_image(path, max_pixels=64 * 48).frame.shape == (48, 64, 3)
    with pytest.raises(errors.TooLargeError, match="bytes, the limit is 10"):
        read_image(path, max_bytes=10)


def test_the_format_comes_from_the_option_the_suffix_or_the_model(corpus: list[CorpusFile]) -> None:
    tiff, gif = (read_image(file_of(corpus, name)) for name in ("plain.tif", "still.gif"))
    assert output_format(Path("a.JPEG")) == "JPEG"
    assert output_format(Path("a"), tiff) == "TIFF"
    assert output_format(Path("a"), gif) == output_format(Path("a")) == "PNG"
    assert output_format(Path("a.jpg"), tiff, "webp") == "WEBP"
    for path, asked in (("a.bmp", None), ("a.gif", None), ("a.png", "gif")):
        with pytest.raises(errors.UsageError, match=r"expected a name that ends in"):
            output_format(Path(path), tiff, asked)


@pytest.mark.parametrize(
    ("frame", "options", "error"),
    [
        (np.zeros((4, 4, 3), np.uint8), {"quality": 0}, errors.UsageError),
        (np.zeros((4, 4, 3), np.float32), {}, errors.InputError),
        (np.zeros((0, 4, 3), np.uint8), {}, errors.InputError),
        (np.zeros((2, 70_000, 3), np.uint8), {"format": "JPEG"}, errors.UsageError),
        (np.zeros((2, 17_000, 3), np.uint8), {"format": "WEBP"}, errors.UsageError),
    ],
)
def test_frames_that_cannot_be_written_are_refused(
    frame: np.ndarray, options: dict[str, object], error: type[errors.AotfaceError], tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        write_image(tmp_path / "a.png", frame, **options)
    assert str(caught.value).isprintable() and not list(tmp_path.iterdir())


def test_alpha_of_another_size_is_refused(corpus: list[CorpusFile], tmp_path: Path) -> None:
    picture = read_image(file_of(corpus, "rgba.png"))
    with pytest.raises(errors.InputError, match="transparency"):
        write_image(tmp_path / "a.png", picture.frame[:10], picture)


def test_the_same_frame_gives_the_same_bytes(corpus: list[CorpusFile]) -> None:
    picture = read_image(file_of(corpus, "place.jpg"))
    for format in ("JPEG", "PNG", "WEBP", "TIFF"):
        assert encode_image(picture.frame, format, picture) == encode_image(picture.frame, format, picture)
