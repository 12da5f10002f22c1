import copy
import os
import pickle
import sys
import xml.dom
from collections.abc import Callable
from types import MethodType, ModuleType
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.internal.cloudpickle import cloudpickle
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions, StandardOptions
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms import core, userstate
from apache_beam.transforms.core import DoFn

from pipeline.beam_memo import RememberedOptions, remembered, signatures_remembered, specs_remembered, submodules_remembered

WORDS = ["--runner=FnApiRunner", "--sdk_container_image=none", "--no_pipeline_type_check"]


class Doubled(DoFn):
    def process(self, element: int) -> list[int]:
        return [2 * element]


class Counted(DoFn):
    seen = userstate.CombiningValueStateSpec("seen", combine_fn=sum)

    def process(self, element: tuple[str, int], seen: object = DoFn.StateParam(seen)) -> list[int]:
        seen.add(element[1])  # type: ignore[attr-defined]
        return [seen.read()]  # type: ignore[attr-defined]


def test_views_read_and_write_the_values_of_the_options() -> None:
    options = RememberedOptions(WORDS)
    assert options.view_as(StandardOptions) is options.view_as(StandardOptions)
    assert options.view_as(StandardOptions).runner == "FnApiRunner"
    options.view_as(StandardOptions).runner = "another"
    assert options.view_as(PipelineOptions).view_as(StandardOptions).runner == "another"
    assert options.get_all_options(drop_default=True) == {
        **PipelineOptions(WORDS).get_all_options(drop_default=True),
        "runner": "another",
    }


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda options: pickle.loads(pickle.dumps(options))])
def test_copy_has_values_of_its_own(copied) -> None:
    options = RememberedOptions(WORDS)
    options.view_as(SetupOptions).save_main_session = True
    other = copied(options)
    assert other.view_as(SetupOptions).save_main_session
    other.view_as(SetupOptions).save_main_session = False
    assert options.view_as(SetupOptions).save_main_session


@pytest.fixture
def counted_reading() -> Callable[[Callable[..., Any]], tuple[Callable[..., Any], list[Any]]]:
    """Wrap a function so that it notes what it is asked."""

    def wrap(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[Any]]:
        asked: list[Any] = []

        def noting(first: Any, *others: Any) -> Any:
            asked.append(first)
            return function(first, *others)

        return noting, asked

    return wrap


def test_signature_of_a_method_is_read_once_and_equals_the_one_that_beam_reads(counted_reading) -> None:
    reading, read = counted_reading(core.get_signature)
    get_signature = signatures_remembered(reading)
    for transform in (Doubled(), Doubled(), Counted()):
        assert get_signature(transform.process) == core.get_signature(transform.process)
    assert len(read) == 2


def test_signature_of_what_is_no_method_is_that_of_this_very_object() -> None:
    get_signature = signatures_remembered(core.get_signature)
    for function in (lambda a: a, lambda a, b=1: (a, b), str.strip, Doubled):
        assert get_signature(function) == core.get_signature(function)


def test_specs_of_a_class_are_read_once_and_equal_those_that_beam_reads(counted_reading) -> None:
    reading, read = counted_reading(userstate.get_dofn_specs)
    get_specs = specs_remembered(reading)
    for dofn in (Doubled(), Counted(), Doubled(), Counted(), *(beam.Map(function).fn for function in (str, lambda a: a))):
        assert get_specs(dofn) == userstate.get_dofn_specs(dofn)
    assert len(read) == 3
    assert get_specs(Counted())[0] == {Counted.seen}


def test_specs_of_an_object_with_a_method_of_its_own_are_its_own() -> None:
    get_specs, plain, other = specs_remembered(userstate.get_dofn_specs), Doubled(), Doubled()
    other.process = MethodType(Counted.process, other)  # type: ignore[method-assign]
    assert [get_specs(dofn)[0] for dofn in (plain, other, plain)] == [set(), {Counted.seen}, set()]


def test_submodules_of_a_function_are_looked_for_once_and_again_after_an_import(counted_reading, monkeypatch) -> None:
    looking, looked = counted_reading(cloudpickle._find_imported_submodules)
    find = submodules_remembered(looking)

    def uses_submodules() -> object:
        return xml.dom, xml.never_loaded  # type: ignore[attr-defined]

    code = uses_submodules.__code__
    assert [find(code, iter([xml, 1])) for _ in range(2)] == [[xml.dom]] * 2
    assert find(code, iter([os])) == []
    assert len(looked) == 2
    loaded = ModuleType("xml.never_loaded")
    monkeypatch.setitem(sys.modules, loaded.__name__, loaded)
    assert find(code, iter([xml])) == [xml.dom, loaded]


def test_pipeline_gives_the_same_and_keeps_state_and_beam_is_as_before() -> None:
    before = (core.get_signature, userstate.get_dofn_specs, cloudpickle._find_imported_submodules)
    with remembered(), beam.Pipeline(options=RememberedOptions(WORDS)) as pipeline:
        numbers = pipeline | beam.Create([1, 2, 3]) | beam.ParDo(Doubled())
        assert_that(numbers, equal_to([2, 4, 6]), label="doubled")
        counted = numbers | beam.Map(lambda _: ("all", 1)) | beam.ParDo(Counted())
        assert_that(counted, equal_to([1, 2, 3]), label="counted")
    assert (core.get_signature, userstate.get_dofn_specs, cloudpickle._find_imported_submodules) == before
