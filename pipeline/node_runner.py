"""Launch nodes of a run, with all that goes before and after a launch; for the local runner and for `medtfx node`."""

import time
from pathlib import Path

from components import blessing
from components.pusher.executor import MODEL_ID, PUSHED_DESTINATION
from pipeline import interruption, memory
from pipeline.display import Display
from pipeline.node_ids import INFRA_VALIDATOR, PUSHER, TRAINER
from pipeline.node_launch import FAILED, CompiledRun, NodeOutcome
from pipeline.root import Root
from pipeline.run_result import RunResult
from pipeline.run_verdict import NodeFailedError, refusal, standing_model

LIGHT = 0.5  # seconds: what a quicker node leaves is not worth a look at all objects, which takes 0.04 s


class NodeRunner:
    """Launches the nodes of one run and keeps their outcomes in its result."""

    def __init__(self, compiled: CompiledRun, state: Root, *, serving_dir: Path, display: Display, result: RunResult) -> None:
        """Take a graph that is bound to the run id of `result`, and the folder of the served versions."""
        self.compiled = compiled
        self.result = result
        self.serving_dir = serving_dir
        self._state = state
        self._display = display

    def run(self, node: str) -> bool:
        """Launch one node; tell whether the run goes on. If not, a gate has refused: the result holds verdict and findings.

        Raises:
            NodeFailedError: when it ended without outputs.
            KeyboardInterrupt: when interrupted, also where a library dropped it.
            Exception: whatever its executor raised.
        """
        if node == INFRA_VALIDATOR:
            self._ask_again_if_refused()
        if node == PUSHER:
            self._push_again_if_gone()
        outcome = self._launch(node)
        interruption.heed()
        refused = refusal(outcome)
        if refused:
            self.result.verdict, self.result.findings = refused
        word = "refused" if refused else "cached" if outcome.cached else "done"
        self._display.end(node, result=word, seconds=outcome.seconds)
        return not refused

    def _launch(self, node: str) -> NodeOutcome:
        self._display.begin(node)
        begin = time.monotonic()
        try:
            outcome = self.compiled.launch(node, self._state.artifacts)
        except Exception:
            self.result.outcomes[node] = NodeOutcome(node, FAILED, seconds=time.monotonic() - begin)
            self._display.end(node, result="failed", seconds=time.monotonic() - begin)
            raise
        self.result.outcomes[node] = outcome
        if outcome.seconds > LIGHT:
            memory.release()
        if not outcome.done:
            self._display.end(node, result="failed", seconds=outcome.seconds)
            raise NodeFailedError(f"{node}: an input that it needs is missing")
        return outcome

    def _push_again_if_gone(self) -> None:
        """Make Pusher run when an earlier push of the same model is no longer in the serving folder, unless it was taken back."""
        model = self.result.outcomes[TRAINER].outputs["model"][0]
        pushes = [artifact.custom_properties for artifact in self.compiled.artifacts_of_type("PushedModel")]
        below = f"serving/{self.serving_dir.name}/"
        ours = [push[PUSHED_DESTINATION].string_value for push in pushes if push[MODEL_ID].int_value == model.id]
        ours = [destination for destination in ours if destination.startswith(below)]
        if ours and standing_model(self.result.outcomes, self.serving_dir) is None:
            self._display.say(f"{ours[-1]} is gone from the serving folder, or damaged: pushing again")
            self.compiled.disable_cache(PUSHER)

    def _ask_again_if_refused(self) -> None:
        """Make InfraValidator run when it refused this model before: a busy machine or a full disk is no fault of the model's."""
        model = self.result.outcomes[TRAINER].outputs["model"][0]
        words = [artifact.custom_properties for artifact in self.compiled.artifacts_of_type("InfraBlessing")]
        ours = [word[blessing.BLESSED].int_value for word in words if word[MODEL_ID].int_value == model.id]
        if ours and not ours[-1]:
            self.compiled.disable_cache(INFRA_VALIDATOR)
