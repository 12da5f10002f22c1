import json
from pathlib import Path

import pytest
import yaml

from pipeline import sources
from pipeline.config import DemoSource

pytestmark = pytest.mark.e2e


def test_quarantined_file_is_told_retried_and_taken(demo_config: Path, quickly, tmp_path: Path) -> None:
    manifest, root = tmp_path / "data" / "manifest.csv", tmp_path / "root"
    files = sources.index(DemoSource(kind="demo", patients=60), manifest).files
    image = sorted((tmp_path / "data" / "manifest_images").iterdir())[3]
    whole = image.read_bytes()
    image.write_bytes(whole[:100])
    tree = yaml.safe_load(demo_config.read_text())
    tree["data"] |= {"manifest": str(manifest)}
    del tree["data"]["source"]
    tree["data"]["classes"] += ["seen by nobody"]  # the data gate stops the run, which makes it short
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree))
    assert quickly("run", tmp_path / "config.yaml", "--root", root).code == 3

    told = json.loads(quickly("runs", "show", "--root", root, "--json").stdout)
    assert told["data"]["indexed"] == {"files": files, "used": files, "rows": files, "skipped": {}}
    assert all(item["holds"] for item in told["sums"])
    assert [(item["row"], item["reason"]) for item in told["quarantine"]] == [(4, "changed_file")]

    image.write_bytes(whole)
    key = Path(tree["data"]["pseudonym_key_file"])
    retried = quickly("index", "--retry", manifest, "--root", root, "--key-file", key)
    assert "1 of 1 files can be read now" in retried.stdout
    assert quickly("run", tmp_path / "config.yaml", "--root", root).code == 3
    (entry,) = [json.loads(line) for line in (root / "quarantine.jsonl").read_text().splitlines()]
    assert (entry["row"], entry["state"]) == (4, "readmitted")
    assert len(quickly("runs", "--root", root).stdout.splitlines()) == 3
    assert image.name not in (root / "quarantine.jsonl").read_text()
