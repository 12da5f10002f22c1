"""What ExampleValidator would say of measured data under a schema, without a run."""

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.anomalies import JudgedSplit, judge_anomalies
from pipeline.judged_data import JudgedData


def anomalies_of(data: JudgedData, schema: schema_pb2.Schema) -> list[str]:
    """Return a line per anomaly: split, feature, what was expected and what is there. Rows are named by a run alone."""
    lines = []
    for split, statistics in data.statistics.items():
        found = tfdv.validate_statistics(statistics, schema)
        judged = JudgedSplit(split, 0, rows_breaking=lambda _: ())
        lines += [
            f"{finding.subject}: expected {finding.expected}; {finding.found}"
            for finding in judge_anomalies(found, schema, judged)
        ]
    return lines
