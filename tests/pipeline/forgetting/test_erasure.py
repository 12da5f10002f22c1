import json

import pytest
from ml_metadata.proto import metadata_store_pb2

from components.data_gate.earlier_tests import read_earlier_test
from components.image_example_gen.account import read_account, read_rows
from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.forgetting import erasure
from pipeline.forgetting.erasure import NotForgottenError, erase, rewrite
from pipeline.forgetting.lineage import DELETED, LIVE, Lineage
from pipeline.forgetting.search import Holdings, search
from pipeline.forgetting.traces import Traces, patient_of, recorded_rows, traces_of
from pipeline.quarantine_ledger import read_ledger
from pipeline.root import begin

KEY = Pseudonymizer(bytes(range(32)))
PENDING = metadata_store_pb2.Artifact.PENDING


def traces(made, patient: str) -> Traces:
    who = patient_of(patient, [KEY])
    return traces_of([who], recorded_rows(made.root, [who]), [], [KEY])


def forget(made, patient: str) -> None:
    lineage, looked_for = Lineage(made.root), traces(made, patient)
    erase(made.root, lineage, search(made.root, lineage.artifacts(), looked_for), looked_for)


def test_deleted_artifacts_are_marked_and_the_others_stay_live(made) -> None:
    forget(made, "MRN3")
    deleted = {place for place, number in made.ids.items() if made.store.state_of(number) == DELETED}
    assert deleted == {"ImageExampleGen/examples/1", "ImageExampleGen/examples/11", "Predictions/predictions/6"}
    assert {made.store.state_of(number) for place, number in made.ids.items() if place not in deleted} == {LIVE}
    assert not any((made.root.artifacts / place).exists() for place in deleted)


def test_account_still_serves_the_leakage_proof_and_says_what_went(made) -> None:
    folder = made.root.artifacts / "ImageExampleGen" / "account" / "1"
    counted = read_account(folder)
    forget(made, "MRN3")
    assert [row.patient for row in read_rows(folder)] == [KEY.patient("MRN1"), KEY.patient("MRN2")]
    assert read_account(folder) == {**counted, "forgotten_rows": 2}
    forget(made, "MRN2")
    assert read_account(folder)["forgotten_rows"] == 3
    earlier = read_earlier_test(folder, "run")
    assert earlier is not None
    assert earlier.rows == ()


def test_proof_report_ledger_and_log_keep_what_is_not_the_patients(made) -> None:
    forget(made, "MRN3")
    (rule,) = json.loads((made.root.artifacts / "DataGate/leakage_proof/3/proof.json").read_text())["rules"]
    assert [place["file"] for place in rule["leaks"][0]["places"]] == [KEY.image("MRN1.png"), KEY.image("MRN2.png")]
    assert (made.root.artifacts / "RunReport/report/9/report.html").read_text().count("<img") == 2
    assert json.loads((made.root.artifacts / "RunReport/report/9/summary.json").read_text())["test"] == {"auc": 1}
    assert [entry.file for entry in read_ledger(made.root)] == [KEY.image("another.png")]
    assert (made.root.logs / "run.log").read_text() == "all is well\n"


def test_what_killed_runs_left_half_done_is_cleared_away(made) -> None:
    half_done = made.store.artifact("Examples", "ImageExampleGen/examples/21", PENDING)
    leftovers = [
        made.root.path / ".forgotten.jsonl.99.tmp",
        made.root.artifacts / "ImageExampleGen/examples/21/Split-train/data_tfrecord-00000-of-00009",
        made.root.artifacts / "InfraValidator/.system/executor_execution/13/requests",
        made.root.artifacts / "ImageExampleGen/account/1/.rows.jsonl.99.tmp",
        made.root.work / "ingest-0123" / "shard-00000-of-00001.json",
        made.root.work / "checkpoint" / "history.jsonl",
    ]
    for path in leftovers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("pixels that no name stands beside")
    leftovers[-1].write_text(KEY.patient("MRN1"))
    begin(made.root, "20260104T030405-5e6f", "digest")
    forget(made, "MRN1")
    assert [path for path in leftovers if path.exists()] == []
    assert list(made.root.work.iterdir()) == []
    assert not made.root.unfinished.exists()
    assert made.store.state_of(half_done) == DELETED


@pytest.mark.parametrize("stop_at", ["clear_leftovers", "rewrite", "delete_artifact", "rewrite_account"])
def test_act_that_stopped_anywhere_is_completed_by_the_next(
    made, words, holding, monkeypatch: pytest.MonkeyPatch, stop_at: str
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(erasure, stop_at, stop)
    with pytest.raises(KeyboardInterrupt):
        forget(made, "MRN3")
    monkeypatch.undo()
    assert holding(made.root.path, words("MRN3")), "it had not come to the end"
    forget(made, "MRN3")
    assert holding(made.root.path, words("MRN3")) == set()


def test_account_beside_an_unknown_kind_of_file_goes_with_it(made, words, holding) -> None:
    folder = made.root.artifacts / "ImageExampleGen" / "account" / "1"
    (folder / "notes.bin").write_bytes(KEY.patient("MRN1").encode())
    forget(made, "MRN1")
    assert not folder.exists()
    assert holding(made.root.path, words("MRN1")) == set()


def test_half_an_account_of_a_killed_run_goes_as_a_whole(made, words, holding) -> None:
    made.store.artifact("IngestAccount", "ImageExampleGen/account/21", PENDING)
    rows = made.root.artifacts / "ImageExampleGen" / "account" / "21" / "rows.jsonl"
    rows.parent.mkdir()
    rows.write_text(f'{{"row": 1, "file": "{KEY.image("MRN1.png")}", "patient": "{KEY.patient("MRN1")}", "spl')
    forget(made, "MRN1")
    assert not rows.parent.exists()
    assert holding(made.root.path, words("MRN1")) == set()


@pytest.mark.parametrize(
    ("name", "text"), [("proof.json", '{"rules": [{"leaks": "'), ("page.html", "<p>"), ("summary.json", "[]")]
)
def test_file_of_another_form_that_would_still_name_the_patient_is_deleted(made, name: str, text: str) -> None:
    path = made.root.logs / name
    path.write_text(f"{text} {KEY.image('MRN1.png')}")
    rewrite(path, traces(made, "MRN1").finder())
    assert not path.exists()


def test_log_keeps_bytes_that_are_no_text(made) -> None:
    path = made.root.logs / "run.log"
    path.write_bytes(b"\xff\xfe progress\r\n" + KEY.image("MRN1.png").encode() + b"\n\xff")
    rewrite(path, traces(made, "MRN1").finder())
    assert path.read_bytes() == b"\xff\xfe progress\r\n\xff"


def test_patient_who_is_still_there_in_the_end_is_an_error(made) -> None:
    with pytest.raises(NotForgottenError, match="places below the root still hold the patient, such as artifacts/"):
        erase(made.root, Lineage(made.root), Holdings(), traces(made, "MRN3"))
