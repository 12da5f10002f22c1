"""The form of a schedule's times, checked before a server is asked."""

import re

from pipeline.errors import ConfigError

FIELDS = ("second", "minute", "hour", "day of month", "month", "day of week")
BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
NAMES: tuple[tuple[str, ...], ...] = (
    *((),) * 4,
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
)
DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
PART = re.compile(r"(?:\*|\?|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")


def checked_cron(text: str) -> str:
    """Return a cron expression as Kubeflow Pipelines reads it (robfig/cron: six fields, seconds first), spaces made single.

    Raises:
        ConfigError: naming the field that is wrong; five fields, as Unix writes them, get the six to write instead.
    """
    fields = text.split()
    if len(fields) == 1 and fields[0] in DESCRIPTORS:
        return fields[0]
    if len(fields) == len(FIELDS) - 1:
        raise ConfigError(
            f'--cron "{text}": five fields; Kubeflow expects six, the seconds first. Write --cron "0 {" ".join(fields)}"'
        )
    if len(fields) != len(FIELDS):
        raise ConfigError(f'--cron "{text}": {len(fields)} fields; expected six ({", ".join(FIELDS)}), as in "0 0 3 * * *"')
    for place, field in enumerate(fields):
        if not all(_holds(part, place) for part in field.split(",")):
            low, high = BOUNDS[place]
            raise ConfigError(
                f'--cron "{text}": {FIELDS[place]} is {field}; expected *, {low} to {high}, a range, list or step of them'
            )
    return " ".join(fields)


def _holds(part: str, place: int) -> bool:
    """Tell whether '*', '5', '1-5', '*/10' or '0-30/10' fits a field."""
    match = PART.fullmatch(part)
    if match is None or match["step"] == "0":
        return False
    ends = [_number(end, place) for end in (match["low"], match["high"]) if end is not None]
    low, high = BOUNDS[place]
    return all(end is not None and low <= end <= high for end in ends) and ends == sorted(ends, key=lambda end: end or 0)


def _number(word: str, place: int) -> int | None:
    if word.isdecimal():
        return int(word)
    names = NAMES[place]
    return names.index(word.lower()) + BOUNDS[place][0] if word.lower() in names else None
