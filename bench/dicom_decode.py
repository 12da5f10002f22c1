"""What rendering DICOM files costs beside pydicom's own loop: seconds a file, side by side in one run.

python -m bench.dicom_decode ../shared/data/dicom/pydicom-data/*_UNCR.dcm ../shared/data/dicom/pydicom-data/*_J2K?.dcm
python -m bench.dicom_decode FILE... --repeat 20 --out decode.json
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings

PIXEL_ARRAY, SCRIPT, RENDER = "pixel_array", "pydicom script", "render_dicom"
Contender = Callable[[bytes], np.ndarray]


def pixel_array(encoded: bytes) -> np.ndarray:
    """Read and decode all frames, no more: stored values, not yet an image that a model takes."""
    return dcmread(BytesIO(encoded), force=True).pixel_array


def script(encoded: bytes) -> np.ndarray:
    """Do what a careful script does with a grey file: decode, modality LUT, VOI LUT or window, range to 8 bit."""
    dataset = dcmread(BytesIO(encoded), force=True)
    values = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset).astype(np.float64)
    low, high = values.min(), values.max()
    levels = ((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8)
    return 255 - levels if dataset.PhotometricInterpretation == "MONOCHROME1" else levels


def render(encoded: bytes) -> np.ndarray:
    """Render with the recommended settings."""
    return render_dicom(encoded, RenderSettings(), limits=Limits())


CONTENDERS: Mapping[str, Contender] = {PIXEL_ARRAY: pixel_array, SCRIPT: script, RENDER: render}


def seconds_of(encoded: bytes, repeat: int) -> dict[str, float]:
    """Return the median seconds of each contender; they take turns, so that a busy moment strikes all."""
    taken: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(repeat + 1):  # the first round warms up
        for name, contender in CONTENDERS.items():
            begun = time.perf_counter()
            contender(encoded)
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


def measured(file: Path, repeat: int) -> dict[str, Any]:
    """Return what one grey file costs, and its size and transfer syntax."""
    encoded = file.read_bytes()
    header = dcmread(BytesIO(encoded), force=True, stop_before_pixels=True)
    return {
        "file": file.name,
        "transfer_syntax": header.file_meta.TransferSyntaxUID.name,
        "pixels": int(header.Rows) * int(header.Columns),
        "seconds": seconds_of(encoded, repeat),
    }


def ratios(files: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the time of render_dicom over that of each other contender, over all files of a transfer syntax."""
    found = {}
    for syntax in dict.fromkeys(file["transfer_syntax"] for file in files):
        total = {name: sum(file["seconds"][name] for file in files if file["transfer_syntax"] == syntax) for name in CONTENDERS}
        for other in (PIXEL_ARRAY, SCRIPT):
            found[f"{RENDER} / {other}, {syntax}"] = total[RENDER] / total[other]
    return found


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="grey DICOM files")
    parser.add_argument("--repeat", type=int, default=10, help="rounds over each file")
    parser.add_argument("--out", type=Path, help="where the JSON goes, besides the terminal")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # pydicom's, about the files
    files = [measured(file, arguments.repeat) for file in arguments.files]
    text = json.dumps({"files": files, "ratios": ratios(files)}, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
