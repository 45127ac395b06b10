"""Checkpoints: whole, plain, and back bit for bit, however their memory lies."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from aotface.errors import WeightsError
from aotface.training.checkpoint import NAME, Checkpoint, load_checkpoint, save_checkpoint
from aotface.training.shard_arrays import stacked, write_arrays


def state() -> Checkpoint:
    layer = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=1e-3)
    rival = torch.optim.RMSprop([torch.nn.Parameter(torch.ones(2))], lr=1e-4)
    layer(torch.randn(1, 3, 8, 8).to(memory_format=torch.channels_last)).sum().backward()
    optimiser.step()
    weights = layer.state_dict()
    watch = {"mean": 0.1 + 0.2, "best": float("inf"), "seen": 3}
    return Checkpoint(
        5, weights, weights, {"a": torch.ones(1)}, optimiser.state_dict(), rival.state_dict(), watch
    )


def test_everything_comes_back_bit_for_bit(tmp_path: Path) -> None:
    saved = state()
    assert not saved.generator["weight"].is_contiguous()  # as the trainer's are
    save_checkpoint(tmp_path, saved)
    found = load_checkpoint(tmp_path)
    assert found is not None and found.step == 5 and found.watch == saved.watch
    assert torch.equal(found.generator["weight"], saved.generator["weight"])
    moments, wanted = found.optimiser["state"][0], saved.optimiser["state"][0]
    assert all(torch.equal(moments[name], wanted[name]) for name in wanted)
    assert found.optimiser["param_groups"][0]["lr"] == 1e-3
    optimiser = torch.optim.AdamW(torch.nn.Conv2d(3, 4, 3).parameters())
    optimiser.load_state_dict(found.optimiser)


def test_one_file_and_nothing_else(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, state())
    save_checkpoint(tmp_path, state())
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    with safe_open(str(tmp_path / NAME), framework="pt") as file:
        assert list(file.metadata()) == ["run"]


def test_a_checkpoint_without_the_look_at_divergence_is_read(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, Checkpoint(**{**vars(state()), "watch": {}}))
    found = load_checkpoint(tmp_path)
    assert found is not None and found.watch == {}


def test_none_and_broken(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    (tmp_path / NAME).write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="expected a checkpoint"):
        load_checkpoint(tmp_path)
    save_file({"a": np.ones(1)}, tmp_path / NAME)
    with pytest.raises(WeightsError, match="expected a checkpoint"):
        load_checkpoint(tmp_path)


def test_turned_memory_is_not_scrambled(tmp_path: Path) -> None:
    """safetensors writes memory as it lies: the twin shows that a transposed view comes back scrambled."""
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    view = values.transpose(2, 0, 1)
    write_arrays(stacked([{"a": view}]), tmp_path / "rows.safetensors")
    assert np.array_equal(load_file(tmp_path / "rows.safetensors")["a"][0], view)
    save_file({"a": view}, tmp_path / "raw.safetensors")
    assert not np.array_equal(load_file(tmp_path / "raw.safetensors")["a"], view)
