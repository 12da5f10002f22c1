"""What Beam works out anew at every step of a pipeline, worked out once: three processor seconds of a run (bench/RESULTS.md)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import Signature
from types import FunctionType, MethodType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import core

Options = TypeVar("Options", bound=PipelineOptions)
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
def remembered_signatures() -> Iterator[None]:
    """Within, read the signature of a transform's method once.

    For each step of a pipeline Beam looks through all methods of its transform for parameters that ask for state or timers, eight
    times.
    """
    read = core.get_signature
    core.get_signature = remembering(read)
    try:
        yield
    finally:
        core.get_signature = read


def remembering(read: Callable[[Any], Signature]) -> Callable[[Any], Signature]:
    """Return a reader of signatures that remembers those of bound methods, by the functions that they are made of."""
    known: WeakKeyDictionary[FunctionType, Signature] = WeakKeyDictionary()

    def get_signature(function: Any) -> Signature:
        if not (isinstance(function, MethodType) and isinstance(function.__func__, FunctionType)):
            return read(function)
        if function.__func__ not in known:
            known[function.__func__] = read(function)
        return known[function.__func__]

    return get_signature
