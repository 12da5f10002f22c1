"""Adds patients to the list of `data.exclude`, so that no later run reads them again."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from components.image_example_gen.exclusion import read_exclusions
from pipeline.errors import ConfigError

MODE = 0o600  # of a new list: it names patients


def listed(path: Path) -> frozenset[str]:
    """Return the patient ids of a list, none where it is absent or empty.

    Raises:
        ConfigError: when it can't be read.
    """
    try:
        there = path.exists() and path.stat().st_size > 0
    except OSError as error:
        raise ConfigError(f"data.exclude: {path}: {error.strerror}") from error
    return read_exclusions(path) if there else frozenset()


def add_to_list(path: Path, patient_ids: Sequence[str]) -> None:
    """Append the patient ids that a list lacks, whole or not at all; what people wrote there stays as it is.

    Raises:
        ConfigError: when the list can't be read or written.
    """
    new = [patient_id for patient_id in patient_ids if patient_id not in listed(path)]
    if not new:
        return
    place = path.resolve()  # a link stays a link
    try:
        old = place.read_bytes() if place.exists() else b""
        mode = place.stat().st_mode & 0o777 if place.exists() else MODE
        break_line = b"\n" if old and not old.endswith(b"\n") else b""
        _write_durably(place, old + break_line + "".join(f"{patient_id}\n" for patient_id in new).encode(), mode)
    except OSError as error:
        raise ConfigError(f"data.exclude: {path}: {error.strerror}; expected a file that this user may write") from error


def _write_durably(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)  # whatever the umask took
            os.fsync(descriptor)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
