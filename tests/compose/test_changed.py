"""Somebody else's swap as frames: where it is, with a mask and without, and that every frame meets its own."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from media.made_faces import face_frame, write_frames

from aotface.cli import main
from aotface.compose.changed import changed_region, given_region
from aotface.face.align import align
from aotface.face.detect import detect
from aotface.media.image import write_image
from aotface.media.video.decode import read_frames

COUNT, UNTOUCHED = 8, 2


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A target, the same after a made swap (an ellipse of the face made blue; not in the last frames), and its mask."""
    folder = tmp_path_factory.mktemp("frames")
    for name in ("target", "merged", "merged_mask"):
        (folder / name).mkdir()
    targets, masks = [face_frame(i) for i in range(COUNT)], []
    for index, frame in enumerate(targets):
        points = detect(frame)[0].landmarks[:, :2]
        middle, reach = points.mean(axis=0), np.ptp(points, axis=0) * [0.3, 0.33]
        y, x = np.mgrid[: len(frame), : frame.shape[1]]
        far = np.hypot((x - middle[0]) / reach[0], (y - middle[1]) / reach[1])
        mask = np.clip(4 - 4 * far, 0, 1) * (index < COUNT - UNTOUCHED)
        masks.append(mask)
        after = np.rint(frame + mask[..., None] * [-40.0, -15.0, 30.0]).clip(0, 255).astype(np.uint8)
        write_image(folder / "target" / f"{index:05d}.png", frame)
        write_image(folder / "merged" / f"{index:05d}.png", after)
        grey = np.repeat(np.rint(255 * mask).astype(np.uint8)[..., None], 3, axis=2)
        write_image(folder / "merged_mask" / f"{index:05d}.png", grey)
    write_frames(folder / "target.mp4", targets)
    return folder


def refine(place: Path, output: Path, swapped: str, target: str, *more: str) -> int:
    words = ["refine", "-s", str(place / swapped), "-t", str(place / target), "-o", str(output)]
    return main([*words, "--transfer", "mean", "--no-mark", "--save-mask", "--save-matrix", *more])


def swapped_frames(output: Path) -> list[int]:
    lines = output.with_suffix(".matrix.jsonl").read_text().splitlines()
    return [row["frame"] for row in map(json.loads, lines) if row["faces"]]


def shown(output: Path) -> list[np.ndarray]:
    return [frame.rgb[..., 0] / 255 for frame in read_frames(output.with_suffix(".mask.mp4"))]


def whites(place: Path) -> list[np.ndarray]:
    from aotface.media.image import read_image

    return [read_image(path).frame[..., 0] / 255 for path in sorted((place / "merged_mask").iterdir())]


