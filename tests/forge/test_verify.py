"""Verify: every check passes on a good set and fails on one that is spoilt in just its way."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from forge.made_store import files_of, frame, made_plan, write_made_store

from aotface.cli import main
from aotface.errors import TooLargeError, UnreadableImageError
from aotface.forge import checks
from aotface.forge.audit import LIMIT, area_under_curve, audit, cues_of, regions_of
from aotface.forge.page import page_of
from aotface.forge.store import Sample, Store, open_store
from aotface.forge.verify import AUDIT, Verified
from aotface.forge.work import works_of
from aotface.media.image import read_image
from aotface.media.plain import array_of, png_of, png_parts
from aotface.provenance import mark_frame
from aotface.samples import sample

Files = dict[str, bytes]


def failing(folder: Path) -> dict[str, tuple[str, ...]]:
    found = checks.run_checks(open_store(folder), lambda done: None)
    return {check.name: check.lines for check in found if not check.passed}


def test_a_good_set_passes(made_folder: Path) -> None:
    assert failing(made_folder) == {}


def spoil(
    id: str, change: Callable[[Sample, Files], tuple[Sample, Files]]
) -> Callable[..., tuple[Sample, Files]]:
    return lambda line, files: change(line, files) if line.id == id else (line, files)


def with_frame(
    line: Sample, files: Files, change: Callable[[np.ndarray], np.ndarray], kind: str = "frames"
) -> tuple:
    from hashlib import sha256

    name = f"{kind}/000000.png"
    data = png_of(change(array_of(files[name]).copy()))
    hashes = {**line.files, name: sha256(data).hexdigest()}
    return msgspec.structs.replace(line, files=hashes), files | {name: data}


def one_pixel(picture: np.ndarray) -> np.ndarray:
    picture[0, 0] ^= 1
    return picture


def white(picture: np.ndarray) -> np.ndarray:
    return np.full_like(picture, 255)


BUILT_WRONG: dict[str, tuple[str, Callable[[Sample, Files], tuple[Sample, Files]], str]] = {
    "one pixel outside the mask": (
        "mean-000_001",
        lambda line, files: with_frame(line, files, one_pixel),
        "1 pixels outside the mask are not the target's",
    ),
    "a hard mask of its own": (
        "mean-000_001",
        lambda line, files: with_frame(line, files, white, "hard"),
        "the hard mask is not the soft one's",
    ),
    "a real with a mask": (
        "real-000",
        lambda line, files: with_frame(*with_frame(line, files, white, "hard"), white, "masks"),
        "a real has a mask",
    ),
    "a person in two splits": (
        "mean-000_001",
        lambda line, files: (msgspec.structs.replace(line, source_person="p4"), files),
        "'p4' is in train (mean-000_001) and in test",
    ),
    "a frame too few": (
        "mean-002_003",
        lambda line, files: (
            msgspec.structs.replace(
                line, files={k: v for k, v in line.files.items() if k != "masks/000002.png"}
            ),
            {name: data for name, data in files.items() if name != "masks/000002.png"},
        ),
        "expected 3 of masks, got 2",
    ),
    "a missing mark": (
        "mean-000_001",
        lambda line, files: (msgspec.structs.replace(line, marked=True), files),
        "expected a watermark, found none",
    ),
}


@pytest.mark.parametrize("name", BUILT_WRONG)
def test_what_was_built_wrong_is_found(name: str, tmp_path: Path) -> None:
    id, change, message = BUILT_WRONG[name]
    folder = write_made_store(tmp_path / "set", change=spoil(id, change))
    assert any(message in line for lines in failing(folder).values() for line in lines)


def test_a_watermark_in_a_set_for_training_is_found(tmp_path: Path) -> None:
    def marked(line: Sample, files: Files) -> tuple:
        return with_frame(line, files, lambda _: mark_frame(read_image(sample("source_light_man")).frame))

    folder = write_made_store(tmp_path / "set", change=spoil("real-004", marked))
    assert any("carries a watermark" in line for line in failing(folder)["marks"])


def test_metadata_in_one_label_only_is_found(tmp_path: Path) -> None:
    from zlib import crc32

    def noted(line: Sample, files: Files) -> tuple:
        from hashlib import sha256

        data = files["frames/000000.png"]
        body = b"tEXtSoftware\0swap"
        chunk = (len(body) - 4).to_bytes(4) + body + crc32(body).to_bytes(4)
        data = data[:33] + chunk + data[33:]
        hashes = {**line.files, "frames/000000.png": sha256(data).hexdigest()}
        return msgspec.structs.replace(line, files=hashes), files | {"frames/000000.png": data}

    folder = write_made_store(tmp_path / "set", change=spoil("mkl-000_001", noted))
    assert failing(folder)["same kind of file for reals and fakes"] == (
        "mkl-000_001: a frame carries more than pixels: IHDR, tEXt, IDAT, IEND",
    )


def changed_file(folder: Path) -> None:
    (folder / "samples/mean-000_001/frames/000000.png").write_bytes(png_of(frame("x", 0)))


def lost_file(folder: Path) -> None:
    (folder / "samples/mean-000_001/landmarks.npy").unlink()


def stray_file(folder: Path) -> None:
    (folder / "samples/mean-000_001/frames/notes.txt").write_text("x")


def stray_sample(folder: Path) -> None:
    (folder / "samples/extra").mkdir()


def edited_manifest(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    path.write_text(path.read_text().replace('"label":"fake"', '"label":"real"', 1))


def lost_about(folder: Path) -> None:
    (folder / "ABOUT.md").unlink()


TOUCHED = {
    changed_file: "is not the file that was made",
    lost_file: "landmarks.npy: is missing",
    stray_file: "notes.txt: is not in the manifest",
    stray_sample: "extra: is there, but not in the manifest",
    edited_manifest: "the manifest is not the one that was signed",
    lost_about: "ABOUT.md is missing",
}


@pytest.mark.parametrize("touch", TOUCHED, ids=lambda touch: touch.__name__)
def test_what_was_touched_later_is_found(
    touch: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_made_store(tmp_path / "set", made_plan(2))
    touch(folder)
    assert main(["forge", "verify", str(folder)]) == 8
    assert TOUCHED[touch] in capsys.readouterr().err
    assert (tmp_path / "set.html").is_file()  # the page shows what fails


def test_a_manifest_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_made_store(tmp_path / "set", made_plan(2))
    (folder / "manifest.jsonl").write_text('{"id": 3}\n')
    assert main(["forge", "verify", str(folder)]) == 3
    assert "manifest.jsonl: cannot be understood" in capsys.readouterr().err


def test_the_area_under_the_curve_is_that_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    reals, fakes = rng.normal(0, 1, 40).tolist(), rng.normal(1, 1, 50).tolist()
    wins = np.mean([[(f > r) + 0.5 * (f == r) for f in fakes] for r in reals])
    assert area_under_curve(reals, fakes) == pytest.approx(wins)
    assert area_under_curve(fakes, reals) == pytest.approx(wins)
    assert area_under_curve([1.0, 1.0], [1.0, 1.0]) == 0.5 and area_under_curve([0.0], [1.0]) == 1


def test_a_blurred_face_is_found_by_the_audit_and_an_untouched_one_is_not(made: Store) -> None:
    import cv2

    real = next(made.samples(label="real"))
    points = real.landmarks()[0, :, :2]

    def values(seed: int, blur: bool) -> dict[str, float]:
        picture = frame(f"audit {seed}", 0)
        if blur:
            soft = cv2.GaussianBlur(picture, (0, 0), 1.5)
            at = regions_of(picture, points)
            assert at is not None
            picture = np.where((at.inside | at.edge)[..., None], soft, picture)
        at = regions_of(picture, points)
        assert at is not None
        from aotface.forge.audit import CUES, FILE_SIZE

        return {name: function(at) for name, function in CUES.items()} | {FILE_SIZE: 1.0}

    fake = next(made.samples(method="mean"))
    for blur, flagged in ((True, True), (False, False)):
        rows = [(real, values(n, False)) for n in range(30)] + [
            (fake, values(100 + n, blur)) for n in range(30)
        ]
        found = {one.cue: one for one in audit(rows) if one.method == "mean"}
        assert found["sharpness"].flagged == flagged, found["sharpness"].auc
    assert LIMIT == 0.65


def test_cues_need_a_face(made: Store) -> None:
    found = cues_of(next(made.samples()))
    assert found is not None and all(np.isfinite(value) for value in found.values())
    assert regions_of(frame("x", 0), np.full((468, 2), np.nan)) is None


def test_parts_of_a_png() -> None:
    assert png_parts(png_of(frame("x", 0))) == ("IHDR", "IDAT", "IEND")


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    folder = write_made_store(tmp_path / "set", made_plan(2))
    path = next(iter(open_store(folder).samples())).path("frames", 0)
    head, broken = (
        png_of(frame("x", 0))[:16],
        b"\x00\x00\x4e\x20" * 2 + b"rest",
    )  # decoding would be another error
    path.write_bytes(head + broken)
    with pytest.raises(TooLargeError, match=r"000000\.png: 20,000 x 20,000 pixels"):
        next(iter(open_store(folder).samples())).array("frames", 0)
    for other in (b"BM" + bytes(60), png_of(np.zeros((4, 4), np.uint8))[:20]):
        with pytest.raises(UnreadableImageError, match="expected a PNG"):
            array_of(other)


def test_the_page_of_a_set_of_reals_speaks_of_no_fakes(made: Store) -> None:
    reals = Store(made.folder, tuple(line for line in made.lines if line.label == "real"))
    unjudged = Verified((checks.Check(AUDIT, ()),), (), audited=False)
    text, twin = page_of(reals, unjudged), page_of(made, unjudged)
    assert "made set: reals only" in text and "swapped by software" not in text
    assert text.count("<p>None.</p>") >= 3 and f"{AUDIT}: not judged" in text
    assert "made set: manipulated faces" in twin and "swapped by software" in twin


def test_the_reader_gives_what_was_written(made: Store) -> None:
    work = next(w for w in works_of(made_plan()) if w.id == "mkl-002_003")
    line, files = files_of(work)
    sample = made.sample("mkl-002_003")
    assert sample.info == line
    for number, (picture, mask) in enumerate(zip(sample.frames(), sample.masks(), strict=True)):
        assert (picture == array_of(files[f"frames/{number:06d}.png"])).all()
        assert (mask == array_of(files[f"masks/{number:06d}.png"])).all()
    assert {s.info.id for s in made.samples(split="test", label="real")} == {
        f"real-{n:03d}" for n in range(4, 8)
    }
    assert made.real_of(sample).info.id == "real-002" and made.plan().name == "made set"
    assert json.loads((made.folder / "manifest.jsonl").read_text().splitlines()[0])["id"] == "real-000"
