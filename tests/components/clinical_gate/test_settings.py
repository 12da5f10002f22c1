from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.clinical_gate.settings import GateSettings, image_form
from pipeline.config import Change, ClinicalRule, Evaluation, Image, ImageLimits, Rendering, Threshold

FINITE = st.floats(allow_nan=False, allow_infinity=False)
METRICS = st.sampled_from(["auc", "accuracy", "balanced_accuracy", "loss"])
THRESHOLDS = st.builds(Threshold, metric=METRICS, at_least=FINITE, per=st.none() | st.just("site")) | st.builds(
    Threshold, metric=METRICS, at_most=FINITE, min_examples=st.integers(1, 1000)
)
RULES = st.builds(
    ClinicalRule,
    measure=st.sampled_from(["sensitivity", "specificity"]),
    label=st.text(),
    at_least=st.floats(0, 1),
    confidence=st.floats(0.5, 1, exclude_max=True),
)
EVALUATIONS = st.builds(
    Evaluation,
    thresholds=st.lists(THRESHOLDS, min_size=1).map(tuple),
    change=st.none() | st.builds(Change, metric=METRICS, at_most_worse=st.floats(0, allow_infinity=False)),
)


@given(st.lists(st.text(), max_size=4).map(tuple), st.lists(RULES, max_size=3).map(tuple), EVALUATIONS)
def test_settings_come_back_from_json_to_the_last_digit(
    classes: tuple[str, ...], rules: tuple[ClinicalRule, ...], evaluation: Evaluation
) -> None:
    settings = GateSettings(classes=classes, rules=rules, evaluation=evaluation)
    assert GateSettings.model_validate_json(settings.model_dump_json()) == settings


def settings(**changed: Any) -> dict[str, Any]:
    evaluation = {"thresholds": [{"metric": "auc", "at_least": 0.9}]}
    return {"classes": ["normal", "ill"], "rules": [], "evaluation": evaluation} | changed


@pytest.mark.parametrize(
    "changed",
    [
        {"size": 64},
        {"channels": 1},
        {"fit": "center_crop"},
        {"sixteen_bit_range": [0, 4095]},
        {"rendering": {"windows": [[40, 400]]}},
        {"rendering": {"frames": "maximum"}},
    ],
)
def test_images_that_look_different_have_another_form(changed: dict[str, Any]) -> None:
    assert image_form(Image.model_validate(changed)) != image_form(Image())


def test_which_files_are_read_at_all_is_no_part_of_the_form() -> None:
    assert image_form(Image(max_pixels=9)) == image_form(Image())
    assert image_form(Image(limits=ImageLimits(seconds=9))) == image_form(Image())
    assert image_form(Image(rendering=Rendering(burned_in="accept"))) == image_form(Image())


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        GateSettings.model_validate(settings()).classes = ()  # type: ignore[misc]


def test_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        GateSettings.model_validate(settings(min_patients=30))


@pytest.mark.parametrize("name", ["classes", "rules", "evaluation"])
def test_every_part_must_be_given(name: str) -> None:
    known = settings()
    del known[name]
    with pytest.raises(ValidationError, match=f"{name}\n  Field required"):
        GateSettings.model_validate(known)
