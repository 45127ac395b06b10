"""While work is done every library works with one thread, and afterwards with as many as before."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.linalg  # noqa: F401
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from aotface.threads import one_thread_each


def threads_now() -> list[int]:
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return [torch.get_num_threads(), *pools]


def test_there_is_a_blas_to_limit() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))
    assert len(threads_now()) > 1


def test_one_each_and_back_again() -> None:
    kept = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threadpool_limits(2, "blas"):
            before = threads_now()
            assert max(before) == 2  # the twin: there is something to limit
            with pytest.raises(KeyError), one_thread_each():
                assert set(threads_now()) == {1}
                raise KeyError
            assert threads_now() == before
    finally:
        torch.set_num_threads(kept)


def test_the_last_of_several_threads_restores() -> None:
    kept = torch.get_num_threads()
    torch.set_num_threads(2)
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with one_thread_each():
            inside.set()
            leave.wait(20)

    try:
        with threadpool_limits(2, "blas"):
            before = threads_now()
            other = threading.Thread(target=stay)
            with one_thread_each():
                other.start()
                assert inside.wait(20)
            assert set(threads_now()[1:]) == {1}  # the other still works
            leave.set()
            other.join()
            assert threads_now() == before
    finally:
        torch.set_num_threads(kept)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a matter of glibc")
def test_freed_memory_is_kept_for_the_next_frame() -> None:
    """Apart from the other tests: what was said cannot be taken back. The twin: without it pages are fetched anew."""
    program = (
        "import resource, numpy as np; from aotface.threads import keep_freed_memory\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "def fetched():\n"
        "    before = faults()\n"
        "    for _ in range(20): [np.ones(4 << 20, np.uint8) for _ in range(3)]\n"
        "    return faults() - before\n"
        "print(fetched(), fetched() if keep_freed_memory() else -1)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout.split()
    before, after = map(int, said)
    if after < 0:
        pytest.skip("another C library")
    assert after < before / 3
