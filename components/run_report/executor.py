"""Writes the report of one run."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact

from pipeline.config import Config

REPORT_FILE = "report.html"
SUMMARY_FILE = "summary.json"


class Executor(BaseExecutor):
    """Reads what there is and writes report.html and summary.json."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write the report; a missing input becomes a section that says so."""
        from components.run_report.page import render  # noqa: PLC0415 - the graph is built without templates and figures
        from components.run_report.report_data import read  # noqa: PLC0415
        from components.run_report.run_facts import RunFacts  # noqa: PLC0415
        from components.run_report.summary import summary  # noqa: PLC0415

        config = Config.model_validate_json(exec_properties["config"])
        facts = RunFacts.model_validate_json(exec_properties["run_facts"])
        uris = {name: artifacts[0].uri for name, artifacts in input_dict.items() if artifacts}
        data = read(uris, config, facts)
        folder = Path(output_dict["report"][0].uri)
        (folder / REPORT_FILE).write_text(render(data), encoding="utf-8")
        (folder / SUMMARY_FILE).write_text(summary(data), encoding="utf-8")
