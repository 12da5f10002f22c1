from pathlib import Path

import pytest

from components import blessing
from components.artifacts import DataBlessing
from components.blessing import Finding
from pipeline.errors import NotBlessedError


@pytest.fixture
def artifact(tmp_path: Path) -> DataBlessing:
    made = DataBlessing()
    made.uri = str(tmp_path)
    return made


def test_findings_survive_the_round_trip(artifact: DataBlessing) -> None:
    findings = (Finding("data.max_quarantined", "manifest", "at most 1 %", "7 %", rows=(3, 9), advice="look at the rows"),)
    blessing.publish(artifact, "data_refused", findings)
    assert blessing.read(artifact.uri) == ("data_refused", findings)


def test_only_accepted_blesses(artifact: DataBlessing) -> None:
    blessing.publish(artifact, "accepted", ())
    assert blessing.is_blessed(artifact)
    blessing.require([artifact], "DataGate")
    blessing.publish(artifact, "data_refused", ())
    with pytest.raises(NotBlessedError, match="DataGate has not blessed"):
        blessing.require([artifact], "DataGate")


def test_missing_blessing_does_not_count_as_one() -> None:
    with pytest.raises(NotBlessedError, match="DataGate has not blessed"):
        blessing.require([], "DataGate")
