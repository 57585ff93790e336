"""What a person asks about their data, and the clock of thirty days under which it is answered.

Open, then in somebody's hands, then answered, refused on one of six grounds, or taken back. A complaint goes to another
officer than the one whose decision it is about. Grounds are those of the policy and of GB/T 35273-2020, 8.3 and 8.7.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final, NewType

from gateway.domain.identity import AccountId
from gateway.domain.staff import StaffId

RequestId = NewType("RequestId", str)

ANSWERED_WITHIN: Final = timedelta(days=30)
ALARMS: Final = (timedelta(days=20), timedelta(days=25), timedelta(days=28), ANSWERED_WITHIN)
"""When its clock rings, each louder than the one before; the last says that it is late."""
TEXT_AT_MOST: Final = 2000
"""Characters of a request or an answer."""
OPEN_AT_MOST: Final = 10
"""Requests of one account that wait for an answer."""


@unique
class RequestKind(StrEnum):
    """What is asked."""

    ACCESS = "access"
    CORRECTION = "correction"
    DELETION = "deletion"
    OBJECTION = "objection"
    COMPLAINT = "complaint"
    QUESTION = "question"


@unique
class DeletionGround(StrEnum):
    """The policy's five grounds on which something is to be deleted."""

    UNLAWFUL = "unlawful"
    """It is processed against the law."""
    WITHOUT_CONSENT = "without_consent"
    """It was collected or used without the person's consent."""
    BREACH = "breach"
    """It is processed against what was agreed with the person."""
    NO_LONGER_USED = "no_longer_used"
    """The person no longer uses the service, or has closed the account."""
    NO_LONGER_OFFERED = "no_longer_offered"
    """The service is no longer offered."""


@unique
class RefusalGround(StrEnum):
    """The six grounds on which a request may be refused, and no other."""

    NATIONAL_SECURITY = "national_security"
    PUBLIC_INTEREST = "public_interest"
    """Public safety, public health, a grave public interest."""
    CRIMINAL_PROCEEDINGS = "criminal_proceedings"
    ABUSE = "abuse"
    """There is enough evidence of malice, or of a right that is abused."""
    RIGHTS_OF_OTHERS = "rights_of_others"
    """Answering would gravely harm the lawful rights of the person or of others."""
    TRADE_SECRET = "trade_secret"  # noqa: S105 - a ground, not a password


@unique
class RequestStatus(StrEnum):
    """How far a request is."""

    OPEN = "open"
    TAKEN = "taken"
    """Somebody of the staff handles it."""
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """The person took it back."""


WAITING: Final = frozenset({RequestStatus.OPEN, RequestStatus.TAKEN})


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    request_id: RequestId = field(repr=False)
    account_id: AccountId = field(repr=False)
    kind: RequestKind
    ground: DeletionGround | None
    about: RequestId | None = field(repr=False)
    """The request that a complaint is about."""
    text_sealed: bytes = field(repr=False)
    asked_at: datetime
    due_at: datetime
    status: RequestStatus = RequestStatus.OPEN
    taken_by: StaffId | None = field(repr=False, default=None)
    taken_at: datetime | None = None
    refusal: RefusalGround | None = None
    answer_sealed: bytes | None = field(repr=False, default=None)
    ended_at: datetime | None = None
    alarms: int = 0
    """How many of `ALARMS` have rung."""
    next_alarm_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store."""

    @property
    def is_waiting(self) -> bool:
        """Whether it has no answer yet."""
        return self.status in WAITING


@dataclass(frozen=True, slots=True)
class BadRequest:
    """A field that does not fit, and why, without its value."""

    field: str
    message: str


def normal_text(text: str) -> str | None:
    """The one way to write what somebody says: NFC, trimmed, lines kept.

    None when it is empty, too long, or holds what cannot be shown.
    """
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not 1 <= len(normal) <= TEXT_AT_MOST:
        return None
    hidden = (each for each in normal if unicodedata.category(each).startswith("C"))
    return normal if all(each in "\n\t\u200d" for each in hidden) else None


def wrong_with(kind: RequestKind, ground: DeletionGround | None, *, about: bool) -> BadRequest | None:
    """What does not fit together; None when all does."""
    if kind is RequestKind.DELETION and ground is None:
        return BadRequest("ground", "is needed: on which of the five grounds")
    if kind is not RequestKind.DELETION and ground is not None:
        return BadRequest("ground", "goes with a deletion only")
    if about and kind is not RequestKind.COMPLAINT:
        return BadRequest("about", "goes with a complaint only")
    return None


def ask(
    *,
    request_id: RequestId,
    account_id: AccountId,
    kind: RequestKind,
    ground: DeletionGround | None,
    about: RequestId | None,
    text_sealed: bytes,
    now: datetime,
) -> Request:
    """A new request; its clock runs from now."""
    return Request(
        request_id=request_id,
        account_id=account_id,
        kind=kind,
        ground=ground,
        about=about,
        text_sealed=text_sealed,
        asked_at=now,
        due_at=now + ANSWERED_WITHIN,
        next_alarm_at=now + ALARMS[0],
    )


def ring(request: Request, now: datetime) -> Request:
    """The clock has rung for every alarm whose moment has come."""
    rung = sum(1 for alarm in ALARMS if request.asked_at + alarm <= now)
    following = request.asked_at + ALARMS[rung] if rung < len(ALARMS) else None
    return replace(request, alarms=max(rung, request.alarms), next_alarm_at=following)


@dataclass(frozen=True, slots=True)
class NotNow:
    """It has its answer, or was taken back: nothing changes it any more."""


@dataclass(frozen=True, slots=True)
class SomebodyElses:
    """Another officer handles it, or has to: a complaint about one's own decision is not one's own to answer."""


def take(
    request: Request, by: StaffId, *, not_for: Iterable[StaffId], now: datetime
) -> Request | NotNow | SomebodyElses:
    """An officer takes a request in hand. One that a colleague holds may be taken over: people fall ill.

    Args:
        request: the request.
        by: the officer.
        not_for: whose decision it complains about.
        now: the present moment.
    """
    if not request.is_waiting:
        return NotNow()
    if by in set(not_for):
        return SomebodyElses()
    if request.taken_by == by:
        return request
    return replace(request, status=RequestStatus.TAKEN, taken_by=by, taken_at=now)


def hand_on(
    request: Request, to: StaffId, *, not_for: Iterable[StaffId], now: datetime
) -> Request | NotNow | SomebodyElses:
    """An officer puts a request into a colleague's hands; the clock runs on.

    Args:
        request: the request.
        to: the colleague, who is an officer.
        not_for: whose decision it complains about.
        now: the present moment.
    """
    return take(request, to, not_for=not_for, now=now)


def decide(
    request: Request, by: StaffId, *, answer_sealed: bytes, refusal: RefusalGround | None, now: datetime
) -> Request | NotNow | SomebodyElses:
    """The officer who took it answers, or refuses on a ground; either way with words."""
    if not request.is_waiting:
        return NotNow()
    if request.taken_by != by:
        return SomebodyElses()
    return replace(
        request,
        status=RequestStatus.ANSWERED if refusal is None else RequestStatus.REFUSED,
        refusal=refusal,
        answer_sealed=answer_sealed,
        ended_at=now,
        next_alarm_at=None,
    )


def withdraw(request: Request, now: datetime) -> Request | NotNow:
    """The person takes it back. A second time changes nothing."""
    if request.status is RequestStatus.WITHDRAWN:
        return request
    if not request.is_waiting:
        return NotNow()
    return replace(request, status=RequestStatus.WITHDRAWN, ended_at=now, next_alarm_at=None)
