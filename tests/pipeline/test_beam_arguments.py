from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import TypeAdapter

from pipeline.beam_arguments import IN_PROCESS, beam_arguments
from pipeline.config import Beam, InProcess


def told(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what Beam's own parser makes of the arguments of a section."""
    arguments = beam_arguments(TypeAdapter(Beam).validate_python(settings))
    options: dict[str, Any] = PipelineOptions(arguments).get_all_options(drop_default=True)
    return options


def test_default_runner_is_named_so_that_prism_is_not_fetched() -> None:
    assert beam_arguments(InProcess()) == IN_PROCESS
    assert "--runner=FnApiRunner" in IN_PROCESS


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"runner": "multi_process", "workers": 3}, {"direct_running_mode": "multi_processing", "direct_num_workers": 3}),
        (
            {"runner": "flink", "job_endpoint": "js:8099", "environment": "loopback", "parallelism": 4},
            {"runner": "FlinkRunner", "job_endpoint": "js:8099", "environment_type": "LOOPBACK", "parallelism": 4},
        ),
        (
            {"runner": "flink", "master": "jm:8081", "image": "medtfx:1", "shared": ["/m"]},
            {"flink_master": "jm:8081", "environment_type": "DOCKER", "sdk_container_image": "medtfx:1"},
        ),
        (
            {"runner": "spark", "master": "yarn", "environment": "external", "pool": "localhost:50000", "shared": ["/m"]},
            {"runner": "SparkRunner", "spark_master_url": "yarn", "environment_config": "localhost:50000"},
        ),
        (
            {
                "runner": "dataflow",
                "project": "radiology",
                "region": "europe-west3",
                "temp_location": "gs://r/temp",
                "sdk_container_image": "medtfx:1",
                "shared": ["/m"],
            },
            {"runner": "DataflowRunner", "project": "radiology", "region": "europe-west3", "use_public_ips": False},
        ),
    ],
)
def test_beam_understands_the_arguments(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected.items() <= told(settings).items()
