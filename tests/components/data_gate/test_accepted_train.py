from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfx.types import Artifact, standard_artifacts

from components.artifacts import IngestAccount
from components.data_gate.accepted_train import STATISTICS_FILE, last_run, read_accepted
from components.image_example_gen.account import RUN_ID, write_account
from components.image_example_gen.settings import IngestSettings

SETTINGS = IngestSettings(classes=("a", "b"), slices=("site",), key_id="00aa11bb", size=64)
FILE = Path("Split-train", STATISTICS_FILE)


@pytest.fixture
def account(artifact: Callable[..., Artifact], tmp_path: Path) -> Artifact:
    made = artifact(IngestAccount, tmp_path / "account", id=3)
    write_account(tmp_path / "account", [], settings=SETTINGS, manifest_sha256="0")
    made.set_string_custom_property(RUN_ID, "run-1")
    return made


@pytest.fixture
def statistics(artifact: Callable[..., Artifact], tmp_path: Path, statistics_of: Callable[..., Any]) -> Artifact:
    made = artifact(standard_artifacts.ExampleStatistics, tmp_path / "statistics")
    (tmp_path / "statistics" / FILE).parent.mkdir()
    (tmp_path / "statistics" / FILE).write_bytes(statistics_of(label=["a", "b"]).SerializeToString())
    return made


def test_last_account_and_its_statistics_are_read_whatever_their_order(
    account: Artifact, statistics: Artifact, artifact: Callable[..., Artifact], tmp_path: Path
) -> None:
    older = artifact(IngestAccount, tmp_path / "older", id=2)
    for accounts in ([account, older], [older, account]):
        assert last_run(accounts) == "run-1"
        found = read_accepted(accounts, [statistics])
        assert found is not None
        assert (found.classes, found.slices, found.image) == ({"a", "b"}, ("site",), SETTINGS.image_form)
        assert found.statistics.datasets[0].num_examples == 2


def test_without_accounts_there_is_no_last_run() -> None:
    assert last_run([]) is None


@pytest.mark.parametrize("content", [b"", b"\xff no protobuf", None])
def test_statistics_that_are_damaged_or_gone_are_none(account: Artifact, statistics: Artifact, content: bytes | None) -> None:
    file = Path(statistics.uri) / FILE
    file.unlink() if content is None else file.write_bytes(content)
    assert read_accepted([account], [statistics]) is None


def test_statistics_that_the_store_no_longer_knows_are_none(account: Artifact) -> None:
    assert read_accepted([account], []) is None


@pytest.mark.parametrize("content", ["", "{", "{}", '{"settings": null}', None])
def test_account_that_is_damaged_or_gone_is_none(account: Artifact, statistics: Artifact, content: str | None) -> None:
    file = Path(account.uri) / "account.json"
    file.unlink() if content is None else file.write_text(content)
    assert read_accepted([account], [statistics]) is None
