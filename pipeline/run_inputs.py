"""What happens before the graph is built: find manifests, their digests, the key and the model server; write the schema."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from components.image_example_gen import exclusion, part, pseudonym
from pipeline.config import Config
from pipeline.config_file import model_server
from pipeline.curated_schema import schema_for, write_schema
from pipeline.errors import ConfigError
from pipeline.graph import Inputs
from pipeline.own_schema import read_own_schema
from pipeline.root import Root
from pipeline.run_parts import Indexing, manifests, unseen
from pipeline.shared_folders import check_shared
from pipeline.sources.index_note import indexed_accounts
from pipeline.span_pattern import folder_of


def prepare_inputs(config: Config, root: Root, say: Callable[[str], None], indexing: Indexing = unseen) -> Inputs:
    """Return what the graph needs to know of data and machine.

    Args:
        config: the run's configuration.
        root: where the schema is written.
        say: shows a line to the user.
        indexing: gives a context for each source that is indexed.

    Raises:
        ConfigError: for a missing source, manifest, schema or list of patients, one of the wrong form, a wrong model server, or a
            place that Beam's workers don't see.
    """
    data, server = config.data, model_server(config)  # the latter first: it takes no time
    places = manifests(config, say, indexing)
    parts = [part.planned(place.manifest, place.span, patient=data.patient, slices=data.slices) for place in places]
    excluded = exclusion.read_exclusions(data.exclude)
    if excluded:  # an id that nobody has may be mistyped
        rows = (row for its in parts for row in part.iterate_part(its, patient=data.patient))
        found = len({row.patient_id for row in rows if row.patient_id in excluded})
        say(f"data.exclude: {found} of {len(excluded)} listed patients have rows in the manifest; these are left out")
    key_file = key_of(config, say)
    used = {
        "root": root.path,
        "pseudonym key": key_file,
        **{f"data.manifest {place.manifest.name}": place.manifest for place in places},
    }
    check_shared(config.beam, used)
    indexed = indexed_accounts([(its.manifest, its.sha256) for its in parts])
    pseudonymizer = pseudonym.Pseudonymizer(pseudonym.load_key(key_file))
    own = None if data.schema_file is None else read_own_schema(data.schema_file, data.classes, data.slices)
    return Inputs(
        manifest_sha256=part.identity(parts),
        parts=tuple(parts),
        key_file=key_file,
        key_id=pseudonymizer.key_id,
        exclude_digest=exclusion.exclusion_digest(excluded, pseudonymizer),
        schema_file=write_schema(root, schema_for(data.classes, data.slices)),
        bounds_file=None if own is None else write_schema(root, own),
        indexed=json.dumps(indexed, sort_keys=True) if indexed else "",
        model_server=server,
    )


def key_of(config: Config, say: Callable[[str], None]) -> Path | None:
    """Return the file of the pseudonym key; make one beside the manifest, or beside the spans, where none is configured or there.

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
    beside = folder_of(config.data.manifest) / "pseudonym.key"
    if not beside.exists():
        pseudonym.make_key_file(beside)
        say(f"made a new pseudonym key, {beside}: keep it safe; without it a pseudonym can't be traced back")
    return beside
