"""What keeps the splits apart, and the nearly identical images that cross them, as pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.data_gate.leakage import LISTED
from components.data_gate.proof import Leak, Place, RuleProof
from components.run_report.mistakes import SIDE, find_images
from components.run_report.report_data import ReportData
from components.run_report.section import Section, absent
from models.features import SPLITS

SHOWN = 12  # pairs
WORDS = {
    "holds": ("good", "holds"),
    "accepted": ("wait", "accepted by the configuration"),
    "not_compared": ("none", "not compared"),
    "broken": ("bad", "broken"),
}


@dataclass(frozen=True)
class Side:
    """One image of a pair."""

    place: Place
    source: str  # data URI; empty when the image was not found


@dataclass(frozen=True)
class Pair:
    """An image and the one of another split that it is most like."""

    first: Side
    second: Side
    distance: int
    correlation: float
    more: int  # further images that it is like


def section(data: ReportData) -> Section:
    """Return the rules of the leakage proof, their leaks by row, and the near repeats as pictures."""
    if data.leakage is None:
        return absent(data, "leakage", "Leakage", lacks="There is no leakage proof.")
    near = [leak for rule in data.leakage for leak in rule.leaks if leak.correlation is not None]
    values = {
        "rules": [(rule, *WORDS[rule.verdict], compared(rule)) for rule in data.leakage],
        "broken": sum(rule.verdict == "broken" for rule in data.leakage),
        "open": sum(rule.verdict == "not_compared" for rule in data.leakage),
        "groups": [groups(rule) for rule in data.leakage if rule.leaks and rule.leaks[0].correlation is None],
        "pairs": pairs(near[:SHOWN], data.examples),
        "near": len(near),
        "bounds": data.config.data.near_repeats,
        "side": SIDE,
    }
    return Section("leakage", "Leakage", "leakage.html.j2", values)


def compared(rule: RuleProof) -> str:
    """Return what a rule compared, such as '257 images, 126 patients'."""
    return ", ".join(f"{count} {what}" for what, count in rule.compared.items())


def groups(rule: RuleProof) -> tuple[str, Sequence[Leak], int]:
    """Return a rule's subject, its first leaks and how many more there are."""
    return rule.subject, rule.leaks[:LISTED], len(rule.leaks[LISTED:])


def pairs(leaks: Sequence[Leak], examples: str | None) -> list[Pair]:
    """Return the first two images of each leak with their pictures."""
    wanted = {split: {place.file for leak in leaks for place in leak.places[:2] if place.split == split} for split in SPLITS}
    pictures: dict[str, str] = {}
    for split, keys in wanted.items():
        pictures |= find_images(examples, sorted(keys), split)
    return [pair(leak, pictures) for leak in leaks]


def pair(leak: Leak, pictures: Mapping[str, str]) -> Pair:
    """Return one near repeat."""
    first, second = (Side(place, pictures.get(place.file, "")) for place in leak.places[:2])
    return Pair(first, second, leak.distance or 0, leak.correlation or 0.0, len(leak.places[2:]))
