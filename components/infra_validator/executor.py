"""Has a model server serve an export, asks golden requests and publishes the infra blessing; an export never makes it raise."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, artifact_utils
from tfx.utils import path_utils

from components import blessing
from components.blessing import Finding
from components.infra_validator import golden, standby
from components.infra_validator.comparison import Expected, compare
from components.infra_validator.measured import Measured, judge, measured, write_measured
from components.infra_validator.questions import Interview, batches, interview
from components.infra_validator.server_process import ServerError
from components.infra_validator.settings import InfraSettings
from models.canonical_image import canonical_pixels
from models.model_facts import read_facts

GOLDEN_SPLIT = "test"
MODEL_ID = "current_model_id"  # as on the other blessings: which model this is about
ACCEPTED = "accepted"
REFUSED = "infra_refused"


class Executor(BaseExecutor):
    """Validates one export."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Publish the verdict, and what serving took.

        Raises:
            NotBlessedError: when ClinicalGate has not accepted the model.
        """
        blessing.require(input_dict.get("model_blessing", []), "ClinicalGate")
        settings = InfraSettings.model_validate_json(exec_properties["settings"])
        export = Path(path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"])))
        (split,) = artifact_utils.get_split_uris(input_dict["examples"], GOLDEN_SPLIT)
        requests = golden.golden_requests(Path(split), settings.golden_requests)
        findings, took = validate(export, requests, settings)
        verdict = REFUSED if any(finding.refuses for finding in findings) else ACCEPTED
        infra_blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        infra_blessing.set_int_custom_property(MODEL_ID, input_dict["model"][0].id)
        if took is not None:
            write_measured(took, Path(infra_blessing.uri))
        blessing.publish(infra_blessing, verdict, findings)


def validate(export: Path, requests: Sequence[golden.Request], settings: InfraSettings) -> tuple[list[Finding], Measured | None]:
    """Return what was found, and what serving took where there were answers."""
    try:
        said, expected = serve(export, requests, settings)
        took = measured(said.milliseconds, said.memory_mb)
        return [*compare(said.answers, expected), *judge(took, settings.budget)], took
    except ServerError as error:
        return [failure("is served, and answers", str(error))], None
    except Exception as error:
        # A broken export fails in as many ways as there are ways to break it, and a gate never raises for what it judges.
        return [failure("loads and answers", f"{type(error).__name__}: {_first_line(error)}")], None


def serve(export: Path, requests: Sequence[golden.Request], settings: InfraSettings) -> tuple[Interview, Expected]:
    """Serve an export and ask it; while the server loads it, compute what it should say.

    Raises:
        ServerError: when the server does not answer.
    """
    server = standby.take(settings)
    try:
        server.offer(export)
        expected = compute_expected(export, requests, same_build=not settings.model_server)
        return interview(server, requests, time_limit=settings.time_limit), expected
    finally:
        server.end()


def compute_expected(export: Path, requests: Sequence[golden.Request], *, same_build: bool) -> Expected:
    """Compute in this process what the served export should answer."""
    loaded = tf.saved_model.load(str(export))
    facts = read_facts(export)
    images = [request.encoded for request in requests]
    pixels = np.stack([canonical_pixels(tf.constant(image), facts.canonical).numpy() for image in images])
    predict = loaded.signatures["predict_image"]
    probabilities = [predict(image=tf.constant(batch))["probabilities"].numpy() for batch in batches(images)]
    forms = [request.form for request in requests]
    return Expected(forms, pixels, np.concatenate(probabilities), facts.precision, same_build=same_build)


def failure(expected: str, found: str) -> Finding:
    """Return the finding of an export that gave no answers."""
    return Finding("infra.serves", "export", expected, found, advice="Do not push it; train again or look at the export.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:500]
