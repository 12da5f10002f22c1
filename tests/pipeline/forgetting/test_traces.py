from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.forgetting.traces import account_folders, key_id_of, patient_of, recorded_rows, seen_in, traces_of

OURS, OLD = Pseudonymizer(bytes(range(32))), Pseudonymizer(bytes(32))


def test_finder_knows_hashes_in_full_and_shown_and_no_others() -> None:
    patient = patient_of("MRN1", [OURS])
    names = traces_of([patient], [], [ManifestRow(1, "a.png", "ill", "MRN1", study_id="1.2.3")], [OURS]).finder()
    for own in (OURS.patient("MRN1"), OURS.image("a.png"), OURS.study("1.2.3")):
        assert names(f'{{"x": "{own}"}}')
        assert names(f"row 1, file {own[:12]}...")
        assert not names(own[:11])
    assert not names(OURS.image("b.png"))


def test_patient_has_a_name_under_every_key(made) -> None:
    patient = patient_of("MRN1", [OURS, OLD])
    assert patient.records[0] == OURS.forgotten("MRN1")
    assert patient.keys == {OURS.patient("MRN1"), OLD.patient("MRN1")}
    row = ManifestRow(1, "a.png", "ill", "MRN1")
    assert {OURS.image("a.png"), OLD.image("a.png")} <= traces_of([patient], [], [row], [OURS, OLD]).others


def test_rows_are_those_of_the_patient_in_all_accounts(made) -> None:
    patient = patient_of("MRN3", [OURS])
    recorded = recorded_rows(made.root, [patient])
    assert [(found.execution, found.row.status) for found in recorded] == [
        ("1", "example"),
        ("1", "quarantined"),
        ("11", "example"),
        ("11", "quarantined"),
    ]
    assert seen_in(recorded, patient) == {"1": frozenset({"test"}), "11": frozenset({"test"})}
    assert traces_of([patient], recorded, [], [OURS]).others == {OURS.image("MRN3.png"), OURS.image("MRN3 broken.png")}


def test_line_that_was_cut_short_is_passed_over(made) -> None:
    path = account_folders(made.root)[0] / "rows.jsonl"
    path.write_bytes(path.read_bytes() + b'\xff{"row": 77, "patient": "' + OURS.patient("MRN3").encode())
    recorded = recorded_rows(made.root, [patient_of("MRN3", [OURS])])
    assert [found.row.row for found in recorded if found.execution == "1"] == [3, 9]


def test_key_of_an_account_that_can_not_be_read_is_unknown(made) -> None:
    folder = account_folders(made.root)[0]
    assert key_id_of(folder) == OURS.key_id
    (folder / "account.json").write_text("{")
    assert key_id_of(folder) == ""
