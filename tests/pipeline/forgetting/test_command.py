import io
import json

import pytest

from components.image_example_gen.pseudonym import Pseudonymizer, make_key_file
from pipeline.errors import ConfigError, RootInUseError
from pipeline.forgetting.command import Options, forget_command
from pipeline.forgetting.record import read_record
from pipeline.root import locked


def options(made, **changes) -> Options:
    return Options(**{"root": made.root.path, "yes": True, **changes})


def files(folder):
    """Return the content of every file but the lock, which names the last process that held it."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


@pytest.mark.parametrize("patient", ["MRN1", "MRN2", "MRN3"])
def test_forgotten_patient_is_nowhere_below_the_root(made, words, holding, patient: str) -> None:
    assert holding(made.root.path, words(patient)), "it is there before"
    assert forget_command(made.config, [patient], options(made)) == 0
    assert holding(made.root.path, words(patient)) == set()
    assert made.exclude.read_text() == f"{patient}\n"
    assert made.exclude.stat().st_mode & 0o777 == 0o600


def test_what_only_others_are_in_stays(made, words, holding) -> None:
    before = holding(made.root.path, words("MRN2"))
    serving = files(made.root.path / "serving")
    assert forget_command(made.config, ["MRN1"], options(made)) == 0
    gone = before - holding(made.root.path, words("MRN2"))
    assert gone == {"artifacts/ImageExampleGen/examples/1/Split-val/data_tfrecord-00000-of-00001"}
    assert files(made.root.path / "serving") == serving


def test_several_patients_go_at_once(made, words, holding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"MRN2\n\n MRN3 \nMRN2\n")))
    assert forget_command(made.config, ["MRN1", "-"], options(made)) == 0
    assert holding(made.root.path, [word for patient in ("MRN1", "MRN2", "MRN3") for word in words(patient)]) == set()
    assert made.exclude.read_text().split() == ["MRN1", "MRN2", "MRN3"]


def test_patients_of_every_span_are_known_and_forgotten(made, words, holding) -> None:
    source = made.config.parent
    for span, patient in (("1", "MRN1"), ("2", "MRN4")):
        (source / "days" / span).mkdir(parents=True)
        (source / "days" / span / "manifest.csv").write_text(f"path,label,patient_id\n{patient}.png,ill,{patient}\n")
    (source / "pseudonym.key").rename(source / "days" / "pseudonym.key")
    made.config.write_text(made.config.read_text().replace("manifest.csv", "days/{SPAN}/manifest.csv"))
    assert forget_command(made.config, ["MRN1", "MRN4"], options(made)) == 0
    assert holding(made.root.path, words("MRN1")) == set()
    assert made.exclude.read_text() == "MRN1\nMRN4\n"


def test_json_tells_models_and_places(made, capsys: pytest.CaptureFixture[str]) -> None:
    assert forget_command(made.config, ["MRN3"], options(made, as_json=True)) == 0
    told = json.loads(capsys.readouterr().out)
    (patient,) = told["patients"]
    assert told["forgotten"] is True
    assert patient["deleted"] == [
        "artifacts/Predictions/predictions/6",
        "artifacts/ImageExampleGen/examples/1",
        "artifacts/ImageExampleGen/examples/11",
    ]
    assert [(use["version"], use["splits"], use["state"]) for use in patient["models"]] == [
        ("17", ["test"], "served"),
        (None, ["test"], "not pushed"),
    ]


def test_record_names_nobody_and_is_kept_when_asked_again(made, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert forget_command(made.config, ["MRN1"], options(made)) == 0
    record = read_record(made.root)
    assert [act.state for act in record] == ["begun", "done", "begun", "done"]
    assert len({act.patient for act in record}) == 1
    assert record[0].patient not in (Pseudonymizer(bytes(range(32))).patient("MRN1"), "MRN1")
    assert [use["version"] for use in record[-1].models] == ["17"]
    assert record[-1].deleted == ()
    assert (made.root.path / "forgotten.jsonl").stat().st_mode & 0o777 == 0o600
    assert "MRN1" not in capsys.readouterr().out


def test_dry_run_changes_nothing_and_lists_what_would_go(made, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(made.root.path)
    assert forget_command(made.config, ["MRN3"], options(made, yes=False, dry_run=True)) == 0
    printed = capsys.readouterr().out
    assert "delete   artifacts/ImageExampleGen/examples/1\n" in printed
    assert "rewrite  quarantine.jsonl" in printed
    assert "version 17 of run 20260102T030405-1a2b: tested with; served" in printed
    assert "MRN3" not in printed
    assert files(made.root.path) == before
    assert not made.exclude.exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_question_decides(made, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    before = files(made.root.path)
    assert forget_command(made.config, ["MRN1"], options(made, yes=False)) == code
    assert (files(made.root.path) == before) == (code == 1)
    assert made.exclude.exists() == (code == 0)


@pytest.mark.parametrize("given", [["nobody", "MRN1"], ["MRN1", "nobody"]])
def test_unknown_patient_is_told_by_place_and_nothing_changes(made, given: list[str]) -> None:
    before = files(made.root.path)
    with pytest.raises(ConfigError, match=rf"patient {given.index('nobody') + 1} of 2: unknown to the manifest") as told:
        forget_command(made.config, given, options(made))
    assert "nobody" not in str(told.value)
    assert files(made.root.path) == before
    assert not made.exclude.exists()


def test_patient_whom_the_manifest_lost_is_known_by_the_runs(made, words, holding) -> None:
    manifest = made.config.with_name("manifest.csv")
    manifest.write_text("".join(line for line in manifest.read_text().splitlines(keepends=True) if "MRN3" not in line))
    assert forget_command(made.config, ["MRN3"], options(made)) == 0
    assert holding(made.root.path, words("MRN3")) == set()


def test_configuration_without_list_is_refused_with_the_line_to_add(made) -> None:
    made.config.write_text(made.config.read_text().replace("  exclude: exclude.txt\n", ""))
    with pytest.raises(ConfigError, match=r"data\.exclude is not set(.|\n)*  exclude: /.*/exclude\.txt"):
        forget_command(made.config, ["MRN1"], options(made))


def test_list_below_the_root_is_refused(made) -> None:
    below = f"data.exclude={made.root.path / 'exclude.txt'}"
    with pytest.raises(ConfigError, match=r"data\.exclude: .*: lies below the root"):
        forget_command(made.config, ["MRN1"], options(made, overrides=(below,)))


def test_data_without_patients_are_refused(made) -> None:
    unknown = ("data.patient=unknown", "data.exclude=null")
    with pytest.raises(ConfigError, match=r"data\.patient is unknown"):
        forget_command(made.config, ["MRN1"], options(made, overrides=unknown))


@pytest.mark.parametrize(("given", "changes"), [(["-"], {}), (["MRN1"], {"as_json": True})])
def test_question_that_nobody_can_answer_is_refused(made, given: list[str], changes: dict[str, bool]) -> None:
    with pytest.raises(ConfigError, match=r"nobody can be asked; add --yes"):
        forget_command(made.config, given, options(made, yes=False, **changes))


@pytest.mark.parametrize("given", [[" "], ["MRN1\nMRN2"]])
def test_ids_that_are_no_lines_are_refused(made, given: list[str]) -> None:
    with pytest.raises(ConfigError, match="expected one or more patient ids"):
        forget_command(made.config, given, options(made))


def test_root_in_use_is_refused(made) -> None:
    before = files(made.root.path)
    with locked(made.root), pytest.raises(RootInUseError, match="another run works here"):
        forget_command(made.config, ["MRN1"], options(made))
    assert files(made.root.path) == before


def test_runs_with_another_key_are_told_and_searched_when_it_is_named(
    made, words, holding, capsys: pytest.CaptureFixture[str]
) -> None:
    old = made.config.with_name("old.key")
    made.config.with_name("pseudonym.key").rename(old)
    make_key_file(made.config.with_name("pseudonym.key"))
    assert forget_command(made.config, ["MRN1"], options(made)) == 0
    told = "not searched, because their pseudonym key is another: runs 20260102T030405-1a2b, 20260103T030405-3c4d."
    assert told in capsys.readouterr().out
    assert holding(made.root.path, words("MRN1"))
    assert read_record(made.root)[-1].unsearched_runs == ("20260102T030405-1a2b", "20260103T030405-3c4d")
    assert forget_command(made.config, ["MRN1"], options(made, key_files=(old,))) == 0
    assert holding(made.root.path, words("MRN1")) == set()
    assert read_record(made.root)[-1].unsearched_runs == ()


def test_unknown_patient_may_be_known_under_another_key(made) -> None:
    made.config.with_name("pseudonym.key").unlink()
    make_key_file(made.config.with_name("pseudonym.key"))
    with pytest.raises(ConfigError, match="2 runs used another pseudonym key: name it with --key-file"):
        forget_command(made.config, ["nobody"], options(made))