@pytest.mark.parametrize("more", [(), ("--mask", "merged_mask")])
def test_folders_of_frames_become_a_video(place: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    """As DeepFaceLab leaves them: merged and merged_mask, one picture a frame."""
    more = tuple(str(place / word) if word == "merged_mask" else word for word in more)
    output = tmp_path / "out.mp4"
    assert refine(place, output, "merged", "target", "--fps", "30000/1001", *more) == 0
    with av.open(str(output)) as file:
        assert file.streams.video[0].average_rate.as_integer_ratio() == (30000, 1001)
        assert file.streams.video[0].frames == COUNT
    assert swapped_frames(output) == list(range(COUNT - UNTOUCHED))
    for found, white in zip(shown(output), whites(place), strict=True):
        if white.any():
            both, either = ((found > 0.5) & (white > 0.5)).sum(), ((found > 0.5) | (white > 0.5)).sum()
            assert both > 0.95 * (white > 0.5).sum() and both > (0.75 if more else 0.6) * either
        else:
            assert not found.any()


def test_a_folder_of_frames_meets_a_video(place: Path, tmp_path: Path) -> None:
    """After lossy encoding, so that nothing is equal to the last bit; the rate is the video's."""
    output = tmp_path / "out.mp4"
    assert refine(place, output, "merged", "target.mp4") == 0
    assert swapped_frames(output) == list(range(COUNT - UNTOUCHED))


def test_a_target_as_its_own_swap_stays_and_is_said(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.mp4"
    assert refine(place, output, "target.mp4", "target.mp4") == 0
    assert "its faces are those of" in capsys.readouterr().err
    assert swapped_frames(output) == [] and not any(white.any() for white in shown(output))


@pytest.mark.parametrize(
    ("swapped", "target", "more", "code", "said"),
    [
        ("merged", "target", "", 2, "expected --fps"),
        ("merged", "target", "--fps 0", 2, "got '0'"),
        ("merged", "target", "--fps 25/0", 2, "25 or 30000/1001"),
        ("fewer", "target", "--fps 25", 2, "expected the target's 8 frames, got 7"),
        ("fewer", "target.mp4", "", 2, "expected the target's 8 frames, got 7"),
        ("small", "target", "--fps 25", 2, "expected the target's 256 pixels of width, got 128"),
        ("merged", "target", "--fps 25 --mask {}/fewer", 2, "8 frames, got 7"),
        ("merged", "target", "--fps 25 -o {}/folder", 2, "frames become a video"),
        ("merged", "target.mp4", "--overwrite -o {}/target.mp4", 2, "is an input of this run"),
        ("merged/00000.png", "target/00000.png", "--mask {}/merged_mask", 2, "one picture as --mask"),
    ],
)
def test_what_does_not_fit_is_one_line(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    swapped: str,
    target: str,
    more: str,
    code: int,
    said: str,
) -> None:
    for name, paths, step in (("fewer", sorted((place / "merged").iterdir())[1:], 1), ("small", [], 2)):
        if not (place / name).exists():
            (place / name).mkdir()
            for path in paths:
                (place / name / path.name).write_bytes(path.read_bytes())
            for index in range(COUNT if step == 2 else 0):
                write_image(place / name / f"{index}.png", np.ascontiguousarray(face_frame(index)[::2, ::2]))
    words = more.replace("{}", str(place)).split()
    assert refine(place, tmp_path / "out.mp4", swapped, target, *words) == code
    errors = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(errors) == 1 and said in errors[0]


def noisy(crop: np.ndarray, strength: float) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, strength, crop.shape)
    return np.clip(crop + noise, 0, 1).astype(np.float32)


@pytest.fixture
def face() -> tuple[np.ndarray, np.ndarray]:
    """A crop, and an ellipse in which it may be swapped."""
    frame = face_frame(0)
    y, x = np.mgrid[:256, :256]
    ellipse = np.clip(9 - 9 * np.hypot((x - 128) / 80, (y - 128) / 100), 0, 1).astype(np.float32)
    return align(frame, detect(frame)[0]).crop, ellipse


@pytest.mark.parametrize("strength", [0.0, 0.005, 0.02, 0.05])
def test_noise_is_no_swap_and_a_swap_is_found_in_noise(
    face: tuple[np.ndarray, np.ndarray], strength: float
) -> None:
    crop, ellipse = face
    assert changed_region(noisy(crop, strength), crop, ellipse) is None
    y, x = np.mgrid[:256, :256]
    there = ((np.abs(x - 128) < 45) & (np.abs(y - 140) < 50)).astype(np.float32)
    hole = (np.hypot(x - 128, y - 140) < 8)[..., None]  # where both agree by chance
    after = np.where(hole, crop, crop + there[..., None] * np.float32([0.15, -0.1, 0.1])).astype(np.float32)
    region = changed_region(noisy(after, strength), crop, ellipse)
    assert region is not None
    both, either = ((region > 0.5) & (there > 0)).sum(), ((region > 0.5) | (there > 0)).sum()
    assert both > 0.7 * either and region[140, 128] > 0.999


def test_a_tiny_change_is_no_swap(face: tuple[np.ndarray, np.ndarray]) -> None:
    crop, ellipse = face
    after = crop.copy()
    after[120:130, 120:130] += 0.3
    assert changed_region(after, crop, ellipse) is None


@pytest.mark.parametrize("scale", [0.25, 1.0, 3.0])
def test_a_given_mask_is_read_where_the_face_is(scale: float) -> None:
    matrix = np.array([[scale, 0, 10.0], [0, scale, -20.0]])
    side = int(400 / scale)
    y, x = np.mgrid[:side, :side]
    mask = np.clip(3 - 3 * np.hypot(x - (128 - 10) / scale, y - (128 + 20) / scale) / (60 / scale), 0, 1)
    region = given_region(mask.astype(np.float32), matrix)
    assert region is not None
    v, u = np.mgrid[:256, :256]
    wanted = np.clip(3 - 3 * np.hypot(u - 128, v - 128) / 60, 0, 1)
    assert np.abs(region - wanted).max() < 0.1
    assert given_region(np.zeros_like(mask, np.float32), matrix) is None
