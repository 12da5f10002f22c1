from components.data_gate.settings import DataGateSettings
from pipeline.config import Data, DriftBounds, NearRepeats


def test_settings_are_those_of_the_data_block_and_come_back_from_json() -> None:
    data = Data.model_validate(
        {
            "manifest": "/data/manifest.csv",
            "classes": ("a", "b"),
            "max_quarantined": 0.5,
            "allowed_repeats": 3,
            "near_repeats": {"distance": 2, "correlation": 0.9},
            "allowed_near_repeats": 4,
            "drift": {"jensen_shannon": 0.1, "refuse": True},
        }
    )
    settings = DataGateSettings.of(data)
    assert settings == DataGateSettings(
        classes=("a", "b"),
        max_quarantined=0.5,
        allowed_repeats=3,
        near_repeats=NearRepeats(distance=2, correlation=0.9),
        allowed_near_repeats=4,
        drift=DriftBounds(jensen_shannon=0.1, refuse=True),
    )
    assert DataGateSettings.model_validate_json(settings.model_dump_json()) == settings
