"""What every test may ask for: the shared example data, or the reason why it is absent; training inputs, made once."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from pipeline import interruption
from pipeline.loading import objects_that_stay

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("MEDTFX_DATA", PROJECT.parent / "shared" / "data"))
# Files whose tests share what takes five CPU seconds or more to make.
ON_OWN_RUN = r"e2e/test_(flink|forget|leakage|plain_manifest|versions)\.py"
ON_PUSHED_RUN = r"e2e/test_(drift|push|refusals|run|schema|validation)\.py"
ON_JUDGED = r"components/(clinical_gate|evaluation)/"
ON_ARTIFACTS = r"components/run_report/"
GROUPS = (ON_OWN_RUN, ON_PUSHED_RUN, ON_JUDGED, ON_ARTIFACTS)
TRAINING_MAKER = PROJECT / "tests" / "models" / "training_inputs.py"
METADATA_PASSWORD = "swordfish-in-no-log"  # of tests/mariadb_server.py
BYTE_SEARCH = PROJECT / "tests" / "e2e" / "byte_search.py"

settings.register_profile("untimed", deadline=None)  # an example's time says how busy the machine is
settings.load_profile("untimed")


def pytest_sessionstart() -> None:
    """Hear Ctrl-C also where a shell has begun the tests in the background: processes that they start would ignore it as well."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import the tests as a command loads TensorFlow."""
    with objects_that_stay():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest groups, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: ("e2e" not in item.path.parts, group_of(item.nodeid) not in GROUPS))


def group_of(nodeid: str) -> str:
    """Return what the tests of a worker stay together by: the first group that their file belongs to, or the file."""
    path = nodeid.partition("::")[0]
    return next((group for group in GROUPS if re.search(group, path)), path)


class GroupScheduling(LoadFileScheduling):
    """Gives a group to one worker; xdist's own groups go by a part of a node's id that this pytest does not let it set."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling | None:
    """Make a fixture that takes long on one worker alone."""
    return GroupScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """A command that closes the umask of its process does so for its own test alone."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A command that listens for Ctrl-C in this process, and what it heard, are its own test's alone."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    interruption._came.clear()


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


def loaded(path: Path) -> ModuleType:
    """Load a module of the tests by its path: tests are no package."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module


warm_process = loaded(PROJECT / "tests" / "warm_process.py")


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a test session share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def starter(session_folder: Path) -> Iterator[Any]:
    """The process that others are forked from, one for all workers."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "MEDTFX_METADATA_PASSWORD": METADATA_PASSWORD}
    asking = warm_process.Starter(session_folder / "starter", environment)
    yield asking
    asking.close()


@pytest.fixture(scope="session")
def start(starter: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Start a command with its imports done, with an environment of its own if one is given; it goes on while the test does."""
    return lambda *words, **how: warm_process.Started(starter, words, tmp_path_factory.mktemp("said"), **how)


@pytest.fixture(scope="session")
def start_program(start: Callable[..., Any]) -> Callable[..., Any]:
    """Start a program, as `python -c` would with these arguments, in a process that has TensorFlow and TFX loaded already."""
    return lambda program, *words: start(*words, program=program)


@pytest.fixture(scope="session")
def warm_subprocess(start: Callable[..., Any]) -> SimpleNamespace:
    """What stands in for the module subprocess where a model server is started: its imports are done, four seconds."""
    return SimpleNamespace(**{**vars(subprocess), "Popen": warm_process.warm_servers(start)})


@pytest.fixture
def warm_servers(warm_subprocess: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the imports of each model server done; from its first word on it is `medtfx serve` as ever."""
    for module in ("components.infra_validator.server_process", "bench.serving.server_process"):
        monkeypatch.setattr(f"{module}.subprocess", warm_subprocess)


@pytest.fixture(scope="session")
def training_maker() -> ModuleType:
    """The maker of training inputs."""
    return loaded(TRAINING_MAKER)


@pytest.fixture(scope="session")
def load_test_module() -> Callable[[str], ModuleType]:
    """Load a module of the tests by its path below tests/."""
    return lambda path: loaded(PROJECT / "tests" / path)


@pytest.fixture(scope="session")
def byte_search() -> ModuleType:
    """The search for words in every byte below a folder."""
    return loaded(BYTE_SEARCH)


@pytest.fixture(scope="session")
def training_inputs(training_maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Examples of three classes at 24 x 24 x 1, and their transform graph."""
    return training_maker.make(tmp_path_factory.mktemp("training_inputs"))


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A MariaDB server of its own on a free port of this machine; the test skips where none is installed."""
    server = loaded(PROJECT / "tests" / "mariadb_server.py").MariaDb()
    if not server.installed:
        pytest.skip("MariaDB is absent: install Debian's mariadb-server")
    try:
        server.set_up()
        yield server
    finally:
        server.remove()


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """Take the rights of an ordinary user for one test: root may read and write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
