"""How many threads libraries use: asleep while they wait, and one for each stage of the video pipeline.

Decoding, face states and compositing run side by side already. Threads within one of them only spin while they wait for
each other: on two cores that took up to half of the CPU time. So torch, and the linear algebra of NumPy and SciPy, work with
one thread meanwhile.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

WAIT_POLICY = "OMP_WAIT_POLICY", "PASSIVE"
"""How torch's threads wait for each other, unless the environment says otherwise: asleep. They would spin, and on a computer
that has other work as well one picture took twice the wall time and nearly three times the CPU time."""


@cache
def set_thread_policy() -> bool:
    """Have torch's threads sleep while they wait; call it before torch is imported. Asked again, it does nothing more.

    Where the environment says otherwise, that stands. Torch's OpenMP reads the environment once, when it is loaded. If torch
    is there already, the policy holds for processes started from here; in this one, `one_thread_each` around the work
    still helps, because a single thread does not wait.

    Returns:
        False where it came too late for this process.
    """
    name, value = WAIT_POLICY
    if name in os.environ:
        return True
    os.environ[name] = value
    return "torch" not in sys.modules


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Torch, OpenMP and the BLAS of NumPy and SciPy with one thread, and afterwards with as many as before."""
    # Brings the libraries whose threads are limited: only who works pays.
    import scipy.linalg  # noqa: F401
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
