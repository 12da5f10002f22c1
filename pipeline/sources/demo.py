"""The demo: phantoms of three classes, several images per patient, with sex, age group and site. Deterministic in the seed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np

from pipeline.config import DemoSource
from pipeline.sources.entry import Entry, Listing
from pipeline.sources.image_folder import write_png
from pipeline.sources.phantom import Body, Exposure, Finding, draw

FINDINGS: tuple[Finding, ...] = get_args(Finding)
FINDING_SHARES = (0.44, 0.30, 0.26)
RESOLVED = 0.1  # share of later images of an ill patient that show nothing any more
SITES: Mapping[str, Exposure] = MappingProxyType(
    {
        "north": Exposure(gain=1.0, offset=0.08, noise=0.025),
        "south": Exposure(gain=0.85, offset=0.16, noise=0.035),
        "harbour": Exposure(gain=1.15, offset=0.02, noise=0.045),
    }
)
SITE_SHARES = (0.5, 0.3, 0.2)
AGE_GROUPS = ("18-39", "40-64", "65+")
NOT_RECORDED = 0.04  # share of patients without an age group
SIZES = ((80, 80), (72, 72), (96, 84), (88, 96))  # height and width in pixels


def make_demo(source: DemoSource, folder: Path) -> Listing:
    """Write the phantoms as PNG files below `folder` and return the entries."""
    folder.mkdir(parents=True, exist_ok=True)
    return Listing(tuple(entry for patient in range(source.patients) for entry in _patient(source.seed, patient, folder)))


def _patient(seed: int, patient: int, folder: Path) -> Iterator[Entry]:
    """Write a patient's images; a patient depends on seed and number alone, so that more patients change none."""
    random = np.random.default_rng([seed, patient])
    columns = _columns(random)
    body = _body(columns["sex"], random)
    usual = FINDINGS[random.choice(len(FINDINGS), p=FINDING_SHARES)]
    for number in range(int(random.integers(2, 5))):
        finding: Finding = "normal" if number and random.random() < RESOLVED else usual
        size = SIZES[random.integers(len(SIZES))]
        path = folder / f"patient_{patient:05d}_{number}.png"
        write_png(path, draw(body, SITES[columns["site"]], finding, size=size, random=random))
        yield Entry(path, finding, f"demo-{patient:05d}", columns=columns)


def _columns(random: np.random.Generator) -> dict[str, str]:
    site = tuple(SITES)[random.choice(len(SITES), p=SITE_SHARES)]
    age_group = "" if random.random() < NOT_RECORDED else AGE_GROUPS[random.integers(len(AGE_GROUPS))]
    return {"sex": "FM"[random.integers(2)], "age_group": age_group, "site": site}


def _body(sex: str, random: np.random.Generator) -> Body:
    return Body(
        width=random.uniform(0.4, 0.47),
        height=random.uniform(0.42, 0.5),
        shift=random.uniform(-0.02, 0.03),
        soft_tissue=random.uniform(0.06, 0.16) if sex == "F" else random.uniform(0.0, 0.04),
        ribs=random.uniform(0.1, 0.25),
    )
