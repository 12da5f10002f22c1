from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
import tensorflow as tf

from components.image_example_gen.difference_hash import difference_hash
from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.image_reader import ImageReader
from components.image_example_gen.manifest import ManifestRow, read_manifest
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.row_ingest import RowIngest
from components.image_example_gen.split import split_of
from models import features
from pipeline.reasons import Reason

KEY = bytes(32)


@pytest.fixture
def setting(make_data: Callable[..., Any], renderer: GuardedRenderer) -> tuple[RowIngest, ManifestRow, ManifestRow]:
    """Return the ingest and two rows: one with a site, one without."""
    data = make_data(2)
    first, second = read_manifest(data.manifest)
    reader = ImageReader(data.settings.canonical, data.settings.limits, renderer)
    return RowIngest(data.settings, data.folder, Pseudonymizer(KEY), reader), first, second


def features_of(example: bytes | None) -> dict[str, Any]:
    assert example is not None
    parsed = tf.train.Example.FromString(example).features.feature
    return {name: getattr(value, value.WhichOneof("kind")).value[0] for name, value in parsed.items()}


def test_example_has_every_feature_of_the_contract(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, row, _ = setting
    account, example = ingest.ingest(row)
    values = features_of(example)
    made_later = {features.LABEL_ID, features.PIXEL_MEAN, features.PIXEL_VARIANCE}
    assert set(values) == {*features.RESERVED, "site"} - made_later
    assert (values[features.ROW], values[features.WIDTH], values[features.HEIGHT]) == (1, 20, 24)
    assert values[features.LABEL] == b"ill"
    assert values["site"] == b"north"
    assert values[features.IMAGE_KEY].decode() == account.file == Pseudonymizer(KEY).image(row.path)
    assert values[features.PATIENT_KEY].decode() == account.patient == Pseudonymizer(KEY).patient(row.patient_id)


def test_empty_slice_cell_is_unknown(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, _, row = setting
    assert features_of(ingest.ingest(row)[1])["site"] == b"unknown"


def test_split_follows_from_the_patient_and_not_from_the_key(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, row, _ = setting
    other = replace(ingest, pseudonymizer=Pseudonymizer(bytes(31) + b"\x01"))
    expected = split_of(row.patient_id, ingest.settings.split_seed, ingest.settings.fractions)
    assert ingest.ingest(row)[0].split == other.ingest(row)[0].split == expected


def test_study_leaves_ingest_as_a_keyed_hash(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, row, _ = setting
    study = ingest.ingest(replace(row, study_id="1.2.840"))[0].study
    assert study == Pseudonymizer(KEY).study("1.2.840") != Pseudonymizer(KEY).patient("1.2.840")
    assert ingest.ingest(row)[0].study is None


def test_frames_of_one_file_are_different_images(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, row, _ = setting
    files = {ingest.ingest(replace(row, frame=frame))[0].file for frame in (None, 1, 2)}
    assert len(files) == 3


def test_account_names_the_difference_hash_of_the_stored_pixels(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, row, _ = setting
    account, example = ingest.ingest(row)
    stored = tf.io.decode_png(features_of(example)[features.IMAGE]).numpy()
    assert account.difference_hash == difference_hash(stored)


@pytest.mark.parametrize("split", features.SPLITS)
def test_split_of_the_manifest_is_honoured(setting: tuple[RowIngest, ManifestRow, ManifestRow], split: str) -> None:
    ingest, row, _ = setting
    assert ingest.ingest(replace(row, split=split))[0].split == split


def test_image_without_patient_is_its_own_patient(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, first, second = setting
    alone = replace(ingest, settings=replace(ingest.settings, patient="unknown"))
    patients = {alone.ingest(replace(row, patient_id=""))[0].patient for row in (first, second)}
    assert len(patients) == 2
    assert None not in patients


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"label": "ill;well"}, Reason.SEVERAL_LABELS),
        ({"label": "healthy"}, Reason.UNKNOWN_LABEL),
        ({"patient_id": ""}, Reason.NO_PATIENT),
        ({"split": "holdout"}, Reason.UNKNOWN_SPLIT),
        ({"path": "images/absent.png"}, Reason.MISSING_FILE),
        ({"sha256": "00"}, Reason.CHANGED_FILE),
        ({"frame": 1}, Reason.UNKNOWN_FRAME),
    ],
)
def test_bad_row_is_accounted_for(
    setting: tuple[RowIngest, ManifestRow, ManifestRow], change: dict[str, str], reason: Reason
) -> None:
    ingest, row, _ = setting
    account, example = ingest.ingest(replace(row, **change))  # type: ignore[arg-type]
    assert example is None
    assert (account.status, account.reason, account.pixels_sha256) == ("quarantined", reason.value, None)
    assert account.label == (None if "label" in change else "ill")


def test_row_of_an_excluded_patient_is_skipped_and_its_file_not_opened(
    setting: tuple[RowIngest, ManifestRow, ManifestRow],
) -> None:
    ingest, row, _ = setting
    without = replace(ingest, excluded=frozenset({row.patient_id}))
    account, example = without.ingest(replace(row, path="images/absent.png", label="healthy"), Reason.CONFLICTING_LABELS)
    assert (account.status, account.reason, example) == ("skipped", "excluded_patient", None)
    assert (account.row, account.file, account.patient, account.study) == (row.row, "", None, None), "it is named by nothing"
    kept, _ = replace(ingest, excluded=frozenset({"another"})).ingest(row)
    assert kept.status == "example"


def test_row_that_others_speak_against_is_quarantined(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, row, _ = setting
    assert ingest.ingest(row, Reason.CONFLICTING_LABELS)[0].reason == "conflicting_labels"


def test_neither_path_nor_patient_id_is_written(setting: tuple[RowIngest, ManifestRow, ManifestRow]) -> None:
    ingest, row, _ = setting
    account, example = ingest.ingest(row)
    assert example is not None
    for name in ("Doe", "Jane", row.patient_id):
        assert name.encode() not in example
        assert name not in str(asdict(account))
