"""`medtfx schema`: learn a schema from accepted data, tell how it differs, take in what refused data brought."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline import config_file
from pipeline.config import Config
from pipeline.curated_schema import CURATED, schema_for
from pipeline.errors import ConfigError, DataRefusedError
from pipeline.judged_data import JudgedData, last_judged
from pipeline.logs import captured
from pipeline.own_schema import parse_schema, read_own_schema
from pipeline.run_history import existing_root
from pipeline.schema_acceptance import accept
from pipeline.schema_difference import Difference, differences
from pipeline.schema_file import comments_of, has_inner_comments, origin, write_schema_file
from pipeline.schema_inference import Learned, learn


def infer_command(
    config_path: Path, root_path: Path | None, output: Path | None, *, margin: float, replace: bool, as_json: bool
) -> None:
    """Write the schema that the last accepted data of a root teach, and tell how it differs from the curated one.

    Raises:
        ConfigError: for a bad configuration or root, without accepted data, or when the file is there and `replace` is false.
    """
    config = config_file.load(config_path)
    path = output or config.data.schema_file or config_path.with_suffix(".schema.pbtxt")
    if path.exists() and not replace:
        raise ConfigError(f"{path}: is there already; --replace writes it anew, `medtfx schema accept` widens it")
    data = judged_below(config, root_path, accepted=True)
    learned = learn(data, config.data.slices, margin=margin)
    comments = comments_on(learned, data, margin)
    write_schema_file(path, learned.schema, comments)
    changes = list(differences(schema_for((), config.data.slices), learned.schema))
    advice = [] if config.data.schema_file == path.absolute() else [f"To use it: data.schema_file in {config_path}"]
    lines = [f"{path}: written; against the curated schema:", *indented(changes), *comments, *advice]
    content = {"schema": str(path), "manifest_sha256": data.manifest_sha256, "left_free": learned.left_free}
    show(lines, None if not as_json else {**content, **told_of(changes)})


def comments_on(learned: Learned, data: JudgedData, margin: float) -> list[str]:
    """Return what a learned schema says of itself."""
    return [
        origin("Learned by `medtfx schema infer`", data),
        f"Numbers: those of these data, and beyond them {margin:g} times a property's spread (first to ninth decile).",
        "Labels: data.classes of the configuration.",
        *(f"Column {name} is left free: {why}." for name, why in learned.left_free.items()),
    ]


def diff_command(first: Path, second: Path | None, root_path: Path | None, *, as_json: bool) -> None:
    """Tell how a schema differs from the curated one, or from another; with a root, what its last data break.

    Raises:
        ConfigError: for a file that is no schema, or a root without data.
        DataRefusedError: when the data break the schema.
    """
    before, after = (CURATED, first) if second is None else (first, second)
    schema = parse_schema(after)
    changes = list(differences(parse_schema(before), schema))
    titles = ("the curated schema" if second is None else before.name, after.name)
    lines = [f"from {titles[0]} to {titles[1]}:", *indented(changes or ["no difference"])]
    broken: list[str] = []
    if root_path is not None:
        broken = broken_by(last_judged(existing_root(root_path)), schema)
        lines += ["the last data of the root would raise:", *indented(broken or ["nothing"])]
    show(lines, None if not as_json else {**told_of(changes), "anomalies": broken})
    if broken:
        raise DataRefusedError(f"{after.name} refuses the last data of the root: anomalies in {len(broken)} features and splits")


def broken_by(data: JudgedData, schema: schema_pb2.Schema) -> list[str]:
    """Return a line per anomaly; what TensorFlow says as it loads is dropped."""
    with captured(Path(os.devnull)):
        from pipeline.schema_anomalies import anomalies_of  # noqa: PLC0415 - TFDV loads here, which takes seconds

        return anomalies_of(data, schema)


def accept_command(config_path: Path, root_path: Path | None, *, yes: bool, as_json: bool) -> None:
    """Show what the last refused data need of the user's schema, and write it there once that is confirmed.

    Raises:
        ConfigError: without a schema of the user's own, without refused data, or when nobody is there to confirm.
        DataRefusedError: when the data need something that is not accepted by command; what can be is written all the same.
    """
    config = config_file.load(config_path)
    path = config.data.schema_file
    if path is None:
        raise ConfigError(f"{config_path}: names no data.schema_file; `medtfx schema infer` writes one to name there")
    names = config.data.classes, config.data.slices
    own = read_own_schema(path, *names)
    data = judged_below(config, root_path, accepted=False)
    accepted = accept(data, own, schema_for(*names))
    changes = list(differences(own, accepted.schema))
    lines = [f"{path.name} would change:", *indented(changes or ["nothing"])]
    if not as_json:
        show([*lines, *(f"not accepted: {name}: {why}" for name, why in accepted.refused.items())])
    written = bool(changes) and (yes or (not as_json and confirmed(path)))
    if written:
        comments = [*comments_of(path), origin("Widened by `medtfx schema accept`", data)]
        write_schema_file(path, accepted.schema, comments)
    content = {"schema": str(path), "written": written, "not_accepted": accepted.refused, **told_of(changes)}
    show([f"{path}: {'written' if written else 'left as it was'}"], content if as_json else None)
    if accepted.refused:
        raise DataRefusedError(f"not accepted by command: {', '.join(accepted.refused)}")


def confirmed(path: Path) -> bool:
    """Ask whether to write the schema.

    Raises:
        ConfigError: when nobody is there to answer.
    """
    lost = " Comments below its first lines get lost." if has_inner_comments(path) else ""
    try:
        return typer.confirm(f"Write {path}?{lost}")
    except typer.Abort as error:
        raise ConfigError("nobody confirmed, so nothing is written; --yes writes without asking") from error


def judged_below(config: Config, root_path: Path | None, *, accepted: bool) -> JudgedData:
    """Return the data last accepted or refused in the root that `medtfx run` takes for a configuration."""
    return last_judged(existing_root(root_path or Path("runs") / config.name), accepted=accepted)


def told_of(changes: Iterable[Difference]) -> dict[str, Any]:
    """Return differences as plain values."""
    return {"differences": [asdict(change) for change in changes]}


def indented(lines: Iterable[Difference | str]) -> list[str]:
    """Return lines that belong to the one above."""
    return [f"  {line}" for line in lines]


def show(lines: Sequence[str], content: Mapping[str, Any] | None = None) -> None:
    """Print lines for people, or in their place one JSON object."""
    for line in lines if content is None else [json.dumps(content)]:
        typer.echo(line)
