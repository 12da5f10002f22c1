"""Which serving folder a command is about."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.root import Root
from pipeline.run_history import existing_root


@dataclass(frozen=True)
class ServingFolder:
    """A folder of versions.

    Args:
        path: the folder that a server is pointed at.
        root: the root that it lies in, None for a folder of its own.
    """

    path: Path
    root: Root | None


def serving_folder(root: Path | None, serving: Path | None, model: str | None) -> ServingFolder:
    """Return the folder that a user means: of a root, by its own path, or of the only root below runs/.

    Args:
        root: root of the runs.
        serving: the folder itself, as it stands on a server's machine.
        model: name of the served model, where a root has several.

    Raises:
        ConfigError: there is no such folder, or more than one that could be meant.
    """
    if serving is not None:
        if root is not None or model is not None:
            raise ConfigError("--serving names the folder itself; leave --root and --model out")
        if not serving.is_dir():
            raise ConfigError(f"{serving}: no such folder; expected one that holds the versions of a served model")
        return ServingFolder(serving.absolute(), None)
    state = existing_root(root or _only_root())
    return ServingFolder(state.serving(_model_of(state, model)), state)


def _only_root() -> Path:
    """Return the only root below runs/, where `medtfx run` puts them."""
    roots = sorted(marker.parent for marker in Path("runs").glob("*/format"))
    if len(roots) != 1:
        found = ", ".join(map(str, roots)) or "none below runs/ here"
        raise ConfigError(f"expected one root, found {found}. Name it with --root, or a serving folder with --serving.")
    return roots[0]


def _model_of(state: Root, model: str | None) -> str:
    """Return the model of a root that a user named, or the only one that it has pushed."""
    folder = state.path / "serving"
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
    if not names:
        raise ConfigError(f"{state.path}: has pushed no model yet")
    if model not in names and (model or len(names) > 1):
        asked = f"no model {model}, but" if model else "several models:"
        raise ConfigError(f"{state.path}: has pushed {asked} {', '.join(names)}. Name one with --model.")
    return model or names[0]
