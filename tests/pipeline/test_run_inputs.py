import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components import progress
from components.image_example_gen import manifest
from components.image_example_gen.pseudonym import KEY_VARIABLE
from pipeline import graph, root, run_inputs
from pipeline.config import Config, Flink
from pipeline.errors import ConfigError


def config_for(folder: Path, **data: object) -> Config:
    values = {"manifest": folder / "manifest.csv", "classes": ["normal", "nodule", "effusion"], "slices": ["site"], **data}
    thresholds = [{"metric": "auc", "at_least": 0.5}]
    return Config.model_validate(
        {"name": "small", "data": values, "evaluation": {"thresholds": thresholds}, "gate": {"rules": []}}
    )


@pytest.fixture
def state(tmp_path: Path) -> root.Root:
    return root.prepare(tmp_path / "root")


def test_source_is_indexed_once_and_a_key_is_made_beside_the_manifest(tmp_path: Path, state: root.Root) -> None:
    said: list[str] = []
    config = config_for(tmp_path / "data", source={"kind": "demo", "patients": 30})
    first = run_inputs.prepare_inputs(config, state, said.append)
    assert first.manifest_sha256 == manifest.digest(config.data.manifest)
    assert first.key_file is not None
    assert first.key_file == tmp_path / "data" / "pseudonym.key"
    assert first.key_file.stat().st_mode & 0o077 == 0
    assert len(said) == 2
    assert "indexed" in said[0]
    assert "made a new pseudonym key" in said[1]
    assert run_inputs.prepare_inputs(config, state, said.append) == first
    assert len(said) == 2


def test_missing_manifest_tells_how_to_make_one(tmp_path: Path, state: root.Root) -> None:
    with pytest.raises(ConfigError, match=r"No such file or directory\. Write one with `medtfx index`"):
        run_inputs.prepare_inputs(config_for(tmp_path), state, print)


def test_missing_column_is_named(tmp_path: Path, state: root.Root) -> None:
    (tmp_path / "manifest.csv").write_text("path,label,patient_id\na.png,normal,7\n")
    with pytest.raises(ConfigError, match="no column site; it has path, label, patient_id"):
        run_inputs.prepare_inputs(config_for(tmp_path), state, print)


def test_patient_column_is_not_needed_when_patients_are_unknown(tmp_path: Path, state: root.Root) -> None:
    (tmp_path / "manifest.csv").write_text("path,label,site\na.png,normal,7\n")
    assert run_inputs.prepare_inputs(config_for(tmp_path, patient="unknown"), state, lambda _: None).key_id
    with pytest.raises(ConfigError, match="no column patient_id"):
        run_inputs.prepare_inputs(config_for(tmp_path), state, print)


def test_list_of_patients_gives_a_keyed_digest_and_says_how_many_are_there(tmp_path: Path, state: root.Root) -> None:
    (tmp_path / "manifest.csv").write_text("path,label,patient_id,site\na.png,normal,secret-7,x\nb.png,normal,8,x\n")
    (tmp_path / "exclude.txt").write_text("secret-7\nmistyped\n")
    said: list[str] = []
    with_list = run_inputs.prepare_inputs(config_for(tmp_path, exclude=tmp_path / "exclude.txt"), state, said.append)
    assert len(with_list.exclude_digest) == 64
    assert "data.exclude: 1 of 2 listed patients have rows in the manifest; these are left out" in said
    assert "secret" not in "".join(said)
    assert run_inputs.prepare_inputs(config_for(tmp_path), state, said.append).exclude_digest == ""


def test_absent_source_names_the_variable(tmp_path: Path, state: root.Root) -> None:
    source = {"kind": "class_folders", "path": tmp_path / "absent"}
    with pytest.raises(ConfigError, match=r"absent\. Example data lies under"):
        run_inputs.prepare_inputs(config_for(tmp_path, source=source), state, print)


def test_absent_key_file_is_told(tmp_path: Path, state: root.Root) -> None:
    config = config_for(tmp_path / "data", source={"kind": "demo", "patients": 30}, pseudonym_key_file=tmp_path / "no.key")
    with pytest.raises(ConfigError, match=r"pseudonym_key_file: .*no.key: no such file"):
        run_inputs.prepare_inputs(config, state, lambda _: None)


