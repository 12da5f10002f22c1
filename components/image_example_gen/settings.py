"""What decides the examples: the part of the configuration that ingest reads, as one JSON execution property."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from models.canonical_image import CanonicalSpec


@dataclass(frozen=True)
class IngestSettings:
    """Everything that the examples follow from, besides the manifest and its files.

    Args:
        classes: the class names.
        exclude_file: list of patients whose rows are left out (exclusion.py), read at execution; None: there is none.
        exclude_digest: its keyed digest: another list gives other examples.
        slices: manifest columns that become features.
        patient: 'column', or 'unknown' where each image counts as its own patient.
        split_seed: decides the split of a patient, and the order of rows.
        fractions: shares of patients in train, val and test, in this order.
        shard_rows: manifest rows per shard.
        size, channels, fit, max_pixels, sixteen_bit_range: as in models.canonical_image.CanonicalSpec.
        key_id: id of the pseudonym key (pseudonym.py); the key itself never becomes a property.
        key_file: where the key is read at execution; None: the environment holds it.
    """

    classes: tuple[str, ...]
    key_id: str
    key_file: str | None = None
    exclude_file: str | None = None
    exclude_digest: str = ""
    slices: tuple[str, ...] = ()
    patient: Literal["column", "unknown"] = "column"
    split_seed: str = "medtfx"
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    shard_rows: int = 64
    size: int = 224
    channels: Literal[1, 3] = 3
    fit: Literal["letterbox", "center_crop"] = "letterbox"
    max_pixels: int = 50_000_000
    sixteen_bit_range: tuple[int, int] = (0, 65_535)

    @property
    def canonical(self) -> CanonicalSpec:
        """The canonical image of these settings."""
        return CanonicalSpec(self.size, self.channels, self.fit, self.max_pixels, self.sixteen_bit_range)

    @property
    def image_form(self) -> dict[str, Any]:
        """What the pixels of one source image follow from, as plain JSON values; max_pixels only says which files are read."""
        values = {name: value for name, value in asdict(self.canonical).items() if name != "max_pixels"}
        return {**values, "sixteen_bit_range": list(self.sixteen_bit_range)}

    def to_json(self) -> str:
        """Return the settings as JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "IngestSettings":
        """Return the settings that `to_json` wrote."""
        content: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
        return cls(**values)
