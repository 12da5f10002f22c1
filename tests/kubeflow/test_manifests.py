import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

VERSION = "1.37"
OVERLAYS = ("base", "object-store")
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def folder(project: Path) -> Path:
    return project / "kubeflow" / "manifests"


def read(path: Path) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def listed(overlay: Path) -> set[str]:
    """Files that a kustomization names, its own templates for what stays out of git included."""
    (told,) = read(overlay / "kustomization.yaml")
    generated = [
        file for kind in ("configMapGenerator", "secretGenerator") for one in told.get(kind, []) for file in one.get("files", [])
    ]
    secret = [f"{file}.example" for one in told.get("secretGenerator", []) for file in one.get("envs", [])]
    return {
        *(name for name in told["resources"] if ".." not in name),
        *(one["path"] for one in told.get("patches", [])),
        *generated,
        *secret,
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomization_lists_each_file_and_no_other(folder: Path, overlay: str) -> None:
    there = {path.name for path in (folder / overlay).iterdir() if path.suffix != ".env"}
    assert listed(folder / overlay) == there - {"kustomization.yaml"}


def test_templates_hold_no_password_and_the_real_ones_stay_out_of_git(folder: Path) -> None:
    for path in folder.glob("*/*.env.example"):
        secrets = [line for line in path.read_text().splitlines() if re.search("PASSWORD|KEY|SECRET", line)]
        assert secrets
        assert all(line.endswith("=") for line in secrets)
        assert path.name.removesuffix(".example") in (folder / ".gitignore").read_text().split()


@pytest.fixture(scope="module", params=OVERLAYS)
def built(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """What the real kustomize makes of an overlay whose templates were copied as the documentation says."""
    kubectl, kustomize = shutil.which("kubectl"), shutil.which("kustomize")
    if not kubectl and not kustomize:
        pytest.skip("neither kustomize nor kubectl is installed: the overlays can't be built")
    copy = tmp_path_factory.mktemp("manifests") / "manifests"
    shutil.copytree(folder, copy)
    for path in copy.glob("*/*.env.example"):
        shutil.copy(path, path.with_suffix(""))
    command = [kustomize, "build"] if kustomize else [str(kubectl), "kustomize"]
    done = subprocess.run([*command, str(copy / request.param)], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] in kinds]


def pods(manifests: list[Manifest]) -> Iterator[Manifest]:
    return (one["spec"]["template"] for one in of_kind(manifests, "Deployment", "StatefulSet"))


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def test_own_files_are_valid_strictly(folder: Path) -> None:
    manifests = [one for path in (folder / "base").glob("*.yaml") if path.name != "kustomization.yaml" for one in read(path)]
    assert len(manifests) >= 10
    for one in manifests:
        kubernetes_validate.validate(one, VERSION, strict=True)


def test_unknown_key_would_be_found(folder: Path) -> None:
    (deployment,) = read(folder / "base" / "serving-deployment.yaml")
    deployment["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSION, strict=True)


def test_built_manifests_are_valid_strictly(built: list[Manifest]) -> None:
    for one in built:
        kubernetes_validate.validate(one, VERSION, strict=True)


def test_selectors_match_pods(built: list[Manifest]) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(built)]
    selectors = [one["spec"]["selector"] for one in of_kind(built, "Service")]
    selectors += [
        one["spec"]["selector"]["matchLabels"] for one in of_kind(built, "Deployment", "StatefulSet", "PodDisruptionBudget")
    ]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in of_kind(built, "NetworkPolicy")]
    assert len(selectors) == 7
    for selector in selectors:
        assert any(selector.items() <= pod.items() for pod in labels), selector


def test_scaler_and_stateful_set_name_what_is_there(built: list[Manifest]) -> None:
    names = {(one["kind"], one["metadata"]["name"]) for one in built}
    for scaler in of_kind(built, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) in names
    for database in of_kind(built, "StatefulSet"):
        assert ("Service", database["spec"]["serviceName"]) in names


def test_ports_are_those_of_the_pods(built: list[Manifest]) -> None:
    by_app = {
        pod["metadata"]["labels"]["app.kubernetes.io/name"]: {
            port["name"] for one in containers(pod) for port in one.get("ports", [])
        }
        for pod in pods(built)
    }
    for service in of_kind(built, "Service"):
        wanted = {port["targetPort"] for port in service["spec"]["ports"]}
        assert wanted <= by_app[service["spec"]["selector"]["app.kubernetes.io/name"]]
    for policy in of_kind(built, "NetworkPolicy"):
        app = policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
        assert {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]} <= by_app[app]
    for pod in pods(built):
        mine = {port["name"] for one in containers(pod) for port in one.get("ports", [])}
        probed = [probe for one in containers(pod) for key, probe in one.items() if key.endswith("Probe")]
        used = {probe[way]["port"] for probe in probed for way in ("httpGet", "tcpSocket") if way in probe}
        assert used <= mine


def test_volumes_claims_configs_and_secrets_exist(built: list[Manifest]) -> None:
    names = {(one["kind"], one["metadata"]["name"]) for one in built}
    own_claims = {
        claim["metadata"]["name"] for one in of_kind(built, "StatefulSet") for claim in one["spec"]["volumeClaimTemplates"]
    }
    for pod in pods(built):
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in names
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in names
        for one in containers(pod):
            assert {mount["name"] for mount in one["volumeMounts"]} <= {*volumes, *own_claims}
            for source in one.get("envFrom", []):
                assert ("Secret", source["secretRef"]["name"]) in names


def test_pods_are_closed(built: list[Manifest]) -> None:
    for pod in pods(built):
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["spec"]["automountServiceAccountToken"] is False
        for one in containers(pod):
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(one["resources"]) == {"requests", "limits"}


def test_images_are_pinned(built: list[Manifest]) -> None:
    for pod in pods(built):
        for one in containers(pod):
            assert re.search(r":\d+\.\d+", one["image"]), one["image"]


def test_serving_is_probed_on_the_status_of_the_model_that_it_serves(built: list[Manifest]) -> None:
    (pod,) = (pod for pod in pods(built) if pod["metadata"]["labels"]["app.kubernetes.io/name"] == "serving")
    (server,) = (one for one in pod["spec"]["containers"] if one["name"] == "tensorflow-serving")
    (config,) = (one["data"] for one in of_kind(built, "ConfigMap") if "models.config" in one["data"])
    name = re.search(r'name: "(\w+)"', config["models.config"])
    assert name
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert server[probe]["httpGet"]["path"] == f"/v1/models/{name[1]}"
    assert "--monitoring_config_file=/etc/serving/monitoring.config" in server["args"]
    assert pod["metadata"]["annotations"]["prometheus.io/path"] in config["monitoring.config"]
