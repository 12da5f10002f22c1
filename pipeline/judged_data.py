"""The data that DataGate judged last in a root, accepted or refused: their statistics, as ML Metadata leads to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.blessing import BLESSED
from components.data_gate.judged import ACCOUNT_ID, STATISTICS_ID
from components.image_example_gen.account import read_account
from models.features import SPLITS
from pipeline.errors import ConfigError
from pipeline.metadata_store import opened, remembered_connection
from pipeline.root import Root

STATISTICS_FILE = "FeatureStats.pb"  # of a split, written by StatisticsGen


@dataclass(frozen=True)
class JudgedData:
    """Data that DataGate has judged.

    Args:
        manifest_sha256: digest of their manifest: their identity.
        statistics: by split; a split without examples is left out.
    """

    manifest_sha256: str
    statistics: Mapping[str, statistics_pb2.DatasetFeatureStatisticsList]

    @property
    def examples(self) -> int:
        """How many examples were measured."""
        return sum(int(dataset.num_examples) for its in self.statistics.values() for dataset in its.datasets)

    def of(self, feature: str) -> list[statistics_pb2.FeatureNameStatistics]:
        """Return the statistics of a feature, one of each split that has them."""
        datasets = (dataset for its in self.statistics.values() for dataset in its.datasets)
        return [its for dataset in datasets for its in dataset.features if its.path.step[:] == [feature]]


def last_judged(root: Root, *, accepted: bool | None = None) -> JudgedData:
    """Return the data that were judged last, or accepted, or refused last.

    Args:
        root: of the runs.
        accepted: which; None: either.

    Raises:
        ConfigError: when there are none, or their statistics are gone.
    """
    verdict = {None: "judged", True: "accepted", False: "refused"}[accepted]
    store = opened(connection(root))
    words = [
        word.custom_properties
        for word in sorted(store.get_artifacts_by_type("DataBlessing"), key=lambda word: word.id)
        if BLESSED in word.custom_properties and accepted in (None, word.custom_properties[BLESSED].int_value == 1)
    ]
    if not words:
        raise ConfigError(f"{root.path}: holds no data that were {verdict}; `medtfx run` makes them")
    account, statistics = (words[-1][name].int_value for name in (ACCOUNT_ID, STATISTICS_ID))
    folders = {found.id: Path(found.uri) for found in store.get_artifacts_by_id([account, statistics])}
    try:
        digest = read_account(folders[account])["manifest_sha256"]
        return JudgedData(digest, dict(filled(folders[statistics])))
    except (OSError, KeyError) as error:
        raise ConfigError(f"{root.path}: the statistics of the data last {verdict} are gone; `medtfx run` makes them") from error


def filled(folder: Path) -> Iterable[tuple[str, statistics_pb2.DatasetFeatureStatisticsList]]:
    """Yield split and statistics of the splits that have examples."""
    for split in SPLITS:
        content = (folder / f"Split-{split}" / STATISTICS_FILE).read_bytes()
        statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString(content)
        if any(dataset.num_examples for dataset in statistics.datasets):
            yield split, statistics


def connection(root: Root) -> metadata_store_pb2.ConnectionConfig:
    """Return how the store of a root is read; nothing is written to it.

    Raises:
        ConfigError: when there is none.
    """
    config = remembered_connection(root)
    if config is None:
        raise ConfigError(f"{root.path}: no run has judged data here yet")
    if config.HasField("sqlite"):
        config.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READONLY
    return config
