from pathlib import Path

import numpy as np
import pytest
import torch

from aotface.errors import WeightsError
from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import OUTPUTS, Surface
from aotface.face.visibility.network import VisibilityNetwork
from aotface.face.visibility.rims import INPUTS
from aotface.media.onnx_runtime import open_session
from aotface.training.visibility import rims
from aotface.training.visibility.labels import Traits, mesh_sets
from aotface.training.visibility.rims import RimNet, RimSample, draw_rims, export_rims, train_rims
from aotface.training.visibility.samples import Labelled


class Sees(VisibilityNetwork):
    """Stands for the visibility network: a frame is likely in a band, or nowhere."""

    def __init__(self, frame: float):
        super().__init__()
        self.frame = frame

    def probabilities(self, view: np.ndarray) -> np.ndarray:
        planes = np.zeros((OUTPUTS, *view.shape[:2]), np.float32)
        planes[Surface.FRAME, 80:160, 20:236] = self.frame
        return planes


@pytest.fixture(scope="module")
def face() -> Labelled:
    """Of nobody."""
    points = (MEAN * (0.55 * 384 / np.ptp(MEAN[:, 1])) + np.array([192, 192, 0])).astype(np.float32)
    picture = np.random.default_rng(0).integers(120, 170, (384, 384, 3), np.uint8)
    return Labelled(picture, mesh_sets(points, 384, Traits()), points)


def drawn(face: Labelled, frame: float, seed: int) -> RimSample | None:
    return draw_rims(face, Sees(frame), np.random.default_rng(seed))


def test_a_sample_knows_its_rims_and_is_a_matter_of_its_seed(face: Labelled) -> None:
    one, same, other = (drawn(face, 0.9, seed) for seed in (3, 3, 4))
    assert one is not None and same is not None and other is not None
    assert one.inputs.shape == (INPUTS, 256, 256) and np.array_equal(one.inputs, same.inputs)
    assert not np.array_equal(one.rim, other.rim)
    assert 0.002 < one.rim.mean() < 0.15
    assert drawn(face, 0.05, 3) is None  # the twin: no spectacles are seen


def test_it_learns_thin_dark_lines(face: Labelled) -> None:
    samples = [one for one in (drawn(face, 0.9, seed) for seed in range(6)) if one is not None]
    lines = list[str]()
    net = train_rims(samples, 200, lines.append, batch=2, size=(48, 64))
    losses = [float(line.split(": ")[1]) for line in lines]
    assert len(losses) == 2 and losses[1] < 0.8 * losses[0]
    with torch.inference_mode():
        found = torch.sigmoid(net(torch.from_numpy(samples[0].inputs[None])))[0, 0].numpy()
    assert found[samples[0].rim > 0].mean() > found[samples[0].rim == 0].mean() + 0.2


def test_the_file_gives_what_torch_gives_at_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    path = tmp_path / "rims.onnx"
    assert export_rims(RimNet(), path) < 0.01
    values = np.zeros((1, INPUTS, 30, 50), np.float32)
    assert open_session(path.read_bytes()).run(None, {"input": values})[0].shape == (1, 1, 30, 50)
    monkeypatch.setattr(rims, "TOLERANCE", -1.0)
    with pytest.raises(WeightsError, match="differs"):
        export_rims(RimNet(), path, overwrite=True)
