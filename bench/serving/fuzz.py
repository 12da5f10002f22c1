"""Send a server thousands of spoiled requests of each kind: it never dies, and every answer has a proper code.

python -m bench.serving.fuzz --requests 10000
python -m bench.serving.fuzz --requests 10000 --seed 7 --out fuzz.json

Exit code 1: an answer that is none, a failure that the server did not foresee, or a server that is gone.
"""

import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from bench.command import options, tell
from bench.serving import tiny_model
from bench.serving.server_process import served
from bench.serving.spoiled_requests import Target, is_alive
from bench.serving.structured_requests import KINDS

SHOWN = 20  # improper answers in a report
LAST_WORDS = 2000  # characters that a server which is gone wrote at last
TRACES = ("Traceback", "unforeseen")  # words of the log that no request may bring


@dataclass
class Answers:
    """What requests of one kind were answered.

    Args:
        codes: how often each.
        improper: number of the request, and the code of its answer.
    """

    codes: Counter[str] = field(default_factory=Counter)
    improper: list[tuple[int, str]] = field(default_factory=list)


def ask(target: Target, kind: str, count: int, *, seed: int = 1) -> Answers:
    """Send so many requests of a kind; a seed and a kind make the same ones each time."""
    answers = Answers()
    for number in range(count):
        code = KINDS[kind].send(target, random.Random(f"{seed} {kind} {number}"))
        answers.codes[code] += 1
        if code not in KINDS[kind].proper:
            answers.improper.append((number, code))
    return answers


def fuzz(requests: int, seed: int, folder: Path) -> dict[str, Any]:
    """Start a server, send it requests of every kind, and return what came of it."""
    tiny_model.save(folder / "demo" / "1", 2.0)
    begin = time.monotonic()
    with served(folder) as server, grpc.insecure_channel(server.address) as channel:
        target = Target(channel, server.ports)
        answers = {kind: ask(target, kind, requests // len(KINDS), seed=seed) for kind in KINDS}
        lives = server.popen.poll() is None and is_alive(target)
        said = [word for word in TRACES if word in server.said]
        last_words = "" if lives else server.said[-LAST_WORDS:]
    improper = {kind: of_kind.improper[:SHOWN] for kind, of_kind in answers.items() if of_kind.improper}
    return {
        "requests": sum(of_kind.codes.total() for of_kind in answers.values()),
        "seconds": round(time.monotonic() - begin, 1),
        "codes": {kind: dict(of_kind.codes.most_common()) for kind, of_kind in answers.items()},
        "improper": improper,
        "in_the_log": said,
        "server_lives": lives,
        "last_words": last_words,
        "passed": lives and not improper and not said,
    }


def main() -> None:
    """Run, and print one JSON object."""
    parser = options(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = fuzz(given.requests, given.seed, Path(folder))
    tell(result, given.out)
    raise SystemExit(0 if result["passed"] else 1)


if __name__ == "__main__":
    main()
