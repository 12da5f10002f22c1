"""Memory and seconds of a process tree."""

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

from bench.process_tree import measure, own_memory, proportional_memory

MIB = 2**20
HOLD = "import time; held = bytearray(b'x') * (150 * 2**20); time.sleep(1.5)"


def peak_of(program: str, folder: Path) -> int:
    return measure([sys.executable, "-c", program], environment={}, errors=folder / "errors.txt").peak_memory


def test_memory_of_a_process_is_seen(tmp_path: Path) -> None:
    assert 150 * MIB < peak_of(HOLD, tmp_path) < 200 * MIB


def test_memory_of_grandchildren_counts_even_in_a_session_of_their_own(tmp_path: Path) -> None:
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}], start_new_session=True)"
    assert 150 * MIB < peak_of(program, tmp_path) < 220 * MIB


def test_shared_pages_count_once(tmp_path: Path) -> None:
    program = "import os, time; held = bytearray(b'x') * (150 * 2**20); os.fork(); time.sleep(1.5)"
    assert 150 * MIB < peak_of(program, tmp_path) < 220 * MIB


def test_own_memory_is_what_a_process_holds_whoever_else_maps_the_same_files(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.write_bytes(bytes(50 * MIB))
    mapping = "import mmap, sys; file = open(sys.argv[1], 'rb'); mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)"
    program = (
        f"{mapping}; sum(mapped[::4096]); held = bytearray(b'x') * (60 * 2**20); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program, library], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert 60 * MIB < own_memory(process.pid) < 90 * MIB < 110 * MIB < proportional_memory(process.pid)
        process.communicate()
    assert own_memory(process.pid) == 0


def test_exit_code_output_and_errors_are_kept(tmp_path: Path) -> None:
    program = "import sys; print('out'); print('wrong', file=sys.stderr); sys.exit(3)"
    done = measure([sys.executable, "-c", program], environment={}, errors=tmp_path / "errors.txt")
    assert (done.exit_code, done.output) == (3, "out\n")
    assert (tmp_path / "errors.txt").read_text() == "wrong\n"


def test_processor_time_of_grandchildren_counts(tmp_path: Path) -> None:
    work = "import time; begin = time.process_time()\nwhile time.process_time() < begin + 0.5: pass"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    done = measure([sys.executable, "-c", program], environment={}, errors=tmp_path / "errors.txt")
    assert 0.5 <= done.processor_seconds < 2
