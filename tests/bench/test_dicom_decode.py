"""That the contenders of the comparison answer the same question, and its arithmetic."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.dicom_decode import DECODE, GUARDED, PIXEL_ARRAY, RENDER, SCRIPT, ratios, render, script

FILE = Path("dicom") / "pydicom-data" / "693_UNCR.dcm"  # CT with a window


def test_script_and_rendering_give_the_same_image_within_rounding(shared_data: Path) -> None:
    encoded = (shared_data / FILE).read_bytes()
    difference = np.abs(script(encoded).astype(int) - render(encoded).astype(int))
    assert difference.max() <= 1


def test_ratios_are_of_sums_over_the_files_of_a_syntax() -> None:
    files = [
        {"transfer_syntax": syntax, "seconds": {PIXEL_ARRAY: plain, DECODE: 1.5, SCRIPT: 2.0, RENDER: 3.0, GUARDED: 6.0}}
        for syntax, plain in (("RLE", 1.0), ("RLE", 5.0), ("J2K", 6.0))
    ]
    expected = {"render_dicom / pydicom script": (1.5, 1.5), "guarded worker / render_dicom": (2.0, 2.0)}
    expected |= {"decode / pixel_array": (0.5, 0.25), "render_dicom / pixel_array": (1.0, 0.5)}
    expected |= {"guarded worker / pixel_array": (2.0, 1.0)}
    pairs = {
        f"{name}, {syntax}": value
        for name, values in expected.items()
        for syntax, value in zip(("RLE", "J2K"), values, strict=True)
    }
    assert ratios(files) == pytest.approx(pairs)


def test_one_command_prints_and_writes_json(shared_data: Path, project: Path, tmp_path: Path) -> None:
    out = tmp_path / "decode.json"
    command = [sys.executable, "-m", "bench.dicom_decode", str(shared_data / FILE), "--repeat", "1", "--out", str(out)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told == json.loads(out.read_text())
    assert set(told["files"][0]["seconds"]) == {PIXEL_ARRAY, SCRIPT, DECODE, RENDER, GUARDED}
