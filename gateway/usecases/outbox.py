"""What leaves the process because of a commit. Rows are written with their cause and published after the commit."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.domain.identity import AccountId

CLAIM_FOR: Final = timedelta(seconds=30)
"""How long the gateway that committed a row is its only sender. Another takes over afterwards: the first one died."""


class Kind(StrEnum):
    """Where an outbox row goes."""

    PUBLISH = "publish"
    """To an MQTT topic (`target`)."""

    EVICT = "evict"
    """End the connection of the identity in `target`."""


class Counted(StrEnum):
    """Facts that metrics count. Counted by the commit: what was rolled back did not happen."""

    ATTEMPT = "attempt"
    """Labels: stage, outcome."""
    PAIRING = "pairing"
    """Label: outcome."""
    COMMAND = "command"
    """Label: state."""
    FAILURE = "failure"
    """Labels: code, confidence. An attempt has come to fail so."""
    EVIDENCE = "evidence"
    """Label: source. One line."""
    LOOK_UP = "look_up"
    """Label: outcome. Somebody of the staff looked for an identifier: hit, miss, or refused."""
    EXPORT = "export"
    """Label: state. A copy of a person's data has reached it."""
    REQUEST = "request"
    """Label: state. A person's request has reached it."""
    REQUEST_ALARM = "request_alarm"
    """Label: state. The clock of a request that waits has reached so many days."""
    DISCLOSURE = "disclosure"
    """Label: outcome. A sending to an address that a person named."""
    INCIDENT = "incident"
    """Label: state. An incident has reached it."""
    SUPPORT_ALARM = "support_alarm"
    """Label: reason. Somebody of the staff looks for what is not there too often."""


class Timed(StrEnum):
    """Durations that metrics collect, in seconds."""

    STAGE = "stage"
    """Label: stage. Of an attempt that succeeded."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to do at least once. Receivers drop what they have seen."""

    outbox_id: int
    kind: Kind
    target: str = field(repr=False)
    payload: bytes = field(repr=False)
    expires_at: datetime | None
    """Not sent after this moment (a command that ran out), only removed."""
    claimed_until: datetime
    """Until then this gateway is the row's only sender; afterwards it must leave the row to whoever takes it over."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit left to do, handed to the listeners on the event loop right after it."""

    outbox: tuple[OutboxRow, ...] = ()
    accounts: frozenset[AccountId] = frozenset()
    """Accounts that have something new to see."""
    ring_at: datetime | None = None
    """A timer must look again no later than this."""
    counted: tuple[tuple[Counted, tuple[str, ...]], ...] = ()
    """What is to be counted now that it took place, each with the labels of its metric."""
    timed: tuple[tuple[Timed, float, tuple[str, ...]], ...] = ()
    """What took how many seconds, each with the labels of its metric."""

    def __bool__(self) -> bool:
        """False when nothing is left to do."""
        return bool(self.outbox or self.accounts or self.ring_at is not None or self.counted or self.timed)
