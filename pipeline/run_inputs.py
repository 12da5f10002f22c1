"""What happens before the graph is built: index the source, read the manifest's digest, find the key, write the schema."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from components.image_example_gen import exclusion, manifest, pseudonym
from pipeline import sources
from pipeline.config import Config
from pipeline.config_file import EXAMPLE_DATA
from pipeline.curated_schema import schema_for, write_schema
from pipeline.errors import ConfigError
from pipeline.graph import Inputs
from pipeline.own_schema import read_own_schema
from pipeline.root import Root
from pipeline.sources.index_note import indexed_account


def prepare_inputs(
    config: Config, root: Root, say: Callable[[str], None], indexing: AbstractContextManager[None] | None = None
) -> Inputs:
    """Return what the graph needs to know of the data.

    Args:
        config: the run's configuration.
        root: where the schema is written.
        say: shows a line to the user.
        indexing: entered while a source is indexed.

    Raises:
        ConfigError: for a missing source, manifest, schema or list of patients, or one of the wrong form.
    """
    index_if_needed(config, say, indexing)
    path = config.data.manifest
    rows = manifest.read_manifest(path, patient=config.data.patient, slices=config.data.slices)
    excluded = exclusion.read_exclusions(config.data.exclude)
    if excluded:  # an id that nobody has may be mistyped
        found = len(excluded & {row.patient_id for row in rows})
        say(f"data.exclude: {found} of {len(excluded)} listed patients have rows in the manifest; these are left out")
    key_file = key_of(config, say)
    sha256 = manifest.digest(path)
    indexed = indexed_account(path, sha256)
    pseudonymizer = pseudonym.Pseudonymizer(pseudonym.load_key(key_file))
    data = config.data
    own = None if data.schema_file is None else read_own_schema(data.schema_file, data.classes, data.slices)
    return Inputs(
        manifest_sha256=sha256,
        files_stamp=manifest.files_stamp(rows, path.parent),
        key_file=key_file,
        key_id=pseudonymizer.key_id,
        exclude_digest=exclusion.exclusion_digest(excluded, pseudonymizer),
        schema_file=write_schema(root, schema_for(data.classes, data.slices)),
        bounds_file=None if own is None else write_schema(root, own),
        indexed=json.dumps(indexed, sort_keys=True) if indexed else "",
    )


def index_if_needed(config: Config, say: Callable[[str], None], indexing: AbstractContextManager[None] | None) -> None:
    """Index the configured source unless its manifest is up to date.

    Raises:
        ConfigError: when the source is absent or can't be indexed.
    """
    source = config.data.source
    if source is None:
        return
    place: Path | None = getattr(source, "path", None)
    if place is not None and not place.exists():
        raise ConfigError(
            f"data.source.path: {place}: absent. Example data lies under ${{{EXAMPLE_DATA}}}: set it to that folder."
        )
    if not sources.is_current(source, config.data.manifest):
        with indexing or nullcontext():
            result = sources.index(source, config.data.manifest)
        say(f"indexed {result.rows:,} images of {result.patients:,} patients into {config.data.manifest}")


def key_of(config: Config, say: Callable[[str], None]) -> Path | None:
    """Return the file of the pseudonym key; make one beside the manifest where none is configured or there.

    None when the environment holds the key (MEDTFX_PSEUDONYM_KEY): it goes before every file, so none is asked for or made.

    Raises:
        ConfigError: when a configured key file is absent.
    """
    if os.environ.get(pseudonym.KEY_VARIABLE):
        return None
    configured = config.data.pseudonym_key_file
    if configured is not None:
        if not configured.is_file():
            raise ConfigError(f"data.pseudonym_key_file: {configured}: no such file")
        return configured
    beside = config.data.manifest.with_name("pseudonym.key")
    if not beside.exists():
        pseudonym.make_key_file(beside)
        say(f"made a new pseudonym key, {beside}: keep it safe; without it a pseudonym can't be traced back")
    return beside
