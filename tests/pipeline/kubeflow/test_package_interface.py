import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow.package_interface import config_option, read_interface, run_parameters


def test_equal_packages_are_one_version(package: Path, other_package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(package.read_bytes())
    assert read_interface(copy).version == read_interface(package).version != read_interface(other_package).version


@pytest.mark.parametrize("content", [b"a: 1", b"[1]", b"\xff\xfe", b"a: [", b""])
def test_other_files_are_no_package(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "package.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a package of Kubeflow Pipelines v2"):
        read_interface(path)


def test_values_take_the_type_of_their_parameter(package: Path) -> None:
    given = ["config=3", "span=12", "rate=0.25", "dry=TRUE"]
    assert run_parameters(read_interface(package), given, {}) == {"config": "3", "span": 12, "rate": 0.25, "dry": True}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["config=x", "spam=1"], "no parameter spam; it has: config, dry, rate, span"),
        ([], "a run needs config; give it with --config FILE"),
        (["config=x", "span=many"], "span=many: expected a whole number"),
        (["config=x", "rate=fast"], "rate=fast: expected a number"),
        (["config=x", "dry=perhaps"], "dry=perhaps: expected true or false"),
        (["config"], "expected name=value"),
    ],
)
def test_wrong_parameter_is_told(package: Path, given: list[str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        run_parameters(read_interface(package), given, {})


def test_bad_configuration_never_reaches_the_cluster(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: small\nsteps: 3\n")
    with pytest.raises(ConfigError, match="steps: unknown key"):
        config_option(path)


def test_parameter_is_not_given_by_its_option_and_by_name(package: Path) -> None:
    with pytest.raises(ConfigError, match=r"--config and --parameter config=\.\.\. say the same thing twice"):
        run_parameters(read_interface(package), ["config=x"], {"config": "y"})


def test_client_reads_a_package_without_loading_kfp() -> None:
    script = "import sys, pipeline.kubeflow.package_interface; sys.exit('kfp' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
