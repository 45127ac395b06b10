"""Uploads that mean harm, made on the spot: name, bytes, and which answers are right."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from aotface.samples import sample

Case = tuple[str, bytes, str, set[int]]
"""What it is, its bytes, the file name that is claimed, and the statuses that are right."""


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _tiff(width: int, height: int) -> bytes:
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 8),
        (262, 3, 2),
        (273, 4, 8),
        (277, 3, 3),
        (279, 4, 9),
    ]
    body = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(tags))
    return (
        body + b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags) + b"\0\0\0\0"
    )


def _gif_of_many(frames: int) -> bytes:
    """An animation that is small on the wire and long in pixels."""
    pictures = [Image.fromarray(np.full((8, 8), number % 255, np.uint8)) for number in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=1000)
    return out.getvalue()


def _mutated(data: bytes, seed: int, changes: int) -> bytes:
    rng, changed = np.random.default_rng(seed), bytearray(data)
    for place in rng.integers(0, len(changed), changes):
        changed[place] = int(rng.integers(0, 256))
    return bytes(changed)


def cases(clip: Path) -> Iterator[Case]:
    """All of them; ``clip`` is a sound video.

    A mutated file may still be readable, and is then taken: a refusal is not wanted for its own sake.
    """
    photo, video = sample("source_light_man").read_bytes(), clip.read_bytes()
    bomb = zlib.compress(bytes(3 * 30_000 + 1) * 300, 9)
    bad, any_way = {413, 415, 422}, {201, 413, 415, 422}
    yield "pixel bomb (PNG of 30,000 x 30,000)", _png(30_000, 30_000, bomb), "bomb.png", {413}
    yield "header that lies (2^31 - 1 pixels wide)", _png(2**31 - 1, 2**31 - 1, b""), "wide.png", bad
    yield "TIFF of 60,000 x 60,000", _tiff(60_000, 60_000), "bomb.tif", bad
    yield "long animation", _gif_of_many(40), "long.gif", {413}
    yield "truncated picture", photo[: len(photo) // 2], "half.jpg", bad
    yield "truncated video", video[: len(video) // 2], "half.mp4", bad
    yield "empty", b"", "empty.png", bad
    yield "one byte", b"\xff", "one.jpg", bad
    yield "polyglot: GIF that is JavaScript", b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)", "x.gif", bad
    yield "polyglot: JPEG and ZIP", photo + b"PK\x03\x04" + bytes(30), "x.jpg", any_way
    yield "polyglot: HTML with a JPEG's first bytes", b"\xff\xd8\xff<script>alert(1)</script>", "x.html", bad
    yield (
        "script in SVG",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "x.svg",
        bad,
    )
    yield "SVG that asks for a file", b'<svg><image href="file:///etc/passwd"/></svg>', "x.png", bad
    yield "playlist that names a file", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "x.m3u8", bad
    yield "ffconcat that names a file", b"ffconcat version 1.0\nfile /etc/passwd\n", "x.mp4", bad
    yield "path in its name", photo, "../../../../tmp/aotface-evil.jpg", {201}
    yield "absolute path in its name", photo, "/etc/cron.d/evil", {201}
    yield "name that is markup", photo, "<img src=x onerror=alert(1)>.jpg", {201}
    yield "name of 5,000 letters", photo, "x" * 5000 + ".jpg", {201, 422}
    yield "pickle", b"\x80\x04cos\nsystem\n(S'id'\ntR.", "x.pt", bad
    for seed in range(3):
        yield f"mutated video {seed}", _mutated(video, seed, 40), "m.mp4", any_way
    for seed in range(3):
        yield f"mutated picture {seed}", _mutated(photo, seed, 60), "m.jpg", any_way
    yield "noise with a Matroska head", b"\x1aE\xdf\xa3" + _mutated(bytes(4000), 1, 4000), "x.mkv", bad
    yield "noise with an MP4 head", b"\0\0\0\x18ftypisom" + _mutated(bytes(4000), 2, 4000), "x.mp4", bad
