"""When support may look at a customer's device: the customer says so with a code, or two of the staff say why not.

A grant is for one device, one person of the staff and a short time. It ends with the binding: whoever owns the device
next has allowed nothing.
"""

import hmac
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from math import ceil
from typing import Final, NewType

from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import StaffId

GrantId = NewType("GrantId", str)
BreakGlassId = NewType("BreakGlassId", str)

CODE_LIFE: Final = timedelta(minutes=15)
CODE_DIGITS: Final = 6
CODE_TRIES: Final = 5
"""Wrong tries of one code, by whomever; then the customer shows a new one."""
GRANT_LIFE: Final = timedelta(hours=24)
GLASS_LIFE: Final = timedelta(minutes=60)
ASK_LIFE: Final = timedelta(minutes=60)
"""How long a question for break-glass waits for its second person."""
CASE_AT_MOST: Final = 40
REASON_AT_LEAST: Final = 8
"""Fewer letters explain nothing to the customer who reads them."""
REASON_AT_MOST: Final = 200
LOOKUPS_AN_HOUR: Final = 30
LOOKUP_WINDOW: Final = timedelta(hours=1)
MANY_MISSES: Final = 10
"""Misses within the window at which the alarm is raised, once."""


@dataclass(frozen=True, slots=True)
class Case:
    """Why somebody looks. Has one maker: `case_of`."""

    number: str = field(repr=False)
    """As the support's own system calls it."""
    reason: str = field(repr=False)
    """A sentence that the customer will read."""


@dataclass(frozen=True, slots=True)
class BadCase:
    """A field of a case that cannot be used, and why, without its value."""

    field: str
    message: str


def case_of(number: str, reason: str) -> Case | list[BadCase]:
    """A case from what was typed, or everything that is wrong with it."""
    wrong: list[BadCase] = []
    texts: list[str] = []
    for name, text, at_least, at_most in (
        ("case", number, 1, CASE_AT_MOST),
        ("reason", reason, REASON_AT_LEAST, REASON_AT_MOST),
    ):
        normal = " ".join(unicodedata.normalize("NFC", text).split())
        if not at_least <= len(normal) <= at_most:
            wrong.append(BadCase(name, f"has {at_least} to {at_most} characters"))
        elif any(unicodedata.category(each).startswith("C") for each in normal):
            wrong.append(BadCase(name, "holds characters that cannot be shown"))
        texts.append(normal)
    return wrong or Case(texts[0], texts[1])


# -- the customer's code


@dataclass(frozen=True, slots=True)
class SupportCode:
    """Six digits that the customer's app shows. One device has one at most."""

    device_id: DeviceId = field(repr=False)
    epoch: int
    account_id: AccountId = field(repr=False)
    digest: bytes = field(repr=False)
    """Keyed digest of device and digits."""
    shown_at: datetime
    expires_at: datetime
    tries_left: int = CODE_TRIES
    version: int = 0


@unique
class NotOpened(StrEnum):
    """Why a device did not open. Staff are told `CODE_WRONG` for all but `CODE_USED_UP`, which is as old as they."""

    CODE_WRONG = "code_wrong"
    """Wrong, expired, of another device, or none was shown."""
    CODE_USED_UP = "code_used_up"
    """Too many tries: the customer has to show a new one."""


@dataclass(frozen=True, slots=True)
class CodeTaken:
    """The code was right. It works once: both are to be stored, the code by removing it."""

    code: SupportCode


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """It was not. `code`, where there is one, is to be stored with the try that it lost."""

    why: NotOpened
    code: SupportCode | None = None


def show_code(device_id: DeviceId, epoch: int, account_id: AccountId, *, digest: bytes, now: datetime) -> SupportCode:
    """A fresh code of a device; it takes the place of the former one, whatever tries that had left."""
    return SupportCode(device_id, epoch, account_id, digest, now, now + CODE_LIFE)


def take_code(code: SupportCode | None, *, epoch: int, presented: bytes, now: datetime) -> CodeTaken | CodeRefused:
    """Answer one try.

    Args:
        code: the one that the device has; None when it has none.
        epoch: the device's present one: a code of a former owner opens nothing.
        presented: keyed digest of the device and the digits that were typed.
        now: the present moment.
    """
    if code is None or code.epoch != epoch or now >= code.expires_at:
        return CodeRefused(NotOpened.CODE_WRONG)
    if code.tries_left <= 0:
        return CodeRefused(NotOpened.CODE_USED_UP)
    if not hmac.compare_digest(code.digest, presented):
        left = replace(code, tries_left=code.tries_left - 1)
        return CodeRefused(NotOpened.CODE_WRONG if left.tries_left else NotOpened.CODE_USED_UP, left)
    return CodeTaken(code)


# -- grants


@unique
class GrantKind(StrEnum):
    """How a device came to be open."""

    CODE = "code"
    """The customer read out a code."""
    BREAK_GLASS = "break_glass"
    """Two of the staff decided it."""


