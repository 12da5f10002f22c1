"""What the runner hands over."""

import pytest
from pydantic import ValidationError

from components.run_report.run_facts import RunFacts


def test_facts_survive_the_way_through_an_execution_property(facts: RunFacts) -> None:
    assert RunFacts.model_validate_json(facts.model_dump_json()) == facts


def test_an_unknown_verdict_is_refused() -> None:
    with pytest.raises(ValidationError, match="verdict"):
        RunFacts.model_validate({"run_id": "1", "verdict": "fine"})


def test_an_unknown_fact_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        RunFacts.model_validate({"run_id": "1", "verdict": "pushed", "colour": "red"})
