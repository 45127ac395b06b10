"""Odd files that must be read, and shown upright in the right colours."""

import io
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from corpus import raw
from corpus.entry import Entry, Make

EXACT, LOSSY = 0.0, 3.0


def pil(base: np.ndarray, mode: str = "RGB") -> Image.Image:
    return Image.fromarray(base).convert(mode)


def jpeg(base: np.ndarray, **options: object) -> bytes:
    return raw.saved(pil(base), "JPEG", quality=95, subsampling=0, **options)


def png(base: np.ndarray, **options: object) -> bytes:
    return raw.saved(pil(base), "PNG", **options)


def png16(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels)))


def tif(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, metadata=None, **options)
    return file.getvalue()


def deep(base: np.ndarray) -> np.ndarray:
    return base.astype(np.uint16) * np.uint16(257)


def grey(base: np.ndarray) -> np.ndarray:
    return np.asarray(pil(base, "L"))


def ramp_alpha(base: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.linspace(0, 255, base.shape[1]).astype(np.uint8), base.shape[:2])


def rgba(base: np.ndarray) -> np.ndarray:
    return np.dstack([base, ramp_alpha(base)])


def stored_under(base: np.ndarray, orientation: int) -> np.ndarray:
    """The rows and columns that a camera held that way writes, so that the picture shows ``base``."""
    methods = (None, 0, 3, 1, 5, 2, 6, 4)  # the inverse of the turn that a viewer makes, in Pillow's numbers
    method = methods[orientation - 1]
    return base if method is None else np.asarray(Image.fromarray(base).transpose(Image.Transpose(method)))


def turned(orientation: int, format: str) -> Make:
    def make(base: np.ndarray) -> bytes:
        picture = Image.fromarray(stored_under(base, orientation))
        options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(
            format, {"quality": 95}
        )
        return raw.saved(picture, format, exif=raw.exif(orientation), **options)

    return make


def turned_tiff(base: np.ndarray) -> bytes:
    return tif(stored_under(base, 8), photometric="rgb", extratags=[(274, 3, 1, 8, True)])


def cmyk(base: np.ndarray, straight: bool = False, **options: object) -> bytes:
    """Adobe's inverted ink; or straight, without Adobe's mark."""
    ink = pil(base, "CMYK")
    if not straight:
        return raw.saved(ink, "JPEG", quality=95, subsampling=0, **options)
    ink = _as_cmyk(255 - np.asarray(ink))
    return raw.without_segment(raw.saved(ink, "JPEG", quality=95, subsampling=0), 0xEE)


def _as_cmyk(ink: np.ndarray) -> Image.Image:
    return Image.merge("CMYK", [Image.fromarray(np.ascontiguousarray(ink[..., i])) for i in range(4)])


def rounded(colours: np.ndarray, bits: int = 8) -> np.ndarray:
    return np.round(colours).astype(np.uint8 if bits == 8 else np.uint16)


def palette_transparent(base: np.ndarray) -> bytes:
    return raw.saved(pil(base).quantize(64), "PNG", transparency=bytes(range(0, 256, 4)))


def two_bits(base: np.ndarray) -> bytes:
    height, width = base.shape[:2]
    rows = b"".join(b"\x00" + b"\x1b" * ((width + 3) // 4) for _ in range(height))
    header = raw.chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 2, 0, 0, 0, 0))
    data = raw.chunk(b"IDAT", zlib.compress(rows)) + raw.chunk(b"IEND", b"")
    return raw.PNG_SIGNATURE + header + data


def apng(base: np.ndarray) -> bytes:
    return png(base, save_all=True, append_images=[pil(255 - base)], default_image=False)


def animated(format: str, **options: object) -> Make:
    def make(base: np.ndarray) -> bytes:
        return raw.saved(pil(base), format, save_all=True, append_images=[pil(255 - base)], **options)

    return make


def premultiplied(base: np.ndarray) -> bytes:
    alpha = np.full(base.shape[:2], 40_000, np.uint16)
    colours = np.round(deep(base) * (40_000 / 65_535)).astype(np.uint16)
    return tif(np.dstack([colours, alpha]), photometric="rgb", extrasamples=["assocalpha"])


