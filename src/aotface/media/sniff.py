"""What a file is, by its first bytes; the name and its suffix are never asked."""

from typing import Literal, NamedTuple

HEAD_BYTES = 512
"""How many bytes from the beginning of a file `sniff` wants to see."""


class Sniffed(NamedTuple):
    """``name`` of the format ("" = unknown), and whether it is a picture, a video or something else."""

    name: str
    kind: Literal["picture", "video", "other"]


_SIGNATURES: tuple[tuple[int, bytes, str, Literal["picture", "video", "other"]], ...] = (
    (0, b"\xff\xd8\xff", "JPEG", "picture"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG", "picture"),
    (8, b"WEBP", "WEBP", "picture"),
    (0, b"GIF87a", "GIF", "picture"),
    (0, b"GIF89a", "GIF", "picture"),
    (8, b"CR\x02\x00", "camera raw (CR2)", "picture"),
    (0, b"II*\x00", "TIFF", "picture"),
    (0, b"MM\x00*", "TIFF", "picture"),
    (0, b"II+\x00", "TIFF", "picture"),
    (0, b"MM\x00+", "TIFF", "picture"),
    (0, b"IIRO", "camera raw (ORF)", "picture"),
    (0, b"IIU\x00", "camera raw (RW2)", "picture"),
    (0, b"FUJIFILMCCD-RAW", "camera raw (RAF)", "picture"),
    (0, b"\xff\x0a", "JPEG XL", "picture"),
    (4, b"JXL \r\n\x87\n", "JPEG XL", "picture"),
    (4, b"jP  \r\n\x87\n", "JPEG 2000", "picture"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", "picture"),
    (0, b"8BPS", "Photoshop (PSD)", "picture"),
    (0, b"v/1\x01", "OpenEXR (HDR)", "picture"),
    (0, b"#?RADIANCE", "Radiance HDR", "picture"),
    (0, b"%PDF", "PDF", "other"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM", "video"),
    (8, b"AVI ", "AVI", "video"),
    (0, b"\x00\x00\x01\xba", "MPEG program stream", "video"),
    (0, b"\x00\x00\x01\xb3", "MPEG video", "video"),
    (0, b"FLV\x01", "Flash video", "video"),
    (0, b"OggS", "Ogg", "video"),
    (0, b"DKIF", "IVF", "video"),
    (0, b"YUV4MPEG2 ", "Y4M", "video"),
    (0, bytes.fromhex("3026b2758e66cf11"), "Windows Media", "video"),
    (0, bytes.fromhex("060e2b34020501010d010201"), "MXF", "video"),
    *((4, name, "MP4 or QuickTime", "video") for name in (b"moov", b"mdat", b"wide")),
    (0, b"PK\x03\x04", "ZIP", "other"),
)
_PICTURE_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIC"
)
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_TS_PACKETS = ((0, 188), (4, 192))  # where the first sync byte stands, and the distance to the next ones
_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)


def sniff(head: bytes) -> Sniffed:
    """Tell what kind of file begins with ``head``.

    Args:
        head: the first bytes of the file, `HEAD_BYTES` of them if there are as many.

    Returns:
        The name of the format and its kind; ``("", "other")`` where it is not known.

    Source: [ours], from the signatures in the formats' specifications.
    """
    if head[4:8] == b"ftyp":
        if head[8:12] in _AUDIO_BRANDS:
            return Sniffed("MPEG-4 audio", "other")
        brand = _PICTURE_BRANDS.get(head[8:12])
        return Sniffed(brand, "picture") if brand else Sniffed("MP4 or QuickTime", "video")
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return Sniffed("BMP", "picture")
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return Sniffed("PPM", "picture")
    for offset, signature, name, kind in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return Sniffed(name, kind)
    if any(head[first::step][:3] == b"GGG" for first, step in _TS_PACKETS):
        return Sniffed("MPEG transport stream", "video")
    return Sniffed("", "other")
