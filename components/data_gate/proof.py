"""The leakage proof: what each rule compared, what it says, and every leak that it rests on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tfx.types import Artifact

from components.image_example_gen.account import RowAccount
from pipeline.errors import NotBlessedError

PROOF_FILE = "proof.json"
PROVEN = "proven"  # property of the artifact: 1 if no rule is broken
RuleVerdict = Literal["holds", "accepted", "not_compared", "broken"]


@dataclass(frozen=True)
class Place:
    """An image that takes part in a leak.

    Args:
        row: of the manifest.
        file: image_key.
        split: where it lies.
        run: id of the earlier run whose account names it; empty: this run's.
    """

    row: int
    file: str
    split: str
    run: str = ""

    @classmethod
    def of(cls, account: RowAccount, run: str = "") -> "Place":
        """Return the place of a row that gave an example."""
        return cls(account.row, account.file, account.split or "", run)


@dataclass(frozen=True)
class Leak:
    """Images that should not be apart in splits, or not in these.

    Args:
        key: keyed hash of the patient or study, or digest of the pixels, that they share; of a near repeat its image_key.
        places: the images; of a near repeat the image itself and then those that it is like, the most alike first.
        distance: differing bits of the difference hashes of the first two, of a near repeat.
        correlation: of the grey values of the first two, of a near repeat.
    """

    key: str
    places: tuple[Place, ...]
    distance: int | None = None
    correlation: float | None = None


@dataclass(frozen=True)
class RuleProof:
    """One rule applied to the whole data.

    Args:
        rule: the configuration key or check, such as 'data.patient'.
        subject: what must be apart, such as 'patients across splits'.
        expected: what the rule asks for, as text with its figure.
        found: what was found, as text with its figure.
        verdict: 'holds'; 'accepted' where leaks are allowed by the configuration; 'not_compared' where nothing could be
            compared, which proves nothing; 'broken'.
        compared: what -> how many.
        leaks: every one that was found.
        advice: what to do about it.
    """

    rule: str
    subject: str
    expected: str
    found: str
    verdict: RuleVerdict
    compared: Mapping[str, int] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()
    advice: str = ""


def publish(proof: Artifact, rules: Sequence[RuleProof]) -> None:
    """Write the rules into a LeakageProof artifact and mark it: proven if none is broken."""
    proven = all(rule.verdict != "broken" for rule in rules)
    content = {"verdict": "proven" if proven else "refuted", "rules": [asdict(rule) for rule in rules]}
    (Path(proof.uri) / PROOF_FILE).write_text(json.dumps(content, indent=2), encoding="utf-8")
    proof.set_int_custom_property(PROVEN, int(proven))


def read(folder: Path) -> tuple[RuleProof, ...]:
    """Return the rules that `publish` wrote."""
    content = json.loads((folder / PROOF_FILE).read_text(encoding="utf-8"))
    return tuple(RuleProof(**{**rule, "leaks": tuple(_leaks(rule["leaks"]))}) for rule in content["rules"])


def _leaks(written: Iterable[Mapping[str, Any]]) -> Iterable[Leak]:
    for leak in written:
        yield Leak(**{**leak, "places": tuple(Place(**place) for place in leak["places"])})


def require(proofs: Sequence[Artifact]) -> None:
    """Raise NotBlessedError unless there is exactly one leakage proof, and it is proven."""
    if len(proofs) != 1 or proofs[0].get_int_custom_property(PROVEN) != 1:
        raise NotBlessedError("the splits are not proven to be free of leaks; nothing was done.")
