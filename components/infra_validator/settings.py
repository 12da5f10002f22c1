"""What infra validation is told."""

from pathlib import Path

from pipeline.config import Budget, Section


class InfraSettings(Section):
    """How the model is served for validation and what it may take; travels as JSON."""

    work_dir: Path  # for the folder that the server watches, and goes with it
    log: Path  # file that the server's words are added to
    model_server: str = ""  # a tensorflow_model_server; '': medtfx serve
    golden_requests: int = 8
    budget: Budget = Budget()
    time_limit: float = 120.0  # seconds, for loading and all answers together
