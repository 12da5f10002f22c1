"""Which pushed version predicts, held against its manifest before it does."""

from dataclasses import dataclass, field
from pathlib import Path

from components.pusher.manifest import model_digest
from components.pusher.rollback import DamagedVersionError
from components.pusher.served import is_whole
from components.pusher.versions import Version, served, versions
from pipeline.errors import ConfigError
from pipeline.serving_folder import serving_folder

SAVED_MODEL = "saved_model.pb"


@dataclass(frozen=True)
class ChosenVersion:
    """A version whose files are those of its manifest.

    Args:
        name: of the model.
        number: of the version.
        folder: where its files lie.
        digest: SHA-256 over all its files.
    """

    name: str
    number: int
    folder: Path = field(repr=False)
    digest: str


def chosen_version(model: str | None) -> ChosenVersion:
    """Return the version that a user means.

    Args:
        model: a folder of versions (its served one), the folder of a version, or the number of a version in the only root below
            runs/; None: the served one there.

    Raises:
        ConfigError: when there is no such version.
        DamagedVersionError: when its files are not those of its manifest.
    """
    folder, number = _place(model)
    known = versions(folder)
    version = served(known) if number is None else next((one for one in known if one.number == number), None)
    if version is None or version.folder is None:
        there = ", ".join(str(one.number) for one in known if one.folder) or "none"
        asked = "serves no version" if number is None else f"has no files of version {number}"
        raise ConfigError(f"--model: the folder {asked}; versions with files: {there}. `medtfx versions` lists them.")
    return _verified(version, folder.name)


def _place(model: str | None) -> tuple[Path, int | None]:
    """Return the folder of versions and the number that was asked for."""
    if model is None or (model.isdecimal() and not Path(model).exists()):
        return serving_folder(None, None, None).path, None if model is None else int(model)
    path = Path(model).absolute()
    if path.name.isdecimal() and (path / SAVED_MODEL).is_file():
        return path.parent, int(path.name)
    return serving_folder(None, path, None).path, None


def _verified(version: Version, folder_name: str) -> ChosenVersion:
    if version.folder is None or not version.files:
        raise ConfigError(f"version {version.number} has no manifest beside it; expected one that medtfx pushed")
    if not is_whole(version):
        raise DamagedVersionError(f"version {version.number} is damaged; nothing was predicted. `medtfx verify` names the files.")
    name = str(version.manifest.get("name") or folder_name)
    return ChosenVersion(name, version.number, version.folder, model_digest(version.files))
