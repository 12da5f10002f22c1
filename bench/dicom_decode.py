"""What rendering DICOM files costs beside pydicom's own loop: seconds a file, side by side in one run.

python -m bench.dicom_decode                                   a generated CT slice and a radiograph, two transfer syntaxes each
python -m bench.dicom_decode ../shared/data/dicom/pydicom-data/*_UNCR.dcm ../shared/data/dicom/pydicom-data/*_J2K?.dcm
python -m bench.dicom_decode FILE... --repeat 20 --out decode.json

The guarded worker is what a run pays: the file goes to a process that renders it, and the pixels come back. Seconds are those of
the processor, child processes included, so that a busy machine changes little.
"""

import os
import statistics
import time
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from bench.command import options, tell
from bench.dicom_files import generated_files
from bench.process_tree import tree
from components.image_example_gen.guarded_worker import GuardedRenderer
from models.rendering.dicom import render_dicom
from models.rendering.dicom_frames import stored_frames
from models.rendering.dicom_guards import check_header, frame_count
from models.rendering.dicom_reading import read_dataset
from models.rendering.settings import Limits, RenderSettings

PIXEL_ARRAY, SCRIPT = "pixel_array", "pydicom script"
DECODE, RENDER, GUARDED = "decode", "render_dicom", "guarded worker"
COMPARED = ((DECODE, PIXEL_ARRAY), (RENDER, PIXEL_ARRAY), (RENDER, SCRIPT), (GUARDED, PIXEL_ARRAY), (GUARDED, RENDER))
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


def decode(encoded: bytes) -> np.ndarray:
    """Read, check and decode all frames as rendering does: to stored values, like `pixel_array`; return the last."""
    dataset = read_dataset(encoded, Limits())
    check_header(dataset, RenderSettings(), Limits())
    return list(stored_frames(dataset, range(frame_count(dataset)), Limits()))[-1]


def render(encoded: bytes) -> np.ndarray:
    """Render with the recommended settings."""
    return render_dicom(encoded, RenderSettings(), limits=Limits())


CONTENDERS: Mapping[str, Contender] = {PIXEL_ARRAY: pixel_array, SCRIPT: script, DECODE: decode, RENDER: render}


def seconds_of(encoded: bytes, renderer: GuardedRenderer, repeat: int) -> dict[str, float]:
    """Return the median seconds of each contender; they take turns, so that a busy moment strikes all."""
    contenders = {**CONTENDERS, GUARDED: renderer.render}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    renderer.render(encoded)  # its process has started
    children = tree(os.getpid()) - {os.getpid()}
    for _ in range(repeat + 1):  # the first round warms up
        for name, contender in contenders.items():
            others, own = seconds_used(children), time.process_time()
            contender(encoded)
            own = time.process_time() - own
            taken[name].append(own + seconds_used(children) - others)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


def seconds_used(processes: Collection[int]) -> float:
    """Return the processor seconds of processes, each of one thread, to the nanosecond (the kernel's sched-stats)."""
    return sum(int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0]) for process in processes) / 1e9


def measured(files: Mapping[str, bytes], repeat: int) -> list[dict[str, Any]]:
    """Return what each grey file costs, and its size and transfer syntax."""
    found = []
    with GuardedRenderer(RenderSettings(), Limits()) as renderer:
        for name, encoded in files.items():
            header = dcmread(BytesIO(encoded), force=True, stop_before_pixels=True)
            described = {
                "file": name,
                "transfer_syntax": header.file_meta.TransferSyntaxUID.name,
                "pixels": int(header.Rows) * int(header.Columns),
            }
            found.append({**described, "seconds": seconds_of(encoded, renderer, repeat)})
    return found


def ratios(files: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the ratios of what is compared, over all files of a transfer syntax."""
    found = {}
    for syntax in dict.fromkeys(file["transfer_syntax"] for file in files):
        seconds = [file["seconds"] for file in files if file["transfer_syntax"] == syntax]
        for one, other in COMPARED:
            found[f"{one} / {other}, {syntax}"] = sum(taken[one] for taken in seconds) / sum(taken[other] for taken in seconds)
    return found


def main() -> None:
    """Measure, and print one JSON object."""
    parser = options(__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="grey DICOM files; none: generated ones")
    parser.add_argument("--repeat", type=int, default=10, help="rounds over each file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # pydicom's, about the files
    files = measured({file.name: file.read_bytes() for file in arguments.files} or generated_files(), arguments.repeat)
    tell({"files": files, "ratios": ratios(files)}, arguments.out)


if __name__ == "__main__":
    main()
