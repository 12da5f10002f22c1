import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.config import MedmnistSource
from pipeline.errors import ConfigError
from pipeline.sources.medmnist import extract_medmnist

CLASSES = ("normal", "pneumonia")


def arrays(shape: tuple[int, ...] = (3, 8, 8)) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    made: dict[str, np.ndarray] = {}
    for split in ("train", "val", "test"):
        made[f"{split}_images"] = random.integers(0, 256, shape, dtype=np.uint8)
        made[f"{split}_labels"] = np.array([[0], [1], [1]])
    return made


def saved(folder: Path, content: dict[str, np.ndarray]) -> MedmnistSource:
    np.savez(folder / "data.npz", **content)  # type: ignore[arg-type]
    return MedmnistSource(kind="medmnist", path=folder / "data.npz", classes=CLASSES)


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 8, 8, 3)])
def test_pixels_labels_and_splits_are_kept(tmp_path: Path, shape: tuple[int, ...]) -> None:
    content = arrays(shape)
    found = extract_medmnist(saved(tmp_path, content), tmp_path / "images")
    assert [entry.split for entry in found.entries] == ["train"] * 3 + ["val"] * 3 + ["test"] * 3
    assert [entry.label for entry in found.entries[:3]] == ["normal", "pneumonia", "pneumonia"]
    for number, entry in enumerate(found.entries[3:6]):
        with Image.open(entry.path) as image:
            np.testing.assert_array_equal(np.asarray(image), content["val_images"][number])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"val_images": None}, "no array val_images; it has test_images"),
        ({"test_images": np.zeros((3, 8, 8))}, r"test_images is float64 \(3, 8, 8\); expected uint8"),
        ({"test_images": np.zeros((3, 8, 8, 8), np.uint8)}, "expected uint8"),
        ({"test_labels": np.zeros((3, 14), int)}, "expected one whole number per image"),
        ({"test_labels": np.array([0, 1, 2])}, r"labels go from 0 to 2; source\.classes names 2"),
    ],
)
def test_other_content_is_explained(tmp_path: Path, change: dict[str, np.ndarray | None], message: str) -> None:
    content = {name: array for name, array in (arrays() | change).items() if array is not None}
    with pytest.raises(ConfigError, match=message):
        extract_medmnist(saved(tmp_path, content), tmp_path / "images")


def test_missing_file_is_named(tmp_path: Path) -> None:
    source = MedmnistSource(kind="medmnist", path=tmp_path / "absent.npz", classes=CLASSES)
    with pytest.raises(ConfigError, match=r"absent\.npz: No such file"):
        extract_medmnist(source, tmp_path / "images")


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"text", npy()], ids=["empty", "zip", "text", "npy"])
def test_other_file_is_explained(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.npz").write_bytes(content)
    source = MedmnistSource(kind="medmnist", path=tmp_path / "data.npz", classes=CLASSES)
    with pytest.raises(ConfigError, match=r"data\.npz: .*not a \.npz file"):
        extract_medmnist(source, tmp_path / "images")


def with_broken_member(folder: Path, method: int) -> Path:
    """Return a .npz whose one member is compressed and spoilt."""
    path = folder / "data.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("train_images.npy", npy())
        start = archive.infolist()[0].header_offset + 30 + len("train_images.npy")
    content = bytearray(path.read_bytes())
    content[start : start + 16] = b"\xff" * 16
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED])
def test_damaged_archive_is_explained(tmp_path: Path, method: int) -> None:
    source = MedmnistSource(kind="medmnist", path=with_broken_member(tmp_path, method), classes=CLASSES)
    with pytest.raises(ConfigError, match=r"data\.npz: .*not a \.npz file"):
        extract_medmnist(source, tmp_path / "images")


def test_pneumoniamnist_has_its_official_counts(shared_data: Path, tmp_path: Path) -> None:
    source = MedmnistSource(kind="medmnist", path=shared_data / "medmnist/pneumoniamnist_reassembled.npz", classes=CLASSES)
    found = extract_medmnist(source, tmp_path / "images")
    assert Counter((entry.split, entry.label) for entry in found.entries) == {
        ("train", "normal"): 1214,
        ("train", "pneumonia"): 3494,
        ("val", "normal"): 135,
        ("val", "pneumonia"): 389,
        ("test", "normal"): 234,
        ("test", "pneumonia"): 390,
    }
