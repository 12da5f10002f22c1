from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from pipeline.config import Beam

SECTION: TypeAdapter[Any] = TypeAdapter(Beam)
DATAFLOW = {
    "runner": "dataflow",
    "project": "radiology",
    "region": "europe-west3",
    "temp_location": "gs://radiology/temp",
    "sdk_container_image": "eu.gcr.io/radiology/medtfx:1",
    "shared": ["/mnt/medtfx"],
}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"runner": "flink"}, "shared: empty; expected with environment: docker|image: missing"),
        ({"runner": "flink", "environment": "loopback"}, "exactly one of job_endpoint"),
        ({"runner": "flink", "environment": "loopback", "job_endpoint": "a:1", "master": "a:2"}, "exactly one of job_endpoint"),
        ({"runner": "flink", "job_endpoint": "a:1", "shared": ["/m"]}, "image: missing; expected it for environment: docker"),
        ({"runner": "flink", "job_endpoint": "a:1", "image": "i"}, "shared: empty; expected with environment: docker"),
        ({"runner": "spark", "master": "yarn", "environment": "loopback", "pool": "a:1"}, "pool: 'a:1'; expected it only with"),
        ({**DATAFLOW, "temp_location": "/tmp"}, "temp_location"),
        ({**DATAFLOW, "shared": []}, "shared"),
    ],
)
def test_what_a_runner_lacks_is_told_in_words(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SECTION.validate_python(settings)


@pytest.mark.parametrize("key", ["project", "region", "temp_location", "sdk_container_image", "shared"])
def test_dataflow_needs_each_of_its_keys(key: str) -> None:
    with pytest.raises(ValidationError, match=rf"{key}\n  Field required"):
        SECTION.validate_python({name: value for name, value in DATAFLOW.items() if name != key})
