"""What a run can come to, and the exit code that says so."""

from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of a run; the first four are results to use, the rest are refusals, a failure or a stop by the user."""

    PUSHED = "pushed"
    UNCHANGED = "unchanged"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    PINNED = "pinned"
    DATA_REFUSED = "data_refused"
    MODEL_REFUSED = "model_refused"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    INFRA_REFUSED = "infra_refused"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """Exit code of the command line."""
        return EXIT_CODES[self]


EXIT_CODES = {
    Verdict.PUSHED: 0,
    Verdict.UNCHANGED: 0,
    Verdict.WAITING_FOR_APPROVAL: 0,
    Verdict.PINNED: 0,
    Verdict.FAILED: 1,
    Verdict.DATA_REFUSED: 3,
    Verdict.MODEL_REFUSED: 4,
    Verdict.INSUFFICIENT_EVIDENCE: 4,
    Verdict.INFRA_REFUSED: 4,
    Verdict.WITHDRAWN: 4,
    Verdict.INTERRUPTED: 130,
}
