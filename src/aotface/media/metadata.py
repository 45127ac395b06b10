"""EXIF: what the camera noted, carried over without the place, the thumbnail and the maker's private part.

The records are parsed here and not by a library: a damaged record then becomes one plain note instead of
warnings from somewhere deep, nothing is decoded that is only to be carried, and each value goes out byte
for byte as it came. Only tags that are named below go through, so that a place noted under an unknown tag
does not slip out. Of XMP only IPTC's source type is carried, see `source_type`; IPTC's own records never are.
"""

import struct
from typing import NamedTuple

MAX_VALUE_BYTES = 4096
"""Longest single value that is carried (comments, lens names; not previews)."""
MAX_EXIF_BYTES = 60_000
"""Longest EXIF record that is carried: it must fit into one JPEG segment."""

ORIENTATION = 0x0112
EXIF_POINTER = 0x8769
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
_MAIN_TAGS = frozenset(
    # description, make, model, resolution, software, date, artist, host, rating, copyright, Windows' texts
    [0x010E, 0x010F, 0x0110, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, 0x0131, 0x0132, 0x013B, 0x013C]
    + [0x4746, 0x8298, *range(0x9C9B, 0x9CA0)]
)
_EXIF_TAGS = frozenset(
    # exposure, sensitivity, dates, lens, light, comment, sub-seconds, weather, colour space, camera
    [0x829A, 0x829D, 0x8822, 0x8824, 0x8827, *range(0x8830, 0x8836), 0x9000, 0x9003, 0x9004]
    + [*range(0x9010, 0x9013), 0x9101, 0x9102, *range(0x9201, 0x920B), 0x9214, 0x9286]
    + [*range(0x9290, 0x9293), *range(0x9400, 0x9406), 0xA000, 0xA001, *range(0xA20B, 0xA218)]
    + [*range(0xA300, 0xA303), *range(0xA401, 0xA40D), 0xA420, *range(0xA430, 0xA43D)]
    + [*range(0xA460, 0xA463), 0xA500]
)
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_PREFIX = b"Exif\x00\x00"


class Entry(NamedTuple):
    """One tag of a directory; ``value`` is as in the file, in its byte order."""

    tag: int
    type: int
    number: int
    value: bytes


class Directories(NamedTuple):
    """A record apart: byte order (``"<"`` or ``">"``), main and EXIF directory, offset of the next."""

    order: str
    main: list[Entry]
    exif: list[Entry]
    next: int


def parse(record: bytes) -> Directories:
    """Take an EXIF record (or a whole TIFF file: it begins the same way) apart.

    Args:
        record: bytes from ``II*\\0`` or ``MM\\0*`` on, with or without the ``Exif\\0\\0`` before them.

    Returns:
        Its two directories; values longer than `MAX_VALUE_BYTES` are left out.

    Raises:
        ValueError: it is damaged.

    Source: TIFF 6.0, section 2; Exif 3.0, section 4.6.
    """
    record = record.removeprefix(_PREFIX)
    if record[:4] not in (b"II*\x00", b"MM\x00*"):
        raise ValueError("no TIFF header")
    order = "<" if record[:1] == b"I" else ">"
    try:
        main, following = _read_directory(record, struct.unpack_from(order + "I", record, 4)[0], order)
        exif: list[Entry] = []
        for entry in main:
            if entry.tag == EXIF_POINTER:
                exif, _ = _read_directory(record, struct.unpack_from(order + "I", entry.value)[0], order)
    except struct.error as error:
        raise ValueError("a directory points outside the record") from error
    return Directories(order, main, exif, following)


def clean(record: bytes) -> bytes | None:
    """Make the EXIF record that may be written: no GPS, orientation, thumbnail, maker note, size.

    Args:
        record: see `parse`.

    Returns:
        A record from ``II*\\0`` or ``MM\\0*`` on; None if nothing is left. Cleaning twice changes nothing.

    Raises:
        ValueError: it is damaged, or what is left is longer than `MAX_EXIF_BYTES`.

    Source: [ours].
    """
    order, main, exif, _ = kept(parse(record))
    if not main and not exif:
        return None
    header = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "I", 8)
    if exif:
        # the length of the main directory does not depend on the offset in it: pack twice
        length = len(pack_directory([*main, Entry(EXIF_POINTER, 4, 1, bytes(4))], 8, order))
        main = [*main, Entry(EXIF_POINTER, 4, 1, struct.pack(order + "I", 8 + length))]
    body = pack_directory(main, 8, order)
    body += pack_directory(exif, 8 + len(body), order) if exif else b""
    if len(body) > MAX_EXIF_BYTES:
        raise ValueError(f"longer than {MAX_EXIF_BYTES:,} bytes")
    return header + body


def kept(record: Directories) -> Directories:
    """Keep only the tags that are carried over."""
    main = [entry for entry in record.main if entry.tag in _MAIN_TAGS]
    exif = [entry for entry in record.exif if entry.tag in _EXIF_TAGS]
    return Directories(record.order, main, exif, 0)


def orientation(record: bytes) -> int:
    """Read how the camera was held: 1 to 8 as in the Exif standard; 1 where it is not said.

    Args:
        record: see `parse`.

    Returns:
        The orientation.

    Raises:
        ValueError: the record is damaged.

    Source: TIFF 6.0, Orientation (274).
    """
    order, main, _, _ = parse(record)
    for entry in main:
        if entry.tag == ORIENTATION and entry.type == 3 and entry.number == 1:
            value = struct.unpack(order + "H", entry.value)[0]
            return value if 1 <= value <= 8 else 1
    return 1


def pack_directory(entries: list[Entry], offset: int, order: str) -> bytes:
    """Write a directory that will stand at ``offset`` bytes from the header, its long values behind it."""
    entries = sorted(entries)
    values_at = offset + 2 + 12 * len(entries) + 4
    table, values = struct.pack(order + "H", len(entries)), b""
    for entry in entries:
        table += struct.pack(order + "HHI", entry.tag, entry.type, entry.number)
        if len(entry.value) <= 4:
            table += entry.value.ljust(4, b"\x00")
        else:
            table += struct.pack(order + "I", values_at + len(values))
            values += entry.value + b"\x00" * (len(entry.value) % 2)  # values begin at even offsets
    return table + bytes(4) + values


def _read_directory(record: bytes, offset: int, order: str) -> tuple[list[Entry], int]:
    """Read the directory at ``offset``: its entries, and the offset of the next directory (0 = none)."""
    (count,) = struct.unpack_from(order + "H", record, offset)
    entries, end = [], offset + 2 + 12 * count
    for position in range(offset + 2, end, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", record, position)
        size = _TYPE_BYTES.get(kind, 0) * number
        if not 0 < size <= MAX_VALUE_BYTES:
            continue  # unknown types are to be skipped, says the standard; long values are never carried
        start = position + 8 if size <= 4 else struct.unpack_from(order + "I", record, position + 8)[0]
        if start + size > len(record):
            raise ValueError(f"tag {tag} points outside the record")
        entries.append(Entry(tag, kind, number, record[start : start + size]))
    following = struct.unpack_from(order + "I", record, end)[0] if end + 4 <= len(record) else 0
    return entries, following
