"""The run configuration: typed, frozen, validated once. Defaults are the recommended values."""

from pipeline.config.beam import Beam, Dataflow, Flink, InProcess, MultiProcess, Portable, Spark
from pipeline.config.data import Data, DriftBounds, Fractions, NearRepeats, ShortcutBounds, SkewBounds, Spans
from pipeline.config.image import Image, ImageLimits, Rendering
from pipeline.config.kubeflow import Kubeflow
from pipeline.config.metadata import Metadata, MysqlMetadata, SqliteMetadata, Tls
from pipeline.config.run import (
    FEWEST_PIXELS,
    Augmentation,
    Budget,
    Change,
    ClinicalRule,
    Config,
    Evaluation,
    Gate,
    Serving,
    Threshold,
    Training,
)
from pipeline.config.section import Section
from pipeline.config.source import ClassFolderSource, DemoSource, DicomSource, MedmnistSource, Source, TableSource

__all__ = [
    "FEWEST_PIXELS",
    "Augmentation",
    "Beam",
    "Budget",
    "Change",
    "ClassFolderSource",
    "ClinicalRule",
    "Config",
    "Data",
    "Dataflow",
    "DemoSource",
    "DicomSource",
    "DriftBounds",
    "Evaluation",
    "Flink",
    "Fractions",
    "Gate",
    "Image",
    "ImageLimits",
    "InProcess",
    "Kubeflow",
    "MedmnistSource",
    "Metadata",
    "MultiProcess",
    "MysqlMetadata",
    "NearRepeats",
    "Portable",
    "Rendering",
    "Section",
    "Serving",
    "ShortcutBounds",
    "SkewBounds",
    "Source",
    "Spans",
    "Spark",
    "SqliteMetadata",
    "TableSource",
    "Threshold",
    "Tls",
    "Training",
]
