"""The train split of a run's data as drift looks at it, and that of the last accepted data, read back from its artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tfx.types import Artifact

from components.data_gate.distance import TRAIN, Statistics
from components.image_example_gen.account import RUN_ID, read_account

STATISTICS_FILE = "FeatureStats.pb"


@dataclass(frozen=True)
class TrainSplit:
    """What a train split was measured to be, and by which settings.

    Args:
        classes: configured classes.
        slices: slice columns.
        image: form of the canonical images, from which their grey values follow.
        statistics: of the split.
    """

    classes: frozenset[str]
    slices: tuple[str, ...]
    image: Mapping[str, Any]
    statistics: Statistics


def train_split(account: Mapping[str, Any], statistics: Statistics) -> TrainSplit:
    """Return the train split of an account (content of account.json) and its statistics."""
    settings = account["settings"]
    return TrainSplit(frozenset(settings["classes"]), tuple(settings["slices"]), account["image"], statistics)


def last_run(accounts: Sequence[Artifact]) -> str | None:
    """Return the run that ingested the last of these accounts, None without any."""
    last = max(accounts, key=lambda account: account.id, default=None)
    return last and last.get_string_custom_property(RUN_ID)


def read_accepted(accounts: Sequence[Artifact], statistics: Sequence[Artifact]) -> TrainSplit | None:
    """Return the train split of the last of these accounts; None where its files are gone or damaged.

    Args:
        accounts: of accepted data, one or more.
        statistics: of the last of them; empty where they were deleted.
    """
    account = max(accounts, key=lambda account: account.id)
    try:
        (measured,) = statistics
        content = (Path(measured.uri) / f"Split-{TRAIN}" / STATISTICS_FILE).read_bytes()
        found = Statistics.FromString(content)
        return train_split(read_account(Path(account.uri)), found) if found.datasets else None
    except (OSError, ValueError, TypeError, KeyError, DecodeError):
        return None
