"""When silence becomes a result, and what it then means.

Nobody is heard between two of our own stages, so each wait is the sum of what has to happen in it: after the Wi-Fi
credentials the appliance joins (30 s), and once it is on the network it gets an address (15), a name (5), the time
(15) and a TCP connection (10) before we hear of it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code, Stage, stage_of
from gateway.domain.verdicts import stage_reached

DEADLINE: Final = timedelta(seconds=180)
"""From the first evidence to the last, all stages together."""

PAIRING_OPENED: Final = "pairing_opened"
CLAIM_CONNECTED: Final = "claim_connected"

WAIT: Final = MappingProxyType(
    {
        Stage.PAIR: timedelta(seconds=30),
        Stage.WIFI: timedelta(seconds=30),
        Stage.NET: timedelta(seconds=15 + 5 + 15 + 10),
        Stage.TLS: timedelta(seconds=15),
        Stage.CLAIM: timedelta(seconds=5 + 5),
        Stage.ACT: timedelta(seconds=5),
        Stage.CERT: timedelta(seconds=10 + 30),
        Stage.OPCONN: timedelta(seconds=30),
        Stage.BIND: timedelta(seconds=60),
        Stage.FIRST: timedelta(seconds=60),
    }
)
"""How long after the last sign of life at a stage the next one is due."""

_MEANING: Final = MappingProxyType(
    {
        Stage.CERT: Code.OPCONN_NEVER,
        Stage.OPCONN: Code.BIND_TIMEOUT_RETRY,
        Stage.BIND: Code.FIRST_NO_TELEMETRY,
    }
)
"""What silence after a stage means, where it means one thing. Elsewhere the code stays unknown, and is said to be."""


def due(evidence: Sequence[Evidence], opened_at: datetime) -> datetime:
    """When silence becomes the result, unless something more is heard.

    A pairing that was only opened waits for a person, who may need the whole time to find the button.
    """
    end = opened_at + DEADLINE
    signs = [line for line in evidence if line.is_sign]
    if all(line.says == PAIRING_OPENED and line.source is Source.APP for line in signs):
        return end
    return min(end, max(line.at for line in signs) + WAIT[stage_reached(evidence)])


def silence(evidence: Sequence[Evidence], now: datetime) -> Evidence:
    """The line that says so: nothing was heard by its deadline, and what that means."""
    reached = stage_reached(evidence)
    code = _MEANING.get(reached)
    if reached is Stage.CERT and claim_connections_after_certificate(evidence):
        code = Code.OPCONN_STILL_CLAIM
    stage = reached if code is None else stage_of(code)
    return Evidence(Source.SILENCE, now, "deadline_passed", stage=stage, code=code)


def claim_connections_after_certificate(evidence: Iterable[Evidence]) -> int:
    """How often it came with its claim certificate again after it had been given its own."""
    lines = list(evidence)
    issued = min((line.at for line in lines if line.stage is Stage.CERT and line.is_sign), default=None)
    if issued is None:
        return 0
    came = (line for line in lines if line.says == CLAIM_CONNECTED and line.source is Source.BROKER)
    return sum(1 for line in came if line.at > issued)
