"""Presence: whether an appliance is there, by its words and by its silence.

A broker cannot be trusted to end every dead connection (Mosquitto 2.0.11 ignores `max_keepalive` for MQTT 3.1.1), so
silence of 2.5 report intervals counts as gone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, assert_never

REPORT_EVERY: Final = timedelta(seconds=300)
"""What an appliance is asked to report at least; told in `down/welcome` as `every_s`."""
SILENCE_LIMIT: Final = REPORT_EVERY * 2.5


@unique
class Gone(StrEnum):
    """Why an appliance counts as offline."""

    BYE = "bye"
    """Its own word, or its will."""
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class NeverSeen:
    """Not one word yet."""


@dataclass(frozen=True, slots=True)
class Online:
    """It is there."""

    since: datetime
    """When the present session began."""
    last_seen: datetime
    session: str | None = None
    """What the appliance calls this session, where it does."""


@dataclass(frozen=True, slots=True)
class Offline:
    """It was there."""

    since: datetime
    last_seen: datetime
    why: Gone


Presence = NeverSeen | Online | Offline


def hello(presence: Presence, *, at: datetime, session: str | None = None) -> Online:
    """It says hello: a session begins. The same hello delivered again begins none."""
    match presence:
        case Online(since=since, last_seen=last_seen) if presence.session is not None and presence.session == session:
            return Online(since=since, last_seen=max(at, last_seen), session=session)
        case Online() | Offline() | NeverSeen():
            return Online(since=at, last_seen=at, session=session)
    assert_never(presence)


def heard(presence: Presence, *, at: datetime) -> Presence:
    """Any other word of it. One from before its bye, handled late, brings nobody back."""
    match presence:
        case Online(since=since, last_seen=last_seen, session=session):
            return Online(since=since, last_seen=max(at, last_seen), session=session)
        case Offline(since=since) if at < since:
            return presence
        case Offline() | NeverSeen():
            return Online(since=at, last_seen=at)
    assert_never(presence)


def bye(presence: Presence, *, at: datetime, session: str | None = None) -> Presence:
    """It says bye, or the broker does in its name. The will of an earlier session ends no later one.

    Args:
        presence: as known.
        at: when the broker took the message, where it says so; else when it arrived.
        session: the session that ends, where the appliance names sessions.
    """
    match presence:
        case NeverSeen() | Offline():
            return presence
        case Online(since=since) if at < since:
            return presence
        case Online() if session is not None and presence.session is not None and session != presence.session:
            return presence
        case Online(last_seen=last_seen):
            return Offline(since=at, last_seen=max(last_seen, at), why=Gone.BYE)
    assert_never(presence)


def check(presence: Presence, now: datetime) -> Presence:
    """Mark as offline whoever has been silent for too long."""
    match presence:
        case Online(last_seen=last_seen) if now >= last_seen + SILENCE_LIMIT:
            return Offline(since=now, last_seen=last_seen, why=Gone.SILENCE)
        case Online() | Offline() | NeverSeen():
            return presence
    assert_never(presence)
