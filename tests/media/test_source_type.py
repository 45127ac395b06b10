"""IPTC's source type: out of any tool's XMP, and back into every format that has a place for it."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from media.made_faces import plain_frame, write_frames
from PIL import Image

from aotface.media.formats.png import chunk
from aotface.media.image import encode_image, read_image, source_type_of, write_image
from aotface.media.source_type import (
    COMPOSITE,
    MAX_XMP_BYTES,
    VOCABULARY,
    WHOLE,
    combined,
    read_source_type,
    says_ai,
    write_source_type,
)
from aotface.media.video.xmp import video_source_type, xmp_box

CAMERA = VOCABULARY + "digitalCapture"
FRAME = np.full((20, 30, 3), 90, np.uint8)
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:q="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><rdf:Description {}</rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (f'q:DigitalSourceType="{WHOLE}"/>', WHOLE),
        (f"><q:DigitalSourceType>\n {WHOLE} </q:DigitalSourceType></rdf:Description>", WHOLE),
        (f'><q:DigitalSourceType rdf:resource="{CAMERA}"/></rdf:Description>', CAMERA),
        ('q:DigitalSourceType="https://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture/"/>', CAMERA),
        ('q:DigitalSourceType="trainedAlgorithmicMedia"/>', WHOLE),
        (f'q:DigitalSourceType="{CAMERA}"/><rdf:Description q:DigitalSourceType="{WHOLE}"/>', WHOLE),
        ('q:DigitalSourceType="a place, a name"/>', None),
        ('q:Other="trainedAlgorithmicMedia"/>', None),
        ('q:DigitalSourceType="trained', None),
    ],
)
def test_every_spelling_is_read(said: str, found: str | None) -> None:
    assert read_source_type(XMP.format(said).encode()) == found
    assert read_source_type(b'<?xpacket begin="\xef\xbb\xbf"?>' + XMP.format(said).encode() + b"\0") == found


def test_what_is_no_packet_says_nothing() -> None:
    good = write_source_type(WHOLE)
    assert read_source_type(good) == WHOLE
    for wrong in (None, b"", b"\xff\xfe", b"<?xml version='1.0' encoding='wrong'?>" + good, good[:-200]):
        assert read_source_type(wrong) is None
    assert read_source_type(good + b" " * MAX_XMP_BYTES) is None
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + good
    assert read_source_type(bomb) is None


def test_only_ai_is_ai() -> None:
    assert says_ai(WHOLE) and says_ai(COMPOSITE) and says_ai(VOCABULARY + "compositeSynthetic")
    assert not says_ai(CAMERA) and not says_ai(None) and not says_ai("x" + WHOLE)


@pytest.mark.parametrize(
    ("target", "others", "marked", "unmarked"),
    [
        (None, [None], COMPOSITE, None),
        (CAMERA, [CAMERA], COMPOSITE, None),  # an edited picture is none of a camera any more
        (WHOLE, [None], WHOLE, WHOLE),
        (VOCABULARY + "compositeSynthetic", [], COMPOSITE, VOCABULARY + "compositeSynthetic"),
        (CAMERA, [None, WHOLE], COMPOSITE, COMPOSITE),
    ],
)
def test_ai_stays_ai(
    target: str | None, others: list[str | None], marked: str | None, unmarked: str | None
) -> None:
    assert combined(target, others, True) == marked and combined(target, others, False) == unmarked


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_every_format_gives_back_what_was_written(name: str, tmp_path: Path) -> None:
    format = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF"}[name[2:]]
    path = tmp_path / name
    path.write_bytes(encode_image(FRAME, format, source_type=WHOLE))
    assert source_type_of(path) == read_image(path).source_type == WHOLE
    with Image.open(path) as picture:  # another program finds it too
        packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or picture.tag_v2[700]
    assert WHOLE in (packet if isinstance(packet, str) else bytes(packet).decode())
    again = write_image(tmp_path / f"again{name}", FRAME, read_image(path))
    assert source_type_of(again) is None  # who writes decides what is said, not the model


def test_other_programs_files_are_read(tmp_path: Path) -> None:
    picture, packet = Image.fromarray(FRAME), write_source_type(WHOLE)
    picture.save(tmp_path / "a.webp", xmp=packet)
    picture.save(tmp_path / "a.tif", tiffinfo={700: packet})
    plain = encode_image(FRAME, "PNG")
    packed = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet))
    (tmp_path / "a.png").write_bytes(plain[:33] + packed + plain[33:])
    assert {source_type_of(path) for path in tmp_path.iterdir()} == {WHOLE}
    broken = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + b"no stream")
    (tmp_path / "b.png").write_bytes(plain[:33] + broken + plain[33:])
    assert (
        source_type_of(tmp_path / "b.png") is None
        and read_image(tmp_path / "b.png").frame.shape == FRAME.shape
    )
    assert source_type_of(tmp_path / "absent.png") is None


def test_a_video_says_it_behind_its_boxes(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "a.mp4", [plain_frame(index, 64) for index in range(2)])
    plain = path.read_bytes()
    assert video_source_type(path) is None
    path.write_bytes(plain + xmp_box(path, WHOLE))
    assert video_source_type(path) == WHOLE
    path.write_bytes(plain + xmp_box(path, WHOLE)[:-9])  # cut short
    assert video_source_type(path) is None
    assert xmp_box("a.mkv", WHOLE) == xmp_box("a.mp4", None) == b"" != xmp_box("a.mov", WHOLE)
    path.write_bytes(quicktime(plain))
    assert video_source_type(path) == WHOLE


def quicktime(plain: bytes) -> bytes:
    """A movie with XMP where QuickTime has it."""
    packet = b"XMP_" + write_source_type(WHOLE)
    inner = (4 + len(packet)).to_bytes(4, "big") + packet
    for name in (b"udta", b"moov"):
        inner = (8 + len(inner)).to_bytes(4, "big") + name + inner
    return plain + inner
