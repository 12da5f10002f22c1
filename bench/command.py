"""What the benches' command lines share: their options, and where a result goes."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def options(description: str | None) -> ArgumentParser:
    """Return the options of a bench that prints one JSON object; a bench adds its own."""
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the result as JSON")
    return parser


def contest(description: str | None, contenders: Sequence[str], folder: Path) -> ArgumentParser:
    """Return the options of a bench that lets contenders work on the same images.

    Args:
        description: of the bench.
        contenders: their names.
        folder: where the images are kept, if not named.
    """
    parser = options(description)
    parser.add_argument("--images", type=int, nargs="+", default=[1000], help="how many images, one or more numbers")
    parser.add_argument("--only", nargs="+", choices=contenders, default=contenders, help="contenders, by default all")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; medians are shown")
    parser.add_argument("--folder", type=Path, default=folder, help="where the images are kept")
    return parser


def tell(result: Any, out: Path | None) -> None:
    """Print a result as JSON, and write it to a file where one is named."""
    text = json.dumps(result, indent=2)
    print(text)
    if out is not None:
        out.write_text(text + "\n")
