"""Files that tell of many patients, written anew without some: their other content is still needed."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.forgetting.traces import Finder

Rewriter = Callable[[str, Finder], str]
TAKEN_OUT = "taken out: this patient was forgotten"
# How the report's templates name an image, from the largest part to the smallest that makes sense alone: a picture with its
# caption, a place in a list, a line of a table.
PARTS = (
    (re.compile(r"<li><figure>.*?</figure></li>", re.DOTALL), f'<li><span class="blank">{TAKEN_OUT}</span></li>'),
    (re.compile(r"<span>[^<]*<code>[0-9a-f]+</code></span>"), f"<span>{TAKEN_OUT}</span>"),
    (re.compile(r"<tr>(?:(?!<tr>).)*?</tr>", re.DOTALL), ""),
)


def without_lines(text: str, names: Finder) -> str:
    """Return a log or a file of JSON lines without the lines that name a patient."""
    return "".join(line for line in text.splitlines(keepends=True) if not names(line))


def without_parts(page: str, names: Finder) -> str:
    """Return a report without the pictures, places and lines that name a patient."""
    for pattern, instead in PARTS:
        page = pattern.sub(lambda match, instead=instead: instead if names(match[0]) else match[0], page)  # type: ignore[misc]
    return page


def without_leaks(text: str, names: Finder) -> str:
    """Return a leakage proof without the images of a patient; what each rule found then, in words and counts, stays."""
    content = json.loads(text)
    for rule in content["rules"]:
        kept = (_without_places(leak, names) for leak in rule["leaks"])
        rule["leaks"] = [leak for leak in kept if leak is not None]
    return json.dumps(content, indent=2)


def _without_places(leak: Mapping[str, Any], names: Finder) -> Mapping[str, Any] | None:
    """Return a leak without a patient's images, None where it is none any more."""
    places = [place for place in leak["places"] if not names(place["file"])]
    measured = leak.get("correlation") is not None  # between the first two
    if names(leak["key"]) or len(places) < 2 or (measured and places[:2] != leak["places"][:2]):
        return None
    return {**leak, "places": places}


def without_quarantine(text: str, names: Finder) -> str:
    """Return a report's summary without the quarantined files of a patient; its counts stay."""
    content = json.loads(text)
    content["quarantine"] = [row for row in content.get("quarantine") or () if not names(row["file"])]
    return json.dumps(content, indent=2)


BY_NAME: Mapping[str, Rewriter] = {"proof.json": without_leaks, "summary.json": without_quarantine}
BY_SUFFIX: Mapping[str, Rewriter] = {".jsonl": without_lines, ".log": without_lines, ".html": without_parts}


def rewriter_of(path: Path) -> Rewriter | None:
    """Return how a file is written anew, None for a kind that is deleted."""
    return BY_NAME.get(path.name) or BY_SUFFIX.get(path.suffix)