@unique
class GrantEnd(StrEnum):
    """Who ended a grant before its time."""

    CUSTOMER = "customer"
    STAFF = "staff"
    DISABLED = "disabled"
    """The account of the staff member was disabled."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One device is open to one person of the staff."""

    grant_id: GrantId = field(repr=False)
    kind: GrantKind
    device_id: DeviceId = field(repr=False)
    epoch: int
    account_id: AccountId = field(repr=False)
    """Whose device it is: they see it and may end it."""
    staff_id: StaffId = field(repr=False)
    case: str = field(repr=False)
    reason: str = field(repr=False)
    opened_at: datetime
    until: datetime
    ended_at: datetime | None = None
    end: GrantEnd | None = None


def holds(grant: Grant, *, epoch: int, now: datetime) -> bool:
    """Whether a grant opens its device now. Asked in the transaction that reads, every time."""
    return grant.ended_at is None and grant.epoch == epoch and grant.opened_at <= now < grant.until


def end_grant(grant: Grant, why: GrantEnd, now: datetime) -> Grant:
    """The grant is over. One that already is stays as it is."""
    return grant if grant.ended_at is not None or now >= grant.until else replace(grant, ended_at=now, end=why)


# -- break-glass: two people and a reason


@unique
class GlassState(StrEnum):
    """What became of a question for break-glass."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """One of the staff asks to see a device without its customer's code."""

    glass_id: BreakGlassId = field(repr=False)
    device_id: DeviceId = field(repr=False)
    epoch: int
    account_id: AccountId = field(repr=False)
    asked_by: StaffId = field(repr=False)
    case: str = field(repr=False)
    reason: str = field(repr=False)
    asked_at: datetime
    state: GlassState = GlassState.ASKED
    decided_by: StaffId | None = field(default=None, repr=False)
    decided_at: datetime | None = None
    reviewed_by: StaffId | None = field(default=None, repr=False)
    reviewed_at: datetime | None = None
    justified: bool | None = None
    """What the review found."""
    version: int = 0


@unique
class NotDecided(StrEnum):
    """Why nothing was decided."""

    NOT_FOUND = "not_found"
    OWN_QUESTION = "own_question"
    """The second person is another person, and a review is made by a third."""
    TOO_LATE = "too_late"
    """It was decided before, or waited too long, or the device changed hands."""
    NOT_OVER = "not_over"
    """A review comes after the hour."""


def decide(
    glass: BreakGlass | None, *, by: StaffId, approve: bool, epoch: int, now: datetime
) -> BreakGlass | NotDecided:
    """The second person's decision."""
    if glass is None:
        return NotDecided.NOT_FOUND
    if glass.asked_by == by:
        return NotDecided.OWN_QUESTION
    if glass.state is not GlassState.ASKED or now >= glass.asked_at + ASK_LIFE or glass.epoch != epoch:
        return NotDecided.TOO_LATE
    state = GlassState.APPROVED if approve else GlassState.DECLINED
    return replace(glass, state=state, decided_by=by, decided_at=now)


def review(glass: BreakGlass | None, *, by: StaffId, justified: bool, now: datetime) -> BreakGlass | NotDecided:
    """What somebody who took no part in it thinks of it afterwards."""
    if glass is None or glass.state is not GlassState.APPROVED or glass.decided_at is None:
        return NotDecided.NOT_FOUND
    if by in (glass.asked_by, glass.decided_by):
        return NotDecided.OWN_QUESTION
    if glass.reviewed_at is not None:
        return NotDecided.TOO_LATE
    if now < glass.decided_at + GLASS_LIFE:
        return NotDecided.NOT_OVER
    return replace(glass, reviewed_by=by, reviewed_at=now, justified=justified)


# -- how often one may look


@dataclass(frozen=True, slots=True)
class RecentLookups:
    """Look-ups of one person of the staff within `LOOKUP_WINDOW`, hits and misses."""

    oldest_at: datetime | None
    total: int
    misses: int


@dataclass(frozen=True, slots=True)
class MayLook:
    """Go on. One more miss raises the alarm when `last_miss_before_alarm`."""

    last_miss_before_alarm: bool


@dataclass(frozen=True, slots=True)
class LookedEnough:
    """Thirty in an hour; the next in so many seconds."""

    retry_after_s: int


def may_look(recent: RecentLookups, now: datetime) -> MayLook | LookedEnough:
    """Whether one more look-up is made. A refused one is not counted, and so does not prolong the wait."""
    if recent.total >= LOOKUPS_AN_HOUR and recent.oldest_at is not None:
        left = min(recent.oldest_at + LOOKUP_WINDOW - now, LOOKUP_WINDOW)
        return LookedEnough(max(1, ceil(left.total_seconds())))
    return MayLook(recent.misses == MANY_MISSES - 1)
