import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from aotface.errors import OutputExistsError, ProvenanceError, UnreadableImageError
from aotface.media.source_type import COMPOSITE
from aotface.provenance import watermark
from aotface.provenance.authority import Signer, own_root, own_signer
from aotface.provenance.credentials import (
    Record,
    read_credentials,
    sidecar_of,
    sign,
    sign_file,
    write_signed,
)

Picture = Callable[..., Path]


@pytest.fixture
def signed(picture: Picture, record: Record, tmp_path: Path) -> Path:
    """A signed JPEG."""
    out = tmp_path / "out.jpg"
    sign_file(picture("plain.jpg"), out, record, picture("t.jpg", 1), {"source": picture("s.png", 2)})
    return out


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_signs_in_the_file(suffix: str, picture: Picture, record: Record, tmp_path: Path) -> None:
    plain, out = picture(f"plain.{suffix}"), tmp_path / f"out.{suffix}"
    assert sign_file(plain, out, record, picture("t.jpg", 1), {"source": picture("s.png", 2)}) == out
    found = read_credentials(out)
    assert found is not None and found.state == "Trusted" and not found.in_sidecar and found.faults == ()
    assert Image.open(out).tobytes() == Image.open(plain).tobytes()  # no pixel is touched
    assert out.stat().st_size - plain.stat().st_size < 10_000  # no thumbnails


def test_says_what_was_done(signed: Path, record: Record, tmp_path: Path) -> None:
    found = read_credentials(signed)
    assert found is not None
    assert found.source_type == COMPOSITE and COMPOSITE.endswith("/compositeWithTrainedAlgorithmicMedia")
    assert found.actions[:4] == ("c2pa.opened", "c2pa.placed", "c2pa.edited", "c2pa.watermarked.unbound")
    assert found.ingredients == (("target", "parentOf"), ("source", "componentOf"))
    assert found.generator.startswith("aotface ")
    own = found.record
    assert own is not None and own["method"] == "mkl" and own["reenactor"] == "mesh"
    assert own["model_sha256"] == record.model_sha256 and own["parameters"] == {"seed": 3, "weight": 0.5}
    assert own["watermark"] is True and own["watermark_version"] == watermark.VERSION
    assert own["sha256"] == {
        "target": hashlib.sha256((tmp_path / "t.jpg").read_bytes()).hexdigest(),
        "source": hashlib.sha256((tmp_path / "s.png").read_bytes()).hexdigest(),
    }


def test_names_no_file_and_no_user(signed: Path, tmp_path: Path) -> None:
    data = signed.read_bytes()
    for name in ("plain.jpg", "t.jpg", "s.png", tmp_path.name, Path.home().name + "/"):
        assert name.encode() not in data


def test_without_watermark_says_so(picture: Picture, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    sign_file(picture("plain.png"), out, Record("none", "given", watermark=False), picture("t.png", 1))
    found = read_credentials(out)
    assert found is not None and found.record is not None and found.record["watermark"] is False
    assert "c2pa.watermarked.unbound" not in found.actions


@pytest.mark.parametrize("place", [-300, -60])
def test_a_changed_file_is_invalid(signed: Path, place: int) -> None:
    data = bytearray(signed.read_bytes())
    data[place] ^= 1
    signed.write_bytes(data)
    found = read_credentials(signed)
    assert found is not None and found.state == "Invalid" and "assertion.dataHash.mismatch" in found.faults


def test_a_changed_statement_is_invalid(signed: Path) -> None:
    data = signed.read_bytes()
    assert data.count(b"mkl") == 1
    signed.write_bytes(data.replace(b"mkl", b"idt"))
    found = read_credentials(signed)
    assert found is not None and found.state == "Invalid" and found.faults


def test_broken_credentials_are_invalid_not_absent(signed: Path) -> None:
    data = bytearray(signed.read_bytes())
    place = data.find(b"c2pa.claim")
    data[place - 40 : place - 30] = bytes(10)
    signed.write_bytes(data)
    found = read_credentials(signed)
    assert found is not None and found.state == "Invalid" and len(found.faults) == 1


def test_no_credentials(picture: Picture, signed: Path, tmp_path: Path) -> None:
    assert read_credentials(picture("plain.png")) is None
    again = tmp_path / "again.jpg"
    Image.open(signed).save(again)  # every re-encoding strips them
    assert read_credentials(again) is None
    (tmp_path / "text.txt").write_text("no picture")
    assert read_credentials(tmp_path / "text.txt") is None


def test_another_computer_reads_valid_not_trusted(
    signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = own_root()
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path / "elsewhere"))
    unknown, named = read_credentials(signed), read_credentials(signed, roots=root)
    assert unknown is not None and unknown.state == "Valid"
    assert named is not None and named.state == "Trusted"
    assert not (tmp_path / "elsewhere").exists()  # reading makes no authority


