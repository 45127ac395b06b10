"""While a video is made every library works with one thread, and afterwards with as many as before."""

import numpy as np
import pytest
import torch

from aotface.threads import Pool, blas_pools, one_thread_each


def test_numpys_own_threads_are_found() -> None:
    """In the wheels that we install from there is an OpenBLAS; a NumPy built on another BLAS says so."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    assert len(blas_pools()) >= (1 if "openblas" in blas else 0)


def test_one_each_and_back_again() -> None:
    pools = [Pool(torch.get_num_threads, torch.set_num_threads), *blas_pools()]
    kept = [pool.threads() for pool in pools]
    try:
        for pool in pools:
            pool.limit(2)
        before = [pool.threads() for pool in pools]
        assert max(before) == 2  # the twin: there is something to limit
        with pytest.raises(KeyError), one_thread_each():
            assert [pool.threads() for pool in pools] == [1] * len(pools)
            raise KeyError
        assert [pool.threads() for pool in pools] == before
    finally:
        for pool, count in zip(pools, kept, strict=True):
            pool.limit(count)
