import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.config import ClassFolderSource, Config
from pipeline.errors import ConfigError
from pipeline.run_parts import manifests, parts_at, spans_of


def config_for(folder: Path, **data: object) -> Config:
    values = {"manifest": folder / "{SPAN}/manifest.csv", "classes": ["ill", "well"], **data}
    thresholds = [{"metric": "auc", "at_least": 0.5}]
    return Config.model_validate(
        {"name": "small", "data": values, "evaluation": {"thresholds": thresholds}, "gate": {"rules": []}}
    )


def bring(folder: Path, *spans: str) -> None:
    """Write a manifest for each span."""
    for span in spans:
        (folder / span).mkdir(parents=True)
        (folder / span / "manifest.csv").write_text("path,label,patient_id\na.png,ill,P1\n")


def bring_images(folder: Path, *labels: str) -> None:
    """Write a folder per class with one image each."""
    for number, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(folder / label / "a.png")


def test_window_and_gap_are_said(tmp_path: Path) -> None:
    bring(tmp_path, "1", "2", "5")
    said: list[str] = []
    places = manifests(config_for(tmp_path, spans={"last": 2}), said.append)
    assert [(place.span, place.manifest) for place in places] == [(n, tmp_path / str(n) / "manifest.csv") for n in (2, 5)]
    assert said == ["spans 2 to 5 (2 spans) of 3 that are there", "note: no span 3, 4 between 2 and 5"]


def test_pinned_span_ends_the_window(tmp_path: Path) -> None:
    bring(tmp_path, "1", "2", "3")
    assert [place.span for place in manifests(config_for(tmp_path, spans={"last": 2}, span=2), print)] == [1, 2]
    assert [place.span for place in manifests(config_for(tmp_path), print)] == [1, 2, 3]


def test_one_manifest_is_one_place(tmp_path: Path) -> None:
    said: list[str] = []
    (place,) = manifests(config_for(tmp_path, manifest=tmp_path / "manifest.csv"), said.append)
    assert (place.manifest, place.span, said) == (tmp_path / "manifest.csv", None, [])


def test_span_without_a_manifest_stops_the_run_while_it_is_in_the_window(tmp_path: Path) -> None:
    bring(tmp_path, "1", "3")
    (tmp_path / "2").mkdir()
    with pytest.raises(
        ConfigError, match=r"^span 2: there is no manifest\.csv\. Write one with `medtfx index`, or move the span"
    ):
        manifests(config_for(tmp_path), print)
    assert [place.span for place in manifests(config_for(tmp_path, spans={"last": 1}), print)] == [3]


def test_no_span_yet_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no span is there yet"):
        manifests(config_for(tmp_path / "incoming"), print)


def test_spans_with_images_are_indexed_once_even_those_of_one_class(tmp_path: Path) -> None:
    bring_images(tmp_path / "in/1", "ill", "well")
    bring_images(tmp_path / "in/02", "well")
    said: list[str] = []
    source = {"kind": "class_folders", "path": tmp_path / "in/{SPAN}"}
    config = config_for(tmp_path, manifest=tmp_path / "manifests/{SPAN}.csv", source=source, patient="unknown")
    places = manifests(config, said.append)
    assert [place.manifest.name for place in places] == ["1.csv", "02.csv"]
    assert said[1].startswith("span 1: indexed 2 images")
    assert said[2].startswith("span 2: indexed 1 images")
    said.clear()
    assert manifests(config, said.append) == places
    assert said == ["spans 1 to 2 (2 spans) of 2 that are there"]
    shutil.rmtree(tmp_path / "in/1")  # cleared away after it was indexed: the manifest stands
    assert [place.span for place in manifests(config, print)] == [1, 2]


def test_empty_span_is_told_with_its_number(tmp_path: Path) -> None:
    bring_images(tmp_path / "in/1", "ill", "well")
    (tmp_path / "in/2").mkdir()
    source = {"kind": "class_folders", "path": tmp_path / "in/{SPAN}"}
    config = config_for(tmp_path, manifest=tmp_path / "manifests/{SPAN}.csv", source=source, patient="unknown")
    with pytest.raises(ConfigError, match=r"^span 2: .*holds no PNG or JPEG"):
        manifests(config, print)


def test_source_of_a_span_has_its_digits_in_every_path(tmp_path: Path) -> None:
    (tmp_path / "007/images").mkdir(parents=True)
    source = ClassFolderSource(kind="class_folders", path=tmp_path / "{SPAN}/images")
    (place,) = spans_of(tmp_path / "{SPAN}/m.csv", source).values()
    assert place.source == ClassFolderSource(kind="class_folders", path=tmp_path / "007/images")
    assert place.manifest == tmp_path / "007/m.csv"


def test_absent_source_without_spans_is_told(tmp_path: Path) -> None:
    source = {"kind": "class_folders", "path": tmp_path / "nowhere"}
    with pytest.raises(ConfigError, match=r"^data\.source\.path: .*nowhere: absent"):
        manifests(config_for(tmp_path, manifest=tmp_path / "m.csv", source=source), print)


def test_commands_that_look_back_pass_over_a_span_without_a_manifest(tmp_path: Path) -> None:
    bring(tmp_path, "1", "3")
    (tmp_path / "2").mkdir()
    assert [part.span for part in parts_at(tmp_path / "{SPAN}/manifest.csv")] == [1, 3]
    assert [part.span for part in parts_at(tmp_path / "1/manifest.csv")] == [None]
    with pytest.raises(ConfigError, match=r"names \{SPAN\} 2 times; expected once"):
        parts_at(tmp_path / "{SPAN}/{SPAN}.csv")
