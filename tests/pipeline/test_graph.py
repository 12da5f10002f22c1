import subprocess
import sys
from pathlib import Path

import pytest
from tfx.dsl.components.common.resolver import RESOLVER_CONFIG
from tfx.orchestration.pipeline import Pipeline

from components.artifacts import DataBlessing, LeakageProof
from components.clinical_gate.settings import GateSettings, image_form
from models.rendering.settings import Limits, RenderSettings
from pipeline import config_file, graph, root
from pipeline.code_digest import source_of
from pipeline.config import Image, ImageLimits, Rendering
from pipeline.node_ids import GATES, NODES
from pipeline.node_launch import compile_graph


@pytest.fixture
def pipeline(project: Path, tmp_path: Path) -> Pipeline:
    config = config_file.load(project / "configs" / "demo.yaml")
    inputs = graph.Inputs(
        manifest_sha256="ab", parts=(), key_file=tmp_path / "key", key_id="cd", schema_file=tmp_path / "schema.pbtxt"
    )
    return graph.build(config, root.prepare(tmp_path / "root"), inputs)


def test_graph_has_every_node_in_the_order_of_launch(pipeline: Pipeline) -> None:
    assert [node.pipeline_node.node_info.id for node in compile_graph(pipeline, {}).nodes] == list(NODES)


def test_every_node_with_code_of_its_own_names_it(pipeline: Pipeline) -> None:
    assert set(graph.CODE) == set(NODES) - {"Baseline", "EarlierData"}
    assert all(source_of(module) for modules in graph.CODE.values() for module in modules)


def test_a_users_bounds_reach_validator_and_gate_alone(project: Path, tmp_path: Path) -> None:
    inputs = graph.Inputs(
        manifest_sha256="ab",
        parts=(),
        key_file=None,
        key_id="cd",
        schema_file=tmp_path / "schema.pbtxt",
        bounds_file=tmp_path / "own.pbtxt",
    )
    built = graph.build(config_file.load(project / "configs" / "demo.yaml"), root.prepare(tmp_path / "root"), inputs)
    nodes = {node.id: node for node in built.components}
    assert nodes["ImportBounds"].exec_properties["schema_file"] == str(tmp_path / "own.pbtxt")
    assert nodes["ImportSchemaGen"].exec_properties["schema_file"] == str(tmp_path / "schema.pbtxt")
    read = {node.id for node in built.components if nodes["ImportBounds"] in node.upstream_nodes}
    assert read == {"ExampleValidator", "DataGate"}


def test_gates_publish_what_the_runner_reads(pipeline: Pipeline) -> None:
    nodes = {node.id: node for node in pipeline.components}
    for gate, output in GATES.items():
        assert output in nodes[gate].outputs


def test_trainer_and_pusher_ask_for_their_blessings(pipeline: Pipeline) -> None:
    nodes = {node.id: node for node in pipeline.components}
    assert nodes["Trainer"].spec.inputs["data_blessing"].type is DataBlessing
    assert nodes["Trainer"].spec.inputs["leakage_proof"].type is LeakageProof
    assert {"model_blessing", "infra_blessing"} <= set(nodes["Pusher"].spec.inputs)


def test_gate_and_baseline_are_told_the_image_form_and_what_is_known_of_patients(project: Path, tmp_path: Path) -> None:
    known = config_file.load(project / "configs" / "demo.yaml")
    config = known.model_copy(update={"data": known.data.model_copy(update={"patient": "unknown"})})
    inputs = graph.Inputs(
        manifest_sha256="ab", parts=(), key_file=tmp_path / "key", key_id="cd", schema_file=tmp_path / "schema.pbtxt"
    )
    built = graph.build(config, root.prepare(tmp_path / "root"), inputs)
    nodes = {node.id: node for node in built.components}
    settings = GateSettings.model_validate_json(nodes["ClinicalGate"].exec_properties["settings"])
    assert (settings.image, settings.patient) == (config.image, "unknown")
    assert nodes["Baseline"].exec_properties[RESOLVER_CONFIG]["image"] == image_form(config.image)


