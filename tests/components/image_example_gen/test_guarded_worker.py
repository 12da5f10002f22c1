"""Real child processes, really killed, starved and kept waiting."""

import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.image_example_gen import render_process
from components.image_example_gen.guarded_worker import GuardedRenderer, child_environment, cores
from components.image_example_gen.pseudonym import KEY_VARIABLE
from models.rendering.render import render
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError, MedtfxError
from pipeline.reasons import Reason

PLAIN, LIMITS = RenderSettings(), Limits()
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)


def tiff(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    return buffer.getvalue()


GOOD = tiff(PIXELS)


@cache
def bomb() -> bytes:
    """36 MB of zeros, and as much again to work on them."""
    return tiff(np.zeros((3000, 3000), np.float32))


def reason_of(renderer: GuardedRenderer, encoded: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        renderer.render(encoded)
    return caught.value.reason


def children() -> list[int]:
    """Process ids of this process' children, zombies included."""
    found = []
    for thread in Path(f"/proc/{os.getpid()}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            found += [int(pid) for pid in (thread / "children").read_text().split()]
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\x00", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def workers() -> list[int]:
    return [pid for pid in children() if render_process.__name__ in command_of(pid)]


def ends(pid: int, seconds: float = 10.0) -> bool:
    """Tell whether a process that is no child of this one is gone (or a zombie, its new parent's matter) in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not command_of(pid):
            return True
        time.sleep(0.02)
    return False


def test_pixels_come_back_unchanged(renderer: GuardedRenderer) -> None:
    np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)
    grey = np.ascontiguousarray(PIXELS[..., 0])
    np.testing.assert_array_equal(renderer.render(tiff(grey)).pixels, grey)


def test_frame_and_settings_reach_the_child(shared_data: Path) -> None:
    encoded = (shared_data / "dicom/pydicom/rtdose.dcm").read_bytes()
    settings = replace(PLAIN, windows=((1e6, 2e6),), frames="maximum")
    with GuardedRenderer(settings, LIMITS) as renderer:
        for frame in (None, 3):
            np.testing.assert_array_equal(
                renderer.render(encoded, frame).pixels, render(encoded, settings, limits=LIMITS, frame=frame)
            )


def test_reason_of_the_child_comes_back_and_the_child_stays(renderer: GuardedRenderer) -> None:
    assert reason_of(renderer, GOOD[:100]) == Reason.UNDECODABLE
    before = workers()
    assert reason_of(renderer, b"GIF89a") == Reason.UNSUPPORTED_FORMAT
    assert workers() == before != []


def test_nothing_is_started_before_the_first_file_and_nothing_stays() -> None:
    with GuardedRenderer(PLAIN, LIMITS) as renderer:
        assert workers() == []
        renderer.render(GOOD)
        (pid,) = workers()
    assert pid not in children()  # not even a zombie
    assert workers() == []


def test_files_leave_no_descriptor_open_in_the_child(renderer: GuardedRenderer) -> None:
    counts = []
    for _ in range(3):
        renderer.render(GOOD)
        (pid,) = workers()
        counts.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
    assert len(set(counts)) == 1


def test_threads_share_a_process_per_core(renderer: GuardedRenderer) -> None:
    threads = cores() + 2
    meeting = threading.Barrier(threads)

    def work(_: int) -> bool:
        meeting.wait()
        return all(np.array_equal(renderer.render(GOOD).pixels, PIXELS) for _ in range(20))

    with ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(work, range(threads)))
        assert len(workers()) == cores()


def test_process_killed_twenty_times_costs_no_good_file(renderer: GuardedRenderer) -> None:
    chance = random.Random(0)
    renderer.render(GOOD)
    for kill in range(20):
        (pid,) = workers()
        number = chance.choice([signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
        killer = threading.Timer(chance.uniform(0.0, 0.05), os.kill, [pid, number])
        killer.start()
        while killer.is_alive() or pid in workers():
            np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS, err_msg=f"kill {kill}")
        np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS, err_msg=f"kill {kill}")


@pytest.mark.parametrize("seed", range(5))
def test_process_killed_as_it_starts_is_started_again(seed: int, renderer: GuardedRenderer) -> None:
    def kill_the_first() -> None:
        while not (started := workers()):
            time.sleep(0.005)
        time.sleep(random.Random(seed).uniform(0.0, 0.3))
        os.kill(started[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)
    killer.join()
    np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)


def test_process_killed_between_two_files_is_replaced(renderer: GuardedRenderer) -> None:
    renderer.render(GOOD)
    (pid,) = workers()
    os.kill(pid, signal.SIGSEGV)
    np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)
    assert pid not in children()


def test_file_that_ends_the_process_each_time_is_told(renderer: GuardedRenderer, crashing_dicom: bytes) -> None:
    assert reason_of(renderer, crashing_dicom) == Reason.DECODER_CRASHED
    assert workers() == []
    np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)


def test_file_that_takes_too_long_is_given_up() -> None:
    with GuardedRenderer(PLAIN, replace(LIMITS, seconds=0.05)) as renderer:
        began = time.monotonic()
        assert reason_of(renderer, bomb()) == Reason.TOO_SLOW
        assert time.monotonic() - began < 20
        assert workers() == []
        np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)


def test_file_that_takes_too_much_memory_is_given_up() -> None:
    with GuardedRenderer(PLAIN, replace(LIMITS, memory_mb=50)) as renderer:
        renderer.render(GOOD)
        assert reason_of(renderer, bomb()) == Reason.TOO_MUCH_MEMORY
        assert workers() == []
        np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)
    with GuardedRenderer(PLAIN, LIMITS) as renderer:
        assert renderer.render(bomb()).pixels.shape == (3000, 3000)
        renderer.render(tiff(np.zeros((6000, 6000), np.uint8)))
        (worker,) = renderer._workers
        assert os.fstat(worker._memory.descriptor).st_size == 0  # what 36 MB took is given back


PARENT = f"""
import sys, time
from components.image_example_gen.guarded_worker import GuardedRenderer
from models.rendering.settings import Limits, RenderSettings
renderer = GuardedRenderer(RenderSettings(), Limits())
renderer.render(sys.stdin.buffer.read({len(GOOD)}))
print(next(iter(renderer._workers)).pid, flush=True)
renderer.render(sys.stdin.buffer.read())
time.sleep(60)
"""


@pytest.mark.parametrize("busy", [False, True])
def test_process_ends_with_its_parent_however_that_ends(busy: bool, project: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=project)
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent:
        parent.stdin.write(GOOD)
        parent.stdin.flush()
        pid = int(parent.stdout.readline())
        assert command_of(pid)
        if busy:
            parent.stdin.write(bomb())
            parent.stdin.close()
            time.sleep(0.05)
        os.kill(parent.pid, signal.SIGKILL)
    assert ends(pid)


@pytest.mark.parametrize("library", ["numpy", "PIL"])  # of every file, and a codec of this one
def test_process_that_can_not_start_is_an_error_of_the_set_up(
    library: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / f"{library}.py").write_text("raise ImportError('broken')")
    monkeypatch.setattr("components.child_process.PROJECT", tmp_path)
    with GuardedRenderer(PLAIN, LIMITS) as renderer, pytest.raises(MedtfxError, match="the rendering process did not start"):
        renderer.render(GOOD)
    assert workers() == []
    assert "ImportError: broken" in capfd.readouterr().err


def test_child_knows_no_pseudonym_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "00" * 32)
    assert KEY_VARIABLE not in child_environment()


def test_what_libraries_print_is_dropped(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, models.rendering.tiff as tiff\n"
        "count = tiff.page_count\n"
        "tiff.page_count = lambda *given: (os.write(1, b'Doe'), os.write(2, b'Doe'), count(*given))[2]\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with GuardedRenderer(PLAIN, LIMITS) as renderer:
        np.testing.assert_array_equal(renderer.render(GOOD).pixels, PIXELS)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("delivered", ["7", "2**40"])  # too few bytes, and more than it may write
def test_pixels_that_the_process_does_not_deliver_are_a_crash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, delivered: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if sys.argv[0] == '-m':\n"
        "    from components.image_example_gen.memory_file import MemoryFile\n"
        "    import os\n"
        f"    MemoryFile.write = lambda self, content: os.ftruncate(self.descriptor, {delivered})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with GuardedRenderer(PLAIN, LIMITS) as renderer:
        assert reason_of(renderer, GOOD) == Reason.DECODER_CRASHED


@pytest.fixture
def imported(project: Path) -> tuple[set[str], set[str]]:
    """The modules of a child before its first file, and with the codecs of every kind."""
    listing = (
        "import sys, components.image_example_gen.render_process as r; print(*sys.modules); "
        "from models.rendering import dicom, nifti, tiff; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", listing], cwd=project, capture_output=True, text=True, check=True)
    begin, with_codecs = (set(line.split()) for line in done.stdout.splitlines())
    return begin, with_codecs


def test_child_imports_codecs_with_their_files_and_no_tensorflow(imported: tuple[set[str], set[str]]) -> None:
    begin, with_codecs = imported
    codecs = {"pydicom", "nibabel", "PIL"}
    assert not begin & codecs
    assert codecs <= with_codecs
    assert not with_codecs & {"tensorflow", "apache_beam", "tfx", "keras"}