def test_sidecar_on_request_leaves_the_file(picture: Picture, record: Record, tmp_path: Path) -> None:
    plain, out = picture("plain.png"), tmp_path / "out.png"
    beside = sign_file(plain, out, record, picture("t.png", 1), sidecar=True)
    assert beside == sidecar_of(out) == tmp_path / "out.png.c2pa"
    assert out.read_bytes() == plain.read_bytes()
    found = read_credentials(out)
    assert found is not None and found.state == "Trusted" and found.in_sidecar
    out.write_bytes(out.read_bytes()[:-30] + bytes(30))
    changed = read_credentials(out)
    assert changed is not None and changed.state == "Invalid"


def test_sidecar_where_the_format_has_no_place(picture: Picture, record: Record, tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), (10, 20, 30)).save(stream, "BMP")
    (tmp_path / "plain.bmp").write_bytes(stream.getvalue())
    beside = sign_file(tmp_path / "plain.bmp", tmp_path / "out.bmp", record, picture("t.png"))
    assert beside.name == "out.bmp.c2pa"
    found = read_credentials(tmp_path / "out.bmp")
    assert found is not None and found.state == "Trusted" and found.in_sidecar


def test_provenance_of_the_target_is_carried_on(signed: Path, picture: Picture, record: Record) -> None:
    second = signed.with_name("second.png")
    sign_file(picture("plain.png", 5), second, record, signed, {"source": picture("s.png", 2)})
    found = read_credentials(second)
    assert found is not None and found.state == "Trusted"
    assert second.read_bytes().count(b"org.aotface.transport") > signed.read_bytes().count(
        b"org.aotface.transport"
    )


def test_a_target_with_broken_credentials_can_be_used(signed: Path, picture: Picture, record: Record) -> None:
    data = bytearray(signed.read_bytes())
    place = data.find(b"c2pa.claim")
    data[place - 40 : place - 30] = bytes(10)
    result = sign(picture("plain.png", 5).read_bytes(), record, bytes(data))
    out = write_signed(signed.with_name("out.png"), result)
    found = read_credentials(out)
    assert found is not None and found.state == "Trusted" and found.ingredients == (("target", "parentOf"),)


def test_signs_in_place_and_never_overwrites_unasked(picture: Picture, record: Record) -> None:
    plain = picture("plain.png")
    before = plain.read_bytes()
    with pytest.raises(OutputExistsError):
        sign_file(plain, plain, record, picture("t.png", 1))
    assert plain.read_bytes() == before
    sign_file(plain, plain, record, picture("t.png", 1), overwrite=True)
    assert read_credentials(plain) is not None


def test_nothing_is_left_when_signing_fails(picture: Picture, record: Record, tmp_path: Path) -> None:
    plain, target = picture("plain.png"), picture("t.png", 1)
    before = sorted(tmp_path.iterdir())
    own = own_signer()
    other = Signer(
        own.certificates, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "es256"
    )
    with pytest.raises(ProvenanceError, match="cannot sign"):
        sign_file(plain, tmp_path / "out.png", record, target, signer=other)
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "home"] == before


def test_a_sidecar_is_not_written_without_its_file(picture: Picture, record: Record, tmp_path: Path) -> None:
    out = picture("out.png", 3)
    with pytest.raises(OutputExistsError):
        sign_file(picture("plain.png"), out, record, picture("t.png", 1), sidecar=True)
    assert not sidecar_of(out).exists()


def test_missing_target_is_named(picture: Picture, record: Record, tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match="absent"):
        sign(picture("plain.png").read_bytes(), record, tmp_path / "absent.png")


def test_target_is_no_title_for_an_ingredient(picture: Picture, record: Record) -> None:
    plain = picture("plain.png")
    with pytest.raises(ValueError, match="parent"):
        sign(plain.read_bytes(), record, plain, {"target": plain})


def test_record_is_plain_json(signed: Path) -> None:
    found = read_credentials(signed)
    assert found is not None and json.loads(json.dumps(found.record)) == found.record