@pytest.mark.parametrize("configured", ["absent.key", None])
def test_key_of_the_environment_needs_no_file(
    tmp_path: Path, state: root.Root, monkeypatch: pytest.MonkeyPatch, configured: str | None
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "ab" * 16)
    (tmp_path / "manifest.csv").write_text("path,label,patient_id,site\na.png,normal,7,north\n")
    config = config_for(tmp_path, pseudonym_key_file=configured and tmp_path / configured)
    inputs = run_inputs.prepare_inputs(config, state, print)
    assert inputs.key_file is None
    assert graph.ingest_settings(config, inputs).key_file is None
    assert not (tmp_path / "pseudonym.key").exists()


def test_what_index_counted_is_an_input_of_the_graph_unless_people_changed_the_manifest(tmp_path: Path, state: root.Root) -> None:
    config = config_for(tmp_path / "data", source={"kind": "demo", "patients": 30})
    inputs = run_inputs.prepare_inputs(config, state, lambda _: None)
    counted = json.loads(inputs.indexed)
    assert counted["files"] == counted["used"] == counted["rows"] > 30
    without_source = config_for(tmp_path / "data")
    assert run_inputs.prepare_inputs(without_source, state, lambda _: None).indexed == inputs.indexed
    config.data.manifest.write_text(config.data.manifest.read_text().replace("demo-00001", "demo-00002"))
    assert run_inputs.prepare_inputs(without_source, state, lambda _: None).indexed == ""


def test_counts_come_while_a_source_is_indexed_and_only_then(shared_data: Path, tmp_path: Path, state: root.Root) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("pid,finding\n9RG1,nodule\n1CT1,normal\n")
    source = {"kind": "dicom", "path": shared_data / "dicom", "table": table, "join": "patient_id"}
    config = config_for(tmp_path / "data", source={**source, "columns": {"key": "pid", "label": "finding"}}, slices=[])
    told: list[str] = []

    @contextmanager
    def indexing() -> Iterator[None]:
        end = progress.listen(lambda done, total, unit: told.append(f"{done} of {total} {unit}"))
        yield
        end()
        told.append("end")

    run_inputs.prepare_inputs(config, state, lambda _: None, indexing)
    files = sum(path.is_file() for path in (shared_data / "dicom").rglob("*"))
    assert told[0].startswith("32 of ") and told[-2:] == [f"{files} of {files} files", "end"]
    told.clear()
    run_inputs.prepare_inputs(config, state, lambda _: None, indexing)
    assert told == []


def test_tree_of_dicom_files_is_indexed_for_a_run(shared_data: Path, tmp_path: Path, state: root.Root) -> None:
    patients = tmp_path / "labels.csv"
    patients.write_text("pid,finding\n9RG1,nodule\n1CT1,normal\n")
    source = {"kind": "dicom", "path": shared_data / "dicom", "table": patients, "join": "patient_id", "slices": ["sex"]}
    source |= {"columns": {"key": "pid", "label": "finding"}}
    said: list[str] = []
    inputs = run_inputs.prepare_inputs(config_for(tmp_path / "data", source=source, slices=["sex"]), state, said.append)
    rows = manifest.read_manifest(tmp_path / "data" / "manifest.csv", slices=["sex"])
    assert {(row.patient_id, row.label, row.columns["sex"]) for row in rows} == {("9RG1", "nodule", "F"), ("1CT1", "normal", "O")}
    assert json.loads(inputs.indexed)["skipped"]["segmentation"] == 17
    run_inputs.prepare_inputs(config_for(tmp_path / "data", source=source, slices=["sex"]), state, said.append)
    assert len([line for line in said if "indexed" in line]) == 1


def test_root_that_workers_of_a_cluster_do_not_see_is_refused(tmp_path: Path, state: root.Root) -> None:
    config = config_for(tmp_path, source={"kind": "demo", "patients": 30})
    flink = Flink(runner="flink", master="jobmanager:8081", image="medtfx:1", shared=(tmp_path / "data",))
    with pytest.raises(ConfigError, match=r"root: .*: outside beam\.shared"):
        run_inputs.prepare_inputs(config.model_copy(update={"beam": flink}), state, print)
