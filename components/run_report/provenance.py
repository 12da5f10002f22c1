"""What exactly ran, so that it can be told apart and done again."""

from pathlib import Path

import yaml
from pydantic import BaseModel

from components.run_report.report_data import ReportData
from components.run_report.section import Section

STATES = {"ran": "ran", "cached": "from the cache", "failed": "failed", "not_run": "did not run"}
HIDDEN = "(a path, not shown)"


def section(data: ReportData) -> Section:
    """Return nodes, versions, digests and the configuration."""
    longest = max((node.seconds for node in data.facts.nodes), default=0.0)
    values = {
        "facts": data.facts,
        "nodes": [(node, STATES[node.state], node.seconds / longest if longest else 0.0) for node in data.facts.nodes],
        "total": sum(node.seconds for node in data.facts.nodes),
        "settings": settings(data.config),
    }
    return Section("provenance", "What exactly ran", "provenance.html.j2", values)


def settings(config: BaseModel) -> str:
    """Return the configuration as YAML, defaults included, without paths."""
    return yaml.safe_dump(without_paths(config.model_dump()), sort_keys=False, allow_unicode=True, default_flow_style=None)


def without_paths(value: object) -> object:
    """Return plain data in which every path is masked."""
    if isinstance(value, Path):
        return HIDDEN
    if isinstance(value, dict):
        return {key: without_paths(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(part) for part in value]
    return value
