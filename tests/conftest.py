"""What every test may ask for: the shared example data, or the reason why it is absent."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("MEDTFX_DATA", PROJECT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real example images; the test skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("example data is absent: set MEDTFX_DATA to its folder")
    return SHARED_DATA


@pytest.fixture(scope="session")
def project() -> Path:
    """The checkout."""
    return PROJECT
