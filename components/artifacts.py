"""Artifact types that medtfx adds to TFX's own."""

from tfx.types.artifact import Artifact
from tfx.types.system_artifacts import Dataset


class IngestAccount(Artifact):
    """What became of every manifest row.

    account.json: counts by split, class and quarantine reason; rows.jsonl: a line per row (see image_example_gen/account.py).
    """

    TYPE_NAME = "IngestAccount"


class DataBlessing(Artifact):
    """DataGate's word on the data (components/blessing.py); Trainer needs it."""

    TYPE_NAME = "DataBlessing"


class LeakageProof(Artifact):
    """proof.json: which rules keep the splits apart, what was compared and every leak (data_gate/proof.py); Trainer needs it."""

    TYPE_NAME = "LeakageProof"


class PredictionTable(Artifact):
    """predictions.parquet: a line per image and model, for val and test."""

    TYPE_NAME = "PredictionTable"
    TYPE_ANNOTATION = Dataset


class Report(Artifact):
    """report.html: one file that opens without network; summary.json: the same verdict for programs."""

    TYPE_NAME = "RunReport"
