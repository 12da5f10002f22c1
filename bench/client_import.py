"""What importing a client costs: ours, and the generated stubs of tensorflow-serving-api, which load TensorFlow."""

import argparse
import json
import statistics
import subprocess
import sys

CLIENTS = {
    "medtfx client": "import serving.client",
    "medtfx predict": "import pipeline.command_line, pipeline.predict_command",
    "tensorflow-serving-api": "from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc",
}
MEASURED = r"""
import re, time
begin = time.perf_counter()
{statement}
seconds = time.perf_counter() - begin
# Not getrusage: its peak begins with what the process that started this one had.
print(seconds, int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) / 1024)
"""


def cost(statement: str, repeats: int) -> dict[str, float]:
    """Return the median seconds of a statement in new processes, and the most memory that one took, in MB."""
    measured = []
    for _ in range(repeats):
        words = [sys.executable, "-c", MEASURED.format(statement=statement)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        measured.append(tuple(map(float, done.stdout.split())))
    seconds, megabytes = zip(*measured, strict=True)
    return {"seconds": round(statistics.median(seconds), 3), "mb": round(max(megabytes), 1)}


def main() -> None:
    """Measure each client and print JSON; the first process, which fills the system's cache, does not count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    costs = {}
    for name, statement in CLIENTS.items():
        cost(statement, 1)
        costs[name] = cost(statement, repeats)
    print(json.dumps(costs, indent=2))


if __name__ == "__main__":
    main()
