from pathlib import Path

import numpy as np
import pytest
import torch

from aotface.errors import Interrupted, WeightsError
from aotface.face.mesh import MEAN
from aotface.face.visibility.classes import LENS, OUTPUTS
from aotface.face.visibility.network import shuffled
from aotface.training.visibility.again import from_onnx
from aotface.training.visibility.covers.hair import Wigs
from aotface.training.visibility.covers.textures import Textures
from aotface.training.visibility.export import difference, to_onnx
from aotface.training.visibility.labels import Traits, mesh_sets
from aotface.training.visibility.library import Library
from aotface.training.visibility.loop import Run, TrainConfig, train
from aotface.training.visibility.net import Probabilities, Size, VisibilityNet
from aotface.training.visibility.samples import Box, Labelled, draw_sample, seat

TINY = Size(widths=(4, 4, 4, 4, 4), blocks=(0, 1, 1, 1, 1), last=4)
CONFIG = TrainConfig(steps=4, batch=1, warm_up=1)


@pytest.fixture(scope="module")
def library() -> Library:
    """One face of nobody."""
    flat = MEAN * (0.55 * 384 / np.ptp(MEAN[:, 1]))
    points = (flat + np.array([192, 192, 0])).astype(np.float32)
    picture = np.random.default_rng(0).integers(90, 160, (384, 384, 3), np.uint8)
    face = Labelled(picture, mesh_sets(points, 384, Traits()), points)
    wigs = Wigs(picture[None], np.full((1, 384, 384), 255, np.uint8))
    return Library([face, face], 1, Box(wigs, Textures(np.zeros((0, 8, 8, 3), np.uint8))))


def test_the_seat_is_the_networks_view(library: Library) -> None:
    canvas = seat(library.faces[0])
    assert canvas.picture.shape == (256, 256, 3)
    assert canvas.landmarks[:, 0].mean() == pytest.approx(127.5, abs=3)
    assert np.ptp(canvas.landmarks[:, 1]) == pytest.approx(0.55 * 1.3 * 256, rel=0.01)


def test_a_sample_is_a_matter_of_its_seed(library: Library) -> None:
    one, same, other = (
        draw_sample(library.faces[0], library.box, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(one.picture, same.picture) and not np.array_equal(one.picture, other.picture)
    assert one.picture.min() >= 0 and one.picture.max() <= 1


def test_a_run_resumes_as_if_it_had_not_stopped(library: Library, tmp_path: Path) -> None:
    whole, first = Run(CONFIG, tmp_path / "a", TINY), Run(CONFIG, tmp_path / "b", TINY)
    train(whole, library, lambda line: None)
    with pytest.raises(Interrupted):
        train(first, library, lambda line: None, stop=lambda: first.step == 2)
    second = Run(CONFIG, tmp_path / "b", TINY)
    assert second.step == 2
    train(second, library, lambda line: None)
    for name, value in whole.average.items():
        assert torch.equal(value, second.average[name]), name
    assert not torch.equal(whole.average["leave.weight"], first.average["leave.weight"])


def test_another_runs_fitting_weights_are_taken(library: Library, tmp_path: Path) -> None:
    run = Run(CONFIG, tmp_path / "a", TINY)
    run.save()
    wider = Run(CONFIG, tmp_path / "b", Size(widths=(4, 4, 4, 4, 8), blocks=(0, 1, 1, 1, 1), last=4))
    assert 0 < wider.begin_with(tmp_path / "a") < len(run.average)
    assert torch.equal(wider.average["leave.weight"], run.average["leave.weight"])
    assert wider.begin_with(tmp_path / "none") == 0


def test_the_exported_file_gives_what_torch_gives() -> None:
    torch.manual_seed(1)
    net = VisibilityNet(TINY).eval()
    probabilities = Probabilities(net).eval()
    data = to_onnx(probabilities)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        logits, given = net(picture)[0], shuffled(probabilities(picture)[0].numpy())
    assert np.allclose(given[:LENS], logits[:LENS].softmax(0).numpy(), atol=1e-5)
    assert np.allclose(given[LENS], logits[LENS].sigmoid().numpy(), atol=1e-5)
    assert difference(probabilities, data, 0) < 0.01
    assert difference(Probabilities(VisibilityNet(TINY)).eval(), data, 0) > 0.01  # another network


def test_size_of_the_shipped_network() -> None:
    net = VisibilityNet()
    assert 500_000 < sum(p.numel() for p in net.parameters()) < 1_500_000
    assert net(torch.zeros(1, 3, 64, 64)).shape == (1, OUTPUTS, 64, 64)


def test_a_file_becomes_a_network_that_can_be_trained_on(tmp_path: Path) -> None:
    torch.manual_seed(3)
    net = VisibilityNet(TINY).eval()
    for name, value in net.state_dict().items():
        if "running_mean" in name or name.endswith("norm.bias"):
            value.normal_(0, 0.1)
    pictures = torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(4))
    again = from_onnx(to_onnx(Probabilities(net).eval()), pictures, TINY)
    with torch.inference_mode():
        before, after = net(pictures), again(pictures)
        assert torch.allclose(before, after, atol=0.02)  # half floats
        kept = again.train()(pictures)  # norms by these pictures' own statistics: the same again
        assert torch.allclose(before, kept, atol=0.05)
    bare = VisibilityNet(TINY).train()
    bare.load_state_dict(net.state_dict())
    with torch.inference_mode():
        assert not torch.allclose(before, bare(pictures), atol=0.05)  # the twin: norms of another time
    run = Run(CONFIG, tmp_path, TINY)
    run.take(again)
    assert torch.equal(run.average["leave.weight"], again.leave.weight)


def test_a_file_of_another_network_is_refused() -> None:
    data = to_onnx(Probabilities(VisibilityNet(TINY)).eval())
    with pytest.raises(WeightsError, match="expected"):
        from_onnx(data, torch.zeros(2, 3, 64, 64))
    with pytest.raises(WeightsError, match="ONNX"):
        from_onnx(b"no network", torch.zeros(2, 3, 64, 64))


def test_a_teacher_costs_what_a_network_forgets(library: Library, tmp_path: Path) -> None:
    run, alone = Run(CONFIG, tmp_path / "a", TINY), Run(CONFIG, tmp_path / "b", TINY)
    torch.manual_seed(9)
    run.teacher = VisibilityNet(TINY).eval()
    batch = [draw_sample(library.faces[0], library.box, np.random.default_rng(5))]
    taught, plain = run.advance(batch), alone.advance(batch)
    assert taught["kept"] > 0 and taught["total"] == pytest.approx(plain["total"] + taught["kept"], rel=1e-4)
    assert "kept" not in plain