def palette_tiff(base: np.ndarray) -> bytes:
    colours = np.stack([np.arange(256)] * 3).astype(np.uint16) * np.uint16(257)
    return tif(grey(base), photometric="palette", colormap=colours)


def privacy(base: np.ndarray) -> bytes:
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a {raw.PLACE}="48,51.49N"/></x:xmpmeta>'.encode()
    data = jpeg(base, exif=raw.exif(gps=True), xmp=xmp, comment=b"PLACE-IN-A-COMMENT")
    return raw.with_segment(
        data, 0xED, b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x0ePLACE-IN-IPTC!"
    )


def many_texts(base: np.ndarray) -> bytes:
    data = raw.with_chunk(png(base), b"zTXt", b"bomb\x00\x00" + raw.zeros_packed(64 << 20))
    return raw.with_chunk(data, b"iTXt", b"bomb\x00\x01\x00\x00\x00" + raw.zeros_packed(64 << 20))


def bad_ancillary_crc(base: np.ndarray) -> bytes:
    data = raw.with_chunk(png(base), b"tEXt", b"note\x00text")
    return raw.patched(data, data.index(b"text") + 4, b"\x00\x00\x00\x00")


def words_ppm(base: np.ndarray) -> bytes:
    height, width = base.shape[:2]
    head = f"P3 # numbers as words\n{width} {height}\n255\n"
    return (head + " ".join(map(str, base.ravel().tolist()))).encode()


def deep_ppm(base: np.ndarray) -> bytes:
    height, width = base.shape[:2]
    return f"P6\n{width} {height} 65535\n".encode() + (base.astype(">u2") * 257).tobytes()


def interlaced_gif(base: np.ndarray) -> bytes:
    return raw.saved(pil(base), "GIF", interlace=1)


def linked(folder: Path, base: np.ndarray) -> None:
    (folder / "outside").mkdir()
    (folder / "outside" / "picture.png").write_bytes(png(base))
    (folder / "symlink.png").symlink_to(folder / "outside" / "picture.png")


