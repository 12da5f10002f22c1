"""One manifest row: keys, split, checks, pixels, and the tf.train.Example that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tensorflow as tf

from components.image_example_gen.account import QUARANTINED, SKIPPED, RowAccount
from components.image_example_gen.difference_hash import difference_hash
from components.image_example_gen.image_reader import CanonicalImage, ImageReader
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.picture_area import picture_area
from components.image_example_gen.pixel_properties import PixelProperties, pixel_properties
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.quarantine import row_reason
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.split import split_of
from models import features
from pipeline.errors import ImageError
from pipeline.reasons import Reason

UNKNOWN = "unknown"  # the value of an empty slice cell


@dataclass(frozen=True)
class RowIngest:
    """Turns rows into examples.

    Args:
        settings: of the run.
        folder: that relative paths start from.
        pseudonymizer: with the run's key.
        reader: of the image files.
        excluded: patient ids whose rows are left out.
    """

    settings: IngestSettings
    folder: Path
    pseudonymizer: Pseudonymizer
    reader: ImageReader
    excluded: frozenset[str] = frozenset()

    def ingest(self, row: ManifestRow, refused: Reason | None = None) -> tuple[RowAccount, bytes | None]:
        """Return a row's account, and its serialised example unless it is quarantined or skipped; bad data never raises.

        Args:
            row: of the manifest.
            refused: a reason that follows from other rows.
        """
        if row.patient_id in self.excluded:  # before all else: the file of a patient who withdrew is not opened, nor named
            return RowAccount(row.row, "", None, None, None, status=SKIPPED, reason=Reason.EXCLUDED_PATIENT.value), None
        account = self._keys(row)
        needs_patient = self.settings.patient == "column"
        reason = row_reason(row, self.settings.classes, needs_patient) or refused
        if reason is not None:
            return replace(account, status=QUARANTINED, reason=reason.value), None
        try:
            image = self.reader.read(row, self.folder)
        except ImageError as error:
            return replace(account, status=QUARANTINED, reason=error.reason), None
        account = replace(account, pixels_sha256=image.pixels_sha256, difference_hash=difference_hash(image.pixels))
        picture = picture_area(image.pixels, (image.height, image.width), self.settings.canonical)
        figures = pixel_properties(image.pixels, picture)
        return account, serialised_example(account, image, figures=figures, slices=slice_values(row, self.settings.slices))

    def _keys(self, row: ManifestRow) -> RowAccount:
        """Return what the row's cells tell."""
        # Without patient ids each image is its own patient: its name stands in, as patient and in the split.
        patient_id = row.image_name if self.settings.patient == "unknown" else row.patient_id
        split = row.split or (split_of(patient_id, self.settings.split_seed, self.settings.fractions) if patient_id else None)
        return RowAccount(
            row=row.row,
            file=self.pseudonymizer.image(row.image_name),
            patient=self.pseudonymizer.patient(patient_id) if patient_id else None,
            study=self.pseudonymizer.study(row.study_id) if row.study_id else None,
            split=split if split in features.SPLITS else None,
            label=row.label if row.label in self.settings.classes else None,
        )


def slice_values(row: ManifestRow, slices: Sequence[str]) -> dict[str, str]:
    """Return the slice columns of a row; an empty cell is 'unknown'."""
    return {name: row.columns[name].strip() or UNKNOWN for name in slices}


def serialised_example(account: RowAccount, image: CanonicalImage, *, figures: PixelProperties, slices: dict[str, str]) -> bytes:
    """Return the tf.train.Example of an image, serialised with its features in sorted order."""
    if account.label is None or account.patient is None:
        raise ValueError(f"row {account.row}: an example needs a label and a patient")
    texts = {
        features.LABEL: account.label,
        features.IMAGE_KEY: account.file,
        features.PATIENT_KEY: account.patient,
        **slices,
    }
    values = {
        features.IMAGE: _bytes(image.png),
        features.ROW: _integer(account.row),
        features.WIDTH: _integer(image.width),
        features.HEIGHT: _integer(image.height),
        features.BIT_DEPTH: _integer(image.bits),
        features.MEAN: _float(figures.mean),
        features.STANDARD_DEVIATION: _float(figures.standard_deviation),
        features.ENTROPY: _float(figures.entropy),
        features.SATURATED: _float(figures.saturated),
        features.UPPER_CORNERS: _float(figures.upper_corners),
        **{name: _bytes(text.encode()) for name, text in texts.items()},
    }
    example = tf.train.Example(features=tf.train.Features(feature=values))
    serialised: bytes = example.SerializeToString(deterministic=True)
    return serialised


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _integer(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def _float(value: float) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
