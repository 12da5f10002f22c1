import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from pipeline.sources.dicom_slices import age_decade, slice_columns

pytestmark = pytest.mark.filterwarnings("ignore:.*nvalid value for VR:UserWarning")  # what these values are, and pydicom says so


def header(**values: str | None) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("age", "decade"),
    [("064Y", "60-69"), ("089Y", "80-89"), ("090Y", "90+"), ("104Y", "90+"), ("018M", "0-9"), ("010W", "0-9"), ("000Y", "0-9")],
)
def test_age_becomes_a_decade_and_ages_above_89_one_group(age: str, decade: str) -> None:
    assert age_decade(header(PatientAge=age)) == decade


@pytest.mark.parametrize(("born", "decade"), [("19500302", "60-69"), ("19500301", "70-79"), ("20210101", ""), ("1950", "")])
def test_without_an_age_birth_and_study_date_tell_it(born: str, decade: str) -> None:
    assert age_decade(header(PatientBirthDate=born, StudyDate="20200301")) == decade


def test_no_age_and_no_dates_tell_nothing() -> None:
    assert age_decade(header(PatientBirthDate=None, StudyDate="20200301")) == ""
    assert age_decade(header(PatientAge="64")) == ""


@given(st.integers(0, 999), st.sampled_from("DWMY"))
def test_every_stated_age_falls_into_one_of_ten_groups(number: int, unit: str) -> None:
    groups = {f"{begin}-{begin + 9}" for begin in range(0, 90, 10)} | {"90+"}
    assert age_decade(header(PatientAge=f"{number:03d}{unit}")) in groups


def test_free_text_in_a_code_gives_nothing() -> None:
    columns = slice_columns(header(PatientSex="female", ViewPosition="pa", BodyPartExamined="chest, see Dr. Doe"))
    assert (columns["sex"], columns["view_position"], columns["body_part"]) == ("", "PA", "")


def test_absent_values_are_empty() -> None:
    assert set(slice_columns(Dataset()).values()) == {""}
