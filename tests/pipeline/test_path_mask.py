import json
from pathlib import Path

import pytest
from google.protobuf import text_encoding

from pipeline.config import ClassFolderSource, Config
from pipeline.path_mask import PathMask

FOLDER = "/scans/Jané Doe"


@pytest.fixture
def mask() -> PathMask:
    """The mask of a manifest in a patient's folder, of its source and key, with the root in the same folder."""
    source = ClassFolderSource(kind="class_folders", path=Path("/archive/doe"))
    data = {"manifest": f"{FOLDER}/m.csv", "pseudonym_key_file": "/keys/doe.key", "source": source, "classes": ["normal", "ill"]}
    thresholds = {"thresholds": [{"metric": "auc", "at_least": 0.9}]}
    config = Config.model_validate({"name": "small", "data": data, "evaluation": thresholds, "gate": {"rules": []}}, strict=False)
    return PathMask(config, Path(f"{FOLDER}/runs/small"))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"manifest {FOLDER}/m.csv: changed", "manifest <data.manifest>: changed"),
        ("pseudonym key file /keys/doe.key: gone", "pseudonym key file <data.pseudonym_key_file>: gone"),
        ("/archive/doe/ill/1.png, 2 bytes", "<data.source.path>, 2 bytes"),
        (f"No such file: '{FOLDER}/scan of June/1.png'", "No such file: '<folder of data.manifest>'"),
        (json.dumps({"manifest": f"{FOLDER}/m.csv"}), '{"manifest": "<data.manifest>"}'),
        (text_encoding.CEscape(f"{FOLDER}/m.csv", False), "<data.manifest>"),
        (text_encoding.CEscape(json.dumps([f"{FOLDER}/m.csv"]), False), '[\\"<data.manifest>\\"]'),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_source_paths_are_named_by_their_key(mask: PathMask, text: str, masked: str) -> None:
    assert mask(text) == masked


def test_what_lies_in_a_span_is_named_by_the_folder_of_all_spans() -> None:
    tree = {
        "name": "small",
        "data": {
            "manifest": "/in/doe/{SPAN}/m.csv",
            "source": {"kind": "class_folders", "path": "/archive/doe/{SPAN}"},
            "classes": ["ill", "well"],
        },
        "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.5}]},
        "gate": {"rules": []},
    }
    mask = PathMask(Config.model_validate(tree), Path("/root"))
    assert mask("span 2: manifest /in/doe/2/m.csv: holds no rows") == "span 2: manifest <folder of data.manifest> holds no rows"
    assert mask("No such file: '/archive/doe/2/ill/1.png'") == "No such file: '<folder of data.source.path>'"
    assert mask('{"manifest": "/in/doe/{SPAN}/m.csv"}') == '{"manifest": "<data.manifest>"}'


@pytest.mark.parametrize("path", [f"{FOLDER}/runs/small", f"{FOLDER}/runs/small/artifacts/Trainer"])
def test_paths_below_the_root_stay(mask: PathMask, path: str) -> None:
    assert mask(f"wrote {path}.") == f"wrote {path}."
