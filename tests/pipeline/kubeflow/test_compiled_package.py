from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.kubeflow.compiled_package import read_package

Tree = dict[str, Any]


def test_package_of_kfp_is_read_with_its_containers(package: Path) -> None:
    read = read_package(package)
    assert read.name == "small"
    (container,) = read.containers.values()
    assert (container.spec.image, list(container.spec.command)) == ("busybox:1.36", ["echo"])


def unknown_component(tree: Tree) -> None:
    tree["root"]["dag"]["tasks"]["say"]["componentRef"]["name"] = "comp-shout"


def missing_parameter(tree: Tree) -> None:
    del tree["root"]["dag"]["tasks"]["say"]["inputs"]["parameters"]["span"]


def unknown_parameter(tree: Tree) -> None:
    parameters = tree["root"]["dag"]["tasks"]["say"]["inputs"]["parameters"]
    parameters["spam"] = parameters["span"]


def absent_source(tree: Tree) -> None:
    tree["root"]["dag"]["tasks"]["say"]["inputs"]["parameters"]["span"]["componentInputParameter"] = "spam"


def absent_upstream(tree: Tree) -> None:
    tree["root"]["dag"]["tasks"]["say"]["dependentTasks"] = ["shout"]


def circle(tree: Tree) -> None:
    tree["root"]["dag"]["tasks"]["say"]["dependentTasks"] = ["say"]


def no_image(tree: Tree) -> None:
    tree["deploymentSpec"]["executors"]["exec-say"]["container"]["image"] = ""


def unfilled(tree: Tree) -> None:
    tree["deploymentSpec"]["executors"]["exec-say"]["container"]["args"] += ["{{$.pipeline_job_uuid}}"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (unknown_component, "task say starts comp-shout, which is no component of the package"),
        (missing_parameter, "task say: parameter span is missing"),
        (unknown_parameter, "task say: parameter spam is unknown to comp-say"),
        (absent_source, "task say: parameter span comes from spam, which the graph around it does not have"),
        (absent_upstream, "task say waits for shout, which is no task beside it"),
        (circle, "tasks wait for each other: say"),
        (no_image, "comp-say: has no image"),
        (unfilled, "KFP does not fill .* inside a command"),
    ],
)
def test_what_a_cluster_would_stumble_over_is_found(
    package: Path, tmp_path: Path, spoil: Callable[[Tree], None], told: str
) -> None:
    tree = yaml.safe_load(package.read_text())
    spoil(tree)
    spoilt = tmp_path / "package.yaml"
    spoilt.write_text(yaml.safe_dump(tree))
    with pytest.raises(ConfigError, match=told):
        read_package(spoilt)
