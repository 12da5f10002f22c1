"""A tree of real DICOM files and a table of labels for their studies."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import DicomSource
from pipeline.sources.dicom_header import read_header

MadeSource = Callable[..., DicomSource]


@pytest.fixture(scope="session")
def dicom_files(shared_data: Path) -> Path:
    """Folder of the published DICOM files."""
    return shared_data / "dicom"


@pytest.fixture
def dicom_source(dicom_files: Path, tmp_path: Path) -> MadeSource:
    """Make a source of all published files, or of copies of some: a table gives every second study another label."""

    def make(*names: str, **options: object) -> DicomSource:
        tree = copied(dicom_files, names, tmp_path / "tree") if names else dicom_files
        headers = [read_header(path) for path in sorted(tree.rglob("*")) if path.is_file()]
        studies = sorted({header.study_instance_uid for header in headers if header.study_instance_uid})
        table = tmp_path / "labels.csv"
        with table.open("w", newline="") as file:
            csv.writer(file).writerows(
                [("uid", "finding"), *((study, ["ill", "well"][i % 2]) for i, study in enumerate(studies))]
            )
        settings = {"kind": "dicom", "path": tree, "table": table, "join": "study_instance_uid"}
        return DicomSource.model_validate({**settings, "columns": {"key": "uid", "label": "finding"}, **options})

    return make


def copied(files: Path, names: tuple[str, ...], tree: Path) -> Path:
    """Copy files into a new tree under their last names."""
    tree.mkdir()
    for name in names:
        shutil.copyfile(files / name, tree / Path(name).name)
    return tree
