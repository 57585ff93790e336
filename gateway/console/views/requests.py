"""Requests as officers see them: how urgent, in whose hands, and what was said."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.console.words import say
from gateway.domain.failure_texts import Language
from gateway.domain.requests import ALARMS, Request, RequestStatus
from gateway.usecases.requests import Readable
from gateway.usecases.staff_sessions import SignedIn

DAY: Final = timedelta(days=1)
_LOOKS: Final = ("quiet", "warn", "warn", "bad", "bad")
"""By the alarms that are over: from the twenty-eighth day on it is as urgent as when it is late."""
_STATUS_LOOKS: Final = {RequestStatus.ANSWERED: "good", RequestStatus.REFUSED: "bad"}


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request, without its words."""

    request_id: str = field(repr=False)
    kind: str
    status: str
    look: str
    asked_at: datetime
    due_at: datetime
    ended_at: datetime | None
    clock: str
    """How many days are left; empty when it is over."""
    alarm: str
    """What has rung, in words; empty while nothing has."""
    clock_look: str
    hands: str


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request with its words."""

    row: RequestRow
    ground: str
    refusal: str
    text: str = field(repr=False)
    answer: str | None = field(repr=False)
    about: str | None = field(repr=False)
    is_waiting: bool
    is_taken: bool
    is_mine: bool


def request_row(request: Request, who: SignedIn, language: Language, now: datetime) -> RequestRow:
    """A request as a line of a list."""
    rung = sum(1 for alarm in ALARMS if request.asked_at + alarm <= now) if request.is_waiting else 0
    return RequestRow(
        request_id=request.request_id,
        kind=say(language, f"request_kind_{request.kind.value}"),
        status=say(language, f"request_status_{request.status.value}"),
        look=_STATUS_LOOKS.get(request.status, ""),
        asked_at=request.asked_at,
        due_at=request.due_at,
        ended_at=request.ended_at,
        clock=_clock(request, language, now) if request.is_waiting else "",
        alarm=_alarm(rung, language),
        clock_look=_LOOKS[rung],
        hands=_hands(request, who, language),
    )


def request_view(readable: Readable, who: SignedIn, language: Language, now: datetime) -> RequestView:
    """A request with its words."""
    request = readable.request
    ground, refusal = request.ground, request.refusal
    return RequestView(
        row=request_row(request, who, language, now),
        ground="" if ground is None else say(language, f"deletion_ground_{ground.value}"),
        refusal="" if refusal is None else say(language, f"refusal_ground_{refusal.value}"),
        text=readable.text,
        answer=readable.answer,
        about=request.about,
        is_waiting=request.is_waiting,
        is_taken=request.taken_by is not None,
        is_mine=request.is_waiting and request.taken_by == who.staff_id,
    )


def _clock(request: Request, language: Language, now: datetime) -> str:
    left = request.due_at - now
    if left <= timedelta(0):
        return say(language, "days_late", many=-left // DAY)
    return say(language, "days_left", many=-(-left // DAY))


def _alarm(rung: int, language: Language) -> str:
    if rung == 0:
        return ""
    if rung == len(ALARMS):
        return say(language, "alarm_late")
    return say(language, "alarm_days", days=ALARMS[rung - 1].days)


def _hands(request: Request, who: SignedIn, language: Language) -> str:
    if request.taken_by is None:
        return say(language, "hands_nobody")
    return say(language, "yourself" if request.taken_by == who.staff_id else "colleague")
