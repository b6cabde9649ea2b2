"""Threads that compute alone leave torch's threads as they were."""

import threading

import pytest
import torch

from photochrom.runtime.threads import in_threads, single_threads


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_each_has_one_of_torchs_threads_and_others_keep_theirs(two_threads):
    with single_threads(3) as threads:
        barrier = threading.Barrier(3, timeout=10)

        def count(_: int) -> int:
            barrier.wait()
            return torch.get_num_threads()

        assert list(threads.map(count, range(3))) == [1, 1, 1]
    assert torch.get_num_threads() == 2
    new: list[int] = []
    thread = threading.Thread(target=lambda: new.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert new == [2]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_results_keep_the_order(count):
    assert in_threads(lambda item: item * 2, range(20), count) == list(range(0, 40, 2))


def test_an_error_in_a_thread_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda item: 1 // item, [1, 0, 2], 2)
