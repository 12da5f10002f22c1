"""Keep one process small while many nodes run in it: return what a finished node no longer needs."""

import ctypes
import gc
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # parameters of mallopt(3)


def prepare() -> None:
    """Make freed memory returnable; to be called before TensorFlow loads.

    By default oneDNN's pool keeps 0.4 to 0.5 GB after training, and glibc spreads freed blocks over an arena per thread. With the
    C heap in one arena, which is trimmed only between nodes, training is as fast (bench/RESULTS.md) and the memory comes back.
    """
    os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:  # glibc's; another C library does without
        tune(M_ARENA_MAX, 1)
        tune(M_TRIM_THRESHOLD, 2**31 - 1)
        tune(M_MMAP_THRESHOLD, 2**30)  # else each large tensor is mapped anew, a page fault for every 4 KB


def release() -> None:
    """Collect garbage and hand free pages of the C heap back to the system."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
