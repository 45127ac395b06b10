"""Decoders with a history of memory faults work in a child process: what kills it costs one line, not a batch.

The child has limits of memory and time, may write no file, and is kept for the next picture. It is asked by one thread at a
time. After a fork, the new process starts its own.
"""

import atexit
import io
import math
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import msgspec
import numpy as np

from aotface import errors
from aotface.errors import AotfaceError, UnreadableImageError
from aotface.media.files import show
from aotface.media.formats.parts import Header, Pixels

START_SECONDS = 60.0
"""How long the child may take to start."""

BASE_SECONDS, PIXELS_PER_SECOND = 3.0, 2_000_000
"""How long a picture may take: so much, and a second for so many pixels of the limit."""

READY = b"ready\n"
"""What the child says first."""

MAX_NOTE_BYTES = 1 << 20
"""Longest line of an answer."""

_BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from aotface.media.apart_child import serve; serve()"


class Asked(msgspec.Struct):
    """What the child is told before the bytes of a file. ``max_pixels`` 0: its header alone is wanted."""

    name: str
    bytes: int
    max_pixels: int


class Answer(msgspec.Struct):
    """What the child says before what it found: ``blobs`` and ``pixels`` tell the lengths and shapes of what follows."""

    error: str = ""
    message: str = ""
    height: int = 0
    width: int = 0
    lossless: bool = False
    notes: tuple[str, ...] = ()
    exif_is_file: bool = False
    blobs: dict[Literal["icc", "exif", "xmp"], int] = {}
    pixels: dict[Literal["values", "alpha"], tuple[tuple[int, ...], Literal["uint8", "uint16"]]] | None = None
    pixel_notes: tuple[str, ...] = ()


def header_apart(name: str, data: bytes) -> Header:
    """What a picture says about itself, without its pixels; see `aotface.media.decoding.decode` for the errors."""
    return _child.ask(name, data, 0)[0]


def decode_apart(name: str, data: bytes, max_pixels: int) -> tuple[Header, Pixels]:
    """Decode a picture in the child; see `aotface.media.decoding.decode`."""
    head, pixels = _child.ask(name, data, max_pixels)
    if pixels is None or pixels.values.shape[:2] != (head.height, head.width):
        raise UnreadableImageError(f"{name} whose sizes contradict each other; get a whole copy")
    return head, pixels


def started() -> int:
    """How many child processes there have been; more than one where a picture has crashed its decoder."""
    return _child.count


@dataclass
class _Child:
    """The process, started when it is first needed."""

    process: "subprocess.Popen[bytes] | None" = None
    count: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def ask(self, name: str, data: bytes, max_pixels: int) -> tuple[Header, Pixels | None]:
        """Hand over a file, and wait for what it holds."""
        seconds = BASE_SECONDS + max_pixels / PIXELS_PER_SECOND
        with self._lock:
            process = self._started()
            watch, late = _watching(process, seconds)
            try:
                return _exchange(process, name, data, max_pixels)
            except AotfaceError:
                raise
            except (EOFError, OSError, ValueError, msgspec.DecodeError):
                self._end(kill=True)
                what = (
                    f"takes more than {seconds:.0f} seconds" if late.is_set() else "makes its decoder crash"
                )
                raise UnreadableImageError(f"{name} that {what}; get a whole copy of the file") from None
            except BaseException:
                self._end(kill=True)  # its answer would be taken for that of the next
                raise
            finally:
                watch.cancel()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end(kill=False)

    def _started(self) -> "subprocess.Popen[bytes]":
        if self.process is not None and self.process.poll() is not None:
            self._end(kill=True)
        if self.process is None:
            root = str(Path(errors.__file__).parents[1])
            environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            try:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _BEGIN, root],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    start_new_session=True,  # Ctrl-C is for the parent
                )
            except OSError as error:
                raise UnreadableImageError(f"its decoder cannot be started: {error.strerror}") from None
            self.count += 1
            self._await_ready(self.process)
        return self.process

    def _await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        watch, _ = _watching(process, START_SECONDS)
        try:
            said = process.stdout.readline(len(READY))
        except BaseException:
            self._end(kill=True)
            raise
        finally:
            watch.cancel()
        if said != READY:
            self._end(kill=True)
            raise UnreadableImageError("its decoder cannot be started; is there enough memory?")

    def _end(self, kill: bool) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        if kill:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def forget(self) -> None:
        """After a fork: the process is the parent's."""
        self._lock = threading.Lock()
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
            self.process.returncode = 0  # not ours to wait for
            self.process = None


def _watching(process: "subprocess.Popen[bytes]", seconds: float) -> tuple[threading.Timer, threading.Event]:
    """A clock that kills the process when the time is over, and tells that it did."""
    late = threading.Event()
    watch = threading.Timer(seconds, _stop, (process, late))
    watch.daemon = True
    watch.start()
    return watch, late


def _stop(process: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    process.kill()


def _exchange(
    process: "subprocess.Popen[bytes]", name: str, data: bytes, max_pixels: int
) -> tuple[Header, Pixels | None]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(msgspec.json.encode(Asked(name, len(data), max_pixels)) + b"\n")
    process.stdin.write(data)
    process.stdin.flush()
    line = process.stdout.readline(MAX_NOTE_BYTES)
    if not line.endswith(b"\n"):
        raise EOFError
    said = msgspec.json.decode(line, type=Answer)
    if said.error:
        raise _error_of(said)
    blobs: dict[str, bytes] = {key: _bytes(process.stdout, length) for key, length in said.blobs.items()}
    exif = data if said.exif_is_file else blobs.get("exif")
    known_parts = blobs.get("icc"), exif, said.lossless, said.notes, blobs.get("xmp")
    head = Header(said.height, said.width, b"", *known_parts)
    if said.pixels is None:
        return head, None
    arrays: dict[str, np.ndarray] = {
        key: _array(process.stdout, shape, kind, max_pixels) for key, (shape, kind) in said.pixels.items()
    }
    if "values" not in arrays:
        raise EOFError
    return head, Pixels(arrays["values"], arrays.get("alpha"), said.pixel_notes)


def _error_of(said: Answer) -> AotfaceError:
    """The error that the child has met; one that is none of ours becomes the usual one."""
    kind = getattr(errors, said.error, None)
    known = isinstance(kind, type) and issubclass(kind, AotfaceError)
    return (kind if known and kind else UnreadableImageError)(show(said.message))


def _bytes(pipe: IO[bytes], length: int) -> bytes:
    if not 0 <= length <= 1 << 30:
        raise ValueError(length)
    data = pipe.read(length)
    if len(data) != length:
        raise EOFError
    return data


def _array(pipe: IO[bytes], shape: tuple[int, ...], kind: str, max_pixels: int) -> np.ndarray:
    """An array of pixels, no larger than the limit allows, whatever the child says."""
    if math.prod(shape) > 4 * max_pixels or min(shape, default=0) < 1:
        raise ValueError(shape)
    array = np.empty(shape, kind)
    view = memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
    stream = pipe if isinstance(pipe, io.BufferedReader) else io.BufferedReader(pipe)  # type: ignore[type-var]
    position = 0
    while position < len(view):
        count = stream.readinto(view[position:])
        if not count:
            raise EOFError
        position += count
    return array


_child = _Child()
atexit.register(_child.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_child.forget)
