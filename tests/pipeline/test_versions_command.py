from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.pusher.versions import versions

FIRST = "20260102T030405-1a2b"


def numbers(serving: Path) -> list[int]:
    return [version.number for version in versions(serving)]


def test_versions_are_listed_newest_first_with_what_they_stand_on(told: Callable[..., Any], serving: Path) -> None:
    second = numbers(serving)[-1]
    told("pin", str(second))
    header, names, *lines = told("versions", as_json=False)
    assert header == f"{serving}: 2 versions"
    assert names.split() == ["version", "state", "pushed", "(UTC)", "run", "auc", "accuracy", "data", "MB"]
    assert lines[0].startswith(f"{second}  served, pinned  20")
    assert lines[1].split()[-5:] == [FIRST, "0.9100", "-", "d" * 12, "0.0"]
    assert [version["metrics"] for version in told("versions")["versions"]] == [{"auc": 0.92}, {"auc": 0.91}]
