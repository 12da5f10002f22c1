"""The small training inputs of tests/models."""

import importlib.util
import sys
from pathlib import Path

import pytest

MAKER = Path(__file__).resolve().parents[2] / "models" / "training_inputs.py"


@pytest.fixture(scope="session")
def training_inputs(tmp_path_factory):
    """Examples of three classes at 24 x 24 x 1, and their transform graph."""
    specification = importlib.util.spec_from_file_location("training_inputs", MAKER)
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module.make(tmp_path_factory.mktemp("training_inputs"))
