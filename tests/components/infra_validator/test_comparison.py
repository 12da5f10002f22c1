import math

import numpy as np
import pytest

from components.infra_validator.comparison import Expected, compare

CLASSES = np.array([["a", "b"], ["a", "b"]])


@pytest.fixture
def expected():
    pixels = np.arange(8, dtype=np.uint8).reshape(2, 2, 2, 1)
    return Expected(["as stored", "JPEG"], pixels, np.array([[0.25, 0.75], [0.5, 0.5]], np.float32), "float32")


@pytest.fixture
def answers(expected):
    """What a perfect export answers."""
    probabilities = expected.probabilities
    found = {"pixels": expected.pixels, "classes": CLASSES, "decision": np.array(["b", "a"])}
    found |= {"explained": probabilities[:1], "heat_map": np.array([[[0.0, 1.0], [0.5, 0.0]]], np.float32)}
    return found | {"probabilities": probabilities, "alone": probabilities + 5e-7, "from_examples": probabilities}


def refusals(answers, expected):
    return [(finding.rule, finding.found) for finding in compare(answers, expected) if finding.refuses]


def test_a_perfect_export_is_not_refused(answers, expected):
    assert refusals(answers, expected) == []


def test_one_other_pixel_refuses_and_names_the_form(answers, expected):
    answers["pixels"] = expected.pixels.copy()
    answers["pixels"][1, 0, 0, 0] += 1
    assert refusals(answers, expected) == [("infra.canonical_pixels", "1 of 2 equal; different: JPEG")]


def test_pixels_of_another_size_refuse(answers, expected):
    answers["pixels"] = expected.pixels[:, :1]
    assert refusals(answers, expected) == [("infra.canonical_pixels", "0 of 2 equal; different: JPEG, as stored")]


@pytest.mark.parametrize("name", ["from_examples", "explained"])
def test_probabilities_that_differ_refuse_with_the_figure(answers, expected, name):
    answers[name] = answers[name] + np.float32(0.01)
    assert refusals(answers, expected) == [("infra.probabilities", "largest difference 0.01")]


def test_bfloat16_may_differ_more_between_batch_sizes(answers, expected):
    answers["alone"] = expected.probabilities + np.float32(0.0015)
    answers["explained"] = answers["alone"][:1]
    assert refusals(answers, expected)
    assert not refusals(answers, Expected(expected.forms, expected.pixels, expected.probabilities, "bfloat16"))


def test_nan_refuses(answers, expected):
    answers["probabilities"] = np.full_like(expected.probabilities, math.nan)
    assert {"infra.distribution", "infra.probabilities"} <= {rule for rule, _ in refusals(answers, expected)}


def test_other_shape_refuses(answers, expected):
    answers["from_examples"] = expected.probabilities[:1]
    assert refusals(answers, expected) == [("infra.probabilities", "shape [1, 2] against [2, 2]")]


def test_decision_that_is_not_the_most_probable_class_refuses(answers, expected):
    answers["decision"] = np.array(["a", "a"])
    assert refusals(answers, expected) == [("infra.decision", "1 of 2 decisions agree")]


def test_a_server_of_another_build_may_round_otherwise(answers, expected):
    answers["probabilities"] = answers["from_examples"] = expected.probabilities + np.float32(5e-7)
    assert refusals(answers, expected) == [("infra.probabilities", "largest difference 5.07e-07")]
    other = Expected(expected.forms, expected.pixels, expected.probabilities, "float32", same_build=False)
    assert refusals(answers, other) == []


@pytest.mark.parametrize(
    "heat", [np.full((1, 2, 2), math.nan, np.float32), np.full((1, 2, 2), 1.5, np.float32), np.zeros((1, 2, 3), np.float32)]
)
def test_a_heat_map_that_is_none_refuses(answers, expected, heat):
    answers["heat_map"] = heat
    assert [rule for rule, _ in refusals(answers, expected)] == ["infra.heat_map"]