JPEGS = [
    Entry("plain.jpg", jpeg, limit=LOSSY),
    Entry("progressive.jpg", lambda b: jpeg(b, progressive=True), limit=LOSSY),
    Entry("rgb_not_ycbcr.jpg", lambda b: jpeg(b, keep_rgb=True), limit=LOSSY),
    Entry("grey.jpg", lambda b: raw.saved(pil(b, "L"), "JPEG")),
    Entry("cmyk_adobe.jpg", cmyk, limit=LOSSY, notes=True),
    Entry("cmyk_straight.jpg", lambda b: cmyk(b, straight=True), limit=LOSSY, notes=True),
    Entry("cmyk_icc.jpg", lambda b: cmyk(b, icc_profile=raw.cmyk_profile()), notes=True),
    Entry("trailing_garbage.jpg", lambda b: jpeg(b) + b"garbage" * 1000, limit=LOSSY),
    Entry("two_pictures.jpg", lambda b: jpeg(b) + jpeg(255 - b), limit=LOSSY),
    Entry("corrupt_exif.jpg", lambda b: jpeg(b, exif=raw.exif()[:100]), limit=LOSSY, notes=True),
    Entry("empty_exif.jpg", lambda b: raw.with_segment(jpeg(b), 0xE1, b"Exif\0\0"), limit=LOSSY, notes=True),
    Entry("place.jpg", privacy, limit=LOSSY),
    Entry(
        "adobe_rgb.jpg", lambda b: jpeg(rounded(raw.in_adobe_rgb(b)), icc_profile=raw.ADOBE_RGB), limit=LOSSY
    ),
    Entry("srgb_icc.jpg", lambda b: jpeg(b, icc_profile=raw.SRGB), limit=LOSSY),
    Entry(
        "corrupt_icc.jpg", lambda b: jpeg(b, icc_profile=raw.SRGB[:100] + b"x" * 300), limit=LOSSY, notes=True
    ),
    Entry("grey_icc_on_rgb.jpg", lambda b: jpeg(b, icc_profile=raw.GREY_GAMMA_18), limit=LOSSY, notes=True),
    *(Entry(f"orientation_{n}.jpg", turned(n, "JPEG"), limit=LOSSY) for n in range(1, 9)),
    Entry("orientation_9.jpg", lambda b: jpeg(b, exif=raw.exif(9)), limit=LOSSY),
]
PNGS = [
    Entry("plain.png", png, limit=EXACT),
    Entry("one_pixel.png", lambda b: png(b[:1, :1])),
    Entry("one_row.png", lambda b: png(b[:1])),
    Entry("grey.png", lambda b: raw.saved(pil(b, "L"), "PNG")),
    Entry("grey_alpha.png", lambda b: raw.saved(pil(b, "LA"), "PNG")),
    Entry("one_bit.png", lambda b: raw.saved(pil(b, "1"), "PNG")),
    Entry("one_bit_transparent.png", lambda b: raw.saved(pil(b, "1"), "PNG", transparency=0)),
    Entry("grey_2_bits.png", two_bits),
    Entry("palette.png", lambda b: raw.saved(pil(b).quantize(255), "PNG"), limit=12.0),
    Entry("palette_transparent.png", palette_transparent, limit=12.0),
    Entry("colour_key.png", lambda b: png(b, transparency=tuple(int(v) for v in b[0, 0])), limit=EXACT),
    Entry("rgba.png", lambda b: raw.saved(Image.fromarray(rgba(b)), "PNG"), limit=EXACT),
    Entry("rgb_16.png", lambda b: png16(deep(b)), limit=EXACT),
    Entry("rgba_16.png", lambda b: png16(deep(rgba(b))), limit=EXACT),
    Entry("grey_16.png", lambda b: png16(deep(grey(b)))),
    Entry("grey_alpha_16.png", lambda b: png16(deep(np.dstack([grey(b), ramp_alpha(b)])))),
    Entry(
        "adobe_rgb_16.png",
        lambda b: raw.with_chunk(
            png16(rounded(raw.in_adobe_rgb(b, 65_535), 16)),
            b"iCCP",
            b"a\0\0" + zlib.compress(raw.ADOBE_RGB),
        ),
        limit=0.1,
    ),
    Entry("p3.png", lambda b: png(rounded(raw.in_p3(b)), icc_profile=raw.P3_GAMMA_22), limit=0.6),
    Entry("grey_gamma.png", lambda b: raw.saved(pil(b, "L"), "PNG", icc_profile=raw.GREY_GAMMA_18)),
    Entry(
        "corrupt_icc.png", lambda b: raw.with_chunk(png(b), b"iCCP", b"a\0\0junk"), limit=EXACT, notes=True
    ),
    Entry("odd_gamma.png", lambda b: raw.with_chunk(png(b), b"gAMA", struct.pack(">I", 100_000)), notes=True),
    Entry("orientation_6.png", turned(6, "PNG"), limit=EXACT),
    Entry("animated.png", apng, limit=EXACT, notes=True),
    Entry("text_bombs.png", many_texts, limit=EXACT),
    Entry("bad_text_checksum.png", bad_ancillary_crc, limit=EXACT),
]
TIFFS = [
    Entry("plain.tif", lambda b: tif(b, photometric="rgb"), limit=EXACT),
    Entry("rgb_16.tif", lambda b: tif(deep(b), photometric="rgb", compression="adobe_deflate"), limit=EXACT),
    Entry("rgb_16_big_endian.tif", lambda b: tif(deep(b), photometric="rgb", byteorder=">"), limit=EXACT),
    Entry(
        "rgba_16.tif",
        lambda b: tif(deep(rgba(b)), photometric="rgb", extrasamples=["unassalpha"]),
        limit=EXACT,
    ),
    Entry("premultiplied_16.tif", premultiplied, limit=0.01),
    Entry(
        "extra_channel.tif",
        lambda b: tif(rgba(b), photometric="rgb", extrasamples=[0]),
        limit=EXACT,
        notes=True,
    ),
    Entry("grey_16.tif", lambda b: tif(deep(grey(b)), photometric="minisblack")),
    Entry("white_is_zero.tif", lambda b: tif(255 - grey(b), photometric="miniswhite")),
    Entry("one_bit.tif", lambda b: raw.saved(pil(b, "1"), "TIFF")),
    Entry("fax.tif", lambda b: raw.saved(pil(b, "1"), "TIFF", compression="group4")),
    Entry("palette.tif", palette_tiff),
    Entry(
        "cmyk.tif", lambda b: tif(np.asarray(pil(b, "CMYK")), photometric="separated"), limit=1.0, notes=True
    ),
    Entry(
        "planar.tif",
        lambda b: tif(np.moveaxis(b, -1, 0).copy(), photometric="rgb", planarconfig="separate"),
        limit=EXACT,
    ),
    Entry("tiled.tif", lambda b: tif(b, photometric="rgb", tile=(16, 16), compression="lzw"), limit=EXACT),
    Entry(
        "jpeg_inside.tif",
        lambda b: tif(b, photometric="rgb", compression="jpeg", compressionargs={"level": 95}),
        limit=LOSSY,
    ),
    Entry("big.tif", lambda b: tif(b, photometric="rgb", bigtiff=True), limit=EXACT),
    Entry(
        "two_pages.tif",
        lambda b: raw.saved(pil(b), "TIFF", save_all=True, append_images=[pil(255 - b)]),
        limit=EXACT,
        notes=True,
    ),
    Entry("orientation_8.tif", turned_tiff, limit=EXACT),
    Entry("exif.tif", lambda b: raw.saved(pil(b), "TIFF", exif=raw.exif(gps=True)), limit=EXACT),
]
OTHERS = [
    Entry("lossy.webp", lambda b: raw.saved(pil(b), "WEBP", quality=95), limit=4.0),
    Entry("lossless.webp", lambda b: raw.saved(pil(b), "WEBP", lossless=True), limit=EXACT),
    Entry(
        "rgba.webp",
        lambda b: raw.saved(Image.fromarray(rgba(b)), "WEBP", lossless=True, exact=True),
        limit=EXACT,
    ),
    Entry("animated.webp", animated("WEBP", lossless=True), limit=EXACT, notes=True),
    Entry("orientation_5.webp", turned(5, "WEBP"), limit=EXACT),
    Entry("still.gif", lambda b: raw.saved(pil(b), "GIF"), limit=12.0),
    Entry("interlaced.gif", interlaced_gif, limit=12.0),
    Entry("animated.gif", animated("GIF"), limit=12.0, notes=True),
    Entry("plain.bmp", lambda b: raw.saved(pil(b), "BMP"), limit=EXACT),
    Entry("palette.bmp", lambda b: raw.saved(pil(b, "P"), "BMP")),
    Entry("plain.ppm", lambda b: raw.saved(pil(b), "PPM"), limit=EXACT),
    Entry("words.ppm", words_ppm, limit=EXACT),
    Entry("deep.ppm", deep_ppm, limit=EXACT),
    Entry("plain.jp2", lambda b: raw.saved(pil(b), "JPEG2000"), limit=EXACT),
    Entry("deep.jp2", lambda b: bytes(imagecodecs.jpeg2k_encode(deep(b), reversible=True)), limit=EXACT),
    Entry("plain.avif", lambda b: raw.saved(pil(b), "AVIF", quality=95, subsampling="4:4:4"), limit=LOSSY),
    Entry("turned.avif", turned(5, "AVIF"), limit=LOSSY),
    Entry("png_inside.jpg", png, limit=EXACT),
    Entry("jpeg_inside.png", jpeg, limit=LOSSY),
    Entry("no_suffix", png, limit=EXACT),
    Entry("UPPER.PNG", png, limit=EXACT),
    Entry("-dash.png", png, limit=EXACT),
    Entry("spaces and 'quotes' [1].png", png, limit=EXACT),
    Entry("größe_写真.png", png, limit=EXACT),
    Entry("line\nbreak.png", png, limit=EXACT),
    Entry("symlink.png", limit=EXACT, place=linked),
]
GOOD = [*JPEGS, *PNGS, *TIFFS, *OTHERS]
