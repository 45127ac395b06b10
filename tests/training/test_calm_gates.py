import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from aotface.transfer.aot.decoder import GATES
from aotface.transfer.aot.generator import GATES_FIRST, SIZES, RelightingGenerator

SCRIPT = Path(__file__).resolve().parents[2] / "runs" / "calm_gates.py"


def test_only_the_gates_of_finer_octaves_are_turned_down(tmp_path: Path) -> None:
    generator = RelightingGenerator(SIZES["tiny"])
    torch.nn.init.ones_(generator.decoder.head.weight)
    torch.nn.init.ones_(generator.decoder.head.bias)
    before, after = tmp_path / "before.safetensors", tmp_path / "after.safetensors"
    save_file(generator.state_dict(), before)
    subprocess.run([sys.executable, SCRIPT, before, after], check=True)
    old, new = load_file(before), load_file(after)
    assert [name for name in old if not torch.equal(old[name], new[name])] == [
        "decoder.head.bias",
        "decoder.head.weight",
    ]
    bias = new["decoder.head.bias"]
    gates = bias[5 : 5 + GATES_FIRST].reshape(2, len(GATES), 2)  # X_t and X_r, octaves, brightness and colour
    assert torch.equal(bias[:5], torch.ones(5)) and torch.equal(bias[5 + GATES_FIRST :], torch.ones(10))
    assert torch.equal(gates[..., 0], gates[..., 1]) and torch.equal(gates[:, :2], torch.ones(2, 2, 2))
    assert (gates[:, 2:] < 0.6).all() and (gates[0] <= gates[1]).all()
    rows = new["decoder.head.weight"].flatten(1)
    assert torch.equal(rows, bias[:, None].expand_as(rows))
