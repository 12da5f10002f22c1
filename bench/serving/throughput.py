"""Throughput of a batching server with 32 clients beside that of the model itself, 16 images a batch in this process.

python -m bench.serving.throughput
python -m bench.serving.throughput --repeat 9 --clients 32 --threads 3 --out throughput.json

The model is compact_resnet at 224 pixels, fed with PNG files. The server runs a batch more at once than there are cores, each
operation of a batch on one thread (--tensorflow_intra_op_parallelism=1): batches that share threads wait for each other. Clients
and server share this machine; processor milliseconds are those of both, which a busy machine changes less than the images a
second. The two take turns; figures are medians.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.command import options, tell
from bench.serving import image_model
from bench.serving.image_model import Network
from bench.serving.raw_requests import Cost, RawClients, serialised
from bench.serving.server_process import served
from models.export import CLASSES, DECISION, PREDICT_IMAGE, PROBABILITIES
from serving.saved_model import SavedModel

BATCH, BATCHES = 16, 40
FLAGS = ("--enable_batching", "--tensorflow_intra_op_parallelism=1")
PARAMETERS = """max_batch_size {{ value: {batch} }}
batch_timeout_micros {{ value: 2000 }}
num_batch_threads {{ value: {threads} }}
max_enqueued_batches {{ value: 100 }}
"""


def in_process(model: SavedModel, images: Sequence[bytes], batches: int = BATCHES) -> Cost:
    """Run a model on batches of images, one batch after the other."""
    outputs = [PROBABILITIES, CLASSES, DECISION]
    starts = [number * BATCH % len(images) for number in range(batches)]
    begin, used = time.perf_counter(), time.process_time()
    for start in starts:
        model.run(PREDICT_IMAGE, {"image": np.array(images[start : start + BATCH], object)}, outputs)
    return Cost(batches * BATCH, time.perf_counter() - begin, time.process_time() - used)


def measured(folder: Path, *, repeat: int, clients: int, threads: int) -> dict[str, Any]:
    """Return the figures of both."""
    export, parameters = image_model.save(folder / "demo" / "1", Network()), folder / "batching.txt"
    parameters.write_text(PARAMETERS.format(batch=BATCH, threads=threads))
    images = image_model.images(4 * BATCH, Network().size)
    requests, model = [serialised(PREDICT_IMAGE, [image]) for image in images], SavedModel(export)
    with served(folder, *FLAGS, f"--batching_parameters_file={parameters}") as server:
        asking = RawClients(server, clients)
        rounds = []
        for _ in range(repeat + 1):  # the first one warms up
            rounds.append((in_process(model, images), asking.ask(requests, BATCH * BATCHES)))
        asking.close()
    return figures(rounds[1:]) | {"clients": clients, "batch_threads": threads, "load_average": os.getloadavg()[0]}


def figures(rounds: Sequence[tuple[Cost, Cost]]) -> dict[str, Any]:
    """Return medians of (in process, server), and the medians of their ratios in each round."""
    found: dict[str, Any] = {}
    for name, costs in zip(("in_process", "server"), zip(*rounds, strict=True), strict=True):
        found[name] = {
            "images_per_second": statistics.median(cost.per_second for cost in costs),
            "processor_ms_per_image": statistics.median(cost.processor_ms for cost in costs),
        }
    found["server / in_process, images per second"] = statistics.median(two.per_second / one.per_second for one, two in rounds)
    found["in_process / server, processor"] = statistics.median(one.processor_ms / two.processor_ms for one, two in rounds)
    return found


def main() -> None:
    """Measure, and print one JSON object."""
    parser = options(__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1 + (os.cpu_count() or 1), help="batches at once; default: cores and one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measured(Path(folder), repeat=given.repeat, clients=given.clients, threads=given.threads)
    tell(result, given.out)


if __name__ == "__main__":
    main()
