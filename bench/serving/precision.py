"""What bfloat16 and a frozen graph bring: images a second in batches of 16 in this process, and how far probabilities move.

python -m bench.serving.precision
python -m bench.serving.precision --repeat 9 --out precision.json

Frozen: variables made constants, and batch normalisation folded into convolutions. Files are decoded within the model, in each
variant alike, PNG in three times the time of JPEG. Without avx512_bf16 or amx_bf16 a CPU emulates bfloat16; the result says which
it has. Variants take turns; figures are medians.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import tensorflow as tf

from bench.command import options, tell
from bench.serving import image_model
from bench.serving.image_model import Kind, Network
from models.export import PREDICT_IMAGE, PROBABILITIES
from models.precision import BFLOAT16_FLAGS, read_cpu_flags
from serving.constant_graph import with_constants
from serving.saved_model import ALL_CORES, Array, SavedModel, session_config

BATCH, BATCHES = 16, 4
KINDS: tuple[Kind, ...] = get_args(Kind)
REFERENCE = "float32"
Variant = Callable[[Array], Array]


def as_served(export: Path, *, bfloat16: bool = False) -> Variant:
    """Return an export as the server runs it, for bfloat16 with `--mixed_precision=bfloat16`."""
    model = SavedModel(export, bfloat16=bfloat16)
    return lambda images: model.run(PREDICT_IMAGE, {"image": images}, [PROBABILITIES])[0]


def in_session(export: Path, *, frozen: bool, rewrites: bool = False) -> Variant:
    """Return an export with its variables, or as constants; with `rewrites` TensorFlow's own rewriting to bfloat16 as well."""
    config = session_config(ALL_CORES, bfloat16=rewrites)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    signatures = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(export)).signature_def
    if frozen:
        session = with_constants(session, signatures, config)
    fed, fetched = signatures[PREDICT_IMAGE].inputs["image"].name, signatures[PREDICT_IMAGE].outputs[PROBABILITIES].name
    return lambda images: session.run(fetched, {fed: images})


def variants(folder: Path) -> Mapping[str, Variant]:
    """Export the network in both precisions, and return what is compared."""
    single = image_model.save(folder / "float32", Network())
    half = image_model.save(folder / "bfloat16", Network(dtype="mixed_bfloat16"))
    return {
        REFERENCE: as_served(single),
        "frozen float32": in_session(single, frozen=True),
        "float32, served with mixed precision": as_served(single, bfloat16=True),
        "the same with variables, as TF Serving": in_session(single, frozen=False, rewrites=True),
        "bfloat16": as_served(half),
        "frozen bfloat16": in_session(half, frozen=True),
    }


def measured(folder: Path, repeat: int) -> dict[str, Any]:
    """Return the figures of each variant by kind of file."""
    compared = variants(folder)
    files = {kind: np.array(image_model.images(BATCH, Network().size, kind), object) for kind in KINDS}
    found = {kind: measured_on(images, compared, repeat) for kind, images in files.items()}
    flags = sorted(read_cpu_flags() & set(BFLOAT16_FLAGS))
    return {"bfloat16_in_hardware": flags, "load_average": os.getloadavg()[0], "variants": found}


def measured_on(images: Array, compared: Mapping[str, Variant], repeat: int) -> dict[str, dict[str, float]]:
    """Return the figures of each variant on the same images."""
    reference = compared[REFERENCE](images)
    moved = {name: float(np.abs(variant(images) - reference).max()) for name, variant in compared.items()}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in compared}
    for _ in range(repeat + 1):
        for name, variant in compared.items():
            taken[name].append(seconds_of(variant, images))
    return {name: figures(taken[name][1:], taken[REFERENCE][1:]) | {"probability_change": moved[name]} for name in compared}


def seconds_of(variant: Variant, images: Array) -> tuple[float, float]:
    """Return wall and processor seconds of an image."""
    begin, used = time.perf_counter(), time.process_time()
    for _ in range(BATCHES):
        variant(images)
    count = BATCHES * len(images)
    return (time.perf_counter() - begin) / count, (time.process_time() - used) / count


def figures(own: Sequence[tuple[float, float]], reference: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return medians, and the medians of the ratios to the reference in each round."""
    pairs = list(zip(own, reference, strict=True))
    return {
        "images_per_second": statistics.median(1 / wall for wall, _ in own),
        "processor_ms_per_image": statistics.median(processor * 1e3 for _, processor in own),
        "speed / float32": statistics.median(other[0] / one[0] for one, other in pairs),
        "speed / float32, processor": statistics.median(other[1] / one[1] for one, other in pairs),
    }


def main() -> None:
    """Measure, and print one JSON object."""
    parser = options(__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measured(Path(folder), given.repeat)
    tell(result, given.out)


if __name__ == "__main__":
    main()
