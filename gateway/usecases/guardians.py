"""Minors and those who decide for them.

The minor's app shows a code, the guardian's account enters it. From then on sensitive consents of the minor are the
guardian's to give. Either of the two may end the link: what the guardian gave ends with it, nothing else does. The
gateway knows no birthdays, so nobody turns of age by themselves: the guardian says so.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.consent import ConsentState
from gateway.domain.guardians import CODE_DIGITS, Guardianship, may_guard, show_code
from gateway.domain.identity import AccountId
from gateway.domain.throttle import Wait
from gateway.usecases import notices, throttling, withdrawal
from gateway.usecases.consent_ledger import ConsentServices
from gateway.usecases.services import Identifiers, TokenPurpose, Tokens
from gateway.usecases.throttling import ThrottleKeys
from gateway.usecases.transaction import Transaction

LINKED: Final = "guardian.linked"
ENDED: Final = "guardian.ended"
OF_AGE: Final = "guardian.of_age"


@dataclass(frozen=True, slots=True)
class ShownGuardianCode:
    """Digits for the guardian to enter. Shown once; the gateway keeps a digest."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NotForThisAccount:
    """The account is of age, or has a guardian already."""


def show_one(
    tx: Transaction, account_id: AccountId, *, tokens: Tokens, now: datetime
) -> ShownGuardianCode | NotForThisAccount:
    """A fresh code of a minor; the former one counts no more."""
    account = tx.accounts.get(account_id)
    if account is None or account.adult or tx.guardians.of_minor(account_id) is not None:
        return NotForThisAccount()
    digits = tokens.digits(CODE_DIGITS)
    code = show_code(account_id, digest=tokens.digest(TokenPurpose.GUARDIAN_CODE, digits), now=now)
    tx.guardians.show_code(code)
    return ShownGuardianCode(digits, code.expires_at)


@dataclass(frozen=True, slots=True)
class WrongCode:
    """No code that counts, or none that this account may enter. Which of the two is not said. Remembered."""


def link(
    tx: Transaction,
    guardian_id: AccountId,
    digits: str,
    *,
    tokens: Tokens,
    identifiers: Identifiers,
    keys: ThrottleKeys,
    now: datetime,
) -> Guardianship | WrongCode | Wait:
    """Enter a minor's code. Tries are counted like those of passwords, by the account that enters and by address."""
    allowed = throttling.take_try(tx, keys, now)
    if isinstance(allowed, Wait):
        return allowed
    code = tx.guardians.by_code(tokens.digest(TokenPurpose.GUARDIAN_CODE, digits))
    if code is None or now >= code.expires_at:
        return WrongCode()
    guardian, minor = tx.accounts.get(guardian_id), tx.accounts.get(code.account_id)
    if guardian is None or minor is None or not may_guard(guardian, minor, len(tx.guardians.of_guardian(guardian_id))):
        return WrongCode()
    made = Guardianship(minor.account_id, identifiers.new("w"), guardian_id, now)
    if not (tx.guardians.remove_code(code) and tx.guardians.add(made)):
        return WrongCode()
    throttling.give_back(tx, keys)
    for account_id in (minor.account_id, guardian_id):
        notices.tell(tx, account_id, LINKED, {"ward_id": made.ward_id}, now)
    return made


@dataclass(frozen=True, slots=True)
class Ward:
    """A minor for whom somebody decides. Has one maker: `ward_of`."""

    account_id: AccountId = field(repr=False)
    guardianship: Guardianship


def ward_of(tx: Transaction, guardian_id: AccountId, ward_id: str) -> Ward | None:
    """The proof that somebody decides for a minor; None when they do not.

    Whatever a guardian does goes through this: consents, and the deletion of everything.
    """
    found = tx.guardians.by_ward(ward_id)
    if found is None or found.guardian_id != guardian_id:
        return None
    return Ward(found.account_id, found)


def wards(tx: Transaction, guardian_id: AccountId) -> list[Guardianship]:
    """For whom somebody decides."""
    return tx.guardians.of_guardian(guardian_id)


def guardian_of(tx: Transaction, account_id: AccountId) -> Guardianship | None:
    """Who decides for somebody."""
    return tx.guardians.of_minor(account_id)


def end(tx: Transaction, services: ConsentServices, guardianship: Guardianship, now: datetime) -> None:
    """End a link, by whichever of the two. What the guardian gave is withdrawn with it."""
    if not tx.guardians.remove(guardianship):
        return
    _take_back(tx, services, guardianship.account_id, now)
    for account_id in (guardianship.account_id, guardianship.guardian_id):
        notices.tell(tx, account_id, ENDED, {"ward_id": guardianship.ward_id}, now)


def come_of_age(tx: Transaction, services: ConsentServices, ward: Ward, now: datetime) -> bool:
    """The guardian says that the minor is of age now; False when the account is gone.

    From then on the person decides alone, and begins with nothing granted: a yes that another gave is not theirs.
    """
    account = tx.accounts.get(ward.account_id)
    if account is None:
        return False
    tx.accounts.set_adult(account)
    tx.guardians.remove(ward.guardianship)
    _take_back(tx, services, ward.account_id, now)
    for account_id in (ward.account_id, ward.guardianship.guardian_id):
        notices.tell(tx, account_id, OF_AGE, {"ward_id": ward.guardianship.ward_id}, now)
    return True


def _take_back(tx: Transaction, services: ConsentServices, account_id: AccountId, now: datetime) -> None:
    for standing in tx.consents.of_account(account_id, now).values():
        consent = standing.consent
        if consent is not None and consent.by_guardian and consent.state is ConsentState.GRANTED:
            withdrawal.withdraw(tx, services, account_id, consent.purpose, now, by_guardian=True)
