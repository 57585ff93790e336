"""What is counted of attempts: how they end, by which code, and how long their stages took. Nobody is named."""

from collections.abc import Sequence
from typing import Final

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Evidence, first_of_stages
from gateway.domain.failures import Stage
from gateway.domain.funnel import seconds_per_stage
from gateway.usecases.outbox import Counted, Timed
from gateway.usecases.transaction import Transaction

UNEXPLAINED: Final = "unexplained"
"""The code of an attempt that failed without one."""


def count_failure(tx: Transaction, attempt: Attempt, *, silent: bool) -> None:
    """Count a failure that an attempt has just come to. One that goes on and fails elsewhere is counted again."""
    outcome = "silent" if silent else Outcome.FAILED.value
    tx.count(Counted.ATTEMPT, attempt.stage_reached.value, outcome)
    code = UNEXPLAINED if attempt.code is None else attempt.code.value
    tx.count(Counted.FAILURE, code, attempt.confidence.value)


def count_success(tx: Transaction, stage: Stage, evidence: Sequence[Evidence]) -> None:
    """Count an attempt that is done at `stage`, and how long each stage took it."""
    tx.count(Counted.ATTEMPT, stage.value, Outcome.SUCCEEDED.value)
    first_signs = first_of_stages(line for line in evidence if line.is_sign)
    for seen, seconds in seconds_per_stage([first_signs]).items():
        for one in seconds:
            tx.time(Timed.STAGE, one, seen.value)


def count_line(tx: Transaction, line: Evidence) -> None:
    """Count one line of evidence, by who vouches for it."""
    tx.count(Counted.EVIDENCE, line.source.value)
