"""Of a face of nobody: what the clips of `conftest` hold, and what was said about them."""

import pytest

from aotface.samples import sample

COUNT, GONE = 12, range(4, 8)
SOURCE = str(sample("source_light_man"))
SWAP = ["swap", "-s", SOURCE, "-t", "clip.mp4", "-o", "out.mp4", "--transfer", "mkl", "--no-mark"]


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was said on the error stream, without how far it came."""
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("aotface: ")]
