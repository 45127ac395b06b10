"""A network with random weights, as a generator and as a method that judges can run."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from aotface.evaluation.methods import Method, find_methods
from aotface.transfer.aot.generator import SIZES, Options, RelightingGenerator


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    generator = RelightingGenerator(SIZES["tiny"], Options())
    with torch.no_grad():
        for value in generator.parameters():  # a fresh decoder says nothing whatever it is told
            value.add_(0.03 * torch.randn_like(value))
    tensors = {f"average/{name}": value.contiguous() for name, value in generator.state_dict().items()}
    save_file(tensors, folder / "checkpoint.safetensors")
    (folder / "config.json").write_text('{"size": "tiny", "options": {}}')
    return folder / "checkpoint.safetensors"


@pytest.fixture(scope="session")
def aot(weights: Path) -> Method:
    return find_methods(["aot"], weights)[-1]


@pytest.fixture(scope="session")
def generator(weights: Path) -> RelightingGenerator:
    from aotface.transfer.aot.checkpoint import load_generator

    return load_generator(weights)
