"""While work is done every library works with one thread, and afterwards with as many as before."""

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
