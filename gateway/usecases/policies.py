"""The privacy policy: publishing a version, showing it, and the explicit act by which somebody acknowledges it."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.consent_ledger import ConsentAct
from gateway.domain.identity import AccountId
from gateway.domain.policies import (
    BadPolicy,
    Language,
    Policy,
    PolicyText,
    applying,
    check_policy,
    current,
)
from gateway.usecases import consent_ledger
from gateway.usecases.consent_ledger import ConsentServices, Receipt
from gateway.usecases.purposes import purpose_in
from gateway.usecases.receipts import Said
from gateway.usecases.transaction import Transaction

PUBLISHED: Final = "policy.published"
"""Kind of the notice about a new version."""


@dataclass(frozen=True, slots=True)
class Published:
    """A version is there; so many people were told."""

    policy: Policy
    told: int


def text_in(language: Language, text: str) -> PolicyText:
    """A text with the hash over exactly what is shown."""
    return PolicyText(language, text, hashlib.sha256(text.encode()).digest())


def publish(tx: Transaction, policy: Policy, texts: Sequence[PolicyText]) -> Published | BadPolicy:
    """Publish the next version, and tell everybody who has an account.

    The first one is told to those who had an account before the program had a policy (at an upgrade): until they
    acknowledge it they connect nothing new. Consents that a significant one affects stop by themselves on the day it
    takes effect (`consent_changes` writes that down then).
    """
    before = max(tx.policies.all(), key=lambda one: one.version, default=None)
    wrong = check_policy(policy, before)
    if wrong is not None:
        return wrong
    missing = set(Language) - {text.language for text in texts}
    if missing:
        return BadPolicy(tuple(f"there is no text in {one.value}" for one in sorted(missing)))
    if not tx.policies.add(policy, texts):
        return BadPolicy(("somebody published a version of this number meanwhile",))
    tx.ring_at(policy.effective_at)
    data = {
        "version": policy.version,
        "kind": policy.kind.value,
        "reasons": sorted(one.value for one in policy.reasons),
        "affects": sorted(one.value for one in policy.affects),
        "reduces_rights": policy.reduces_rights,
        "effective_at": policy.effective_at.isoformat(timespec="milliseconds"),
    }
    return Published(policy, tx.notices.add_for_all(PUBLISHED, data, policy.published_at))


def publish_first(tx: Transaction, policy: Policy, texts: Sequence[PolicyText]) -> bool:
    """Publish the packaged policy where none was published yet; False, and nothing done, where one was."""
    return not tx.policies.all() and isinstance(publish(tx, policy, texts), Published)


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """A version in one language, as it is shown."""

    policy: Policy
    text: PolicyText
    current: bool
    """The one that newcomers are shown now."""


def show(tx: Transaction, version: int | None, language: Language, now: datetime) -> ShownPolicy | None:
    """A version, or the current one; None when there is none of this number."""
    versions = tx.policies.all()
    newest = current(versions, now)
    chosen = newest if version is None else next((one for one in versions if one.version == version), None)
    text = None if chosen is None else tx.policies.text(chosen.version, language)
    if chosen is None or text is None:
        return None
    return ShownPolicy(chosen, text, current=chosen == newest)


@dataclass(frozen=True, slots=True)
class PolicyStanding:
    """Which version somebody said yes to, and which applies to them."""

    acknowledged: int | None
    applying: Policy | None
    current: Policy | None
    all: tuple[Policy, ...] = field(repr=False)

    @property
    def bound_to(self) -> int | None:
        """The version that a consent given now is bound to: what applies, or what was acknowledged ahead of time."""
        if self.acknowledged is None:
            return None
        return max(self.acknowledged, 0 if self.applying is None else self.applying.version)


def standing(tx: Transaction, account_id: AccountId, now: datetime) -> PolicyStanding:
    """Where somebody stands with the policy."""
    versions = tuple(tx.policies.all())
    stands = tx.consents.standing(account_id, Purpose.POLICY, now).proof
    acknowledged = None if stands is None else stands.text_version
    return PolicyStanding(acknowledged, applying(versions, acknowledged, now), current(versions, now), versions)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """It counts; the receipt is the person's."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class NoSuchPolicy:
    """There is no version of this number."""


@dataclass(frozen=True, slots=True)
class WrongHash:
    """This is the hash of no text of that version: something else was shown."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """So many times a day nobody acknowledges a policy."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer version counts; that one is to be shown."""

    current: int


def acknowledge(
    tx: Transaction, services: ConsentServices, account_id: AccountId, version: int, text_hash: bytes, now: datetime
) -> Acknowledged | NoSuchPolicy | WrongHash | Superseded | TooMany:
    """Store that somebody read a version and said so. The same again changes nothing and gets the same receipt."""
    # Held before it is looked at: else a withdrawal in between would be answered as the yes that it took back.
    found = tx.consents.to_change(account_id, Purpose.POLICY, now).consent
    where = standing(tx, account_id, now)
    policy = next((one for one in where.all if one.version == version), None)
    if policy is None:
        return NoSuchPolicy()
    hashes = tx.policies.hashes(version)
    language = next((one for one, known in hashes.items() if hmac.compare_digest(known, text_hash)), None)
    if language is None:
        return WrongHash()
    if where.acknowledged == version and found is not None:
        receipt = consent_ledger.read(tx, services, account_id, found.event_number)
        if receipt is not None:
            return Acknowledged(receipt)
    newest = max(where.acknowledged or 0, 0 if where.current is None else where.current.version)
    if version < newest:
        return Superseded(newest)
    if consent_ledger.is_full(tx, account_id, now):
        return TooMany()
    said = Said(
        account_id=account_id,
        purpose=Purpose.POLICY,
        act=ConsentAct.GRANTED,
        at=now,
        text=purpose_in(Purpose.POLICY, language).text,
        text_version=purpose_in(Purpose.POLICY, language).version,
        text_hash=purpose_in(Purpose.POLICY, language).hash,
        policy_version=version,
        policy_hash=text_hash,
        language=language,
    )
    receipt = consent_ledger.write(tx, services, said)
    tx.consents.put(
        Consent(
            account_id=account_id,
            purpose=Purpose.POLICY,
            state=ConsentState.GRANTED,
            at=receipt.at,
            text_version=version,
            policy_version=version,
            event_number=receipt.number,
            version=0 if found is None else found.version,
        )
    )
    return Acknowledged(receipt)
