"""A manifest without digests of files: what its runs notice, and what they keep to themselves."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.e2e


def test_replaced_image_is_noticed_where_the_manifest_has_no_digest(own_run, one_step, quickly) -> None:
    image = next(own_run.manifest.parent.rglob("*.png"))
    mirrored = np.asarray(Image.open(image))[:, ::-1]
    Image.fromarray(mirrored).save(image)
    second = quickly("run", own_run.config, "--root", own_run.root, "--json", *one_step)
    assert own_run.result["verdict"] == second.result["verdict"] == "pushed"
    assert not {"ImageExampleGen", "Trainer", "Pusher"} & set(second.result["cached"])


def test_no_patient_and_no_file_of_a_plain_manifest_is_named_below_the_root(own_run, byte_search) -> None:
    with own_run.manifest.open(newline="") as stream:
        rows = list(csv.DictReader(stream))[:20]
    words = sorted({"demo-0"} | {row["patient_id"] for row in rows} | {Path(row["path"]).stem for row in rows})
    assert {word for _, word in byte_search.found_in_folder(own_run.manifest.parent, words)} == set(words), "they are there"
    assert byte_search.found_in_folder(own_run.root, words) == set()
