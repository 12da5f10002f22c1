"""TFMA's word on the thresholds, as findings.

TFMA judges every value of a slice column, also one with three examples, and finds an AUC that is no number in a slice that
lacks a class too low. Such slices are listed as not judged; where no slice is left, the evidence is insufficient.
"""

from collections.abc import Iterator, Mapping, Sequence

from components.blessing import Finding
from components.clinical_gate.rules import Judgement
from components.evaluation.eval_config import EXAMPLE_COUNT
from components.evaluation.results import OVERALL, Failure, Results, Slice
from pipeline.config import Change, Evaluation, Threshold

Absent = Mapping[Slice, tuple[str, ...]]  # slice -> classes without an example in it


def judge_thresholds(evaluation: Evaluation, results: Results, *, absent: Absent, blessed: bool) -> list[Finding]:
    """Return a finding for each threshold and slice.

    Args:
        evaluation: the configured thresholds.
        results: what the Evaluator found.
        absent: slice -> classes that have no example there.
        blessed: the Evaluator's own verdict; it refuses for what none of the findings explains.
    """
    findings = [finding for threshold in evaluation.thresholds for finding in _by_slice(threshold, results, absent)]
    if evaluation.change is not None:
        findings.append(_judge_change(evaluation.change, results))
    return [*findings, *_unexplained(evaluation, results, blessed=blessed)]


def judge_coverage(thresholds: Sequence[Threshold], results: Results, absent: Absent) -> list[Judgement]:
    """Return a judgement on each threshold per slice that judges none of them: nothing shows that its bound is kept."""
    return [
        Judgement("insufficient_evidence", _none_judged(threshold, len(slices)))
        for threshold in thresholds
        if (slices := results.slices_of(threshold.per))
        and all(_why_not_judged(threshold, results, where=where, absent=absent.get(where, ())) for where in slices)
    ]


def _none_judged(threshold: Threshold, slices: int) -> Finding:
    return Finding(
        rule="evaluation.thresholds",
        subject=f"{threshold.metric}, per {threshold.per}",
        expected=f"{_bound(threshold)}, in one slice or more that can be judged",
        found=f"no slice could be judged, of {slices}; insufficient evidence",
        advice=f"Lower min_examples ({threshold.min_examples}) or collect more data: "
        "test images of every class for each value of the column.",
    )


def _by_slice(threshold: Threshold, results: Results, absent: Absent) -> Iterator[Finding]:
    slices = results.slices_of(threshold.per)
    if not slices:
        yield Finding("evaluation.thresholds", f"{threshold.metric}, per {threshold.per}", _bound(threshold), "no such slice")
    for where in slices:
        reason = _why_not_judged(threshold, results, where=where, absent=absent.get(where, ()))
        yield _not_judged(threshold, where, reason) if reason else _judge(threshold, results, where)


def _why_not_judged(threshold: Threshold, results: Results, *, where: Slice, absent: tuple[str, ...]) -> str:
    """Return why a slice tells nothing about a metric; empty if it does."""
    if where == OVERALL:
        return ""
    count = int(results.metrics[where][EXAMPLE_COUNT])
    if count < threshold.min_examples:
        return f"{count} examples, fewer than min_examples {threshold.min_examples}"
    return f"AUC needs every class; no example of {', '.join(absent)}" if threshold.metric == "auc" and absent else ""


def _not_judged(threshold: Threshold, where: Slice, reason: str) -> Finding:
    return Finding(
        "evaluation.thresholds", _subject(threshold.metric, where), _bound(threshold), f"not judged: {reason}", refuses=False
    )


def _judge(threshold: Threshold, results: Results, where: Slice) -> Finding:
    value = results.metrics[where].get(threshold.metric)
    failed = value is None or any(_is_of(failure, threshold) and failure.where == where for failure in results.failures)
    return Finding(
        rule="evaluation.thresholds",
        subject=_subject(threshold.metric, where),
        expected=_bound(threshold),
        found=_miss(threshold, value) if failed else f"{value:.4f}",
        refuses=failed,
    )


def _judge_change(change: Change, results: Results) -> Finding:
    """Return the finding on the candidate against the baseline."""
    subject = _subject(change.metric, OVERALL)
    expected = f"at most {change.at_most_worse:g} worse than the baseline"
    difference = results.changes.get(OVERALL, {}).get(change.metric)
    if difference is None:
        found = "no comparable baseline: no model of these classes and this image form was pushed before"
        return Finding("evaluation.change", subject, expected, found, refuses=False)
    worse = difference if change.metric == "loss" else -difference
    failed = any(failure.change and failure.metric == change.metric for failure in results.failures)
    value = results.metrics[OVERALL][change.metric]
    found = f"{value:.4f} against {value - difference:.4f}: {_direction(worse)}"
    if failed:
        found += f", {worse - change.at_most_worse:.4f} too much"
    return Finding("evaluation.change", subject, expected, found, refuses=failed)


def _direction(worse: float) -> str:
    return f"{worse:.4f} worse" if worse > 0 else f"{-worse:.4f} better"


def _is_of(failure: Failure, threshold: Threshold) -> bool:
    """Tell whether a failure is of this threshold, in whichever slice."""
    bound = threshold.at_most if threshold.at_least is None else threshold.at_least
    return not failure.change and (failure.metric, failure.bound) == (threshold.metric, bound)


def _unexplained(evaluation: Evaluation, results: Results, *, blessed: bool) -> Iterator[Finding]:
    """Yield findings on what the Evaluator refused without a configured threshold that says so."""
    for failure in results.failures:
        if not failure.change and not any(_is_of(failure, threshold) for threshold in evaluation.thresholds):
            yield _refusal(_subject(failure.metric, failure.where), f"broken bound {failure.bound:g}")
    if not blessed and not results.failures:
        yield _refusal("Evaluator", "the Evaluator refused the model without naming a threshold")


def _refusal(subject: str, found: str) -> Finding:
    advice = "See validations.tfrecord in the Evaluator's artifact."
    return Finding("evaluation.thresholds", subject, "a blessing by the Evaluator", found, advice=advice)


def _subject(metric: str, where: Slice) -> str:
    return f"{metric}, " + (", ".join(f"{column} {value}" for column, value in where) or "overall")


def _bound(threshold: Threshold) -> str:
    return f"at least {threshold.at_least:g}" if threshold.at_least is not None else f"at most {threshold.at_most:g}"


def _miss(threshold: Threshold, value: float | None) -> str:
    """Say what was found and by how much it misses the bound."""
    if value is None:
        return "the Evaluator has no such metric"
    if threshold.at_least is not None:
        return f"{value:.4f}, {threshold.at_least - value:.4f} too low"
    return f"{value:.4f}, {value - (threshold.at_most or 0.0):.4f} too high"
