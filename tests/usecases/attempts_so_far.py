"""What tests of verdicts do again and again: bring an appliance so far, let time pass, ask how its attempt stands."""

from gateway.domain.evidence import Confidence
from gateway.domain.failures import Code
from gateway.usecases import broker_log, progress
from tests.usecases.indoors import Indoors
from tests.usecases.made import Made

HOME = b"home" * 8
"""Keyed digest of an address."""


async def log(gateway: Indoors, says: str, name: str | None = None, home: bytes | None = HOME) -> None:
    """The broker writes a line."""
    await gateway.run(lambda tx: broker_log.note(tx, says, name, home, gateway.now))


async def tick(gateway: Indoors, **by: float) -> int:
    """Time passes; returns of how many attempts silence has become the result."""
    gateway.pass_by(**by)
    return await gateway.run(lambda tx: progress.close_overdue(tx, gateway.now))


async def paired_and_connected(gateway: Indoors) -> tuple[Made, str]:
    """An appliance that is bound and connected and has not reported yet; and its trace id."""
    made, account = await gateway.made(), await gateway.account()
    opened = await gateway.pairing(account)
    await gateway.activated(made, bind_token=opened.bind_token)
    await gateway.hello(made)
    return made, opened.pairing.trace_id


async def told(gateway: Indoors, trace_id: str) -> tuple[Code | None, Confidence]:
    """What the attempt says of itself."""
    attempt, _ = await gateway.attempt(trace_id)
    return attempt.code, attempt.confidence
