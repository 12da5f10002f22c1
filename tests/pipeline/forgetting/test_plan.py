from pathlib import Path

from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.forgetting.lineage import Lineage
from pipeline.forgetting.plan import Source, continued, make_plan
from pipeline.forgetting.record import Act

KEY = Pseudonymizer(bytes(range(32)))
USE = {"model": 4, "run_id": "r", "splits": ("train",), "version": "17", "state": "served", "folder": "serving/demo/17"}
OLD_USE = {**USE, "version": "3", "folder": "serving/demo/3"}


def test_patient_who_is_only_on_the_list_is_known_and_has_nothing(made) -> None:
    plan = make_plan(["MRN9"], Source([], frozenset({"MRN9"}), [KEY]), made.root, Lineage(made.root))
    assert not plan.holdings
    assert plan.acts[0].models == ()


def test_every_patient_has_models_of_its_own(made) -> None:
    plan = make_plan(["MRN1", "MRN2"], Source([], frozenset(), [KEY]), made.root, Lineage(made.root))
    assert [[use["splits"] for use in act.models] for act in plan.acts] == [[("train",)], [("val",), ("val",)]]
    assert plan.acts[0].deleted == plan.acts[1].deleted


def test_lines_have_a_time_and_a_state(made) -> None:
    plan = make_plan(["MRN1"], Source([], frozenset(), [KEY]), made.root, Lineage(made.root))
    (line,) = plan.lines("done")
    assert (line.state, line.when[:2], line.patient) == ("done", "20", KEY.forgotten("MRN1"))


def test_act_after_a_killed_one_tells_of_both(made) -> None:
    before = Act("p", "k", deleted=("a",), rewritten=("r",), models=(USE, OLD_USE))
    act = continued(Act("p", "k", deleted=("a", "b"), models=(USE,)), before, Lineage(made.root))
    assert (act.deleted, act.rewritten) == (("a", "b"), ("r",))
    assert act.models == ({**OLD_USE, "state": "removed"}, USE)


def test_act_after_a_done_one_tells_of_its_models_alone(made) -> None:
    before = Act("p", "k", state="done", deleted=("a",), models=(USE,))
    Path(made.root.path / "serving/demo/18").mkdir()
    act = continued(Act("p", "k"), before, Lineage(made.root))
    assert act.deleted == ()
    assert act.models == ({**USE, "state": "kept"},)
