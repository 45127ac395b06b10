"""Reading an upload: one part of a form goes to disk as it arrives, under a name of ours, and is hashed on the way."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from aotface.web.errors import ApiError

NAME_LENGTH = 120
HEADER_BYTES = 8 << 10


@dataclass(frozen=True)
class Arrived:
    """A file that has arrived. ``name``: as its sender calls it."""

    path: Path
    name: str
    bytes: int
    sha256: str


async def read_upload(content_type: str, body: AsyncIterator[bytes], folder: Path, most: int) -> Arrived:
    """Read the part ``file`` of a form.

    Args:
        content_type: of the request.
        body: its bytes as they come.
        folder: where the file goes.
        most: bytes that it may have.

    Raises:
        ApiError: not a form, no such part, another part, or too many bytes.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
        raise ApiError(415, "form", "expected multipart/form-data with one part called file")
    path = folder / secrets.token_hex(16)
    try:
        with open(path, "xb") as out:
            part = _Part(out, most)
            parser = MultipartParser(boundary, part.callbacks())
            async for block in body:
                parser.write(block)
            parser.finalize()
        if not part.whole:
            raise ApiError(422, "form", "the form ends before its part file does: send it again")
        return Arrived(path, part.name, part.size, part.digest.hexdigest())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, MultipartParseError):
            raise ApiError(
                422, "form", "expected multipart/form-data that is whole, with short names"
            ) from None
        raise


@dataclass
class _Part:
    """The part that is being read."""

    out: BinaryIO
    most: int
    name: str = "upload"
    size: int = 0
    whole: bool = False
    seen: bool = False
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _header: bytes = b""
    _value: bytes = b""
    _headers: dict[bytes, bytes] = field(default_factory=dict)

    def callbacks(self) -> Any:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_header_field": self._field,
            "on_header_value": self._more_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
        }

    def _begin(self) -> None:
        if self.seen:
            raise ApiError(422, "form", "expected one part, called file")
        self.seen = True

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._refuse_long()

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._refuse_long()

    def _refuse_long(self) -> None:
        if len(self._header) + len(self._value) > HEADER_BYTES:
            raise ApiError(422, "form", "the part's header is too long")

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name") != b"file":
            raise ApiError(422, "form", "expected one part, called file")
        self.name = shown_name(options.get(b"filename", b"").decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.size += end - start
        if self.size > self.most:
            raise ApiError(413, "too_large", f"expected a file of at most {self.most:,} bytes")
        self.out.write(data[start:end])
        self.digest.update(data[start:end])

    def _end(self) -> None:
        self.whole = True


def shown_name(given: str) -> str:
    """A file's name as text to show: no folders, nothing that does not print. It never becomes a path."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(letter for letter in last if letter.isprintable()).strip()
    return text[:NAME_LENGTH] or "upload"
