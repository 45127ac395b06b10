"""One thread for each stage of the video line.

Reading, seeing and finishing run side by side already. Threads inside one of them only spin while they wait for each other:
on two cores that took up to half of the processors' time. So torch, and the linear algebra that NumPy and SciPy bring along,
work with one thread meanwhile.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy
import torch

NAMES = [
    (f"{before}openblas_get_num_threads{after}", f"{before}openblas_set_num_threads{after}")
    for before in ("", "scipy_")
    for after in ("", "64_")
]
"""What OpenBLAS calls its number of threads, as NumPy's and SciPy's wheels rename it."""


class Pool(NamedTuple):
    """The threads of one library: how many, and how to say how many."""

    threads: Callable[[], int]
    limit: Callable[[int], object]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Torch and OpenBLAS with one thread, and afterwards with as many as before."""
    pools = [Pool(torch.get_num_threads, torch.set_num_threads), *blas_pools()]
    before = [pool.threads() for pool in pools]
    for pool in pools:
        pool.limit(1)
    try:
        yield
    finally:
        for pool, count in zip(pools, before, strict=True):
            pool.limit(count)


@lru_cache(maxsize=1)
def blas_pools() -> tuple[Pool, ...]:
    """Of every OpenBLAS that came in a wheel; another BLAS has none, and keeps its threads."""
    found = []
    for package in (np, scipy):
        home = Path(str(package.__file__)).parent
        for folder in (home.with_name(f"{home.name}.libs"), home / ".dylibs"):
            for path in sorted(folder.glob("*openblas*")):
                library = ctypes.CDLL(str(path))  # the one that is loaded already
                found += [
                    Pool(getattr(library, get), getattr(library, set_))
                    for get, set_ in NAMES
                    if hasattr(library, get) and hasattr(library, set_)
                ]
    return tuple(found)
