"""Scale the gates of a generator's weights octave by octave: what the first map takes of fine detail.

    python runs/calm_gates.py IN.safetensors OUT.safetensors

Pairs with a known answer teach that edges of shadow lie in X_t where they lie in the answer, to a few pixels. On real faces
they do not, and the target's own features come with them. The shares were chosen on development pairs (docs/adr/0013).
"""

import argparse
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save

from aotface.media.files import write_bytes
from aotface.media.weights import in_order
from aotface.transfer.aot.decoder import GATES

TARGET_SHARES = (1.0, 1.0, 0.5, 0.2, 0.1, 0.1)
"""Of the gates of X_t's octaves, widest to finest (aotface.transfer.aot.octaves.OCTAVES)."""
OWN_SHARES = (1.0, 1.0, 0.5, 0.3, 0.3, 0.3)
"""Of the gates of X_r's."""
FIRST = 5
"""Outputs of the decoder before the gates: log-gain, saturation, bias."""


def main() -> None:
    """Read, scale, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    asked = parser.parse_args()
    with safe_open(asked.source, "pt") as file:
        options = file.metadata()
    values = load_file(asked.source)
    shares = [share for share in (*TARGET_SHARES, *OWN_SHARES) for _ in GATES[0]]  # brightness, then colour
    for name in ("decoder.head.weight", "decoder.head.bias"):
        for row, share in enumerate(shares, FIRST):
            values[name][row] *= share
    write_bytes(asked.output, in_order(save(values, options)), overwrite=True)


if __name__ == "__main__":
    main()
