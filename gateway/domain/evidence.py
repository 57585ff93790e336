"""Evidence: one line for each thing that somebody saw, said, or failed to say. Never changed afterwards.

A line with a stage and no code says "it was seen here"; with a code, "it failed here, for this reason". A line without
a stage is kept for people to read, and for the rules of `verdicts` that ask for it by name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from gateway.domain.failures import Code, Stage


@unique
class Source(StrEnum):
    """Where a piece of evidence comes from."""

    BROKER = "B"
    CLAIM = "C"
    GATEWAY = "G"
    APPLIANCE = "D"
    APPLIANCE_LATER = "L"
    APP = "A"
    LOCAL_LINK = "N"
    SILENCE = "S"


@unique
class Confidence(StrEnum):
    """How sure a verdict is, surest first."""

    OBSERVED = "observed"
    REPORTED_BY_APPLIANCE = "reported_by_appliance"
    REPORTED_BY_APP = "reported_by_app"
    INFERRED = "inferred"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 is the surest."""
        return _RANKS[self]


_RANKS: Final = MappingProxyType({confidence: rank for rank, confidence in enumerate(Confidence)})

CONFIDENCE_OF: Final = MappingProxyType(
    {
        Source.BROKER: Confidence.OBSERVED,
        Source.CLAIM: Confidence.OBSERVED,
        Source.GATEWAY: Confidence.OBSERVED,
        Source.APPLIANCE: Confidence.REPORTED_BY_APPLIANCE,
        Source.APPLIANCE_LATER: Confidence.REPORTED_BY_APPLIANCE,
        Source.LOCAL_LINK: Confidence.REPORTED_BY_APPLIANCE,
        Source.APP: Confidence.REPORTED_BY_APP,
        Source.SILENCE: Confidence.INFERRED,
    }
)
"""The most that a source can vouch for. Silence never makes more than an inference."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation."""

    source: Source
    at: datetime
    """When it happened, as well as it is known: a remembered failure lies in the past."""
    says: str
    """A name of ours for what happened, such as `csr_refused`; never a value of the request, nor a word of whoever
    reports. Rules that ask for a name ask for its source as well."""
    raw_code: str | None = None
    """The vendor's own code, at most 64 characters; shown as it came."""
    stage: Stage | None = None
    code: Code | None = None
    probable: bool = False
    """Joined to its attempt by circumstances (an address, a moment), not by a name: never more than an inference."""
    times: int = 1
    """How many equal results the line stands for, by the word of whoever counted them."""
    detail: str | None = None
    """Measured figures in words of ours (`rssi -71 dBm, 2.4 GHz, wpa2`), or the stage that the teller names, if it is
    one of the ten; at most 1,024 characters, no name, no text of anybody else's."""

    @property
    def confidence(self) -> Confidence:
        """How far this line can be trusted."""
        return Confidence.INFERRED if self.probable else CONFIDENCE_OF[self.source]

    @property
    def is_silence(self) -> bool:
        """True when it says that nothing was heard."""
        return self.source is Source.SILENCE

    @property
    def is_sign(self) -> bool:
        """True when it says that the appliance was seen at a stage: no failure, and no silence."""
        return self.stage is not None and self.code is None and not self.is_silence

    def as_history(self) -> "Evidence":
        """The same for people to read, proving nothing about the attempt: it happened at another time."""
        word = None if self.stage is None else self.stage.value
        return replace(self, stage=None, code=None, detail=self.detail or word)


def first_of_stages(lines: Iterable[Evidence]) -> dict[Stage, datetime]:
    """When each stage is first spoken of in these lines, whatever their order."""
    first: dict[Stage, datetime] = {}
    for line in lines:
        if line.stage is not None:
            first[line.stage] = min(line.at, first.get(line.stage, line.at))
    return first


APP_JOINED: Final = "app_joined_same_network"
"""The phone is on the network that the appliance was told to join, with the password that the appliance got."""
WEAK_SIGNAL: Final = "signal_weak"
"""The appliance hears its access point with less than -70 dBm."""
