"""What the data gate asks of the data."""

from pipeline.config import Data, DriftBounds, NearRepeats, Section, ShortcutBounds, SkewBounds


class DataGateSettings(Section):
    """The part of the `data:` block that the gate judges by; travels as JSON."""

    classes: tuple[str, ...]
    max_quarantined: float
    tolerated_anomalies: float = 0.0
    allowed_repeats: int = 0
    near_repeats: NearRepeats = NearRepeats()
    allowed_near_repeats: int | None = None
    slices: tuple[str, ...] = ()
    shortcut: ShortcutBounds = ShortcutBounds()
    skew: SkewBounds = SkewBounds()
    drift: DriftBounds = DriftBounds()

    @classmethod
    def of(cls, data: Data) -> "DataGateSettings":
        """Take them from a configuration's `data:` block."""
        return cls(**{name: getattr(data, name) for name in cls.model_fields})
