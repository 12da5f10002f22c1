"""Where a frame's attributes stand: PS3.3 C.7.6.16, functional groups."""

import pytest
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import DSfloat

from models.rendering.dicom_header import frame_header, number


def window(center: float) -> Dataset:
    """Return a functional group with a window."""
    macro, group = Dataset(), Dataset()
    macro.WindowCenter = center
    group.FrameVOILUTSequence = [macro]
    return group


@pytest.fixture
def dataset() -> Dataset:
    """A file of two frames whose window stands in all three places, for the first frame."""
    file = Dataset()
    file.WindowCenter, file.RescaleSlope, file.PatientName = 10.0, 2.0, "no attribute of rendering"
    file.SharedFunctionalGroupsSequence = [window(20.0)]
    file.PerFrameFunctionalGroupsSequence = [window(30.0), Dataset()]
    file.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    return file


def test_a_frames_own_value_comes_before_the_shared_one_and_that_before_the_files(dataset: Dataset) -> None:
    assert frame_header(dataset, 0).WindowCenter == 30
    assert frame_header(dataset, 1).WindowCenter == 20
    del dataset.SharedFunctionalGroupsSequence
    assert frame_header(dataset, 1).WindowCenter == 10
    assert frame_header(dataset, 0).RescaleSlope == 2


def test_a_frame_beyond_the_groups_has_the_shared_values(dataset: Dataset) -> None:
    assert frame_header(dataset, 7).WindowCenter == 20


def test_nothing_but_what_rendering_reads_goes_along(dataset: Dataset) -> None:
    assert sorted(element.keyword for element in frame_header(dataset, 0)) == ["RescaleSlope", "WindowCenter"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("", None), ([], None), (MultiValue(DSfloat, ["40", "80"]), 40.0), (DSfloat("-1.5"), -1.5), (3, 3.0)],
)
def test_first_number_of_a_value_counts(value: object, expected: float | None) -> None:
    assert number(value) == expected
