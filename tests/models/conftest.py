"""Small training inputs, made once."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

MAKER = Path(__file__).with_name("training_inputs.py")


@pytest.fixture(scope="session")
def training_maker() -> ModuleType:
    """The maker of training inputs; tests are no package, so it is loaded by its path."""
    specification = importlib.util.spec_from_file_location("training_inputs", MAKER)
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def training_inputs(training_maker, tmp_path_factory):
    """Examples of three classes at 24 x 24 x 1, and their transform graph."""
    return training_maker.make(tmp_path_factory.mktemp("training_inputs"))
