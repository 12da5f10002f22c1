"""The images of an archive, one at a time and in an order of their own: of a folder by name, of a manifest row by row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from components.image_example_gen.manifest import ManifestRow, iterate_manifest
from pipeline.errors import ConfigError
from serving.client.source import files_at

MANIFEST_SUFFIX = ".csv"


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """An image of an archive; its repr names no file.

    Args:
        path: of its file, which is also what it is called in the results.
        frame: of a file that holds several, from 1; None: as the model's rendering says.
        sha256: that a manifest promises of the file's bytes, or ''.
    """

    path: str = field(repr=False)
    frame: int | None = None
    sha256: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """What it is called in the results."""
        return self.path if self.frame is None else f"{self.path}#{self.frame}"


@dataclass(frozen=True)
class Archive:
    """A folder of images or a manifest of them.

    Args:
        kind: which of the two.
        source: its path.
        skipped: what is passed over while images are yielded, by kind.
    """

    kind: Literal["folder", "manifest"]
    source: Path = field(repr=False)
    skipped: Counter[str] = field(default_factory=Counter)

    def images(self) -> Iterator[ArchivedImage]:
        """Yield all images; to be called once, for what is skipped is counted.

        Raises:
            ConfigError: when a manifest is not of the right form.
        """
        if self.kind == "folder":
            yield from (ArchivedImage(str(file)) for file in files_at(self.source, self.skipped))
        else:
            rows = iterate_manifest(self.source, patient="unknown")
            yield from (_of_row(row, self.source.parent) for row in rows)


def _of_row(row: ManifestRow, folder: Path) -> ArchivedImage:
    return ArchivedImage(str(folder / row.path), row.frame, row.sha256)


def archive_of(source: Path) -> Archive:
    """Return the archive that a user names.

    Raises:
        ConfigError: when it is neither a folder nor a manifest.
    """
    try:
        is_folder, is_there = source.is_dir(), source.exists()
    except OSError as error:  # a folder above it that this user may not enter
        raise ConfigError(f"{source}: {error.strerror}; expected a folder or manifest that this user may read") from error
    if is_folder:
        return Archive("folder", source)
    if not is_there:
        raise ConfigError(f"{source}: no such folder or manifest")
    if source.suffix.lower() != MANIFEST_SUFFIX:
        raise ConfigError(
            f"{source}: expected a folder of images, or a manifest (.csv) as `medtfx index` writes it. "
            "`medtfx predict` takes single files."
        )
    return Archive("manifest", source)
