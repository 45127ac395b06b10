import io
import struct

import numpy as np
import pytest
from corpus import raw
from PIL import Image

from aotface.media import metadata
from aotface.media.metadata import Entry


def through_pillow(record: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(record)
    return exif


def test_cleaning_keeps_what_pillow_reads_and_drops_the_rest() -> None:
    record = metadata.clean(raw.exif(orientation=6, gps=True))
    assert record is not None
    exif = through_pillow(record)
    assert dict(exif) == {0x010F: "Maker", 0x0110: "Model 1", 0x8298: "(c) nobody", 0x8769: exif[0x8769]}
    assert set(exif.get_ifd(0x8769)) == {0x829A, 0x9003}


def test_cleaning_twice_changes_nothing() -> None:
    once = metadata.clean(raw.exif(orientation=3, gps=True))
    assert once is not None and metadata.clean(once) == once


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_directory_comes_back_as_it_was_packed(order: str) -> None:
    entries = [
        Entry(0x010F, 2, 3, b"ab\x00"),
        Entry(0x011A, 5, 1, bytes(range(8))),
        Entry(0x9999, 7, 5, b"12345"),
    ]
    magic = b"II*\x00" if order == "<" else b"MM\x00*"
    record = magic + struct.pack(order + "I", 8) + metadata.pack_directory(entries[::-1], 8, order)
    parsed = metadata.parse(record)
    assert parsed == (order, entries, [], 0)
    assert metadata.parse(b"Exif\x00\x00" + record) == parsed


@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_is_read(value: int) -> None:
    assert metadata.orientation(raw.exif(value)) == value


def test_orientations_that_do_not_exist_count_as_upright() -> None:
    assert [metadata.orientation(raw.exif(value)) for value in (0, 9, 65535)] == [1, 1, 1]
    assert metadata.orientation(raw.exif()) == 1


def test_nothing_left_is_none() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    assert metadata.clean(exif.tobytes()) is None


@pytest.mark.parametrize("record", [b"", b"junk", b"II*\x00", b"II*\x00\xff\xff\xff\xff", raw.exif()[:60]])
def test_damaged_records_are_refused(record: bytes) -> None:
    with pytest.raises(ValueError):
        metadata.clean(record)


def test_records_that_point_at_themselves_or_everywhere_end() -> None:
    rows = b"".join(struct.pack("<HHII", tag, 7, 0x7FFFFFFF, 8) for tag in range(60_000))
    bomb = b"II*\x00" + struct.pack("<IH", 8, 60_000) + rows + bytes(4)
    assert metadata.clean(bomb) is None  # each value claims 2 GB: none is touched
    loop = b"II*\x00" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + bytes(4)
    assert metadata.clean(loop) is None


def test_a_record_that_stays_too_long_is_refused() -> None:
    entries = [Entry(tag, 2, 4096, b"x" * 4096) for tag in sorted(range(0x9010, 0x9013))]
    entries += [Entry(0xA401 + index, 7, 4096, b"x" * 4096) for index in range(12)]
    pointer = Entry(0x8769, 4, 1, struct.pack("<I", 26))
    record = b"II*\x00" + struct.pack("<I", 8) + metadata.pack_directory([pointer], 8, "<")
    with pytest.raises(ValueError, match="longer than 60,000 bytes"):
        metadata.clean(record + metadata.pack_directory(entries, 26, "<"))


def test_random_damage_gives_a_record_or_a_value_error() -> None:
    rng = np.random.default_rng(11)
    good = np.frombuffer(raw.exif(5, gps=True), np.uint8)
    for _ in range(2000):
        bad = good.copy()
        bad[rng.integers(0, bad.size, 4)] = rng.integers(0, 256, 4)
        try:
            cleaned = metadata.clean(bad.tobytes())
        except ValueError:
            continue
        if cleaned is not None:
            assert metadata.clean(cleaned) == cleaned
            assert b"GPS" not in cleaned and b"THUMBNAIL" not in cleaned


def test_pillow_writes_a_cleaned_record_into_a_file_and_reads_it_again() -> None:
    record = metadata.clean(raw.exif(gps=True))
    assert record is not None
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "JPEG", exif=b"Exif\x00\x00" + record)
    with Image.open(file) as opened:
        assert opened.getexif()[0x0110] == "Model 1"
