from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.common.importer import Importer
from tfx.types import Artifact, standard_artifacts

from components.artifacts import DataBlessing, IngestAccount, LeakageProof, PredictionTable, Report

TYPES = (IngestAccount, DataBlessing, LeakageProof, PredictionTable, Report)


def test_every_type_comes_back_from_ml_metadata_as_itself(root: Any) -> None:
    nodes = [Importer(source_uri=f"/{kind.__name__}", artifact_type=kind).with_id(kind.__name__) for kind in TYPES]
    found = root.run("1", nodes)
    assert {name: type(launched.outputs["result"][0]) for name, launched in found.items()} == {
        kind.__name__: kind for kind in TYPES
    }


def test_no_type_has_the_name_of_another_or_of_tfx() -> None:
    names = [kind.TYPE_NAME for kind in TYPES]
    of_tfx = {getattr(kind, "TYPE_NAME", None) for kind in vars(standard_artifacts).values()}
    assert len(set(names)) == len(names)
    assert not of_tfx & set(names)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_only_the_table_of_predictions_is_a_data_set(kind: type[Artifact]) -> None:
    base = kind().artifact_type.base_type
    assert (base == metadata_store_pb2.ArtifactType.DATASET) == (kind is PredictionTable)
