"""Takes the paths of source data out of texts that go below the root: a folder or a file may be named after a patient."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import text_encoding

from pipeline.config import Config
from pipeline.span_pattern import folder_of, is_pattern


class PathMask:
    """Replaces the configured paths, and whatever lies beside the manifest or below the source, by the keys that name them."""

    def __init__(self, config: Config, root_path: Path) -> None:
        """Take the paths of a configuration; those below the root stay as they are.

        Args:
            config: with absolute paths.
            root_path: folder of the run's state, absolute.
        """
        self._names: dict[str, str] = {}
        for name, path in named_paths(config):
            for spelling in spellings(path):
                self._names.setdefault(spelling, name)
        exempt = re.escape(str(root_path))
        found = "|".join(re.escape(spelling) for spelling in self._names)
        # In quotes a name goes on to the closing one, for it may hold blanks; elsewhere it ends with the word.
        self._pattern = re.compile(rf"(?!{exempt}(?:/|\b))(?:(?<=['\"])({found})(/[^'\"\n]*)?|({found})(/[^\s'\",]*)?)")

    def __call__(self, text: str) -> str:
        """Return the text with '<data.manifest>' and the like in place of paths."""
        if not any(spelling in text for spelling in self._names):  # a log has megabytes, and few lines name a path
            return text
        return self._pattern.sub(lambda match: f"<{self._names[match[1] or match[3]]}>", text)


def named_paths(config: Config) -> Iterator[tuple[str, Path]]:
    """Yield configuration key and path, files before the folders that they lie in."""
    data = config.data
    yield "data.manifest", data.manifest
    if data.pseudonym_key_file is not None:
        yield "data.pseudonym_key_file", data.pseudonym_key_file
    if data.schema_file is not None:
        yield "data.schema_file", data.schema_file
    for key in ("path", "images"):
        place: Path | None = getattr(data.source, key, None)
        if place is not None:
            yield f"data.source.{key}", place
            if is_pattern(place):
                yield f"folder of data.source.{key}", folder_of(place)
    folder = folder_of(data.manifest)
    if folder != Path("/"):
        yield "folder of data.manifest", folder


def spellings(path: Path) -> Iterator[str]:
    """Yield a path as it stands in plain text, in JSON, in a proto's text form and in JSON within that."""
    plain, in_json = str(path), json.dumps(str(path))[1:-1]
    yield from dict.fromkeys([plain, in_json, text_encoding.CEscape(plain, False), text_encoding.CEscape(in_json, False)])
