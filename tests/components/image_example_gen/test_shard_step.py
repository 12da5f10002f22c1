import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from components.image_example_gen.part import Part, iterate_part
from components.image_example_gen.plan import Plan, Task, missing, write_plan
from components.image_example_gen.shard_step import WriteShard, pseudonymizer_of
from pipeline.errors import ConfigError


def test_wrong_key_is_told_without_the_key(make_data: Callable[..., Any]) -> None:
    settings = make_data().with_settings(key_id="00000000").settings
    with pytest.raises(ConfigError, match="the run was planned with 00000000"):
        pseudonymizer_of(settings)


def test_beam_step_yields_indexes_and_no_pixels(make_data: Callable[..., Any], tmp_path: Path) -> None:
    data = make_data(12)
    plan = plan_of(data, tmp_path / "work")
    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        step = WriteShard(data.settings, [plan], total=12)
        written = pipeline | beam.Create(missing([plan])) | beam.ParDo(step)
        assert_that(written, equal_to([0, 1, 2]))
    assert missing([plan]) == []


def test_step_leaves_no_process_behind(make_data: Callable[..., Any], tmp_path: Path, shared_data: Path) -> None:
    data = make_data(4)
    (data.folder / data.rows[0][0]).write_bytes((shared_data / "dicom/pydicom/CT_small.dcm").read_bytes())
    plan = plan_of(data, tmp_path / "work")
    step = WriteShard(data.settings, [plan], total=4)
    step.setup()
    assert list(step.process(Task(0, 0))) == [0]
    started = {worker.pid for worker in step._renderer._workers}
    assert len(started) == 1
    step.teardown()
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)


def test_worker_loads_no_tfx() -> None:
    program = """
from pipeline.loading import tensorflow_loading
with tensorflow_loading():
    import sys, components.image_example_gen.shard_step
print(*(name for name in ("apache_beam", "tensorflow", "tfx") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["apache_beam", "tensorflow"]


def plan_of(data: Any, work: Path) -> Plan:
    """Return what an ingest of a data set would write below a folder."""
    part = Part(data.manifest)
    return write_plan(part, iterate_part(part), work, settings=data.settings, pseudonymizer=pseudonymizer_of(data.settings))
