"""Pieces of files that no library would write: bombs, lies, hand-made profiles and EXIF records."""

import io
import struct
import zlib
from functools import cache

import imagecodecs
import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
THUMBNAIL = b"\xff\xd8THUMBNAIL-OF-A-PLACE\xff\xd9"
PLACE = "exif:GPSLatitude"


def saved(picture: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


# --- PNG


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunk(png: bytes, name: bytes, content: bytes) -> bytes:
    """Insert a chunk behind the header."""
    return png[:33] + chunk(name, content) + png[33:]


def png_bomb(side: int) -> bytes:
    """A correct PNG of side x side white pixels, one bit each: some 100 kB that unpack to 112 MB."""
    row = b"\x00" + b"\xff" * ((side + 7) // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row * 100) for _ in range(side // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@cache
def zeros_packed(count: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(count >> 20)) + packer.flush()


# --- JPEG


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """Insert a segment at the beginning."""
    return jpeg[:2] + segment(marker, content) + jpeg[2:]


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """Remove the first segment of that marker (before the scan)."""
    position = 2
    while jpeg[position + 1] != marker:
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
    return jpeg[:position] + jpeg[position + 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big") :]


def frame_header(jpeg: bytes) -> int:
    """Where the content (bits, height, width) of a baseline frame header stands."""
    return jpeg.index(b"\xff\xc0") + 4


def patched(data: bytes, position: int, new: bytes) -> bytes:
    return data[:position] + new + data[position + len(new) :]


# --- TIFF


def tiff(width: int, height: int, strip: bytes, **tags: int) -> bytes:
    """A little-endian grey TIFF of one strip; ``tags`` (t258=8) replace or add short or long values."""
    values = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: len(strip)}
    values |= {int(name[1:]): value for name, value in tags.items()}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(values.items())]
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\x00" + struct.pack("<I", 8 + len(strip)) + strip + directory


# --- EXIF


def exif(orientation: int | None = None, gps: bool = False) -> bytes:
    """A record by Pillow: camera, date, exposure, perhaps orientation, perhaps a place and a thumbnail."""
    record = Image.Exif()
    record[0x010F], record[0x0110], record[0x8298] = "Maker", "Model 1", "(c) nobody"
    if orientation is not None:
        record[0x0112] = orientation
    inner = record.get_ifd(0x8769)
    inner[0x829A], inner[0x9003], inner[0x927C] = 0.01, "2020:01:02 03:04:05", b"MAKERNOTE" * 4
    if gps:
        place = record.get_ifd(0x8825)
        place[1], place[2], place[3], place[4] = "N", (48.0, 51.0, 29.6), "E", (2.0, 17.0, 40.2)
    data = record.tobytes()
    return _with_thumbnail(data) if gps else data


def _with_thumbnail(record: bytes) -> bytes:
    """Append a second directory that holds a thumbnail."""
    prefix, body = record[:6], record[6:]
    order = "<" if body[:1] == b"I" else ">"
    (first,) = struct.unpack_from(order + "I", body, 4)
    (count,) = struct.unpack_from(order + "H", body, first)
    at = len(body)
    second = struct.pack(order + "H", 2)
    second += struct.pack(order + "HHII", 0x0201, 4, 1, at + 30)
    second += struct.pack(order + "HHII", 0x0202, 4, 1, len(THUMBNAIL)) + bytes(4)
    body = patched(body, first + 2 + 12 * count, struct.pack(order + "I", at))
    return prefix + body + second + THUMBNAIL


# --- colour profiles

ADOBE_RGB = imagecodecs.cms_profile("adobergb")
SRGB = imagecodecs.cms_profile("srgb")
GREY_GAMMA_18 = imagecodecs.cms_profile("gray", gamma=1.8)
P3_GAMMA_22 = imagecodecs.cms_profile(
    "rgb",
    whitepoint=[0.3127, 0.3290, 1.0],
    primaries=[0.680, 0.320, 1.0, 0.265, 0.690, 1.0, 0.150, 0.060, 1.0],
    gamma=2.2,
)

_SRGB_TO_XYZ = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
)
_ADOBE_TO_XYZ = np.array(
    [[0.5766690, 0.1855582, 0.1882286], [0.2973450, 0.6273636, 0.0752915], [0.0270314, 0.0706889, 0.9913375]]
)
_P3_TO_XYZ = np.array(
    [[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]]
)
_XYZ_D65_TO_D50 = np.array(
    [
        [1.0478112, 0.0228866, -0.0501270],
        [0.0295424, 0.9904844, -0.0170491],
        [-0.0092345, 0.0150436, 0.7521316],
    ]
)


def linear(frame: np.ndarray) -> np.ndarray:
    """sRGB, uint8, to linear light 0..1 (IEC 61966-2-1)."""
    v = frame / 255.0
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def in_adobe_rgb(frame: np.ndarray, top: int = 255) -> np.ndarray:
    """The same colours in Adobe RGB (1998), by its formula, 0..top, float."""
    light = linear(frame) @ _SRGB_TO_XYZ.T @ np.linalg.inv(_ADOBE_TO_XYZ).T
    return light.clip(0, 1) ** (256 / 563) * top


def in_p3(frame: np.ndarray) -> np.ndarray:
    """The same colours with the primaries of P3 and gamma 2.2, 0..255, float."""
    light = linear(frame) @ _SRGB_TO_XYZ.T @ np.linalg.inv(_P3_TO_XYZ).T
    return light.clip(0, 1) ** (1 / 2.2) * 255


def cmyk_profile() -> bytes:
    """A small press: sixteen corners of ink, colours in between by interpolation in Lab."""
    corners = np.array([[c, m, y, k] for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)])
    rgb = (1 - 0.9 * corners[:, :3]) * (1 - 0.95 * corners[:, 3:])
    xyz = rgb @ _SRGB_TO_XYZ.T @ _XYZ_D65_TO_D50.T / np.array([0.9642, 1.0, 0.8249])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1)
    encoded = np.round(lab * [2.55, 1, 1] + [0, 128, 128]).clip(0, 255).astype(np.uint8)
    identity = struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    curve = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + curve * 4 + encoded.tobytes() + curve * 3
    table += bytes(-len(table) % 4)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I4sII4sII", 2, b"A2B0", 156, len(table), b"wtpt", 156 + len(table), len(white))
    body = tags + table + white
    header = struct.pack(
        ">I4sI4s4s4s12x4s4s24x",
        128 + len(body),
        b"lcms",
        0x02400000,
        b"prtr",
        b"CMYK",
        b"Lab ",
        b"acsp",
        b"    ",
    )
    header += struct.pack(">I3i", 0, 63190, 65536, 54061)
    return header.ljust(128, b"\x00") + body
