from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.data_gate.accepted_train import TrainSplit
from components.data_gate.distance import PROPERTIES, Distance
from components.data_gate.drift import Drift, NotCompared, judge_drift, measure_drift, read_drift, write_drift

BOUNDS: dict[str, Any] = {"l_infinity": 0.2, "jensen_shannon": 0.15, "refuse": True}
RUN = "run-1"
SITE = Distance("site", "train", "l_infinity", 0.5)
MEAN = Distance("mean", "train", "jensen_shannon", 0.1)


@pytest.fixture(scope="module")
def earlier(statistics_of: Callable[..., Any]) -> TrainSplit:
    grey = np.random.default_rng(3).normal(0.5, 0.05, (3, 40)).tolist()
    columns = {"label": list("ab") * 20, "site": list("nnns") * 10, **dict(zip(PROPERTIES, grey, strict=True))}
    return TrainSplit(frozenset("ab"), ("site",), {"size": 64}, statistics_of(**columns))


def test_same_data_have_not_moved(earlier: TrainSplit) -> None:
    drift = measure_drift(RUN, earlier, earlier)
    assert [distance.column for distance in drift.distances] == ["label", "site", *PROPERTIES]
    assert all(distance.value == pytest.approx(0.0, abs=1e-6) for distance in drift.distances)
    (finding,) = judge_drift(drift, **BOUNDS)
    assert (finding.rule, finding.refuses) == ("data.drift", False)
    assert finding.subject == "train against the last accepted data, ingested by run run-1"


def test_other_classes_leave_the_rest_compared(earlier: TrainSplit) -> None:
    drift = measure_drift(RUN, earlier, replace(earlier, classes=frozenset("bc")))
    assert drift.not_compared == (NotCompared("label", "the classes were a, b, and are b, c"),)
    assert {distance.column for distance in drift.distances} == {"site", *PROPERTIES}


def test_other_slice_columns_leave_the_rest_compared(earlier: TrainSplit) -> None:
    drift = measure_drift(RUN, earlier, replace(earlier, slices=("sex",)))
    assert drift.not_compared == (
        NotCompared("sex", "it was no slice column then"),
        NotCompared("site", "it is no slice column any more"),
    )
    assert {distance.column for distance in drift.distances} == {"label", *PROPERTIES}


def test_images_of_another_form_leave_label_and_slices_compared(earlier: TrainSplit) -> None:
    drift = measure_drift(RUN, earlier, replace(earlier, image={"size": 32}))
    assert {distance.column for distance in drift.distances} == {"label", "site"}
    accepted, skipped = judge_drift(drift, **BOUNDS)
    assert accepted.found.startswith("farthest label, 0.000")
    assert skipped.subject == "mean, standard_deviation, entropy, train against the last accepted data, ingested by run run-1"
    assert (skipped.found, skipped.refuses) == ("not compared: the canonical images had another form", False)


def test_column_without_values_on_both_sides_is_said_to_be_not_compared(
    earlier: TrainSplit, statistics_of: Callable[..., Any]
) -> None:
    bare = replace(earlier, statistics=statistics_of(label=["a"]))
    unsaid = {item.column for item in measure_drift(RUN, bare, bare).not_compared}
    assert unsaid == {"site", *PROPERTIES}


def test_first_data_have_nothing_to_be_compared_with(earlier: TrainSplit) -> None:
    (finding,) = judge_drift(measure_drift(None, None, earlier), **BOUNDS)
    assert (finding.found, finding.refuses) == ("no earlier accepted data", False)
    assert finding.subject == "train against the last accepted data"


def test_earlier_data_that_are_gone_are_a_finding_that_refuses_nothing(earlier: TrainSplit) -> None:
    (finding,) = judge_drift(measure_drift(RUN, None, earlier), **BOUNDS)
    assert (finding.found, finding.refuses) == ("not judged: its account or its statistics are gone or damaged", False)


def test_empty_train_split_is_not_judged(earlier: TrainSplit) -> None:
    (finding,) = judge_drift(measure_drift(RUN, earlier, None), **BOUNDS)
    assert finding.found == "not judged: the train split holds no examples"


def test_nothing_in_common_is_not_judged(earlier: TrainSplit) -> None:
    other = replace(earlier, classes=frozenset("xy"), slices=(), image={})
    found = [finding.found for finding in judge_drift(measure_drift(RUN, earlier, other), **BOUNDS)]
    assert found[0] == "not judged: no column can be compared"
    assert len(found) == 4


@pytest.mark.parametrize("refuse", [False, True])
def test_column_too_far_is_named_with_run_and_distance(refuse: bool) -> None:
    (finding,) = judge_drift(Drift(RUN, (SITE, MEAN)), **{**BOUNDS, "refuse": refuse})
    assert (finding.rule, finding.found, finding.refuses) == ("data.drift.l_infinity", "0.500", refuse)
    assert finding.subject == "site, train against the last accepted data, ingested by run run-1"
    assert "data.drift.refuse" in finding.advice


def test_drift_comes_back_from_its_file(tmp_path: Path) -> None:
    for drift in (Drift(RUN, (SITE, MEAN), (NotCompared("label", "why"),)), Drift(None, not_judged="nothing")):
        write_drift(tmp_path, drift)
        assert read_drift(tmp_path) == drift
