import shutil

import pytest

from components.pusher.manifest import model_digest
from components.pusher.rollback import DamagedVersionError
from components.pusher.served import file_digests
from pipeline.batch.chosen_version import chosen_version
from pipeline.errors import ConfigError


@pytest.fixture
def copy(serving_folder, tmp_path):
    return shutil.copytree(serving_folder, tmp_path / "runs" / "demo" / "serving" / "demo")


def test_folder_of_versions_means_the_served_one(serving_folder, version_numbers):
    found = chosen_version(str(serving_folder))
    assert (found.name, found.number) == ("demo", version_numbers[-1])
    assert found.digest == model_digest(file_digests(found.folder))


def test_folder_of_a_version_means_that_one(serving_folder, version_numbers):
    assert chosen_version(str(serving_folder / str(version_numbers[0]))).number == version_numbers[0]


@pytest.mark.parametrize("asked", [None, 0])
def test_number_and_default_are_of_the_only_root_below_runs(copy, version_numbers, asked, tmp_path, monkeypatch):
    (tmp_path / "runs" / "demo" / "format").write_text("1")
    (tmp_path / "runs" / "demo" / "artifacts").mkdir()
    monkeypatch.chdir(tmp_path)
    number = version_numbers[-1 if asked is None else asked]
    assert chosen_version(None if asked is None else str(number)).number == number


def test_damaged_version_predicts_nothing(copy, version_numbers):
    (copy / str(version_numbers[1]) / "assets.extra" / "model.json").write_text("{}")
    with pytest.raises(DamagedVersionError, match="is damaged; nothing was predicted"):
        chosen_version(str(copy))


def test_version_without_manifest_is_refused(copy, version_numbers):
    (copy / f"{version_numbers[1]}.json").unlink()
    with pytest.raises(ConfigError, match="has no manifest beside it"):
        chosen_version(str(copy))


def test_absent_ones_are_told_with_what_there_is(copy, version_numbers, tmp_path):
    shutil.rmtree(copy / str(version_numbers[0]))
    with pytest.raises(ConfigError, match="no such folder"):
        chosen_version(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="the folder serves no version; versions with files: none"):
        chosen_version(str(tmp_path / "empty"))
