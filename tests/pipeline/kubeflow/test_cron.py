import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow.cron import checked_cron


@pytest.mark.parametrize("text", ["0 0 3 * * *", "0 30 6 ? * mon-fri", "0 */10 8-18 1,15 jan 0", "@daily"])
def test_six_fields_and_descriptors_are_taken(text: str) -> None:
    assert checked_cron(text.replace(" ", "  ")) == text


def test_five_fields_get_the_six_to_write() -> None:
    with pytest.raises(ConfigError, match=r'seconds first. Write --cron "0 0 3 \* \* \*"'):
        checked_cron("0 3 * * *")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 60 3 * * *", "minute is 60"),
        ("0 0 24 * * *", "hour is 24"),
        ("0 0 3 0 * *", "day of month is 0"),
        ("0 0 3 * foo *", "month is foo"),
        ("0 0 3 * * 5-1", "day of week is 5-1"),
        ("*/0 0 3 * * *", r"second is \*/0"),
        ("0 0 3", "3 fields; expected six"),
    ],
)
def test_wrong_field_is_named(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        checked_cron(text)
