"""Decoders in a child process: what kills or stops one costs one line, and the next picture is read."""

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from corpus import base_picture
from corpus.good import deep, tif

from aotface.errors import TooLargeError, UnreadableImageError, UnsupportedError
from aotface.media import apart, apart_child, decoding
from aotface.media.image import read_image

READY = "print('ready', flush=True); "


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch):
    """A child of this test's own."""
    own = apart._Child()
    monkeypatch.setattr(apart, "_child", own)
    yield own
    own.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "lzw.tif"
    path.write_bytes(tif(deep(base_picture(24, 32)), photometric="rgb", compression="lzw"))
    return path


def test_the_child_is_kept_and_gives_every_bit(child: apart._Child, picture: Path) -> None:
    first = read_image(picture)
    assert first.frame.dtype == np.uint16 and np.array_equal(first.frame, deep(base_picture(24, 32)))
    assert np.array_equal(read_image(picture).frame, first.frame) and child.count == 1


def test_a_crash_is_one_line_and_the_next_picture_is_read(
    child: apart._Child, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = READY + "import os, sys; sys.stdin.buffer.readline(); os.kill(os.getpid(), 11)"
    with monkeypatch.context() as broken:
        broken.setattr(apart, "_BEGIN", code)
        with pytest.raises(UnreadableImageError, match="TIFF that makes its decoder crash"):
            read_image(picture)
    assert read_image(picture).frame.shape == (24, 32, 3) and child.count == 2


def test_a_decoder_that_hangs_is_stopped(
    child: apart._Child, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_BEGIN", READY + "import time; time.sleep(60)")
    monkeypatch.setattr(apart, "BASE_SECONDS", 0.2)
    with pytest.raises(UnreadableImageError, match="takes more than"):
        read_image(picture, max_pixels=1000)


def test_what_does_not_start_is_said(
    child: apart._Child, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_BEGIN", "raise SystemExit")
    with pytest.raises(UnreadableImageError, match="cannot be started"):
        read_image(picture)


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b'{"height": 2, "width": 2}\n',
        b'{"height":2,"width":2,"lossless":true,"notes":[],"exif_is_file":false,"blobs":{"icc":1e18},"pixels":null}\n',
        b'{"height":2,"width":2,"lossless":true,"notes":[],"exif_is_file":false,"blobs":{},"pixel_notes":[],'
        b'"pixels":{"values":[[999999,999999,3],"uint8"]}}\n',
    ],
)
def test_what_a_broken_child_says_is_not_believed(
    line: bytes, child: apart._Child, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"import sys; sys.stdin.buffer.readline(); sys.stdout.buffer.write({line!r}); sys.stdout.flush()"
    code = READY + code
    monkeypatch.setattr(apart, "_BEGIN", code)
    with pytest.raises(UnreadableImageError, match="decoder|contradict"):
        read_image(picture, max_pixels=1000)


def test_errors_of_ours_come_back_as_they_are(child: apart._Child, tmp_path: Path) -> None:
    path = tmp_path / "float.tif"
    path.write_bytes(tif(base_picture(24, 32).astype(np.float32), photometric="rgb"))
    with pytest.raises(UnsupportedError, match="floating point"):
        read_image(path)
    with pytest.raises(TooLargeError, match="the limit is 100"):
        path.write_bytes(tif(base_picture(24, 32), photometric="rgb"))
        read_image(path, max_pixels=100)
    assert child.count == 1


def test_many_threads_get_their_own_picture(child: apart._Child, tmp_path: Path) -> None:
    paths, right = [tmp_path / f"{number}.tif" for number in range(4)], []
    for number, path in enumerate(paths):
        path.write_bytes(
            tif(np.full((16, 16, 3), 50 * number, np.uint8), photometric="rgb", compression="lzw")
        )

    def look(number: int) -> None:
        right.append(all((read_image(paths[number]).frame == 50 * number).all() for _ in range(5)))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 4 and child.count == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_starts_its_own(child: apart._Child, picture: Path) -> None:
    read_image(picture)
    parent = child.process
    child.forget()
    assert child.process is None and read_image(picture).frame.shape == (24, 32, 3)
    assert child.process is not parent and child.count == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are those of Linux")
def test_the_child_has_limits(child: apart._Child, picture: Path) -> None:
    read_image(picture)
    assert child.process is not None
    limits = Path(f"/proc/{child.process.pid}/limits").read_text().splitlines()
    found = {line[:26].strip(): line[26:].split()[0] for line in limits[1:]}
    assert int(found["Max address space"]) <= apart_child.MAX_MEMORY_BYTES
    assert found["Max file size"] == "0" and found["Max core file size"] == "0"


def test_heic_says_what_is_missing(child: apart._Child, tmp_path: Path) -> None:
    path = tmp_path / "phone.heic"
    try:
        import pillow_heif
    except ImportError:
        path.write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(60))
        with pytest.raises(UnsupportedError, match=r"aotface\[heic\]"):
            read_image(path)
        return
    base = base_picture(64, 96)
    made = pillow_heif.from_bytes("RGB", (96, 64), base.tobytes())
    made.save(path, quality=95, chroma=444)
    found = read_image(path)
    assert found.format == "HEIC" and found.bit_depth == 8
    assert np.abs(found.frame.astype(int) - base).mean() < 4
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableImageError):
        read_image(path)


def test_each_format_has_a_module() -> None:
    assert decoding.FORMATS.keys() >= decoding.APART
    for name in decoding.FORMATS:
        assert {"header", "decode"} <= set(dir(decoding.codec_of(name)))
