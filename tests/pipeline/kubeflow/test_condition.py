import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow.condition import holds


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("inputs.parameter_values['verdict'] == 'go_on'", True),
        ("inputs.parameter_values['verdict'] != 'go_on'", False),
        ("!(inputs.parameter_values['verdict'] == 'go_on')", False),
        ("int(inputs.parameter_values['steps']) > 5 && inputs.parameter_values['verdict'] == 'go_on'", True),
    ],
)
def test_condition_holds_as_kfp_means_it(condition: str, expected: bool) -> None:
    assert holds(condition, {"verdict": "go_on", "steps": 7.0}) is expected


@pytest.mark.parametrize("condition", ["inputs.parameter_values['other'] == 'x'", "__import__('os')", "1 +"])
def test_condition_of_another_kind_is_refused(condition: str) -> None:
    with pytest.raises(ConfigError, match="can't be evaluated"):
        holds(condition, {"verdict": "go_on"})
