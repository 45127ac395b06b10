"""Short clips of a face of nobody, copied to where each test works."""

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from jobs.made_videos import COUNT, GONE
from media.made_faces import face_frame, plain_frame, write_frames

from aotface.media.video import parts


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTFACE_HOME", str(tmp_path_factory.getbasetemp() / "aotface-home"))


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of four frames, so that a short clip has three."""
    monkeypatch.setattr(parts, "SHORTEST", 4)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that goes and comes back, with sound; the same a little smaller, slower, shorter; and no face at all."""
    folder = tmp_path_factory.mktemp("clips")
    frames = [plain_frame(index) if index in GONE else face_frame(index) for index in range(COUNT)]
    write_frames(folder / "clip.mp4", frames, sound="aac")
    write_frames(folder / "small.mp4", [frame[:240] for frame in frames])
    write_frames(folder / "slow.mp4", frames, rate=Fraction(25))
    write_frames(folder / "short.mp4", frames[:-1])
    write_frames(folder / "one.mp4", frames[:1])
    write_frames(folder / "plain.mp4", [plain_frame(index) for index in range(3)])
    write_frames(folder / "other.mp4", frames[:4], sound="libmp3lame")
    return folder


@pytest.fixture
def place(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(clips, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
