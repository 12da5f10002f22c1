"""Which manifests a run reads: one, or that of each span of the window. A source is indexed first where there is one."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.image_example_gen.part import Part
from pipeline import sources
from pipeline.config import Config, Source
from pipeline.config_file import EXAMPLE_DATA
from pipeline.errors import ConfigError
from pipeline.span_pattern import SpanPattern, check, filled, is_pattern
from pipeline.span_window import chosen, told_gap

Say = Callable[[str], None]
Indexing = Callable[[], AbstractContextManager[None]]
unseen: Indexing = nullcontext  # nobody is shown how far it is
SOURCE_PATHS = ("path", "images", "table")  # keys of sources that may hold {SPAN}


@dataclass(frozen=True)
class Place:
    """Where a part of the data set lies.

    Args:
        manifest: the CSV file.
        span: its number, None where data don't come in spans.
        source: that the manifest is made from; None where people bring it.
    """

    manifest: Path
    span: int | None = None
    source: Source | None = None


def manifests(config: Config, say: Say, indexing: Indexing = unseen) -> list[Place]:
    """Return the manifests of a run, each there and, where there is a source, up to date.

    Args:
        config: the run's configuration.
        say: shows a line to the user.
        indexing: gives a context for each source that is indexed.

    Raises:
        ConfigError: when no span is there, one lacks its manifest, or a source is absent or can't be indexed.
    """
    data = config.data
    if not is_pattern(data.manifest):
        places = [Place(data.manifest, source=data.source)]
    else:
        found = spans_of(data.manifest, data.source)
        window = chosen(found, last=data.spans.last, newest=data.span)
        say(f"{window} of {len(found)} that are there")
        if gap := told_gap(window):
            say(gap)
        places = [found[span] for span in window.spans]
    for place in places:
        index_if_needed(place, say, indexing)
    return places


def parts_at(manifest: Path) -> list[Part]:
    """Return every part that a manifest's path stands for, for commands that look back: a span without a manifest is passed over.

    Raises:
        ConfigError: for a span that is there twice, a name that is no number, or braces that stand for no span.
    """
    if not is_pattern(manifest):
        return [Part(manifest)]
    try:
        check(manifest)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    places = spans_of(manifest.absolute()).values()
    return [Part(place.manifest, place.span) for place in places if place.manifest.exists()]


def spans_of(manifest: Path, source: Source | None = None) -> Mapping[int, Place]:
    """Return the spans that have a manifest's folder, or a source to index, ascending.

    Args:
        manifest: a path with {SPAN}.
        source: whose path has {SPAN} too, or None.

    Raises:
        ConfigError: for a span that is there twice, or a name that is no number.
    """
    names = dict(SpanPattern(manifest, "data.manifest").found())
    sourced: Mapping[int, str] = {} if source is None else SpanPattern(_path_of(source), "data.source.path").found()
    return {span: _place(manifest, source, span, (names, sourced)) for span in sorted({*names, *sourced})}


def _place(manifest: Path, source: Source | None, span: int, names: tuple[Mapping[int, str], Mapping[int, str]]) -> Place:
    """Return the place of a span; `names` are the digits by which manifests and sources know it."""
    known, sourced = names
    own = filled(manifest, known.get(span) or sourced[span])
    return Place(own, span, None if source is None or span not in sourced else source_of_span(source, sourced[span]))


def source_of_span(source: Source, name: str) -> Source:
    """Return a source with the digits of a span in the place of {SPAN}."""
    paths: dict[str, Any] = {key: getattr(source, key, None) for key in SOURCE_PATHS}
    return source.model_copy(update={key: filled(path, name) for key, path in paths.items() if path is not None})


def index_if_needed(place: Place, say: Say, indexing: Indexing = unseen) -> None:
    """Index the source of a place unless its manifest is up to date.

    A span whose source has been cleared away keeps its manifest.

    Raises:
        ConfigError: when the source is absent or can't be indexed, or a span has neither source nor manifest.
    """
    source, named = place.source, "" if place.span is None else f"span {place.span}: "
    if source is None:
        if place.span is not None and not place.manifest.exists():
            raise ConfigError(f"{named}there is no {place.manifest.name}. Write one with `medtfx index`, or move the span away.")
        return
    path = getattr(source, "path", None)
    if path is not None and not path.exists():
        raise ConfigError(
            f"{named}data.source.path: {path}: absent. Example data lies under ${{{EXAMPLE_DATA}}}: set it to that folder."
        )
    if sources.is_current(source, place.manifest):
        return
    try:
        # A day may well bring one class alone: which classes the window holds, DataGate judges.
        with indexing():
            result = sources.index(source, place.manifest, fewest_classes=2 if place.span is None else 1)
    except ConfigError as error:
        raise error if place.span is None else ConfigError(f"{named}{error}") from error
    say(f"{named}indexed {result.rows:,} images of {result.patients:,} patients into {place.manifest}")


def _path_of(source: Source) -> Path:
    path: Path = source.path  # type: ignore[union-attr] # the configuration has it: a source with spans has a path
    return path
