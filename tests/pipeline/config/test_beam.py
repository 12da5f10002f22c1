from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from pipeline import config_file
from pipeline.config import Beam
from pipeline.errors import ConfigError

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
        ({**DATAFLOW, "shared": ["/mnt/medtfx", "data"]}, "'data'; expected an absolute path that is the same on every worker"),
        ({"runner": "flink", "master": "jm:8081", "image": "i", "shared": ["~/data"]}, "'~/data'; expected an absolute path"),
    ],
)
def test_what_a_runner_lacks_is_told_in_words(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SECTION.validate_python(settings)


@pytest.mark.parametrize("key", ["project", "region", "temp_location", "sdk_container_image", "shared"])
def test_dataflow_needs_each_of_its_keys(key: str) -> None:
    with pytest.raises(ValidationError, match=rf"{key}\n  Field required"):
        SECTION.validate_python({name: value for name, value in DATAFLOW.items() if name != key})


@pytest.mark.parametrize("runner", ["flink", "spark"])
def test_relative_shared_folder_is_told_by_its_place_in_the_file(runner: str) -> None:
    text = f"""
name: own
data: {{manifest: manifest.csv, classes: [ill, well]}}
evaluation: {{thresholds: [{{metric: auc, at_least: 0.9}}]}}
gate: {{rules: [{{measure: sensitivity, label: ill, at_least: 0.8}}]}}
beam: {{runner: {runner}, job_endpoint: "a:1", image: i, shared: [/mnt, data]}}
"""
    with pytest.raises(ConfigError, match=r"own\.yaml: beam\.shared\.1: 'data'; expected an absolute path"):
        config_file.parse(text, name="own.yaml", folder=Path("/elsewhere"))
