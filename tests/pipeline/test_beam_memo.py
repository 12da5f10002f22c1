import copy
import pickle

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions, StandardOptions
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms import core, userstate
from apache_beam.transforms.core import DoFn

from pipeline.beam_memo import RememberedOptions, remembered_signatures, remembering

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


def test_signature_of_a_method_is_read_once_and_equals_the_one_that_beam_reads() -> None:
    read = []

    def reading(function):
        read.append(function)
        return core.get_signature(function)

    get_signature = remembering(reading)
    for transform in (Doubled(), Doubled(), Counted()):
        assert get_signature(transform.process) == core.get_signature(transform.process)
    assert len(read) == 2


def test_signature_of_what_is_no_method_is_that_of_this_very_object() -> None:
    get_signature = remembering(core.get_signature)
    for function in (lambda a: a, lambda a, b=1: (a, b), str.strip, Doubled):
        assert get_signature(function) == core.get_signature(function)


def test_pipeline_gives_the_same_and_keeps_state_and_beam_is_as_before(capsys) -> None:
    before = core.get_signature
    with remembered_signatures(), beam.Pipeline(options=RememberedOptions(WORDS)) as pipeline:
        numbers = pipeline | beam.Create([1, 2, 3]) | beam.ParDo(Doubled())
        assert_that(numbers, equal_to([2, 4, 6]), label="doubled")
        counted = numbers | beam.Map(lambda _: ("all", 1)) | beam.ParDo(Counted())
        assert_that(counted, equal_to([1, 2, 3]), label="counted")
    assert core.get_signature is before
