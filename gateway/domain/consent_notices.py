"""The notice that is shown right before a sensitive consent: single use, for ten minutes, for one text."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from gateway.domain.consent import Purpose
from gateway.domain.identity import AccountId
from gateway.domain.policies import Language

NOTICE_LIFE: Final = timedelta(minutes=10)
"""How long the text that was shown may be in somebody's mind (privacy.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNotice:
    """A text that was put before somebody's eyes."""

    notice_id: str = field(repr=False)
    account_id: AccountId = field(repr=False)
    """Whose consent it is about."""
    shown_to: AccountId = field(repr=False)
    """Who saw it: the same person, or their guardian."""
    purpose: Purpose
    language: Language
    text_version: int
    text_hash: bytes = field(repr=False)
    policy_version: int
    shown_at: datetime
    expires_at: datetime
    used_by: int | None = None
    """Number of the event in the ledger that it was used for."""
    version: int = 0


@unique
class NoticeRefusal(StrEnum):
    """Why a notice does not carry a consent."""

    UNKNOWN = "unknown"
    """None of this id was shown to this person for this purpose."""
    EXPIRED = "expired"
    USED = "used"
    OTHER_TEXT = "other_text"
    """The text or the policy changed since, or the answer is to another text."""


def check_notice(
    notice: ConsentNotice | None,
    *,
    account_id: AccountId,
    shown_to: AccountId,
    purpose: Purpose,
    text_hash: bytes,
    current: tuple[int, int],
    now: datetime,
) -> NoticeRefusal | None:
    """None when a consent may rest on this notice.

    Args:
        notice: what is stored under the id that was given.
        account_id: whose consent it would be.
        shown_to: who gives it.
        purpose: to what.
        text_hash: of the text to which yes is said.
        current: version of the purpose's text, and of the policy, that count now.
        now: at `expires_at` it counts no more.
    """
    if notice is None or (notice.account_id, notice.shown_to, notice.purpose) != (account_id, shown_to, purpose):
        return NoticeRefusal.UNKNOWN  # another's looks like none
    if notice.used_by is not None:
        return NoticeRefusal.USED
    if now >= notice.expires_at:
        return NoticeRefusal.EXPIRED
    if notice.text_hash != text_hash or (notice.text_version, notice.policy_version) != current:
        return NoticeRefusal.OTHER_TEXT
    return None


def use(notice: ConsentNotice, event_number: int) -> ConsentNotice:
    """The notice after a consent rested on it."""
    return replace(notice, used_by=event_number)
