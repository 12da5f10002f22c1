"""What decides the examples: the part of the configuration that ingest reads, as one JSON execution property."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from models.canonical_image import CanonicalSpec
from models.rendering.settings import Limits, RenderSettings, render_settings


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
        size, channels, fit, sixteen_bit_range: as in models.canonical_image.CanonicalSpec.
        limits: what a file may ask for.
        rendering: how files that are neither PNG nor JPEG become 8-bit pixels.
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
    sixteen_bit_range: tuple[int, int] = (0, 65_535)
    rendering: RenderSettings = field(default_factory=RenderSettings)
    limits: Limits = field(default_factory=Limits)

    @property
    def canonical(self) -> CanonicalSpec:
        """The canonical image of these settings."""
        return CanonicalSpec(self.size, self.channels, self.fit, self.limits.pixels, self.sixteen_bit_range)

    @property
    def image_form(self) -> dict[str, Any]:
        """What an image's pixels follow from, as plain JSON values; limits and burned_in only say which files are read."""
        canonical, rendering = asdict(self.canonical), asdict(self.rendering)
        del canonical["max_pixels"], rendering["burned_in"], rendering["sixteen_bit_range"]  # the canonical image has the latter
        values: dict[str, Any] = json.loads(json.dumps({**canonical, "rendering": rendering}))
        return values

    def to_json(self) -> str:
        """Return the settings as JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "IngestSettings":
        """Return the settings that `to_json` wrote."""
        content: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
        values["rendering"] = render_settings(content["rendering"])
        values["limits"] = Limits(**content["limits"])
        return cls(**values)
