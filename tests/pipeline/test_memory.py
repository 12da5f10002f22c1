import subprocess
import sys

PROGRAM = """
import os
from pathlib import Path
from pipeline import memory
memory.prepare()
def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
import threading
kept = []
def fill():
    # Many small blocks with one survivor in each thousand: what fragments a heap.
    blocks = [bytes([n % 251]) * 20_000 for n in range(10_000)]
    kept.extend(blocks[::1000])
before = resident()
threads = [threading.Thread(target=fill) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
full = resident()
memory.release()
print(full - before > 100, resident() - before < 60)
"""


def test_freed_memory_of_threads_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
