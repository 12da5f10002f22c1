"""The patients whose rows are left out: those who withdrew their consent, or who are kept for another study.

The list is source data: it lies with the manifest, its ids never leave it. What a run records is a keyed digest.
"""

from collections.abc import Collection
from pathlib import Path

from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.errors import ConfigError


def read_exclusions(path: Path | None) -> frozenset[str]:
    """Return the patient ids of a UTF-8 text file, one a line; blank lines count for nothing, no file for no ids.

    Raises:
        ConfigError: when the file can't be read, or names nobody.
    """
    if path is None:
        return frozenset()
    try:
        ids = frozenset(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()) - {""}
    except OSError as error:
        raise ConfigError(f"data.exclude: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"data.exclude: {path}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from error
    if not ids:
        raise ConfigError(f"data.exclude: {path}: names no patient; expected one id a line. Or leave data.exclude out.")
    return ids


def exclusion_digest(ids: Collection[str], pseudonymizer: Pseudonymizer) -> str:
    """Return a keyed digest of a list, 64 hex digits, whatever its order; empty for an empty list."""
    return pseudonymizer.patient_list(sorted(ids)) if ids else ""
