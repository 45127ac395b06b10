import pytest
from corpus import base_picture, raw
from PIL import Image

from aotface.media.decoding import FORMATS
from aotface.media.sniff import sniff


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "HEIC"])
def test_what_pillow_writes_is_known(format: str) -> None:
    assert sniff(raw.saved(Image.fromarray(base_picture()), format.replace(" ", ""))[:64]) == (
        format,
        "picture",
    )


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"MM\x00+" + bytes(20), "TIFF", "picture"),
        (b"\x00\x00\x00\x18ftypmif1", "HEIC", "picture"),
        (b"\x00\x00\x00\x18ftypqt  ", "MP4 or QuickTime", "video"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "AVI", "video"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "", "other"),
        (b"BMW is a car, not a bitmap, says this text", "", "other"),
        (b"\xff\xd8", "", "other"),
        (b"", "", "other"),
    ],
)
def test_the_rest(head: bytes, name: str, kind: str) -> None:
    assert sniff(head) == (name, kind)
