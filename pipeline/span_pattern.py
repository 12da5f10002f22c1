"""`{SPAN}` in a path: data that arrive in numbered folders, as in TFX's ExampleGen. Which spans are there, and where each lies.

`incoming/{SPAN}/manifest.csv` stands for `incoming/1/manifest.csv`, `incoming/2/manifest.csv` and so on; `{SPAN:3}` for numbers
of three digits, 001, 002. TFX's `{YYYY}-{MM}-{DD}` is refused: a span's number stands in examples, logs and reports, and the day
of a delivery tells when a patient was seen.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError

PLACE = re.compile(r"\{SPAN(?::([1-8]))?\}")
BRACES = re.compile(r"\{[A-Za-z]+(?::[^{}/]*)?\}")  # a folder may well be named {3F25-04E0}
DATES = ("{YYYY}", "{MM}", "{DD}")
MOST_DIGITS = 8  # components/image_example_gen/row_number.py


def is_pattern(path: Path) -> bool:
    """Tell whether a path stands for spans."""
    return PLACE.search(str(path)) is not None


def check(path: Path) -> None:
    """Raise ValueError, which says what is allowed, for a path with something in braces that stands for no span."""
    found = BRACES.findall(str(path))
    if any(name in DATES for name in found):
        raise ValueError(f"{path}: the day of a delivery tells when a patient was seen; expected {{SPAN}}, a number for each day")
    unknown = [name for name in found if not PLACE.fullmatch(name)]
    if unknown:
        raise ValueError(f"{path}: {unknown[0]} stands for nothing; expected {{SPAN}}, or {{SPAN:3}} for three digits")
    if len(found) > 1:
        raise ValueError(f"{path}: names {{SPAN}} {len(found)} times; expected once")


def folder_of(path: Path) -> Path:
    """Return the folder of a path that is no pattern, and of one that is, the folder that holds all spans."""
    position = next((number for number, part in enumerate(path.parts) if PLACE.search(part)), len(path.parts) - 1)
    return Path(*path.parts[:position])


def filled(path: Path, name: str) -> Path:
    """Return the path of one span, by the digits that stand for it."""
    return Path(PLACE.sub(name, str(path)))


@dataclass(frozen=True)
class SpanPattern:
    """A path with one `{SPAN}`, which `check` has let pass.

    Args:
        path: absolute.
        key: of the configuration, or what else names the path in errors.
    """

    path: Path
    key: str

    def found(self) -> Mapping[int, str]:
        """Return span -> the digits that stand for it, in ascending order; whether a span's manifest is there is not asked.

        Raises:
            ConfigError: for a span that stands there twice (1 and 01), or something in a span's place that is no number. Names
                are not shown: a folder may be named after a patient.
        """
        names: dict[int, str] = {}
        strangers = 0
        for name in self._names():
            if name is None:
                strangers += 1
            elif int(name) in names:
                raise ConfigError(f"{self.key}: span {int(name)} is there twice, as {names[int(name)]} and {name}. Keep one.")
            else:
                names[int(name)] = name
        if strangers:
            expected = f"expected {self._digits()} in the place of {{SPAN}}"
            raise ConfigError(f"{self.key}: {strangers} of the names there are no span's number; {expected}. Move them away.")
        return dict(sorted(names.items()))

    def _names(self) -> Iterator[str | None]:
        """Yield the digits of each span, None for a name that is no number and yet holds what a span does."""
        base = folder_of(self.path)
        part, *inner = self.path.relative_to(base).parts
        before, after = PLACE.split(part)[0], PLACE.split(part)[-1]
        try:
            entries = sorted(base.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigError(f"{self.key}: {base}: {error.strerror}") from error
        for entry in entries:
            if entry.name.startswith(".") or not fits(entry.name, before, after) or (inner and not entry.is_dir()):
                continue
            middle = entry.name[len(before) : len(entry.name) - len(after)]
            if re.fullmatch(self._number(), middle):
                yield middle
            elif entry.joinpath(*inner).exists() and (inner or before or after or entry.is_dir()):
                yield None

    def _number(self) -> str:
        width = self._width()
        return rf"[0-9]{{{width}}}" if width else rf"[0-9]{{1,{MOST_DIGITS}}}"

    def _digits(self) -> str:
        width = self._width()
        return f"{width} digits" if width else f"one to {MOST_DIGITS} digits"

    def _width(self) -> str | None:
        found = PLACE.search(str(self.path))
        return found[1] if found else None


def fits(name: str, before: str, after: str) -> bool:
    """Tell whether a name begins and ends as the pattern's part does."""
    return len(name) > len(before) + len(after) and name.startswith(before) and name.endswith(after)