def test_ingest_and_training_are_told_the_same_rendering(project: Path, tmp_path: Path) -> None:
    rendering = Rendering(windows=((40, 400),), frames="maximum", burned_in="accept")
    known = config_file.load(project / "configs" / "demo.yaml")
    config = known.model_copy(update={"image": known.image.model_copy(update={"rendering": rendering})})
    inputs = graph.Inputs(manifest_sha256="ab", parts=(), key_file=None, key_id="cd", schema_file=tmp_path / "schema.pbtxt")
    assert graph.ingest_settings(config, inputs).rendering == RenderSettings(((40.0, 400.0),), "maximum", "accept")
    told = graph.training_config(config, root.prepare(tmp_path / "root"))["image"]
    assert Image.model_validate(told).rendering == rendering


def test_limits_of_ingest_are_those_of_the_configuration(project: Path, tmp_path: Path) -> None:
    known = config_file.load(project / "configs" / "demo.yaml")
    image = Image(max_pixels=7, sixteen_bit_range=(1, 9), limits=ImageLimits(seconds=1.5, bytes=10))
    config = known.model_copy(update={"image": image})
    inputs = graph.Inputs(manifest_sha256="ab", parts=(), key_file=None, key_id="cd", schema_file=tmp_path / "schema.pbtxt")
    settings = graph.ingest_settings(config, inputs)
    assert settings.limits == Limits(pixels=7, seconds=1.5, bytes=10)
    assert settings.canonical.max_pixels == 7
    assert settings.rendering.sixteen_bit_range == settings.canonical.sixteen_bit_range == (1, 9)


def test_training_does_not_depend_on_the_limits(project: Path, tmp_path: Path) -> None:
    known = config_file.load(project / "configs" / "demo.yaml")
    narrow = known.model_copy(update={"image": known.image.model_copy(update={"limits": ImageLimits(seconds=1)})})
    prepared = root.prepare(tmp_path / "root")
    assert graph.training_config(narrow, prepared) == graph.training_config(known, prepared)


def test_transform_comes_after_the_data_gate(pipeline: Pipeline) -> None:
    nodes = {node.id: node for node in pipeline.components}
    assert nodes["DataGate"] in nodes["Transform"].upstream_nodes


def test_beam_runner_is_no_part_of_the_graph_and_so_of_no_cache_key(pipeline: Pipeline) -> None:
    assert not pipeline.beam_pipeline_args


def test_key_is_no_execution_property(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("5ec7e7" * 8)
    assert b"5ec7e7" not in compile_graph(pipeline, {}).SerializeToString()


DIGEST = """
import sys
from pathlib import Path
from pipeline.loading import tensorflow_loading
with tensorflow_loading():
    from pipeline import config_file, graph, root
    from pipeline.node_launch import CompiledRun, compile_graph
config = config_file.load(Path(sys.argv[1]))
inputs = graph.Inputs(manifest_sha256="ab", parts=(), key_file=Path("key"), key_id="cd", schema_file=Path("schema.pbtxt"))
compiled = compile_graph(graph.build(config, root.prepare(Path(sys.argv[2])), inputs), {})
print(CompiledRun(compiled, None).digest)
"""


def test_digest_is_the_same_in_every_process(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A killed run is found again by it; three processes, this one among them, because two may agree by chance."""
    words = [str(project / "configs" / "demo.yaml"), str(tmp_path / "root")]
    monkeypatch.setattr(sys, "argv", ["digest", *words])
    exec(DIGEST, {})
    digests = {capsys.readouterr().out}
    for _ in range(2):
        child = [sys.executable, "-c", DIGEST, *words]
        digests.add(subprocess.run(child, cwd=project, capture_output=True, text=True, check=True).stdout)
    assert len(digests) == 1
    assert digests != {""}
