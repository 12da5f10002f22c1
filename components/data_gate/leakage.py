"""The rules that keep the splits of one data set apart: no patient, no study and no image in two of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from components.blessing import Finding
from components.data_gate.proof import Leak, Place, RuleProof
from components.image_example_gen.account import RowAccount

LISTED = 20  # rows that a finding names at most
ONE_SPLIT = "Give all images of a {thing} the same split in the manifest's column `split`."


def finding_of(proof: RuleProof) -> Finding:
    """Return what a rule found as a finding of the gate; its rows are this run's."""
    rows = {place.row for leak in proof.leaks for place in leak.places if not place.run}
    return Finding(
        rule=proof.rule,
        subject=proof.subject,
        expected=proof.expected,
        found=proof.found,
        refuses=proof.verdict == "broken",
        rows=tuple(sorted(rows)[:LISTED]),
        advice=proof.advice,
    )


def judge_patients(examples: Sequence[RowAccount], *, patient: str) -> RuleProof:
    """Return the rule on patients in more than one split.

    Args:
        examples: rows that gave an example.
        patient: 'column', or 'unknown' where every image counts as its own patient.
    """
    subject, expected = "patients across splits", "every patient in one split"
    if patient == "unknown":
        found = "patient independence not proven: without patient ids every image counts as its own patient"
        return RuleProof("data.patient", subject, expected, found, "not_compared")
    leaks = _in_several_splits((row.patient, row) for row in examples)
    patients = len({row.patient for row in examples})
    return RuleProof(
        rule="data.patient",
        subject=subject,
        expected=expected,
        found=f"{len(leaks)} of {patients} patients in more than one split",
        verdict="broken" if leaks else "holds",
        compared={"patients": patients, "images": len(examples)},
        leaks=leaks,
        advice=ONE_SPLIT.format(thing="patient") if leaks else "",
    )


def judge_studies(examples: Sequence[RowAccount]) -> RuleProof:
    """Return the rule on studies in more than one split; images without a study are not compared, and counted."""
    subject, expected = "studies across splits", "every study in one split"
    named = [row for row in examples if row.study is not None]
    if not named:
        return RuleProof("data.study", subject, expected, "not compared: no image names a study", "not_compared")
    leaks = _in_several_splits((row.study, row) for row in named)
    studies = len({row.study for row in named})
    unnamed = len(examples) - len(named)
    left_out = f"; {unnamed} images name no study and were not compared" if unnamed else ""
    return RuleProof(
        rule="data.study",
        subject=subject,
        expected=expected,
        found=f"{len(leaks)} of {studies} studies in more than one split{left_out}",
        verdict="broken" if leaks else "holds",
        compared={"studies": studies, "images": len(named), "images without a study": unnamed},
        leaks=leaks,
        advice=ONE_SPLIT.format(thing="study") if leaks else "",
    )


def judge_repeats(examples: Sequence[RowAccount], *, allowed: int) -> RuleProof:
    """Return the rule on identical images in more than one split; `allowed` such images are accepted.

    Images are identical if their canonical pixels are; one that lies in two splits in any number of copies counts once.
    """
    leaks = _in_several_splits((row.pixels_sha256, row) for row in examples)
    return judge_count(
        RuleProof(
            rule="data.allowed_repeats",
            subject="identical images across splits",
            expected=f"at most {allowed}",
            found=f"{len(leaks)} images in more than one split",
            verdict="holds",
            compared={"images": len(examples)},
            leaks=leaks,
            advice=f"Remove the repeats, or accept them with data.allowed_repeats: {len(leaks)}.",
        ),
        allowed=allowed,
    )


def judge_count(proof: RuleProof, *, allowed: int) -> RuleProof:
    """Return a rule with its verdict where so many leaks are allowed; the advice stays only where there are more."""
    count = len(proof.leaks)
    if count > allowed:
        return replace(proof, verdict="broken")
    if count:
        return replace(proof, verdict="accepted", found=f"{proof.found}, accepted by the configuration", advice="")
    return replace(proof, advice="")


def _in_several_splits(keyed: Iterable[tuple[str | None, RowAccount]]) -> tuple[Leak, ...]:
    """Return a leak per key whose rows lie in more than one split."""
    groups: defaultdict[str, list[RowAccount]] = defaultdict(list)
    for key, row in keyed:
        if key is not None:
            groups[key].append(row)
    shared = ((key, rows) for key, rows in groups.items() if len({row.split for row in rows}) > 1)
    return tuple(Leak(key, tuple(map(Place.of, rows))) for key, rows in shared)
