from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.config import Kubeflow


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"defaults": {"memory": {"limit": "4 GB"}}}, "expected bytes such as"),
        ({"defaults": {"cpu": {"request": "two"}}}, "expected cores such as"),
        ({"defaults": {"memory": {"request": "4Gi", "limit": "4G"}}}, "request 4Gi is above limit 4G"),
        ({"defaults": {"cpu": {"request": "1", "limit": "500m"}}}, "request 1 is above limit 500m"),
        ({"volumes": [{"claim": "a", "path": "relative"}]}, "absolute path"),
        ({"notify": [{"kind": "slack", "url_env": "URL"}]}, "no secret fills URL"),
    ],
)
def test_what_a_cluster_would_refuse_is_refused_in_words(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Kubeflow.model_validate(settings)


def test_node_keeps_defaults_that_it_does_not_set() -> None:
    settings = {"defaults": {"env": {"A": "1"}, "cpu": {"request": "3"}}, "nodes": {"Trainer": {"env": {"B": "2"}, "gpu": {}}}}
    needs = Kubeflow.model_validate(settings).needs("Trainer")
    assert needs.env == {"A": "1", "B": "2"}
    assert needs.cpu.request == "3"
    assert needs.gpu is not None
