"""The run configuration: typed, frozen, validated once. Defaults are the recommended values."""

from pipeline.config.data import Data, Fractions, ShortcutBounds, SkewBounds
from pipeline.config.image import Image
from pipeline.config.run import (
    FEWEST_PIXELS,
    Augmentation,
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
from pipeline.config.source import ClassFolderSource, DemoSource, MedmnistSource, Source, TableSource

__all__ = [
    "FEWEST_PIXELS",
    "Augmentation",
    "Change",
    "ClassFolderSource",
    "ClinicalRule",
    "Config",
    "Data",
    "DemoSource",
    "Evaluation",
    "Fractions",
    "Gate",
    "Image",
    "MedmnistSource",
    "Section",
    "Serving",
    "ShortcutBounds",
    "SkewBounds",
    "Source",
    "TableSource",
    "Threshold",
    "Training",
]
