from pathlib import Path

from tfx.types import standard_artifacts

from components.artifacts import IngestAccount
from components.image_example_gen.component import ImageExampleGen
from components.image_example_gen.settings import IngestSettings

SETTINGS = IngestSettings(classes=("ill", "well"), key_id="00aa11bb", key_file="/keys/pseudonym.key")


def node() -> ImageExampleGen:
    return ImageExampleGen(Path("manifest.csv"), "abc", settings=SETTINGS, work_dir=Path("work"))


def test_outputs_are_examples_and_account() -> None:
    types = {name: channel.type for name, channel in node().outputs.items()}
    assert types == {"examples": standard_artifacts.Examples, "account": IngestAccount}


def test_properties_are_plain_text() -> None:
    assert node().exec_properties == {
        "manifest": "manifest.csv",
        "manifest_sha256": "abc",
        "settings": SETTINGS.to_json(),
        "files_stamp": "",
        "work_dir": "work",
        "indexed": "",
        "spans": "",
    }
