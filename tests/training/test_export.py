"""Export: weights that load, that say what they are, and an ONNX file that agrees with torch."""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file

from aotface.errors import OutputExistsError, UsageError, WeightsError
from aotface.training.checkpoint import NAME, Checkpoint, load_checkpoint, save_checkpoint
from aotface.training.config import TrainConfig
from aotface.training.data import Shards
from aotface.training.export import export
from aotface.training.loop import train, write_config
from aotface.transfer.aot import onnx_write
from aotface.transfer.aot.network import load_network
from aotface.transfer.aot.onnx_write import made_up


@pytest.fixture(scope="module")
def run(shards: Shards, fabric: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run whose averaged weights have left their start; do not write there."""
    folder = tmp_path_factory.mktemp("run")
    config = TrainConfig(size="tiny", steps=3, batch=2, precision="32-true", learning_rate=0.01, warmup=0)
    write_config(config, folder)
    train(config, shards, folder, fabric)
    return folder


def test_the_file_is_what_was_trained(run: Path, tmp_path: Path) -> None:
    found = export(run, tmp_path / "mine.safetensors")
    assert 0 < found["fp16"] < 0.05
    network = load_network(str(tmp_path / "mine.safetensors"))
    assert network.facts["size"] == "tiny" and network.facts["steps"] == "3" and network.facts["seed"] == "0"
    saved = load_checkpoint(run)
    assert saved is not None
    state = network.generator.state_dict()
    for name, value in saved.average.items():
        assert torch.equal(state[name], value.half().float()), name
    assert {value.dtype for value in load_file(tmp_path / "mine.safetensors").values()} == {torch.float16}


def test_weights_that_lie_channels_last_are_not_scrambled(run: Path, tmp_path: Path) -> None:
    """The trainer's tensors do; what is exported is read back in the usual order."""
    saved = load_checkpoint(run)
    assert saved is not None
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    turned = {
        k: v.to(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in saved.average.items()
    }
    assert any(not v.is_contiguous() for v in turned.values())
    save_checkpoint(folder, Checkpoint(**{**vars(saved), "average": turned}))
    export(run, tmp_path / "one.safetensors")
    export(folder, tmp_path / "two.safetensors")
    one, two = (load_file(tmp_path / f"{name}.safetensors") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture
def unchecked() -> Iterator[None]:
    """While a graph is traced, sizes are tensors, which a checker of types refuses."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.usefixtures("unchecked")
def test_onnx_gives_what_torch_gives(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = export(run, tmp_path / "mine.safetensors", onnx=tmp_path / "mine.onnx")
    assert found["onnx"] < 2e-3
    session = onnxruntime.InferenceSession(str(tmp_path / "mine.onnx"), providers=["CPUExecutionProvider"])
    inputs = made_up(64, seed=5)
    names = [entry.name for entry in session.get_inputs()]
    assert names == ["x_r", "x_t", "geometry", "mask", "geometry_r"]
    assert [entry.name for entry in session.get_outputs()] == ["swapped", "gain", "saturation", "bias"]
    made = session.run(None, {name: values.numpy() for name, values in zip(names, inputs, strict=True)})
    with torch.inference_mode():
        wanted = load_network(str(tmp_path / "mine.safetensors")).generator(*inputs)
    assert np.abs(made[0] - wanted.swapped.numpy()).max() < 2e-3
    assert np.abs(made[0] - inputs[0].numpy()).max() > 0.1  # the twin: the network does something
    # A file that does not agree is not left.
    monkeypatch.setattr(onnx_write, "TOLERANCE", -1.0)
    with pytest.raises(WeightsError, match="outputs of torch"):
        export(run, tmp_path / "other.safetensors", onnx=tmp_path / "other.onnx")
    assert list(tmp_path.glob("*other*")) == []


def test_the_card_says_what_is_known_and_asks_for_the_rest(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "mine.safetensors")
    text = (tmp_path / "mine.md").read_text()
    assert "3 of 3" in text and "size `tiny` (64 px)" in text and "| hardware | not recorded |" in text
    assert "| training time | not recorded |" in text and text.count("to be written by") >= 4
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    record = {
        "data": {
            "train": {"faces": 7, "people": 5, "tones": {"light": 7}},
            "side": 64,
            "fingerprint": "abcdef",
        },
        "hardware": "an abacus",
        "processes": 2,
        "threads": 1,
        "seconds": 7200.0,
        "versions": {"aotface": "1.2.3", "torch": "9"},
        "commit": None,
    }
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "log.jsonl").write_text(
        '{"step": 2, "validation/psnr": 25.5}\n{"step": 9, "validation/psnr": 99.0}\n'
    )
    export(folder, tmp_path / "two.safetensors", onnx=None)
    text = (tmp_path / "two.md").read_text()
    assert "7 faces of 5 people (tone groups: light 7)" in text and "an abacus, processes: 2" in text
    assert "2.00 hours" in text and "aotface 1.2.3, torch 9; commit not recorded" in text
    assert "| faces a step | 4 |" in text
    assert "step 2, medians: psnr 25.50" in text and "99.00" not in text


def test_what_cannot_be_exported(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"config\.json"):
        export(tmp_path, tmp_path / "a.safetensors")
    with pytest.raises(UsageError, match=r"ends in \.safetensors"):
        export(run, tmp_path / "a.pt")
    with pytest.raises(UsageError, match=r"ends in \.onnx"):
        export(run, tmp_path / "a.safetensors", onnx=tmp_path / "a.bin")
    (tmp_path / "a.md").write_text("mine")
    with pytest.raises(OutputExistsError):
        export(run, tmp_path / "a.safetensors")
    assert not (tmp_path / "a.safetensors").exists()
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    saved = load_checkpoint(run)
    assert saved is not None
    broken = {name: value * math.inf for name, value in saved.average.items()}
    save_checkpoint(folder, Checkpoint(**{**vars(saved), "average": broken}))
    with pytest.raises(WeightsError, match="fp16"):
        export(folder, tmp_path / "b.safetensors")
    name, values = next(iter(saved.average.items()))
    save_checkpoint(folder, Checkpoint(**{**vars(saved), "average": {name: values}}))
    with pytest.raises(WeightsError, match="does not fit config"):
        export(folder, tmp_path / "b.safetensors")
    (folder / NAME).unlink()
    with pytest.raises(UsageError, match="expected a checkpoint"):
        export(folder, tmp_path / "b.safetensors")
    save_file({"a": torch.ones(1)}, folder / NAME)
    with pytest.raises(WeightsError):
        export(folder, tmp_path / "b.safetensors")
