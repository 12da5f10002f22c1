"""The slice columns of a DICOM header: closed vocabularies and coarse groups, never free text or dates."""

import re
from datetime import date
from typing import Any

from pydicom import Dataset

SLICE_KEYWORDS = (
    "PatientSex",
    "PatientAge",
    "PatientBirthDate",
    "StudyDate",
    "ViewPosition",
    "BodyPartExamined",
    "Manufacturer",
    "ManufacturerModelName",
    "Modality",
    "InstitutionName",
)
INSTITUTION = "institution"  # a keyed hash, made where the key is
SLICES = ("sex", "age_decade", "view_position", "body_part", "modality", "manufacturer", "manufacturer_model", INSTITUTION)
CODE = re.compile(r"[A-Z0-9_ ]{1,16}")  # the value representation CS, PS3.5 6.2
OLDEST = 90  # ages above 89 identify (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C))
SEXES = ("F", "M", "O")
LONGEST_NAME = 64  # characters of the value representation LO


def slice_columns(dataset: Dataset) -> dict[str, str]:
    """Return the slice columns of a header but the institution; a value that is absent or malformed is ''."""
    sex = code(dataset, "PatientSex")
    return {
        "sex": sex if sex in SEXES else "",
        "age_decade": age_decade(dataset),
        "view_position": code(dataset, "ViewPosition"),
        "body_part": code(dataset, "BodyPartExamined"),
        "modality": code(dataset, "Modality"),
        "manufacturer": device_name(dataset, "Manufacturer"),
        "manufacturer_model": device_name(dataset, "ManufacturerModelName"),
    }


def code(dataset: Dataset, keyword: str) -> str:
    """Return a code string, '' for what is none: a free text that somebody typed there."""
    text = text_of(dataset, keyword).upper()
    return text if CODE.fullmatch(text) else ""


def device_name(dataset: Dataset, keyword: str) -> str:
    """Return the maker's or the device's name on one line, '' for what is longer than the standard allows."""
    text = text_of(dataset, keyword)
    return text if len(text) <= LONGEST_NAME else ""


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return an element's value as text on one line, '' when it is absent or empty."""
    value: Any = dataset.get(keyword)
    return "" if value is None else " ".join(str(value).replace("\0", " ").split())


def age_decade(dataset: Dataset) -> str:
    """Return '60-69' for an age in years, '90+' above 89; from PatientAge, else from birth date and study date."""
    years = _stated_years(str(dataset.get("PatientAge") or ""))
    if years is None:
        years = _years_between(str(dataset.get("PatientBirthDate") or ""), str(dataset.get("StudyDate") or ""))
    if years is None:
        return ""
    return f"{OLDEST}+" if years >= OLDEST else f"{years // 10 * 10}-{years // 10 * 10 + 9}"


def _stated_years(age: str) -> int | None:
    """Return the whole years of an age string (PS3.5 6.2, AS): '064Y' is 64, '018M' is 1."""
    found = re.fullmatch(r"(\d{3})([DWMY])", age.strip())
    if found is None:
        return None
    per_year = {"D": 365, "W": 52, "M": 12, "Y": 1}[found[2]]
    return int(found[1]) // per_year


def _years_between(birth: str, study: str) -> int | None:
    """Return the whole years from birth to study, both YYYYMMDD; None unless both are dates in this order."""
    try:
        born, studied = (date.fromisoformat(day.strip()) for day in (birth, study) if re.fullmatch(r"\d{8}", day.strip()))
    except ValueError:  # no dates, or not two
        return None
    years = studied.year - born.year - ((studied.month, studied.day) < (born.month, born.day))
    return years if years >= 0 else None
