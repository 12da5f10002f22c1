import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydicom.dataset import Dataset

from models.rendering.dicom_frames import stored_frames
from models.rendering.dicom_grey import grey_of, grey_rules, modality_units, render_frame
from models.rendering.dicom_header import frame_header
from models.rendering.dicom_reading import read_dataset
from models.rendering.grey_levels import eight_bit, whole_range
from models.rendering.settings import Limits, RenderSettings
from models.rendering.value_table import BLOCK, by_value, looked_up, present_positions

SETTINGS = (RenderSettings(), RenderSettings(((40.0, 400.0),)), RenderSettings(((40.0, 400.0), (-600.0, 1500.0), (50.0, 3.0))))
UNDECODED = "pydicom/JPGExtended.dcm"  # 12-bit JPEG, whose decoder is under the GPL
KINDS = (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.dtype(">i2"))


@pytest.fixture(scope="module")
def real_frames(shared_data: Path) -> list[tuple[str, np.ndarray, Dataset]]:
    """The name, the first frame's stored values and its header of every published grey file that decodes."""
    folder, frames = shared_data / "dicom", []
    with (folder / "INDEX.csv").open(newline="") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in csv.DictReader(file):
            if row["decodes"] == "yes" and row["photometric"].startswith("MONOCHROME") and row["file"] != UNDECODED:
                dataset = read_dataset((folder / row["file"]).read_bytes(), Limits())
                frames.append((row["file"], next(stored_frames(dataset, [0], Limits())), frame_header(dataset, 0)))
    assert len(frames) > 60
    return frames


def two_channels(values: np.ndarray) -> np.ndarray:
    return np.stack([eight_bit(values / 2.0 + 100), eight_bit(100.0 - values)], axis=-1)


def spread(values: np.ndarray) -> np.ndarray:
    levels = whole_range(np.where(values == 7, np.nan, values.astype(np.float64)))
    return eight_bit(np.where(values == 7, 0.0, levels))


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_once_per_value_gives_what_once_per_pixel_gives(kind: np.dtype, data: st.DataObject) -> None:
    numbers = st.integers(-100, 100) if np.dtype(kind).kind == "i" else st.integers(0, 200)
    shapes = arrays.array_shapes(min_dims=2, max_dims=2, max_side=20)
    stored = data.draw(arrays.arrays(kind, shapes, elements=numbers))
    np.testing.assert_array_equal(by_value(stored, two_channels, only_present=False), two_channels(stored))


@given(arrays.arrays(np.int16, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(-20, 20)))
def test_a_range_is_spread_over_the_values_that_occur_alone(stored: np.ndarray) -> None:
    stored[0, 0] = 6
    np.testing.assert_array_equal(by_value(stored, spread, only_present=True), spread(stored))


@pytest.mark.parametrize("pixels", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_blocks_meet_without_gap_or_overlap(pixels: int) -> None:
    stored = np.arange(pixels).reshape(1, -1).astype(np.int32) - 7
    table = (np.arange(pixels) % 251).astype(np.uint8)
    np.testing.assert_array_equal(looked_up(stored, table, -7), [table])
    np.testing.assert_array_equal(present_positions(stored, -7, pixels - 8), np.arange(pixels))


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16])
def test_the_whole_range_of_a_type_is_a_table(kind: type) -> None:
    bounds = np.iinfo(kind)
    stored = np.arange(bounds.min, bounds.max + 1).astype(kind).reshape(16, -1)
    np.testing.assert_array_equal(by_value(stored, two_channels, only_present=False), two_channels(stored.astype(np.int64)))


def test_values_farther_apart_than_there_are_pixels_and_real_numbers_are_rendered_as_they_are() -> None:
    met = []

    def render(values: np.ndarray) -> np.ndarray:
        met.append(values)
        return np.zeros(values.shape, np.uint8)

    for stored in (np.array([[0, 2**31 - 1]], np.int32), np.array([[0.5, 0.5, 0.5]])):
        by_value(stored, render, only_present=False)
        assert met.pop() is stored


@pytest.mark.parametrize("settings", SETTINGS)
def test_real_files_get_the_pixels_of_the_pipeline_applied_to_each_pixel(real_frames, settings: RenderSettings) -> None:
    for name, stored, header in real_frames:
        expected = grey_of(modality_units(stored, header), header, grey_rules(header, settings))
        np.testing.assert_array_equal(render_frame(stored, header, settings), expected, name)
