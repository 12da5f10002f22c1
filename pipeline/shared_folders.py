"""Whether workers of other machines see what they read and write: a run that only its driver sees fails after an hour."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.config import Beam, Dataflow, Portable
from pipeline.errors import ConfigError


def check_shared(beam: Beam, places: Mapping[str, Path | None]) -> None:
    """Refuse a place outside `beam.shared`, where that is set.

    Args:
        beam: the section of the configuration.
        places: name and path of what workers use; None: it is in the environment, which workers don't have.

    Raises:
        ConfigError: naming the place and the shared folders.
    """
    if not isinstance(beam, Portable | Dataflow) or not beam.shared:
        return
    shared = [folder.resolve() for folder in beam.shared]
    for name, path in places.items():
        if path is None:
            raise ConfigError(
                f"{name}: in an environment variable, which workers of other machines lack; name a file below beam.shared"
            )
        if not any(path.resolve().is_relative_to(folder) for folder in shared):
            known = ", ".join(map(str, beam.shared))
            raise ConfigError(f"{name}: {path}: outside beam.shared ({known}); workers of other machines would not find it")
