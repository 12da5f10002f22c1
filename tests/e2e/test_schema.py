"""A schema of one's own, learned from data, names images that were inverted, emptied, clipped, resized or exported anew."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

pytestmark = pytest.mark.e2e
DEFECTS = {
    "inverted": ("upper_corners", ImageOps.invert),
    "blank": ("entropy", lambda image: Image.new("L", (image.width, image.height), 128)),
    "clipped": ("saturated", lambda image: image.point(lambda level: min(3 * level, 255))),
    "resized": ("width", lambda image: image.resize((400, 380))),
    "sixteen bit": ("bit_depth", lambda image: Image.fromarray(np.asarray(image).astype(np.uint16) * 257)),
}


def without_digests(rows: list[dict[str, str]]) -> None:
    for row in rows:
        row["sha256"] = ""


def spoil(manifest: Path) -> dict[str, int]:
    """Make one image of a data set bad in each way; return the row of each."""
    with manifest.open(newline="") as stream:
        images = [manifest.parent / row["path"] for row in csv.DictReader(stream)]
    rows = {defect: 1 + 11 * number for number, defect in enumerate(DEFECTS)}
    for defect, row in rows.items():
        with Image.open(images[row - 1]) as image:
            spoilt = DEFECTS[defect][1](image)
        spoilt.save(images[row - 1])
    return rows


def rows_found(root: Path) -> dict[str, set[int]]:
    """Return the rows that the last data gate named, by feature."""
    newest = max(root.glob("artifacts/DataGate/blessing/*"), key=lambda folder: int(folder.name))
    found: dict[str, set[int]] = {}
    for finding in json.loads((newest / "findings.json").read_text())["findings"]:
        if finding["refuses"]:
            found.setdefault(finding["subject"].removeprefix("feature ").partition(",")[0], set()).update(finding["rows"])
    return found


def test_each_defect_is_named_by_feature_and_row_and_a_changed_bound_measures_nothing_anew(
    pushed_root: Path, demo_config: Path, own_data, quickly, files_below, tmp_path: Path
) -> None:
    root, config = pushed_root, own_data(without_digests)
    learned = tmp_path / "own.pbtxt"
    assert quickly("schema", "infer", demo_config, "--root", root, "-o", learned).code == 0
    spoilt = spoil(tmp_path / "data" / "manifest.csv")
    served = files_below(root / "serving")
    config.write_text(config.read_text().replace("data:\n", "data:\n  schema_file: own.pbtxt\n"))

    refused = quickly("run", config, "--root", root, "--json")
    assert (refused.code, refused.result["verdict"]) == (3, "data_refused")
    found = rows_found(root)
    assert {defect: row in found[DEFECTS[defect][0]] for defect, row in spoilt.items()} == dict.fromkeys(spoilt, True)
    assert set().union(*found.values()) == set(spoilt.values())
    report = Path(refused.result["report"]).read_text()
    assert all(feature in report for feature, _ in DEFECTS.values())
    assert str(tmp_path) not in report

    accepted = quickly("schema", "accept", config, "--root", root, "--yes")
    assert accepted.code == 3
    assert "not accepted by command: standard_deviation, entropy" in accepted.stderr
    again = quickly("run", config, "--root", root, "--json")
    assert again.code == 3
    assert {"ImageExampleGen", "StatisticsGen", "ImportSchemaGen"} <= set(again.result["cached"])
    assert not {"ImportBounds", "ExampleValidator", "DataGate"} & set(again.result["cached"])
    left = rows_found(root)
    assert set(left) == {"standard_deviation", "entropy"}
    assert all(spoilt["blank"] in rows for rows in left.values())
    assert files_below(root / "serving") == served


def test_schema_that_does_not_fit_is_one_message(demo_config: Path, quickly, tmp_path: Path) -> None:
    own = tmp_path / "own.pbtxt"
    own.write_text('feature { name: "image" type: BYTES }')
    done = quickly("run", demo_config, "--root", tmp_path / "root", "--set", f"data.schema_file={own}")
    assert done.code == 2
    assert "names image, which statistics never read" in done.stderr
    assert "lacks label, width, " in done.stderr
