from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.pusher.versions import versions
from pipeline.errors import ConfigError


def numbers(serving: Path) -> list[int]:
    return [version.number for version in versions(serving)]


def test_verify_ends_with_one_when_a_file_differs(told: Callable[..., Any], serving: Path) -> None:
    first, second = numbers(serving)
    assert told("verify", as_json=False) == [f"{first}  kept: 1 files as pushed", f"{second}  served: 1 files as pushed"]
    (serving / str(second) / "saved_model.pb").write_text("c")
    assert told("verify", code=1, as_json=False)[1:] == [f"{second}  served: 1 DIFFERENT", "  changed: saved_model.pb"]
    assert told("verify", str(first))["versions"][0]["differences"] == []
    with pytest.raises(ConfigError, match="version 7 is unknown here"):
        told("verify", "7")
