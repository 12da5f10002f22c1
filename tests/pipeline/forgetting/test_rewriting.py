import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.forgetting.rewriting import rewriter_of, without_leaks, without_lines, without_parts, without_quarantine
from pipeline.forgetting.traces import Finder

MINE, OTHER, THIRD = "a" * 32, "b" * 32, "c" * 32
NAMES = Finder({MINE[:12]})


def leak(*files: str, key: str = "0" * 32, **changes: object) -> dict[str, Any]:
    places = [{"row": number, "file": file, "split": "test", "run": ""} for number, file in enumerate(files)]
    return {"key": key, "places": places, "distance": None, "correlation": None, **changes}


def leaks_left(*leaks: dict[str, Any]) -> list[list[str]]:
    """Return the files of each leak that is left of a proof."""
    proof = json.loads(without_leaks(json.dumps({"verdict": "proven", "rules": [{"leaks": leaks}]}), NAMES))
    return [[place["file"] for place in left["places"]] for left in proof["rules"][0]["leaks"]]


def test_lines_of_others_stay_byte_by_byte() -> None:
    text = f'{{"file": "{OTHER}"}}\r\nrow 3, file {MINE[:12]}...: truncated\nlast'
    assert without_lines(text, NAMES) == f'{{"file": "{OTHER}"}}\r\nlast'


def test_leak_between_others_stays_without_the_patients_image() -> None:
    assert leaks_left(leak(OTHER, MINE, THIRD), leak(OTHER, THIRD)) == [[OTHER, THIRD], [OTHER, THIRD]]


def test_leak_that_is_none_any_more_goes() -> None:
    assert leaks_left(leak(OTHER, MINE), leak(OTHER, THIRD, key=MINE)) == []


def test_near_repeat_goes_with_one_of_the_two_that_were_measured() -> None:
    measured = {"correlation": 0.99, "distance": 1}
    assert leaks_left(leak(OTHER, MINE, THIRD, **measured), leak(OTHER, THIRD, MINE, **measured)) == [[OTHER, THIRD]]


def test_summary_keeps_all_but_the_quarantined_files() -> None:
    summary = {"verdict": "pushed", "quarantine": [{"row": 1, "file": MINE}, {"row": 2, "file": OTHER}]}
    assert json.loads(without_quarantine(json.dumps(summary), NAMES)) == {
        "verdict": "pushed",
        "quarantine": [{"row": 2, "file": OTHER}],
    }


def figure(*keys: str) -> str:
    captions = "".join(f'<span class="fine">row 1, <code>{key[:12]}</code></span>' for key in keys)
    return f'<li><figure>\n<img src="data:image/png;base64,{keys[0][:4]}"><figcaption>{captions}</figcaption></figure></li>'


def test_picture_goes_with_its_caption_and_the_next_one_stays() -> None:
    page = without_parts(f"<ul>{figure(OTHER)}\n{figure(MINE)}\n{figure(OTHER, MINE)}\n{figure(THIRD)}</ul>", NAMES)
    assert page.count("<img") == 2
    assert page.count("taken out") == 2
    assert figure(OTHER) in page
    assert figure(THIRD) in page
    assert not NAMES(page)


def test_place_in_a_list_goes_alone_and_a_line_about_the_patient_as_a_whole() -> None:
    def place(key: str) -> str:
        return f"<span>test row 7 <code>{key[:12]}</code></span>"

    head = "<tr><th>Key</th></tr>"
    shared = f'<tr><th scope="row"><code>{OTHER[:12]}</code></th><td>{place(OTHER)}, {place(MINE)}</td></tr>'
    own = f'<tr><th scope="row"><code>{MINE[:12]}</code></th><td>{place(OTHER)}</td></tr>'
    page = without_parts(head + shared + own, NAMES)
    assert page == head + shared.replace(place(MINE), "<span>taken out: this patient was forgotten</span>")


@pytest.mark.parametrize("name", ["weights.bin", "findings.json", "predictions.parquet"])
def test_other_kinds_are_not_rewritten(name: str) -> None:
    assert rewriter_of(Path(name)) is None
