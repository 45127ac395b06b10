"""Files that must be refused, each with one line that says why."""

import os
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np

from corpus import raw
from corpus.entry import Entry, Make
from corpus.good import deep, jpeg, pil, png, tif

UNREADABLE, TOO_LARGE, UNSUPPORTED = "UnreadableImageError", "TooLargeError", "UnsupportedError"


def cut(make: Make, share: float = 0.5) -> Make:
    def first_part(base: np.ndarray) -> bytes:
        data = make(base)
        return data[: int(len(data) * share)]

    return first_part


def constant(data: bytes) -> Make:
    return lambda base: data


def bad_data_crc(base: np.ndarray) -> bytes:
    data = png(base)
    middle = data.index(b"IDAT") + 40
    return raw.patched(data, middle, bytes([data[middle] ^ 0xFF]))


def webp(base: np.ndarray) -> bytes:
    return raw.saved(pil(base), "WEBP", quality=90)


def gif(base: np.ndarray) -> bytes:
    return raw.saved(pil(base), "GIF")


def gif_beyond_screen(base: np.ndarray) -> bytes:
    """A screen of ordinary size, and on it a picture of 60,000 x 60,000."""
    data = gif(base)
    height, width = base.shape[:2]
    descriptor = data.index(b"\x2c" + struct.pack("<HHHH", 0, 0, width, height))
    return raw.patched(data, descriptor + 5, struct.pack("<HH", 60_000, 60_000))


def hdr_avif(base: np.ndarray) -> bytes:
    """The transfer function of its colours says PQ."""
    data = raw.saved(pil(base), "AVIF")
    return raw.patched(data, data.index(b"colrnclx") + 10, (16).to_bytes(2, "big"))


def webp_bomb(base: np.ndarray) -> bytes:
    """A canvas of 16,384 x 16,384 around a small picture."""
    inner = webp(base)[12:]
    canvas = b"VP8X" + struct.pack("<IB3x", 10, 0) + (16_383).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 4 + len(canvas) + len(inner)) + b"WEBP" + canvas + inner


def jpeg_bomb(base: np.ndarray) -> bytes:
    data = jpeg(base)
    return raw.patched(data, raw.frame_header(data) + 1, struct.pack(">HH", 65_000, 65_000))


def jpeg_scans(base: np.ndarray) -> bytes:
    data = jpeg(base, progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * 2000 + b"\xff\xd9"


def jpeg_12_bit(base: np.ndarray) -> bytes:
    data = jpeg(base)
    return raw.patched(data, raw.frame_header(data), b"\x0c")


def icc_bomb(base: np.ndarray) -> bytes:
    return raw.with_chunk(png(base), b"iCCP", b"bomb\x00\x00" + raw.zeros_packed(64 << 20))


def zero_wide(base: np.ndarray) -> bytes:
    header = raw.chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 10, 8, 2, 0, 0, 0))
    return raw.PNG_SIGNATURE + header + raw.chunk(b"IDAT", zlib.compress(b"")) + raw.chunk(b"IEND", b"")


def tiff_deflate_bomb(base: np.ndarray) -> bytes:
    """A strip of 8 x 8 pixels that unpacks to 64 MB."""
    packed = raw.zeros_packed(64 << 20)
    return raw.tiff(8, 8, packed, t259=8)


def camera_raw(base: np.ndarray) -> bytes:
    return raw.tiff(8, 8, bytes(64), t254=1, t50706=0x00000401)


def directory_loop(base: np.ndarray) -> bytes:
    return b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8)


def folder(place: Path, base: np.ndarray) -> None:
    (place / "folder.png").mkdir()


def nothing(place: Path, base: np.ndarray) -> None:
    """Leave the name free."""


def pipe(place: Path, base: np.ndarray) -> None:
    os.mkfifo(place / "pipe.jpg")


def endless(place: Path, base: np.ndarray) -> None:
    (place / "endless.jpg").symlink_to("/dev/zero")


