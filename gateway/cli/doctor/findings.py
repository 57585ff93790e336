"""What a check says, and what it looks at."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from gateway.config import Settings


@unique
class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works today, and will be trouble."""
    WRONG = "wrong"
    """A gateway will not start, or not do what it is there for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    check: str
    level: Level
    says: str
    """What was seen, without any secret."""
    fix: str | None = None
    """What to do; given exactly when something is to be done."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What all checks look at."""

    settings: Settings
    now: datetime
    running: bool
    """Our own gateway answers on the operator's port."""


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, says)


def warning(check: str, says: str, fix: str) -> Finding:
    """It will be trouble."""
    return Finding(check, Level.WARNING, says, fix)


def wrong(check: str, says: str, fix: str) -> Finding:
    """It is trouble."""
    return Finding(check, Level.WRONG, says, fix)
