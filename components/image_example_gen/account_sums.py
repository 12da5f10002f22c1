"""The sums that an account must hold: every file and every manifest row is counted once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sum:
    """A total and the parts that must make it.

    Args:
        what: is counted.
        total: of it.
        parts: what became of it -> how many.
    """

    what: str
    total: int
    parts: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether the parts make the total."""
        return self.total == sum(self.parts.values())

    @property
    def left(self) -> str:
        """The total in words."""
        return f"{self.total} {self.what}"

    @property
    def right(self) -> str:
        """The parts in words."""
        return " + ".join(f"{count} {name}" for name, count in self.parts.items())


def account_sums(account: Mapping[str, Any]) -> list[Sum]:
    """Return the sums of account.json: files seen by `index` (where it wrote the manifest), then manifest rows."""
    rows, lost = account["rows"], sum(account["quarantined"].values())
    left_out = sum(account["skipped"].values())
    sums = [Sum("rows", rows, {"examples": account["examples"], "quarantined": lost, "skipped": left_out})]
    indexed = account.get("indexed")
    if indexed is None:
        return sums
    skipped = sum(indexed["skipped"].values())
    seen = Sum("files seen by index", indexed["files"], {"used": indexed["used"], "skipped": skipped})
    return [seen, *sums, Sum("rows", rows, {"written by index": indexed["rows"]})]
