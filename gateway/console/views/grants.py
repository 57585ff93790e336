"""What is open to whom, and what waits for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.console.words import say
from gateway.domain.failure_texts import Language
from gateway.domain.support_access import BreakGlass, Grant, GrantKind
from gateway.usecases.staff_sessions import SignedIn


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant."""

    grant_id: str = field(repr=False)
    case: str = field(repr=False)
    reason: str = field(repr=False)
    how: str
    until: datetime
    whom: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class GlassRow:
    """One question for break-glass."""

    glass_id: str = field(repr=False)
    case: str = field(repr=False)
    reason: str = field(repr=False)
    at: datetime


def grant_rows(grants: Sequence[Grant], who: SignedIn, language: Language) -> tuple[GrantRow, ...]:
    """Grants, with who may use them: oneself or a colleague."""
    return tuple(
        GrantRow(
            grant_id=grant.grant_id,
            case=grant.case,
            reason=grant.reason,
            how=say(language, "by_code" if grant.kind is GrantKind.CODE else "by_break_glass"),
            until=grant.until,
            whom=say(language, "yourself" if grant.staff_id == who.staff_id else "colleague"),
            is_own=grant.staff_id == who.staff_id,
        )
        for grant in grants
    )


def glass_rows(glasses: Sequence[BreakGlass]) -> tuple[GlassRow, ...]:
    """Questions for break-glass."""
    return tuple(GlassRow(one.glass_id, one.case, one.reason, one.asked_at) for one in glasses)
