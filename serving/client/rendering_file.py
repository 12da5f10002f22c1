"""How files became pixels when a model was trained, as its export says in assets.extra/model.json."""

import json
from pathlib import Path

from models.rendering.settings import RenderSettings, render_settings
from pipeline.errors import ConfigError

IN_AN_EXPORT = Path("assets.extra") / "model.json"


def read_rendering(path: Path) -> RenderSettings:
    """Return the settings of an export: of its folder, or of a copy of its model.json.

    Raises:
        ConfigError: when there are none to read.
    """
    file = path / IN_AN_EXPORT if path.is_dir() else path
    try:
        return render_settings(json.loads(file.read_text(encoding="utf-8"))["rendering"])
    except OSError as error:
        raise ConfigError(f"rendering: {file.name} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"rendering: {file.name} names no rendering; expected assets.extra/model.json of an export") from error
