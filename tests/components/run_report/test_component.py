"""The node in a graph, launched by TFX."""

from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.components.common.importer import Importer

from components.artifacts import IngestAccount
from components.run_report.component import INPUT_TYPES, RunReport
from components.run_report.executor import REPORT_FILE
from components.run_report.report_data import INPUTS
from components.run_report.run_facts import RunFacts
from pipeline.config import Config


def page_of(launched: Any) -> str:
    return (Path(launched.outputs["report"][0].uri) / REPORT_FILE).read_text(encoding="utf-8")


def test_launched_node_writes_the_page_from_the_inputs_that_there_are(
    root: Any, artifacts: dict[str, str], config: Config, facts: RunFacts
) -> None:
    account = Importer(source_uri=artifacts["account"], artifact_type=IngestAccount).with_id("account")
    inputs = {"account": account.outputs["result"]}
    node = RunReport(inputs, config=config.model_dump_json(), run_facts=facts.model_dump_json())
    page = page_of(root.run("1", [account, node])["RunReport"])
    assert "257 images of 126 patients" in page
    assert "There are no predictions on the test split." in page


def test_node_without_any_input_writes_the_page(root: Any, config: Config) -> None:
    failed = RunFacts(run_id="1", verdict="failed", reason="The manifest is gone.")
    node = RunReport({}, config=config.model_dump_json(), run_facts=failed.model_dump_json())
    assert "The manifest is gone." in page_of(root.run("1", [node])["RunReport"])


def test_an_input_that_the_report_does_not_know_is_refused(config: Config, facts: RunFacts) -> None:
    account = Importer(source_uri="/nowhere", artifact_type=IngestAccount)
    with pytest.raises(ValueError, match="acount"):
        RunReport({"acount": account.outputs["result"]}, config=config.model_dump_json(), run_facts=facts.model_dump_json())


def test_graph_and_reader_name_the_same_inputs() -> None:
    assert tuple(INPUT_TYPES) == INPUTS
