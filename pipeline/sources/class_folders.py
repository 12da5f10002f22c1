"""A folder per class, or per split with a folder per class in each. Every image is its own patient."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from pipeline.config import ClassFolderSource
from pipeline.errors import ConfigError
from pipeline.sources.entry import IMAGE_SUFFIXES, Entry, Listing

SPLIT_FOLDERS: Mapping[str, str] = MappingProxyType(
    {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
)


def list_class_folders(source: ClassFolderSource) -> Listing:
    """Return every PNG and JPEG below the class folders, sorted by path; files are not opened.

    Raises:
        ConfigError: when the folder is missing, it or a folder in it can't be read, or it holds no image.
    """
    try:
        return _listing(source)
    except OSError as error:  # the inner folder is not named: its name may be a patient's
        raise ConfigError(
            f"{source.path}: a folder in it can't be read: {error.strerror}. Give this user the right to."
        ) from error


def _listing(source: ClassFolderSource) -> Listing:
    skipped: Counter[str] = Counter()
    folders = _folders(source.path, skipped)
    if folders and all(folder.name.lower() in SPLIT_FOLDERS for folder in folders):
        parts = [(SPLIT_FOLDERS[folder.name.lower()], inner) for folder in folders for inner in _folders(folder, skipped)]
    else:
        parts = [("", folder) for folder in folders]
    entries = [Entry(path, folder.name, split=split) for split, folder in parts for path in _images(folder, skipped)]
    if not entries:
        raise ConfigError(f"{source.path}: holds no PNG or JPEG in folders; expected a folder per class")
    return Listing(tuple(sorted(entries, key=lambda entry: entry.path)), skipped=skipped)


def _folders(path: Path, skipped: Counter[str]) -> list[Path]:
    """Return the folders in a folder, sorted; count what else lies there."""
    try:
        children = sorted(path.iterdir())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}. Name a folder that holds a folder per class.") from error
    hidden = [child for child in children if child.name.startswith(".")]
    folders = [child for child in children if child.is_dir() and child not in hidden]
    skipped["hidden"] += len(hidden)
    skipped["outside_class_folder"] += len(children) - len(hidden) - len(folders)
    return folders


def _images(folder: Path, skipped: Counter[str]) -> Iterator[Path]:
    """Yield the images anywhere below a folder; linked folders are not entered, they may lead in a circle."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        skipped["linked_folder"] += sum((Path(place) / name).is_symlink() for name in folders)
        for name in names:
            reason = why_skipped(name)
            if reason:
                skipped[reason] += 1
            else:
                yield Path(place) / name


def why_skipped(name: str) -> str:
    """Return why a file of this name is left out, '' when it is an image to use."""
    if name.startswith("."):
        return "hidden"
    if Path(name).suffix.lower() not in IMAGE_SUFFIXES:
        return "not_png_or_jpeg"
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8 can't be written to a manifest
        return "name_not_utf8"
    return ""


def _refuse(error: OSError) -> None:
    raise error
