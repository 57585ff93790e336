"""A notice carries one consent: of this person, to this purpose, to this text, within ten minutes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.consent import Purpose
from gateway.domain.consent_notices import NOTICE_LIFE, ConsentNotice, NoticeRefusal, check_notice, use
from gateway.domain.identity import AccountId
from gateway.domain.policies import Language

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BOB = AccountId("a-ann"), AccountId("a-bob")
NOTICE = ConsentNotice(
    notice_id="n-1",
    account_id=ANN,
    shown_to=ANN,
    purpose=Purpose.LOCATION_REMINDER,
    language=Language.ENGLISH,
    text_version=1,
    text_hash=b"text",
    policy_version=1,
    shown_at=NOW,
    expires_at=NOW + NOTICE_LIFE,
)


def check(notice: ConsentNotice | None, **changes: Any) -> NoticeRefusal | None:
    facts: dict[str, Any] = {
        "account_id": ANN,
        "shown_to": ANN,
        "purpose": Purpose.LOCATION_REMINDER,
        "text_hash": b"text",
        "current": (1, 1),
        "now": NOW,
    }
    return check_notice(notice, **{**facts, **changes})


def test_it_counts_for_ten_minutes_to_the_moment() -> None:
    moment = timedelta(milliseconds=1)
    assert check(NOTICE) is None
    assert check(NOTICE, now=NOW + timedelta(minutes=10) - moment) is None
    assert check(NOTICE, now=NOW + timedelta(minutes=10)) is NoticeRefusal.EXPIRED


def test_it_counts_once() -> None:
    assert check(use(NOTICE, 7)) is NoticeRefusal.USED
    assert use(NOTICE, 7).used_by == 7


@pytest.mark.parametrize(
    "changes",
    [{"account_id": BOB}, {"shown_to": BOB}, {"purpose": Purpose.LOCATION_AUTO_ON}],
)
def test_another_persons_or_purposes_looks_like_none(changes: dict[str, Any]) -> None:
    assert check(NOTICE, **changes) is check(None) is NoticeRefusal.UNKNOWN
    assert check(use(NOTICE, 7), **changes) is NoticeRefusal.UNKNOWN
    assert check(replace(NOTICE, expires_at=NOW), **changes) is NoticeRefusal.UNKNOWN


@pytest.mark.parametrize("changes", [{"text_hash": b"other"}, {"current": (2, 1)}, {"current": (1, 2)}])
def test_it_answers_to_the_text_that_was_shown_and_counts_now(changes: dict[str, Any]) -> None:
    assert check(NOTICE, **changes) is NoticeRefusal.OTHER_TEXT
