"""Scores of pictures, videos and folders."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from media.made_faces import face_frame, write_frames

from aotface.cli import main
from aotface.errors import InputError
from aotface.forensics.detectors import kind
from aotface.forensics.detectors.base import FitSettings
from aotface.forensics.score import Scored, plot
from aotface.forensics.trained import OnnxDetector, save
from aotface.media.plain import png_of
from aotface.samples import sample


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, settings = tmp_path_factory.mktemp("detector") / "d.safetensors", FitSettings("tiny")
    save(path, "probe", kind("probe").network(settings), settings, {}, False)
    return path


def test_a_folder(detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    (inputs / "a.jpg").write_bytes(sample("source_light_man").read_bytes())
    write_frames(inputs / "b.mp4", [face_frame(n, "source_medium_woman") for n in range(3)])
    words = ["forensics", "score", str(detector), str(inputs), "-o", str(tmp_path / "out"), "--looks", "2"]
    assert main(words) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert (tmp_path / "out" / "scores.csv").read_text().count("\n") == 3
    assert (tmp_path / "out" / "b.mp4.png").is_file()
    (inputs / "c.png").write_bytes(png_of(np.zeros((64, 64, 3), np.uint8)))
    assert main(words) == 8
    assert "c.png: no face found" in capsys.readouterr().err


def test_exit_codes(detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    face = str(sample("source_light_man"))
    assert main(["forensics", "score", str(detector), face, "--fail-above", "0"]) == 22
    assert main(["forensics", "score", str(detector), face, "--fail-above", "1"]) == 0
    blank = tmp_path / "blank.png"
    blank.write_bytes(png_of(np.zeros((64, 64, 3), np.uint8)))
    assert main(["forensics", "score", str(detector), str(blank)]) == 4
    assert main(["forensics", "score", str(detector), str(tmp_path / "no")]) == 2
    assert main(["forensics", "score", face, face]) == 6
    assert "Traceback" not in capsys.readouterr().err


def test_a_plot_is_higher_where_the_score_is() -> None:
    made = plot(Scored(Path("x"), 0.5, ((0.0, 0.1), (1.0, 0.9))))
    red = np.argwhere((made == (190, 40, 40)).all(axis=2))
    assert red[red[:, 1].argmin(), 0] > red[red[:, 1].argmax(), 0]


def test_the_benchmark_scores_a_face_as_the_command_does(detector: Path) -> None:
    """`aotface bench --forgery-detectors FILE` hands over frames."""
    from aotface.forensics.base import checked_score, forgery_detector
    from aotface.forensics.score import score_file
    from aotface.forensics.trained import load
    from aotface.media.image import read_image

    face = sample("source_light_man")
    score = checked_score(forgery_detector(str(detector)), [read_image(face).frame])
    assert score == pytest.approx(score_file(load(detector), face).score, abs=1e-6)


def test_two_videos_of_one_name_keep_their_plots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aotface.forensics import score, trained

    files = [tmp_path / folder / "a.mp4" for folder in ("one", "two")]
    monkeypatch.setattr(trained, "open_detector", lambda path: None)
    monkeypatch.setattr(score, "files_of", lambda places: files)
    monkeypatch.setattr(score, "score_file", lambda detector, file, looks: Scored(file, 0.5, ((0.0, 0.5),)))
    assert main(["forensics", "score", "d", "in", "-o", str(tmp_path / "out")]) == 0
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"a.mp4.png", "a.mp4-2.png"}


@pytest.mark.parametrize(
    ("answer", "fine"), [([0.0, 2.0], True), ([np.nan], False), ([1.0, 2.0, 3.0], False)]
)
def test_a_network_of_others_gives_a_number_or_is_refused(answer: list[float], fine: bool) -> None:
    """A score that is no number would pass ``--fail-above``."""

    class Session:
        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name="x")]

        def run(self, names: None, given: dict) -> list[np.ndarray]:
            return [np.array([answer], np.float32)]

    detector = OnnxDetector.__new__(OnnxDetector)
    detector.name, detector._session = "d", Session()
    crops = np.zeros((1, 8, 8, 3), np.uint8)
    if fine:
        assert detector.score_crops(crops) == pytest.approx(1 / (1 + np.exp(-2)))
        return
    with pytest.raises(InputError, match="expected one logit or two"):
        detector.score_crops(crops)
