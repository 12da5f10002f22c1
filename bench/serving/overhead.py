"""What a request costs beside the model: a tiny model over gRPC, and called in this process on the same bytes.

python -m bench.serving.overhead
python -m bench.serving.overhead --requests 5000 --out overhead.json

One client asks, one request after the other. The two take turns; figures are medians in milliseconds.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from bench.command import options, tell
from bench.serving import image_model, tiny_model
from bench.serving.raw_requests import serialised
from bench.serving.server_process import served
from serving.client.calls import PREDICT
from serving.saved_model import SavedModel

SIGNATURE, OUTPUT = "measure", "length"
SIDE = 64  # pixels: a file of some 15 KB
WARM_UP = 100


def measured(folder: Path, requests: int) -> dict[str, Any]:
    """Return the medians of both ways and their difference."""
    model = SavedModel(tiny_model.save(folder / "demo" / "1", 2.0))
    (image,) = image_model.images(1, SIDE)
    request, value = serialised(SIGNATURE, [image], OUTPUT), np.array([image], object)
    with served(folder) as server, grpc.insecure_channel(server.address) as channel:
        call = channel.unary_unary(PREDICT)
        ways = {"grpc_ms": lambda: call(request), "in_process_ms": lambda: model.run(SIGNATURE, {"image": value}, [OUTPUT])}
        taken = turns(ways, requests)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    difference = {"overhead_ms": medians["grpc_ms"] - medians["in_process_ms"]}
    return {"requests": requests, **medians, **difference, "load_average": os.getloadavg()[0]}


def turns(ways: dict[str, Callable[[], object]], requests: int) -> dict[str, list[float]]:
    """Return the milliseconds of each call; the ways take turns, so that a busy moment strikes all."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(WARM_UP + requests):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            taken[name].append((time.perf_counter() - begin) * 1e3)
    return {name: times[WARM_UP:] for name, times in taken.items()}


def main() -> None:
    """Measure, and print one JSON object."""
    parser = options(__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measured(Path(folder), given.requests)
    tell(result, given.out)


if __name__ == "__main__":
    main()
