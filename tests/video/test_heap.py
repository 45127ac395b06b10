"""Memory that is given back is kept for the next frame: no page is fetched anew."""

import sys

import numpy as np
import pytest

from aotface.video.heap import keep_freed_memory

ROUNDS, BYTES = 50, 8 << 20


def faults() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def fetched() -> int:
    before = faults()
    for _ in range(ROUNDS):
        np.ones(BYTES, np.uint8)
    return faults() - before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a matter of glibc")
def test_an_array_as_large_as_the_last_takes_its_place() -> None:
    """Run apart from the other tests: what was said cannot be taken back."""
    import subprocess

    words = [sys.executable, "-c", "from tests.swap.test_heap import compare; compare()"]
    root = __file__.rsplit("tests", 1)[0]
    before, after = map(int, subprocess.run(words, cwd=root, capture_output=True, check=True).stdout.split())
    if after < 0:
        pytest.skip("another C library")
    assert after < before / 10


def compare() -> None:
    before = fetched()
    print(before, fetched() if keep_freed_memory() else -1)
