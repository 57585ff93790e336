"""Showing a purpose, and taking the yes or the no to it.

Whoever gives a sensitive consent has just been shown its text: the notice that was shown is named, works once and for
ten minutes. Every yes names the hash of the text that it answers.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique

from gateway.domain.consent import Consent, ConsentState, Purpose, asks_at, may_ask, may_ask_at, renewal_due
from gateway.domain.consent_ledger import ConsentAct
from gateway.domain.consent_notices import NOTICE_LIFE, ConsentNotice, NoticeRefusal, check_notice, use
from gateway.domain.identity import AccountId
from gateway.domain.policies import Language, stops
from gateway.usecases import consent_ledger, policies, withdrawal
from gateway.usecases.consent_ledger import ConsentServices, Receipt
from gateway.usecases.policies import PolicyStanding
from gateway.usecases.purposes import ShownPurpose, language_of, purpose_in
from gateway.usecases.receipts import Said
from gateway.usecases.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose consent it is, and who speaks: the person, or the guardian for them."""

    account_id: AccountId = field(repr=False)
    speaks: AccountId = field(repr=False)

    @property
    def is_guardian(self) -> bool:
        """True when another speaks for the person. That they may was proven by `guardians.ward_of`."""
        return self.account_id != self.speaks


@unique
class GivingRefusal(StrEnum):
    """Why a yes is not taken."""

    POLICY_NOT_ACKNOWLEDGED = "policy_not_acknowledged"
    BY_ACKNOWLEDGEMENT = "by_acknowledgement"
    """`policy` is granted by acknowledging a version of it."""
    GUARDIAN_NEEDED = "guardian_needed"
    NOTICE_NEEDED = "notice_needed"
    NOTICE_UNKNOWN = "notice_unknown"
    NOTICE_EXPIRED = "notice_expired"
    NOTICE_USED = "notice_used"
    TEXT_CHANGED = "text_changed"
    TOO_MANY = "too_many"
    """So many times a day nobody changes their mind. Taking back is never refused."""


_OF_NOTICE = {
    NoticeRefusal.UNKNOWN: GivingRefusal.NOTICE_UNKNOWN,
    NoticeRefusal.EXPIRED: GivingRefusal.NOTICE_EXPIRED,
    NoticeRefusal.USED: GivingRefusal.NOTICE_USED,
    NoticeRefusal.OTHER_TEXT: GivingRefusal.TEXT_CHANGED,
}


@dataclass(frozen=True, slots=True)
class Silence:
    """There was a no: the gateway does not ask of its own accord before that moment."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class NoticeShown:
    """The text to be shown, and the notice that a yes to it names."""

    notice: ConsentNotice
    shown: ShownPurpose


@dataclass(frozen=True, slots=True)
class Given:
    """It counts from now on; the receipt is the person's."""

    consent: Consent
    receipt: Receipt


def show_notice(
    tx: Transaction,
    services: ConsentServices,
    speaker: Speaker,
    purpose: Purpose,
    language: Language,
    now: datetime,
    *,
    unasked: bool,
) -> NoticeShown | GivingRefusal | Silence:
    """Show the text of a purpose, right before a yes or a no to it.

    Args:
        tx: the transaction.
        services: names things.
        speaker: whose consent, and to whom it is shown.
        purpose: of which purpose.
        language: in which language.
        now: the present moment.
        unasked: the app shows it of its own accord. A person who looks for it is shown it whenever they like.
    """
    ground = _ground(tx, speaker, purpose, now)
    if isinstance(ground, GivingRefusal):
        return ground
    consent = tx.consents.standing(speaker.account_id, purpose, now).consent
    if unasked and not may_ask(consent, now) and not (consent is not None and renewal_due(consent, now)):
        return Silence(may_ask_at(consent))
    shown = purpose_in(purpose, language)
    notice = ConsentNotice(
        notice_id=services.identifiers.new("n"),
        account_id=speaker.account_id,
        shown_to=speaker.speaks,
        purpose=purpose,
        language=language,
        text_version=shown.version,
        text_hash=shown.hash,
        policy_version=ground,
        shown_at=now,
        expires_at=now + NOTICE_LIFE,
    )
    tx.consents.add_notice(notice)
    return NoticeShown(notice, shown)


