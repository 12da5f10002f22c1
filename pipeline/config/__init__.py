"""The run configuration: typed, frozen, validated once. Defaults are the recommended values."""

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
    "Budget",
    "Change",
    "ClassFolderSource",
    "ClinicalRule",
    "Config",
    "Data",
    "DemoSource",
    "DicomSource",
    "DriftBounds",
    "Evaluation",
    "Fractions",
    "Gate",
    "Image",
    "ImageLimits",
    "Kubeflow",
    "MedmnistSource",
    "Metadata",
    "MysqlMetadata",
    "NearRepeats",
    "Rendering",
    "Section",
    "Serving",
    "ShortcutBounds",
    "SkewBounds",
    "Source",
    "Spans",
    "SqliteMetadata",
    "TableSource",
    "Threshold",
    "Tls",
    "Training",
]
