"""Evidence: one line for each thing that somebody saw, said, or failed to say. Never changed afterwards.

A line with a stage and no code says "it was seen here"; with a code, "it failed here, for this reason". A line without
a stage is kept for people to read, and for the rules of `verdicts` that ask for it by name.
"""

from dataclasses import dataclass
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
    """A name of ours for what happened, such as `csr_refused`; never a value of the request."""
    raw_code: str | None = None
    """The vendor's own code, at most 64 characters; shown as it came."""
    stage: Stage | None = None
    code: Code | None = None
    probable: bool = False
    """Joined to its attempt by circumstances (an address, a moment), not by a name: never more than an inference."""
    times: int = 1
    """How many equal results the line stands for, by the word of whoever counted them."""
    detail: str | None = None
    """Measured figures in words of ours (`rssi -71 dBm, 2.4 GHz, wpa2`), at most 1,024 characters; no name, no text of
    anybody else's."""

    @property
    def confidence(self) -> Confidence:
        """How far this line can be trusted."""
        return Confidence.INFERRED if self.probable else CONFIDENCE_OF[self.source]

    @property
    def is_silence(self) -> bool:
        """True when it says that nothing was heard."""
        return self.source is Source.SILENCE


APP_JOINED: Final = "app_joined_same_network"
"""The phone is on the network that the appliance was told to join, with the password that the appliance got."""
WEAK_SIGNAL: Final = "signal_weak"
"""The appliance hears its access point with less than -70 dBm."""