def dangling(place: Path, base: np.ndarray) -> None:
    (place / "dangling.png").symlink_to(place / "gone.png")


def ring(place: Path, base: np.ndarray) -> None:
    (place / "ring.png").symlink_to(place / "ring.png")


def locked(place: Path, base: np.ndarray) -> None:
    (place / "locked.png").write_bytes(png(base))
    (place / "locked.png").chmod(0)


CUT = [
    Entry("empty.jpg", constant(b""), UNREADABLE),
    Entry("one_byte.png", constant(b"\x89"), UNREADABLE),
    Entry("signature_only.png", constant(raw.PNG_SIGNATURE), UNREADABLE),
    Entry("signature_only.jpg", constant(b"\xff\xd8\xff"), UNREADABLE),
    Entry("signature_only.tif", constant(b"II*\x00"), UNREADABLE),
    Entry("signature_only.webp", constant(b"RIFF\x00\x00\x00\x00WEBP"), UNREADABLE),
    Entry("signature_only.gif", constant(b"GIF89a"), UNREADABLE),
    Entry("truncated.jpg", cut(jpeg), UNREADABLE),
    Entry("truncated_header.jpg", cut(jpeg, 0.05), UNREADABLE),
    Entry("truncated_progressive.jpg", cut(lambda b: jpeg(b, progressive=True)), UNREADABLE),
    Entry("truncated.png", cut(png), UNREADABLE),
    Entry("truncated_at_end.png", lambda b: png(b)[:-12], UNREADABLE),
    Entry("truncated_16.png", cut(lambda b: bytes(imagecodecs.png_encode(deep(b)))), UNREADABLE),
    Entry("truncated.webp", cut(webp), UNREADABLE),
    Entry("truncated_lossless.webp", cut(lambda b: raw.saved(pil(b), "WEBP", lossless=True)), UNREADABLE),
    Entry("truncated.gif", cut(gif, 0.9), UNREADABLE),
    Entry("truncated.tif", cut(lambda b: raw.saved(pil(b), "TIFF")), UNREADABLE),
    Entry("truncated_strip.tif", lambda b: raw.tiff(64, 64, bytes(1000)), UNREADABLE),
    Entry("damaged_deflate.tif", lambda b: raw.tiff(8, 8, b"\x78\x9cjunkjunkjunk", t259=8), UNREADABLE),
]
DAMAGED = [
    Entry("bad_checksum.png", bad_data_crc, UNREADABLE),
    Entry("zero_wide.png", zero_wide, UNREADABLE),
    Entry("two_headers.png", lambda b: raw.with_chunk(png(b), b"IHDR", bytes(13)), UNREADABLE),
    Entry("unknown_needed_chunk.png", lambda b: raw.with_chunk(png(b), b"ABCD", b"what"), UNREADABLE),
    Entry("lying_sizes.tif", lambda b: raw.tiff(10_000, 10_000, bytes(64)), UNREADABLE),
    Entry("strip_outside.tif", lambda b: raw.tiff(8, 8, bytes(64), t273=1_000_000), UNREADABLE),
    Entry("directory_outside.tif", constant(b"II*\x00\xff\xff\xff\x7f" + bytes(100)), UNREADABLE),
    Entry("directory_loop.tif", directory_loop, UNREADABLE),
    Entry("zero_wide.tif", lambda b: raw.tiff(0, 8, bytes(64)), UNREADABLE),
    Entry("noise_after_start.jpg", lambda b: jpeg(b)[:2] + bytes(range(256)) * 4, UNREADABLE),
]
FOREIGN = [
    Entry("text.jpg", constant(b"This is a text and no picture.\n" * 20), UNREADABLE),
    Entry("page.png", constant(b"<!DOCTYPE html><html><body>404 Not Found</body></html>"), UNREADABLE),
    Entry("archive.jpg", constant(b"PK\x03\x04" + bytes(60)), UNREADABLE),
    Entry("document.png", constant(b"%PDF-1.7\n" + bytes(60)), UNREADABLE),
    Entry("drawing.svg", constant(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), UNREADABLE),
    Entry("zeros.png", constant(bytes(5000)), UNREADABLE),
    Entry("cut.bmp", cut(lambda b: raw.saved(pil(b), "BMP")), UNREADABLE),
    Entry("cut.ppm", cut(lambda b: raw.saved(pil(b), "PPM")), UNREADABLE),
    Entry("cut.jp2", cut(lambda b: raw.saved(pil(b), "JPEG2000"), 0.05), UNREADABLE),
    Entry("cut.avif", cut(lambda b: raw.saved(pil(b), "AVIF")), UNREADABLE),
    Entry("empty.avif", constant(b"\x00\x00\x00\x1cftypavif" + bytes(60)), UNREADABLE),
    Entry("hdr.avif", hdr_avif, UNSUPPORTED),
    Entry("new.jxl", constant(b"\xff\x0a" + bytes(60)), UNSUPPORTED),
    Entry("video.jpg", constant(b"\x00\x00\x00\x18ftypisom" + bytes(60)), UNSUPPORTED),
    Entry("camera_raw.tif", camera_raw, UNSUPPORTED),
    Entry("twelve_bits.jpg", jpeg_12_bit, UNSUPPORTED),
    Entry("float.tif", lambda b: tif((b / 255).astype(np.float32), photometric="rgb"), UNSUPPORTED),
    Entry("float_16.tif", lambda b: tif((b / 255).astype(np.float16), photometric="rgb"), UNSUPPORTED),
    Entry("signed.tif", lambda b: tif(b[..., 0].astype(np.int16), photometric="minisblack"), UNSUPPORTED),
    Entry("bits_32.tif", lambda b: tif(b[..., 0].astype(np.uint32), photometric="minisblack"), UNSUPPORTED),
    Entry("lab.tif", lambda b: tif(b, photometric="cielab"), UNSUPPORTED),
    Entry("hdr.png", lambda b: raw.with_chunk(png(b), b"cICP", bytes([9, 16, 0, 1])), UNSUPPORTED),
    Entry("hdr.exr", constant(b"v/1\x01" + bytes(60)), UNSUPPORTED),
]
BOMBS = [
    Entry("bomb.png", lambda b: raw.png_bomb(30_000), TOO_LARGE),
    Entry("bomb.jpg", jpeg_bomb, TOO_LARGE),
    Entry("bomb.webp", webp_bomb, TOO_LARGE),
    Entry("bomb.gif", lambda b: raw.patched(gif(b), 6, struct.pack("<HH", 60_000, 60_000)), TOO_LARGE),
    Entry("picture_beyond_screen.gif", gif_beyond_screen, TOO_LARGE),
    Entry("bomb.tif", lambda b: raw.tiff(60_000, 60_000, raw.zeros_packed(1 << 20), t259=8), TOO_LARGE),
    Entry("strip_bomb.tif", tiff_deflate_bomb, UNREADABLE),
    Entry("profile_bomb.png", icc_bomb, TOO_LARGE),
    Entry("scan_bomb.jpg", jpeg_scans, TOO_LARGE),
]
PLACES = [
    Entry("folder.png", None, UNREADABLE, place=folder),
    Entry("missing.png", None, UNREADABLE, place=nothing),
    Entry("pipe.jpg", None, UNREADABLE, place=pipe),
    Entry("endless.jpg", None, UNREADABLE, place=endless),
    Entry("dangling.png", None, UNREADABLE, place=dangling),
    Entry("ring.png", None, UNREADABLE, place=ring),
    Entry("locked.png", None, UNREADABLE, place=locked),
    Entry("n" * 300 + ".png", None, UNREADABLE, place=nothing),
]
BAD = [*CUT, *DAMAGED, *FOREIGN, *BOMBS, *PLACES]
