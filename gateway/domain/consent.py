"""Consent: what a person said yes or no to, purpose by purpose, and what may be done because of it.

A purpose is off until it was granted, and each is granted alone. What was granted stands until it is withdrawn, until a
significant change of the policy stops it, or until the account closes. Time alone ends none: it only makes the gateway
ask again.
"""

import calendar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

from gateway.domain.identity import AccountId

SILENCE_MONTHS: Final = 6
"""After a no the gateway does not ask again for so long (privacy.md)."""
RENEWAL_MONTHS: Final = 12
"""A location consent of this age is asked about (privacy.md)."""


@unique
class Purpose(StrEnum):
    """What data may be used for. The values travel and are never renamed.

    `share.<recipient>` has one recipient so far: the address that the person named. A further kind of recipient is a
    further purpose, with texts of its own, and so a change of this program.
    """

    POLICY = "policy"
    """To use the service at all: the policy was read and acknowledged."""
    LOCATION_REMINDER = "location.reminder"
    LOCATION_AUTO_OFF = "location.auto_off"
    LOCATION_AUTO_ON = "location.auto_on"
    EXPERIENCE_PROGRAM = "experience_program"
    NOTICES_PUSH = "notices.push"
    SHARE_WEBHOOK = "share.webhook"
    """Copies of one's own data to an address that one named."""
    SUPPORT_CASE = "support.case"

    @property
    def is_location(self) -> bool:
        """True where it is about who is at home."""
        return self in _LOCATION

    @property
    def is_sensitive(self) -> bool:
        """True where a grant needs the notice that was just shown, and a minor's grant the guardian."""
        return self in _LOCATION or self is Purpose.SHARE_WEBHOOK


_LOCATION: Final = frozenset({Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF, Purpose.LOCATION_AUTO_ON})


@unique
class ConsentState(StrEnum):
    """Where a purpose stands for one person. `off` is never stored: nothing was said yet."""

    OFF = "off"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    """By a significant change of the policy; it starts again when it is granted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person last said about one purpose, or what a change of the policy made of it."""

    account_id: AccountId = field(repr=False)
    purpose: Purpose
    state: ConsentState
    at: datetime
    """Since when it is so."""
    text_version: int
    """Version of the purpose's text that was shown; of the policy's for `policy`."""
    policy_version: int
    """Version of the policy that was current when it was granted: what the consent is bound to."""
    event_number: int
    """Number of the event in the person's ledger that made it so."""
    by_guardian: bool = False
    ask_at: datetime | None = None
    """When the gateway asks whether it should stay; None where it does not ask."""
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""


@dataclass(frozen=True, slots=True)
class GrantedPurpose:
    """Proof that a person allowed this purpose and that it still counts. Has one maker: `proof`."""

    account_id: AccountId = field(repr=False)
    purpose: Purpose
    since: datetime
    text_version: int


def proof(consent: Consent | None, *, stopped_by: int | None, guarded: bool = True) -> GrantedPurpose | None:
    """The proof that a consent stands, or None.

    Args:
        consent: what is stored; None where nothing was said.
        stopped_by: the newest significant version of the policy in effect that asks for this purpose anew.
        guarded: false where the guardian who gave it is none any more.
    """
    if consent is None or consent.state is not ConsentState.GRANTED:
        return None
    if stopped_by is not None and consent.policy_version < stopped_by:
        return None
    if consent.by_guardian and not guarded:
        return None
    return GrantedPurpose(consent.account_id, consent.purpose, consent.at, consent.text_version)


def may_ask_at(consent: Consent | None) -> datetime | None:
    """From when on the gateway may ask of its own accord; None for at once.

    A withdrawal is a no like a refusal: asking on the next day would be nagging. What a change of the policy stopped
    was a yes, and the person has to learn that it stopped.
    """
    if consent is None or consent.state not in {ConsentState.REFUSED, ConsentState.WITHDRAWN}:
        return None
    return months_later(consent.at, SILENCE_MONTHS)


def may_ask(consent: Consent | None, now: datetime) -> bool:
    """Whether the gateway may ask of its own accord. It does not ask for what it has."""
    if consent is not None and consent.state is ConsentState.GRANTED:
        return False
    silent_until = may_ask_at(consent)
    return silent_until is None or now >= silent_until


def asks_at(purpose: Purpose, granted_at: datetime) -> datetime | None:
    """When a consent that was just given, or just asked about, is to be asked about next; None for never."""
    return months_later(granted_at, RENEWAL_MONTHS) if purpose.is_location else None


def renewal_due(consent: Consent, now: datetime) -> bool:
    """True for a location consent that was given a year ago or longer. It goes on: the gateway only asks."""
    if consent.state is not ConsentState.GRANTED or not consent.purpose.is_location:
        return False
    return now >= months_later(consent.at, RENEWAL_MONTHS)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later; the last day of the month where it has no such day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
