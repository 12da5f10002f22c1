from pipeline.forgetting.record import Act, add_to_record, last_act, read_record


def test_record_of_a_new_root_is_empty(made) -> None:
    assert read_record(made.root) == ()


def test_lines_come_back_as_written_in_their_order(made) -> None:
    models = ({"model": 4, "run_id": "r", "splits": ["train"], "version": None, "state": "not pushed", "folder": ""},)
    first, second = Act("p", "k", when="t", models=models), Act("q", "k", state="done", deleted=("a", "b"))
    add_to_record(made.root, [first])
    add_to_record(made.root, [second])
    assert read_record(made.root) == (first, second)


def test_last_line_about_a_patient_is_found_under_any_of_its_names() -> None:
    acts = [Act("p", "old"), Act("q", "old"), Act("p", "old", state="done")]
    assert last_act(acts, ("new", "p")) is acts[2]
    assert last_act(acts, ("nobody",)) is None
