"""Asks a served export golden requests and publishes the infra blessing; whatever the export does, this never raises for it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, artifact_utils
from tfx.utils import path_utils

from components import blessing
from components.blessing import Finding
from components.infra_validator import golden, process, standby
from components.infra_validator.comparison import Expected, compare
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
        """Publish the verdict.

        Raises:
            NotBlessedError: when ClinicalGate has not accepted the model.
        """
        blessing.require(input_dict.get("model_blessing", []), "ClinicalGate")
        export = Path(path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"])))
        (split,) = artifact_utils.get_split_uris(input_dict["examples"], GOLDEN_SPLIT)
        requests = golden.golden_requests(Path(split), exec_properties["golden_requests"])
        findings = validate(export, requests, exec_properties["time_limit"], scratch=self._scratch())
        verdict = REFUSED if any(finding.refuses for finding in findings) else ACCEPTED
        infra_blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        infra_blessing.set_int_custom_property(MODEL_ID, input_dict["model"][0].id)
        blessing.publish(infra_blessing, verdict, findings)

    def _scratch(self) -> Path | None:
        """Return this execution's folder for temporary files, which goes with it."""
        if self._context is None:
            return None
        folder = Path(self._get_tmp_dir())
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def validate(export: Path, requests: list[golden.Request], time_limit: float, *, scratch: Path | None = None) -> list[Finding]:
    """Return what was found; `time_limit` in seconds is for the child that serves."""
    pool = ThreadPoolExecutor(1)
    try:
        answering = pool.submit(process.ask, standby.take(), export, requests, time_limit=time_limit, scratch=scratch)
        expected = compute_expected(export, requests)
        return compare(answering.result(), expected)
    except process.ProbeError as error:
        return [failure("loads and answers in a TF1 session", str(error))]
    except Exception as error:
        # A broken export fails in as many ways as there are ways to break it, and a gate never raises for what it judges.
        return [failure("loads and answers", f"{type(error).__name__}: {_first_line(error)}")]
    finally:
        pool.shutdown(wait=False)  # Ctrl-C doesn't wait for an answer; the child ends with this process


def compute_expected(export: Path, requests: list[golden.Request]) -> Expected:
    """Compute in this process what the served export should answer."""
    loaded = tf.saved_model.load(str(export))
    facts = read_facts(export)
    images = [request.encoded for request in requests]
    pixels = np.stack([canonical_pixels(tf.constant(image), facts.canonical).numpy() for image in images])
    probabilities = loaded.signatures["predict_image"](image=tf.constant(images))["probabilities"].numpy()
    return Expected([request.form for request in requests], pixels, probabilities, facts.precision)


def failure(expected: str, found: str) -> Finding:
    """Return the finding of an export that gave no answers."""
    return Finding("infra.serves", "export", expected, found, advice="Do not push it; train again or look at the export.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:500]
