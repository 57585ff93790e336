"""Minors and those who decide for them: linked by a code that the minor shows and the guardian enters."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.accounts import Account
from gateway.domain.identity import AccountId

CODE_LIFE: Final = timedelta(minutes=10)
CODE_DIGITS: Final = 10
"""Ten billion: with five free tries and growing waits nobody guesses one of the few that are shown at a time."""
WARDS_AT_MOST: Final = 20
"""Of one guardian: a family, not an institution."""


@dataclass(frozen=True, slots=True)
class GuardianCode:
    """A code that a minor shows. The digits are nowhere."""

    account_id: AccountId = field(repr=False)
    digest: bytes = field(repr=False)
    shown_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Guardianship:
    """One minor and who decides for them."""

    account_id: AccountId = field(repr=False)
    """The minor."""
    ward_id: str = field(repr=False)
    """What the guardian's app calls the minor: a name of this link, not of the account."""
    guardian_id: AccountId = field(repr=False)
    since: datetime


def show_code(account_id: AccountId, *, digest: bytes, now: datetime) -> GuardianCode:
    """A fresh code."""
    return GuardianCode(account_id, digest, now, now + CODE_LIFE)


def may_guard(guardian: Account, minor: Account, wards: int) -> bool:
    """Whether one may decide for the other: of age, for somebody else who is not, and not for too many."""
    return guardian.adult and not minor.adult and guardian.account_id != minor.account_id and wards < WARDS_AT_MOST
