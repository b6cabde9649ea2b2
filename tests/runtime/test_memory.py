import subprocess
import sys

import pytest

FAULTS = """
import resource, torch
from photochrom.runtime.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(4_000_000)  # 16 MB: 3,900 pages of 4 KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
plain = faults()
assert keep_freed_memory()
faults()
print(plain, faults())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="arranged with glibc only")
def test_freed_memory_is_used_again_without_new_pages():
    environment = {"MALLOC_MMAP_THRESHOLD_": "1000000"}  # so that glibc does not adapt by itself
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True, env=environment
    )
    plain, kept = map(int, done.stdout.split())
    assert plain > 30_000  # ten times all pages
    assert kept < plain / 100


def test_elsewhere_nothing_is_arranged(monkeypatch):
    from photochrom.runtime.memory import keep_freed_memory

    monkeypatch.setattr("sys.platform", "darwin")
    assert not keep_freed_memory()


PEAKS = """
import subprocess, sys
import numpy as np
from photochrom.runtime.memory import forget_peak, peak_megabytes

held = np.ones(50_000_000)  # 400 MB
child = [sys.executable, "-c", "from photochrom.runtime.memory import *; print(peak_megabytes())"]
inherited = int(subprocess.run(child, capture_output=True, text=True).stdout)
before = peak_megabytes()
del held
forget_peak()
print(before, peak_megabytes(), inherited)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="known on Linux only")
def test_a_peak_is_ones_own_and_can_begin_anew():
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=True)
    before, after, inherited = map(int, done.stdout.split())
    assert before > 400
    assert after < 300
    assert inherited < 300
