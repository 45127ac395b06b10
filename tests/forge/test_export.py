"""Exports, read by the readers of other people wherever these can run here; every value goes through one of them."""

import json
import warnings
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from forge.made_store import FRAMES, SIDE

from aotface.cli import main
from aotface.forge.layouts import LAYOUTS
from aotface.forge.layouts.deepfakebench import POINTS, crop_matrix
from aotface.forge.store import Store
from aotface.media.video.rgb import decode_rgb, encode_rgb, quality_named

readers = pytest.mark.filterwarnings("ignore")
"""Warnings of other people's packages are not ours."""


@pytest.fixture(scope="module")
def out(made_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every layout at once, as links."""
    folder = tmp_path_factory.mktemp("out") / "x"
    words = ["forge", "export", str(made_folder), "-o", str(folder), "--layouts", ",".join(LAYOUTS)]
    assert main([*words, "--quality", "raw,c23,c40"]) == 0
    return folder


def frames_of(path: Path) -> list[np.ndarray]:
    """By OpenCV, as most detectors read."""
    video, found = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        found.append(np.ascontiguousarray(read[1][..., ::-1]))
    return found


def frames_by_av(path: Path) -> list[np.ndarray]:
    """By PyAV, as video loaders of torch read."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_every_layout_says_what_it_is(out: Path) -> None:
    for layout in LAYOUTS:
        assert "MANIPULATED FACES" in (out / layout / "ABOUT.md").read_text()
        assert (out / layout / "LICENCE.txt").is_file()


def test_faceforensics_tree(out: Path, made: Store) -> None:
    root = out / "ffpp"
    pairs = json.loads((root / "train.json").read_text())
    assert pairs == [["000", "001"], ["002", "003"]] and json.loads((root / "val.json").read_text()) == []
    for a, b in pairs:
        for target, source in ((a, b), (b, a)):
            name = f"{target}_{source}.mp4"
            fake = made.sample(f"mean-{target}_{source}")
            for quality in ("raw", "c23", "c40"):
                assert len(frames_of(root / f"original_sequences/youtube/{quality}/videos/{target}.mp4"))
                found = frames_of(root / f"manipulated_sequences/mean/{quality}/videos/{name}")
                assert len(found) == fake.info.frames_count and found[0].shape == (SIDE, SIDE, 3)
            path = root / f"manipulated_sequences/mean/raw/videos/{name}"
            for raw in (frames_of(path), frames_by_av(path)):
                assert all((a == b).all() for a, b in zip(raw, fake.frames(), strict=True))
            for folder, masks in (("masks", fake.masks()), ("masks_hard", fake.hard_masks())):
                path = root / f"manipulated_sequences/mean/{folder}/videos/{name}"
                wanted = list(masks)
                for read in (frames_of(path), frames_by_av(path)):
                    assert all((a == b[..., None]).all() for a, b in zip(read, wanted, strict=True))
    assert not (root / "manipulated_sequences/self").exists()  # a control, which was not asked for


def test_qualities_are_those_of_faceforensics(out: Path) -> None:
    base = out / "ffpp/original_sequences/youtube"
    sizes = [(base / f"{quality}/videos/002.mp4").stat().st_size for quality in ("raw", "c23", "c40")]
    assert sizes[0] > sizes[1] > sizes[2]


def test_celebdf_list_says_1_for_real(out: Path) -> None:
    rows = [row.split() for row in (out / "celebdf/List_of_testing_videos.txt").read_text().splitlines()]
    assert {name.split("/")[0]: label for label, name in rows} == {"Celeb-real": "1", "Celeb-synthesis": "0"}
    assert len({name for _, name in rows}) == len(rows) == 4 + 8
    assert all(len(frames_of(out / "celebdf" / name)) for _, name in rows)


def test_dfdc_metadata(out: Path) -> None:
    metadata = json.loads((out / "dfdc/train/metadata.json").read_text())
    fakes = {name: row for name, row in metadata.items() if row["label"] == "FAKE"}
    assert len(fakes) == 8 and all(metadata[row["original"]]["label"] == "REAL" for row in fakes.values())
    assert all((out / "dfdc/train" / name).is_file() for name in metadata)
    labels = dict(row.split(",") for row in (out / "dfdc/test/labels.csv").read_text().splitlines()[1:])
    assert labels["real-004.mp4"] == "0" and labels["mkl-004_005.mp4"] == "1"


@readers
def test_webdataset_reads_the_shards(out: Path, made: Store) -> None:
    webdataset = pytest.importorskip("webdataset")
    shards = [str(path) for path in sorted((out / "webdataset").glob("train-*.tar"))]
    rows = list(webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8"))
    assert [row["__key__"] for row in rows] == [f"{n:06d}" for n in range(len(rows))]
    for row in rows:
        sample, number = made.sample(row["json"]["sample"]), row["json"]["frame"]
        assert (row["png"] == sample.array("frames", number)).all()
        assert (row["mask.png"][..., 0] == sample.array("masks", number)).all()
        assert row["cls"] == row["json"]["label"] == int(sample.info.label == "fake")
    assert len(rows) == sum(s.info.frames_count for s in made.samples(split="train", control=False))


@readers
def test_hugging_face_reads_frames_with_masks(
    out: Path, made: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    found = datasets.load_dataset("imagefolder", data_dir=str(out / "imagefolder"), cache_dir=str(tmp_path))
    assert {"image", "mask", "label", "method", "stratum"} <= set(found["train"].column_names)
    assert set(found) == {"train", "test"}
    for row in found["test"]:
        sample = made.sample(row["sample"])
        assert (np.asarray(row["image"]) == sample.array("frames", row["frame"])).all()
        assert (np.asarray(row["mask"]) == sample.array("masks", row["frame"])).all()


@readers
def test_hugging_face_lists_videos(out: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    found = datasets.load_dataset("videofolder", data_dir=str(out / "videofolder"), cache_dir=str(tmp_path))
    rows = found["train"].cast_column("video", datasets.Video(decode=False))
    assert all(len(frames_of(Path(row["video"]["path"]))) for row in rows)
    assert {row["label"] for row in rows} == {0, 1}


@readers
def test_croissant_reads_table_and_pictures(out: Path, made: Store) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = mlcroissant.Dataset(str(out / "croissant/croissant.json"))
        rows = list(found.records("samples"))
    assert not found.metadata.ctx.issues.errors
    assert len(rows) == sum(s.info.frames_count for s in made.samples(control=False))
    for row in rows:
        sample = made.sample(row["samples/sample"].decode())
        assert row["samples/label"] == int(sample.info.label == "fake")
        assert (np.asarray(row["samples/image"]) == sample.array("frames", row["samples/frame"])).all()


def test_deepfakebench_json_files_and_lmdb(out: Path) -> None:
    lmdb = pytest.importorskip("lmdb")
    root = out / "deepfakebench"
    table = json.loads((root / "dataset_json/AOT.json").read_text())["AOT"]
    assert set(table) == {"AOT_Real", "AOT_Fake"} and set(table["AOT_Fake"]) == {"train", "val", "test"}
    assert set(json.loads((root / "dataset_json/AOT_mkl.json").read_text())["AOT_mkl"]["AOT_Fake"]["test"])
    names = [name for label in table.values() for split in label.values() for name in split]
    assert len(names) == len(set(names)) == 8 + 16
    with (
        lmdb.open(str(root / "datasets/lmdb/AOT_lmdb"), readonly=True, lock=False) as env,
        env.begin() as stored,
    ):
        for label, splits in table.items():
            for row in (row for split in splits.values() for row in split.values()):
                assert row["label"] == label and 1 <= len(row["frames"]) <= FRAMES
                for path in row["frames"]:
                    assert path.startswith("./") and path.count("frames") == 1 and Path(path).stem.isdecimal()
                    mask_path = path.replace("frames", "masks")
                    picture = cv2.imread(str(root / path))
                    mask = cv2.imread(str(root / mask_path), cv2.IMREAD_UNCHANGED)
                    points_path = path.replace("frames", "landmarks").replace(".png", ".npy")
                    points = np.load(root / points_path)
                    assert picture.shape == (256, 256, 3) and mask.shape == (256, 256)
                    assert set(np.unique(mask)) <= {0, 255} and mask.any() == label.endswith("Fake")
                    assert points.shape == (81, 2) and points.dtype == np.int32
                    assert points.min() >= 0 and points.max() <= 255
                    assert stored.get(path.encode()) == (root / path).read_bytes()
                    kept = np.frombuffer(stored.get(points_path.encode()), np.uint32).reshape(81, 2)
                    assert (kept == points).all()
    assert "AOT_Fake: 1" in (root / "label_dict.txt").read_text()


def test_deepfakebench_crops_have_eyes_and_mouth_on_the_template(made: Store) -> None:
    points = next(made.samples()).landmarks()[0]
    matrix = crop_matrix(points)
    flat = points[list(POINTS), :2] @ matrix[:, :2].T + matrix[:, 2]
    right, left = flat[36:42].mean(axis=0), flat[42:48].mean(axis=0)
    assert 70 < right[0] < 110 < 145 < left[0] < 185 and abs(right[1] - left[1]) < 3
    assert flat[48:60, 1].mean() > flat[27:36, 1].max() > right[1]
    assert flat[0, 0] < right[0] and flat[16, 0] > left[0] and flat[68:, 1].max() < flat[:17, 1].max()


def test_links_lead_into_the_store_and_copies_do_not(made_folder: Path, out: Path, tmp_path: Path) -> None:
    assert next((out / "imagefolder").rglob("*.png")).is_symlink()
    words = ["forge", "export", str(made_folder), "-o", str(tmp_path / "x"), "--layouts", "dfdc,imagefolder"]
    assert main([*words, "--copy", "--controls"]) == 0
    assert not any(path.is_symlink() for path in (tmp_path / "x").rglob("*"))
    assert not (tmp_path / "x/videos").exists()
    assert (tmp_path / "x/dfdc/train/self-000.mp4").is_file()


def test_an_export_keeps_videos_that_it_did_not_make(made_folder: Path, tmp_path: Path) -> None:
    """A folder called videos may be the user's own; and sets share the names of their samples."""
    mine = tmp_path / "x/videos/c23/real-000.mp4"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    words = ["forge", "export", str(made_folder), "-o", str(tmp_path / "x"), "--layouts"]
    assert main([*words, "dfdc"]) == 0 and main([*words, "videofolder", "--copy"]) == 0
    assert mine.read_bytes() == b"mine"
    copied, linked = (tmp_path / "x" / place / "train/real-000.mp4" for place in ("videofolder", "dfdc"))
    assert copied.read_bytes() == linked.read_bytes() != b"mine"
    assert not list((tmp_path / "x").glob(".part-*"))


def test_bad_exports_are_one_line_and_nothing_is_overwritten(
    made_folder: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["forge", "export", str(made_folder), "-o", str(out)]
    assert main([*words, "--layouts", "dfdc"]) == 5
    assert main([*words, "--layouts", "magic"]) == 2
    assert main([*words, "--layouts", "ffpp", "--quality", "d23"]) == 2
    assert main(["forge", "export", str(tmp_path), "-o", str(out), "--layouts", "ffpp"]) == 3
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("aotface: error: ") for line in said] == [True] * 4
    assert "holds no set" in said[3] and "expected a video quality raw, c23, c40" in said[2]


def test_the_same_frames_give_the_same_video() -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (32, 48, 3), dtype=np.uint8) for _ in range(3)]
    for name in ("raw", "c23"):
        data = encode_rgb(frames, Fraction(30000, 1001), quality_named(name))
        assert data == encode_rgb(frames, Fraction(30000, 1001), quality_named(name))
        assert len(decode_rgb(data)) == 3
    raw = decode_rgb(encode_rgb(frames, Fraction(25), quality_named("raw")))
    assert all((a == b).all() for a, b in zip(raw, frames, strict=True))
