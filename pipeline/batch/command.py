"""`medtfx batch`: from an archive and a pushed model to a file of results, in steps that a killed run does not repeat."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from components.pusher import folder_lock
from pipeline import interruption, logs
from pipeline.batch.archive import Archive, archive_of
from pipeline.batch.chosen_version import ChosenVersion, chosen_version
from pipeline.batch.plan import Plan, write_plan
from pipeline.batch.results import is_written, layout_of, remove_others, write_results
from pipeline.batch.statement import Cut, read_statement, statement, write_statement
from pipeline.code_digest import code_digest
from pipeline.display import Display, shown_on
from pipeline.errors import ConfigError, MedtfxError
from pipeline.loading import tensorflow_loading
from pipeline.predict_command import SOME_FAILED

CODE = ("pipeline.batch.beam_step",)
LOG_FILE = "batch.log"


@dataclass(frozen=True)
class Order:
    """What a user wants.

    Args:
        source: the archive.
        model: as `chosen_version` takes it.
        output: file of the results.
        cut: how the work is divided.
        again: whether to try images again that were set aside.
    """

    source: Path
    model: str | None
    output: Path
    cut: Cut
    again: bool = False


def batch_command(order: Order, *, as_json: bool) -> int:
    """Predict an archive and return the exit code.

    Raises:
        ConfigError: when there is nothing to predict or predict with, or an option is wrong.
        MedtfxError: when another batch writes the same results, or the model can't be asked.
        OSError: when the disk is full.
        KeyboardInterrupt: when interrupted; the same command continues.
    """
    began = time.monotonic()
    layout_of(order.output)
    archive, version = archive_of(order.source), chosen_version(order.model)
    folder = parts_folder(order, archive)
    interruption.listen()
    with locked(folder), logs.captured(folder / LOG_FILE) as (out, err), shown_on(err) as display:
        content, computed = predicted(order, archive, version, folder=folder, display=display)
        seconds = round(time.monotonic() - began, 1)
        tell(content, out, computed=computed, seconds=seconds, results=order.output if as_json else None)
    return SOME_FAILED if content["counts"]["set_aside"] else 0


def predicted(
    order: Order, archive: Archive, version: ChosenVersion, *, folder: Path, display: Display
) -> tuple[Mapping[str, Any], int]:
    """Compute what is missing; return the statement and how many images were predicted for it."""
    follows_from = f"{version.name} {version.number} {version.digest} {order.cut.batch} {code_digest(CODE)}"
    plan = write_plan(folder, archive.images(), size=order.cut.shard, follows_from=follows_from, again=order.again)
    if not plan.images:
        raise ConfigError("batch: the archive holds no image")
    before = read_statement(order.output)
    known = before.get("plan") == plan.digest and before["counts"]["skipped"] == archive.skipped
    if not plan.missing and known and is_written(order.output, before["results"]):
        display.say("nothing has changed: the results are there already")
        return before, 0
    there = plan.images - plan.missing_images
    display.say(f"medtfx: {plan.images:,} images, {there:,} of them predicted already; {version.name}, version {version.number}")
    if plan.missing:
        with display.counted("batch"):
            predict_missing(plan, version, order.cut.batch)
    totals = write_results(plan, order.output)
    content = statement(archive, version, plan, cut=order.cut, totals=totals, output=order.output)
    write_statement(order.output, content)
    remove_others(plan)
    return content, plan.missing_images


def predict_missing(plan: Plan, version: ChosenVersion, batch: int) -> None:
    """Load TensorFlow and Beam, and predict what has no part yet."""
    with tensorflow_loading():  # seconds, and a repeated command needs none of it
        from pipeline.batch import beam_step  # noqa: PLC0415

    beam_step.predict_missing(plan, version, batch)


def parts_folder(order: Order, archive: Archive) -> Path:
    """Make the folder beside the results in which parts are kept, and return it.

    Raises:
        ConfigError: when it can't be made, or would become a part of the archive.
    """
    output = order.output.absolute()
    if archive.kind == "folder" and output.resolve().is_relative_to(order.source.resolve()):
        raise ConfigError("-o: the results lie inside of the archive and would be taken for images; name a place outside of it")
    if output.is_dir():
        raise ConfigError(f"-o {order.output}: is a folder; expected the name of a file")
    folder = output.with_name(f"{output.name}.parts")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(f"-o {order.output}: nothing can be written there: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK) or not os.access(output.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"-o {order.output}: nothing can be written there: Permission denied")
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder of parts for one batch; the lock goes with the process, however it ends.

    Raises:
        MedtfxError: when another batch holds it.
    """
    with ExitStack() as leaving:
        try:
            leaving.enter_context(folder_lock.held(folder, wait=False))
        except BlockingIOError as error:
            raise MedtfxError("another batch writes these results; wait for it, or name others with -o") from error
        yield


def tell(content: Mapping[str, Any], out: TextIO, *, computed: int, seconds: float, results: Path | None) -> None:
    """Write the outcome: one JSON object for `results`, or lines for people."""
    counts, model = content["counts"], content["model"]
    if results is not None:
        told = {**content, "results": {"path": str(results), **content["results"]}, "computed": computed, "seconds": seconds}
        print(json.dumps(told), file=out, flush=True)
        return
    parts = [f"{counts['predicted']:,} predicted by {model['name']} version {model['version']}"]
    for word, kinds in (("set aside", counts["set_aside"]), ("skipped", counts["skipped"])):
        why = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        parts.append(f"{sum(kinds.values()):,} {word}" + (f" ({why})" if why else ""))
    print(f"seen     {counts['seen']:,} files: {', '.join(parts)}", file=out)
    print(f"computed {computed:,} of them now, {seconds:.1f} s", file=out)
    print(f"results  SHA-256 {content['results']['sha256']}", file=out, flush=True)
