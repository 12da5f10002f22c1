import copy
from typing import Any

import pytest
from pydantic import ValidationError

from models.features import RESERVED
from pipeline.config import Config

SMALLEST: dict[str, Any] = {
    "name": "small",
    "data": {"manifest": "manifest.csv", "classes": ["normal", "ill"], "slices": ["site"]},
    "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.9}]},
    "gate": {"rules": []},
}


def changed(**sections: dict[str, Any]) -> dict[str, Any]:
    tree = copy.deepcopy(SMALLEST)
    for name, values in sections.items():
        tree.setdefault(name, {}).update(values)
    return tree


def test_smallest_configuration_takes_recommended_defaults() -> None:
    config = Config.model_validate(SMALLEST)
    assert config.training.model == "compact_resnet"
    assert config.serving_name == "small"


def test_configuration_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config.model_validate(SMALLEST).name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (changed(data={"classes": ["one"]}), "two or more"),
        (changed(data={"classes": ["a", "a"]}), "different names"),
        (changed(data={"classes": ["a;b", "c"]}), "without ';'"),
        (changed(data={"slices": ["label"]}), "other than label"),
        (changed(data={"fractions": {"train": 0.9, "val": 0.2, "test": 0.2}}), "sum to 1.3; expected 1"),
        (changed(evaluation={"thresholds": []}), "at least 1 item"),
        (changed(evaluation={"thresholds": [{"metric": "auc"}]}), "exactly one of at_least, at_most"),
        (
            changed(evaluation={"thresholds": [{"metric": "auc", "at_least": 0.9, "per": "sex"}]}),
            "per 'sex' is not in data.slices",
        ),
        (
            changed(gate={"rules": [{"measure": "sensitivity", "label": "lupus", "at_least": 0.9}]}),
            "label 'lupus' is not in data.classes",
        ),
        (changed(training={"stepz": 3}), "Extra inputs"),
        (changed(evaluation={"thresholds": [{"metric": "loss", "at_most": float("inf")}]}), "finite number"),
        (changed(training={"learning_rate": float("nan")}), "finite number"),
    ],
)
def test_wrong_value_is_refused(tree: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config.model_validate(tree)


@pytest.mark.parametrize("name", RESERVED)
def test_no_slice_hides_a_feature(name: str) -> None:
    with pytest.raises(ValidationError, match="expected different column names"):
        Config.model_validate(changed(data={"slices": [name]}))
