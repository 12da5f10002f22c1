from typing import Any

import pytest
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import Artifact, BaseChannel, Channel, ComponentSpec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import DataBlessing, IngestAccount
from components.blessing import Finding
from components.data_gate.executor import bless
from components.earlier_data.resolver import EARLIER_DATA_ID, earlier_data_resolver

Values = dict[str, Any]
Artifacts = dict[str, list[Artifact]]


class IngestExecutor(BaseExecutor):
    """Leaves an empty account."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Values) -> None:
        pass


class IngestSpec(ComponentSpec):
    PARAMETERS = {"data": ExecutionParameter(type=str)}  # noqa: RUF012
    INPUTS: dict[str, ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {"account": ChannelParameter(type=IngestAccount)}  # noqa: RUF012


class Ingest(BaseComponent):
    SPEC_CLASS = IngestSpec
    EXECUTOR_SPEC = ExecutorClassSpec(IngestExecutor)

    def __init__(self, data: str) -> None:
        super().__init__(spec=IngestSpec(data=data, account=Channel(type=IngestAccount)))


class MeasureSpec(ComponentSpec):
    PARAMETERS: dict[str, ExecutionParameter] = {}  # noqa: RUF012
    INPUTS = {"account": ChannelParameter(type=IngestAccount)}  # noqa: RUF012
    OUTPUTS = {"statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics)}  # noqa: RUF012


class Measure(BaseComponent):
    SPEC_CLASS = MeasureSpec
    EXECUTOR_SPEC = ExecutorClassSpec(IngestExecutor)

    def __init__(self, account: BaseChannel) -> None:
        statistics = Channel(type=standard_artifacts.ExampleStatistics)
        super().__init__(spec=MeasureSpec(account=account, statistics=statistics))


class GateExecutor(BaseExecutor):
    """Blesses as DataGate does."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Values) -> None:
        findings = [] if exec_properties["accepts"] else [Finding("data.patient", "patients", "none", "1")]
        bless(output_dict["blessing"][0], input_dict, findings)


class GateSpec(ComponentSpec):
    PARAMETERS = {"accepts": ExecutionParameter(type=int)}  # noqa: RUF012
    INPUTS = {  # noqa: RUF012
        "account": ChannelParameter(type=IngestAccount),
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "earlier": ChannelParameter(type=IngestAccount, optional=True),
        "measured": ChannelParameter(type=standard_artifacts.ExampleStatistics, optional=True),
    }
    OUTPUTS = {"blessing": ChannelParameter(type=DataBlessing)}  # noqa: RUF012


class Gate(BaseComponent):
    SPEC_CLASS = GateSpec
    EXECUTOR_SPEC = ExecutorClassSpec(GateExecutor)

    def __init__(self, inputs: dict[str, BaseChannel], *, accepts: bool) -> None:
        super().__init__(spec=GateSpec(**inputs, accepts=int(accepts), blessing=Channel(type=DataBlessing)))


@pytest.fixture
def run(root: Any) -> Any:
    """Return a function that runs the data nodes and returns (account's id, earlier ids, statistics' ids, what was launched)."""

    def go(run_id: str, data: str, *, accepts: bool = True) -> Any:
        ingest = Ingest(data).with_id("ImageExampleGen")
        account = ingest.outputs["account"]
        measure = Measure(account).with_id("StatisticsGen")
        earlier = earlier_data_resolver(account)
        inputs = {
            "account": account,
            "statistics": measure.outputs["statistics"],
            "earlier": earlier.outputs["accounts"],
            "measured": earlier.outputs["statistics"],
        }
        gate = Gate(inputs, accepts=accepts).with_id("DataGate")
        launched = root.run(run_id, [ingest, measure, earlier, gate])
        found = launched[EARLIER_DATA_ID].outputs
        ids = {key: [artifact.id for artifact in found.get(key, [])] for key in ("accounts", "statistics")}
        assert set(found) <= {"accounts", "statistics"}
        return launched["ImageExampleGen"].outputs["account"][0].id, ids["accounts"], ids["statistics"], launched

    return go


def measured(launched: Any) -> int:
    (statistics,) = launched["StatisticsGen"].outputs["statistics"]
    return int(statistics.id)


def test_first_run_has_no_earlier_data(run: Any) -> None:
    _, accounts, statistics, launched = run("1", "a")
    assert (accounts, statistics) == ([], [])
    assert not launched["DataGate"].cached


def test_all_accepted_data_are_found_oldest_first_with_the_last_statistics(run: Any) -> None:
    first, _, _, _ = run("1", "a")
    second, _, _, launched = run("2", "b")
    _, accounts, statistics, gated = run("3", "c")
    assert accounts == [first, second]
    assert statistics == [measured(launched)]
    assert gated["DataGate"].input_ids["earlier"] == [first, second]


def test_refused_data_are_no_earlier_data(run: Any) -> None:
    first, _, _, launched = run("1", "a")
    run("2", "b", accepts=False)
    _, accounts, statistics, _ = run("3", "c")
    assert (accounts, statistics) == ([first], [measured(launched)])


def test_repeated_run_resolves_the_same_and_is_cached(run: Any) -> None:
    first, _, _, _ = run("1", "a")
    run("2", "b")
    _, accounts, _, launched = run("3", "b")
    assert accounts == [first]
    assert all(launched[node].cached for node in launched if node != EARLIER_DATA_ID)


def test_data_ingested_before_others_are_not_compared_with_them(run: Any) -> None:
    """A, B, A: the first data were there before the second."""
    run("1", "a")
    run("2", "b")
    _, accounts, _, launched = run("3", "a")
    assert accounts == []
    assert launched["DataGate"].cached