def give(
    tx: Transaction,
    services: ConsentServices,
    speaker: Speaker,
    purpose: Purpose,
    text_hash: bytes,
    now: datetime,
    *,
    notice_id: str | None = None,
) -> Given | GivingRefusal:
    """Take a yes. The same again changes nothing and gets the same receipt: its answer may have been lost."""
    ground = _ground(tx, speaker, purpose, now)
    if isinstance(ground, GivingRefusal):
        return ground
    notice = None if notice_id is None else tx.consents.notice(notice_id)
    standing = tx.consents.to_change(speaker.account_id, purpose, now)
    consent = standing.consent
    stands = standing.proof is not None
    if consent is not None and stands and _is_repeated(consent, purpose, notice, speaker, text_hash):
        receipt = consent_ledger.read(tx, services, speaker.account_id, consent.event_number)
        if receipt is not None:
            return Given(consent, receipt)
    if consent_ledger.is_full(tx, speaker.account_id, now):
        return GivingRefusal.TOO_MANY
    refused = _check_text(speaker, purpose, text_hash, notice_id, notice, ground, now)
    if refused is not None:
        return refused
    language = language_of(purpose, text_hash) or Language.ENGLISH
    shown = purpose_in(purpose, language)
    said = Said(
        account_id=speaker.account_id,
        purpose=purpose,
        act=ConsentAct.GRANTED,
        at=now,
        text=shown.text,
        text_version=shown.version,
        text_hash=shown.hash,
        policy_version=ground,
        policy_hash=tx.policies.hashes(ground).get(language),
        language=language,
        by_guardian=speaker.is_guardian,
        notice_id=notice_id,
    )
    receipt = consent_ledger.write(tx, services, said)
    stored = tx.consents.put(
        Consent(
            account_id=speaker.account_id,
            purpose=purpose,
            state=ConsentState.GRANTED,
            at=receipt.at,
            text_version=shown.version,
            policy_version=ground,
            event_number=receipt.number,
            by_guardian=speaker.is_guardian,
            ask_at=asks_at(purpose, receipt.at),
            version=0 if consent is None else consent.version,
        )
    )
    if notice is not None:
        tx.consents.use_notice(use(notice, receipt.number))
    if stored.ask_at is not None:
        tx.ring_at(stored.ask_at)
    tx.emit(speaker.account_id, withdrawal.CHANGED, {"purpose": purpose.value, "state": stored.state.value}, now)
    return Given(stored, receipt)


@dataclass(frozen=True, slots=True)
class Refused:
    """The no is stored: silence for six months. Without a receipt where the same no was stored before."""

    consent: Consent
    receipt: Receipt | None


def refuse(
    tx: Transaction, services: ConsentServices, speaker: Speaker, purpose: Purpose, now: datetime
) -> Refused | GivingRefusal:
    """Take a no. To what was granted it is a withdrawal; the same no again within the silence changes nothing."""
    if purpose is Purpose.POLICY:
        return GivingRefusal.BY_ACKNOWLEDGEMENT
    consent = tx.consents.to_change(speaker.account_id, purpose, now).consent
    if consent is not None and consent.state is ConsentState.GRANTED:
        receipt, stored = withdrawal.say_no(
            tx, services, consent, ConsentAct.WITHDRAWN, now, by_guardian=speaker.is_guardian
        )
        return Refused(stored, receipt)
    if consent is not None and not may_ask(consent, now):
        return Refused(consent, None)
    if consent_ledger.is_full(tx, speaker.account_id, now):
        return GivingRefusal.TOO_MANY
    where = policies.standing(tx, speaker.account_id, now)
    first = consent or Consent(
        account_id=speaker.account_id,
        purpose=purpose,
        state=ConsentState.OFF,
        at=now,
        text_version=purpose_in(purpose, Language.ENGLISH).version,
        policy_version=where.bound_to or (0 if where.current is None else where.current.version),
        event_number=0,
    )
    receipt, stored = withdrawal.say_no(tx, services, first, ConsentAct.REFUSED, now, by_guardian=speaker.is_guardian)
    return Refused(stored, receipt)


def _ground(tx: Transaction, speaker: Speaker, purpose: Purpose, now: datetime) -> int | GivingRefusal:
    """The version of the policy that a yes would be bound to, or why there can be none."""
    if purpose is Purpose.POLICY:
        return GivingRefusal.BY_ACKNOWLEDGEMENT
    where = policies.standing(tx, speaker.account_id, now)
    bound_to = where.bound_to
    if bound_to is None or bound_to < _newest_stop(where, purpose, now):
        return GivingRefusal.POLICY_NOT_ACKNOWLEDGED
    if purpose.is_sensitive and not speaker.is_guardian:
        account = tx.accounts.get(speaker.account_id)
        if account is None or not account.adult:
            return GivingRefusal.GUARDIAN_NEEDED
    return bound_to


def _newest_stop(where: PolicyStanding, purpose: Purpose, now: datetime) -> int:
    """The newest version in effect that stops older consents to a purpose: one bound to less would not count."""
    stopping = (one.version for one in where.all if one.effective_at <= now and purpose in stops(one))
    return max(stopping, default=0)


def _is_repeated(
    consent: Consent, purpose: Purpose, notice: ConsentNotice | None, speaker: Speaker, text_hash: bytes
) -> bool:
    """Whether this yes is the one that stands: the same notice, or for what is not sensitive the same text."""
    if purpose.is_sensitive:
        return (
            notice is not None
            and notice.used_by == consent.event_number
            and (notice.account_id, notice.shown_to) == (speaker.account_id, speaker.speaks)
            and notice.purpose is purpose
        )
    language = language_of(purpose, text_hash)
    return language is not None and consent.text_version == purpose_in(purpose, language).version


def _check_text(
    speaker: Speaker,
    purpose: Purpose,
    text_hash: bytes,
    notice_id: str | None,
    notice: ConsentNotice | None,
    ground: int,
    now: datetime,
) -> GivingRefusal | None:
    if notice_id is None:
        if purpose.is_sensitive:
            return GivingRefusal.NOTICE_NEEDED
        return None if language_of(purpose, text_hash) is not None else GivingRefusal.TEXT_CHANGED
    refused = check_notice(
        notice,
        account_id=speaker.account_id,
        shown_to=speaker.speaks,
        purpose=purpose,
        text_hash=text_hash,
        current=(purpose_in(purpose, Language.ENGLISH).version, ground),
        now=now,
    )
    return None if refused is None else _OF_NOTICE[refused]
