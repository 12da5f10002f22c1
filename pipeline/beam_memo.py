"""What Beam works out anew at every step of a pipeline, worked out once: four processor seconds of a run (bench/RESULTS.md)."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from inspect import Signature
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from apache_beam.internal.cloudpickle import cloudpickle
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import core, userstate
from apache_beam.transforms.core import DoFn

Options = TypeVar("Options", bound=PipelineOptions)
Specs = tuple[set[Any], set[Any]]  # of state, of timers
VIEWS = "_views"


class RememberedOptions(PipelineOptions):
    """Options whose views are made once: each is an argument parser of its own, and a pipeline asks for a thousand.

    A view holds no values: all of them read and write those of the options that they were made from.
    """

    def view_as(self, cls: type[Options]) -> Options:
        """Return the options as those of a class."""
        views: dict[type[PipelineOptions], Any] = self.__dict__.setdefault(VIEWS, {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        view: Options = views[cls]
        return view

    def __getstate__(self) -> dict[str, Any]:
        """Leave the views out of a copy: they are those of its values."""
        return {name: value for name, value in super().__getstate__().items() if name != VIEWS}


@contextmanager
def remembered() -> Iterator[None]:
    """Within, work out once what a method's signature is, what a transform asks of state and timers, what a function imports.

    For each step of a pipeline Beam looks through all methods of its transform for state and timers, eight times; each time that
    it pickles a function it looks through all loaded modules for those that the function uses.
    """
    makers: dict[tuple[ModuleType, str], Callable[[Any], Any]] = {
        (core, "get_signature"): signatures_remembered,
        (userstate, "get_dofn_specs"): specs_remembered,
        (cloudpickle, "_find_imported_submodules"): submodules_remembered,
    }
    before = {place: getattr(*place) for place in makers}
    for place, function in before.items():
        setattr(*place, makers[place](function))
    try:
        yield
    finally:
        for place, function in before.items():
            setattr(*place, function)


def signatures_remembered(read: Callable[[Any], Signature]) -> Callable[[Any], Signature]:
    """Return a reader of signatures that remembers those of bound methods, by the functions that they are made of."""
    known: WeakKeyDictionary[FunctionType, Signature] = WeakKeyDictionary()

    def get_signature(function: Any) -> Signature:
        if not (isinstance(function, MethodType) and isinstance(function.__func__, FunctionType)):
            return read(function)
        if function.__func__ not in known:
            known[function.__func__] = read(function)
        return known[function.__func__]

    return get_signature


def specs_remembered(read: Callable[[DoFn], Specs]) -> Callable[[DoFn], Specs]:
    """Return a reader of state and timer specifications that remembers those of a class.

    An object with methods of its own is read each time.
    """
    known: dict[type[DoFn], Specs] = {}

    def get_dofn_specs(dofn: DoFn) -> Specs:
        if any(isinstance(value, MethodType) for value in vars(dofn).values()):
            return read(dofn)
        if type(dofn) not in known:
            known[type(dofn)] = read(dofn)
        states, timers = known[type(dofn)]
        return set(states), set(timers)

    return get_dofn_specs


def submodules_remembered(find: Callable[[CodeType, Iterable[Any]], list[Any]]) -> Callable[[CodeType, Iterable[Any]], list[Any]]:
    """Return a finder of the submodules that a function uses, which remembers them until another module is loaded."""
    known: dict[tuple[CodeType, tuple[str, ...], int], list[Any]] = {}

    def find_imported_submodules(code: CodeType, used: Iterable[Any]) -> list[Any]:
        modules = [value for value in used if isinstance(value, ModuleType)]
        key = (code, tuple(module.__name__ for module in modules), len(sys.modules))
        if key not in known:
            known[key] = find(code, modules)
        return known[key]

    return find_imported_submodules
