from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from media.made_faces import face_frame, write_frames

from aotface.errors import InputError
from aotface.media.image import encode_image, read_image, write_image
from aotface.provenance import mark_frame
from aotface.provenance.credentials import (
    Credentials,
    Record,
    read_credentials,
    sign,
    sign_video,
    write_signed,
)
from aotface.provenance.verify import Verification, verify
from aotface.provenance.watermark import Watermark, false_alarm
from aotface.types import Frame


@pytest.fixture
def made(portrait: Frame, record: Record, tmp_path: Path) -> Path:
    """A picture that went the whole way: marked, encoded, signed, written."""
    target = write_image(tmp_path / "target.png", portrait[:256, 100:356])
    data = encode_image(mark_frame(read_image(target).frame), "JPEG")
    return write_signed(tmp_path / "made.jpg", sign(data, record, parent=target))


def said(found: Verification) -> str:
    return "\n".join(found.lines())


def test_both_marks(made: Path) -> None:
    found = verify(made)
    assert found.marked and not found.tampered and found.watermark.found and found.credentials is not None
    text = said(found)
    assert "unchanged since it was signed" in text and "Watermark: FOUND" in text and "transfer mkl" in text
    assert "made with aotface" in found.lines()[-1] and "ab" * 32 in text
    assert "not who made it" in text  # a test authority is not sold as an identity


def test_watermark_outlives_the_credentials(made: Path, tmp_path: Path) -> None:
    again = write_image(tmp_path / "again.jpg", read_image(made).frame, quality=75)
    found = verify(again)
    assert found.credentials is None and found.watermark.found and found.marked
    assert "none in this file" in said(found) and "made with aotface" in found.lines()[-1]


def test_tampering_is_said_first(made: Path) -> None:
    data = bytearray(made.read_bytes())
    data[-200] ^= 1
    made.write_bytes(data)
    found = verify(made)
    assert found.tampered and "INVALID" in said(found) and "CHANGED" in found.lines()[-1]


def test_a_change_that_damages_the_picture_is_said_too(made: Path) -> None:
    target = made.with_name("target.png")
    signed = write_signed(made.with_name("b.png"), sign(target.read_bytes(), Record("mkl", "mesh"), target))
    data = bytearray(signed.read_bytes())
    data[-60] ^= 1  # of a chunk with a checksum
    signed.write_bytes(data)
    found = verify(signed)
    assert found.state == "invalid" and found.damaged and "the picture is damaged" in said(found)
    target.write_bytes(target.read_bytes()[:-60])
    with pytest.raises(InputError):  # the twin: never signed, so nothing is known of it
        verify(target)


def test_no_marks_is_not_called_genuine(picture: Callable[..., Path]) -> None:
    found = verify(str(picture("plain.png", side=128)))
    assert not found.marked and not found.tampered and found.credentials is None
    assert "does not show that the picture is genuine" in found.lines()[-1]


def test_too_small_for_a_watermark(picture: Callable[..., Path]) -> None:
    found = verify(picture("tiny.png", side=20))
    assert found.watermark.too_small and "cannot be read" in said(found)


def test_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(InputError):
        verify(tmp_path / "text.jpg")
    with pytest.raises(InputError):
        verify(tmp_path / "absent.jpg")


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Frames of 256 px of which only those from the third quarter on are marked, as if a face came late."""
    plain = [face_frame(index) for index in range(16)]
    return [mark_frame(frame) if index >= 12 else frame for index, frame in enumerate(plain)]


@pytest.mark.parametrize("name", ["made.mp4", "made.mkv"])
def test_both_marks_of_a_video(name: str, frames: list[Frame], record: Record, tmp_path: Path) -> None:
    raw = write_frames(tmp_path / f"raw{name[-4:]}", frames[10:], quality=18)
    sign_video(raw, tmp_path / name, record, raw)
    found = verify(tmp_path / name)
    assert found.marked and not found.tampered and [number for number, _ in found.looks] == [0, 1, 3, 4, 5]
    assert [mark.found for _, mark in found.looks] == [False, False, True, True, True]
    text = said(found)
    assert "FOUND in 3 of 5 frames" in text and "unchanged since it was signed" in text
    assert ("in a file beside it" in text) == name.endswith("mkv")
    assert found.lines()[-1] == "Result: made with aotface; a face in this video was swapped or refined."
    with (tmp_path / name).open("r+b") as file:  # twin: one bit of the picture is turned
        file.seek(file.seek(0, 2) // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    assert read_credentials(tmp_path / name).state == "Invalid"  # type: ignore[union-attr]


def test_more_frames_are_looked_at_before_nothing_is_said(frames: list[Frame], tmp_path: Path) -> None:
    late = write_frames(
        tmp_path / "late.mp4", [*frames[:12], *frames[:3], *frames[12:15], *frames[:2]], quality=18
    )
    found = verify(late)
    assert len(found.looks) > 5 and found.marked
    plain = verify(write_frames(tmp_path / "plain.mp4", frames[:2]))
    assert not plain.marked and [number for number, _ in plain.looks] == [0, 1]
    assert "none found in the 2 frames looked at" in said(plain)
    assert "does not show that the video is genuine" in plain.lines()[-1]


NOTHING = Watermark(False, 5.0, 1.0, 1.0, 0)


def test_credentials_of_others_are_not_taken_for_ours() -> None:
    other = Credentials("Valid", signer="Camera", issuer="Maker", source_type="http://x/digitalCapture")
    found = Verification(Path("a.jpg"), other, NOTHING)
    assert not found.marked and "another tool" in found.lines()[-1]
    assert "no root that you trust" in said(found) and "digitalCapture" in said(found)


def test_a_name_cannot_write_to_the_terminal() -> None:
    wicked = Credentials("Valid", signer="\x1b[2J\nResult: genuine", issuer="x", record={"method": "\x07"})
    text = said(Verification(Path("a\n.jpg"), wicked, NOTHING))
    assert "\x1b" not in text and "\x07" not in text and "\nResult: genuine" not in text


def test_what_another_tool_declares_as_ai_is_marked() -> None:
    ai = Credentials(
        "Valid", source_type="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    )
    found = Verification(Path("a.jpg"), ai, NOTHING)
    assert found.state == "marked" and not found.marked and "another tool" in found.lines()[-1]
    camera = replace(ai, source_type="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture")
    assert Verification(Path("a.jpg"), camera, NOTHING).state == "unmarked"  # the twins
    assert Verification(Path("a.jpg"), replace(ai, state="Invalid"), NOTHING).state == "invalid"


@pytest.mark.parametrize(("score", "name"), [(20.0, "very high"), (8.0, "high"), (7.5, "low"), (5.0, "none")])
def test_the_watermark_names_its_confidence(score: float, name: str) -> None:
    mark = Watermark(score > 7.8, score, false_alarm(score), 1.0, 1)
    found = Verification(Path("a.jpg"), None, mark)
    assert found.confidence == name and (name == "none" or f"confidence {name}" in said(found))
    assert found.state == ("marked" if mark.found else "unmarked")  # a weak trace is no mark
