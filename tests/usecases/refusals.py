"""What a refused activation must look like, whatever the reason."""

from typing import Any

from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Confidence
from gateway.domain.failures import CATALOGUE, Code, Retry
from tests.usecases.indoors import Indoors
from tests.usecases.made import Made


async def expect_refusal(gateway: Indoors, made: Made, code: Code, payload: bytes | None = None, **changes: Any) -> str:
    """Ask, and see that the refusal has its code everywhere and changed nothing. Returns the trace id."""
    await gateway.connect(made)
    before = gateway.rows()
    reply = await gateway.ask(made, payload, **changes)
    assert gateway.rows() == before
    return await expect_answer(gateway, reply, code)


async def expect_answer(gateway: Indoors, reply: dict[str, Any], code: Code) -> str:
    failure = CATALOGUE[code]
    assert (reply["ok"], reply["code"], reply["number"]) == (False, code.value, failure.number)
    assert reply["retry"] == failure.retry.value
    assert ("retry_after_s" in reply) == (failure.retry is Retry.AFTER)
    attempt, evidence = await gateway.attempt(reply["trace_id"])
    assert (attempt.code, attempt.stage_reached, attempt.outcome) == (code, failure.stage, Outcome.FAILED)
    assert attempt.confidence is Confidence.OBSERVED
    assert evidence[-1].raw_code == code.value
    trace_id: str = reply["trace_id"]
    return trace_id
