from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identity import AccountId, SessionId
from gateway.domain.sessions import (
    ACCESS_LIFE,
    REFRESH_LIFE,
    AccessToken,
    FamilyEnded,
    NotRefreshed,
    RefreshToken,
    Rotated,
    Session,
    SessionEnd,
    admits,
    end,
    open_session,
    refresh,
)

Opened = tuple[Session, AccessToken, RefreshToken]


@pytest.fixture
def opened(now: datetime) -> Opened:
    return open_session(
        session_id=SessionId("s-1"),
        account_id=AccountId("a-1"),
        access_digest=b"access",
        refresh_digest=b"refresh",
        now=now,
    )


def trade(session: Session | None, token: RefreshToken | None, now: datetime) -> Rotated | FamilyEnded | NotRefreshed:
    return refresh(session, token, access_digest=b"access 2", refresh_digest=b"refresh 2", now=now)


def test_a_new_session_opens_for_a_quarter_of_an_hour(opened: Opened, now: datetime) -> None:
    session, access, _ = opened
    assert admits(session, access, now + ACCESS_LIFE - timedelta(seconds=1))
    assert not admits(session, access, now + ACCESS_LIFE)
    assert not admits(replace(session, session_id=SessionId("s-2")), access, now)


def test_a_refresh_gives_a_new_pair_and_uses_the_old_token_up(opened: Opened, now: datetime) -> None:
    session, _, token = opened
    later = now + timedelta(minutes=20)
    rotated = trade(session, token, later)
    assert isinstance(rotated, Rotated)
    assert rotated.used == replace(token, used_at=later)
    assert rotated.access == AccessToken(b"access 2", session.session_id, later + ACCESS_LIFE)
    assert rotated.refresh == RefreshToken(b"refresh 2", session.session_id, later + REFRESH_LIFE)
    assert rotated.session.refreshed_at == later


def test_a_second_use_ends_the_family_at_once(opened: Opened, now: datetime) -> None:
    session, access, token = opened
    rotated = trade(session, token, now)
    assert isinstance(rotated, Rotated)
    ended = trade(rotated.session, rotated.used, now + timedelta(milliseconds=1))
    assert isinstance(ended, FamilyEnded)
    assert ended.session.end is SessionEnd.REUSE_DETECTED
    assert not admits(ended.session, access, now)
    assert trade(ended.session, rotated.refresh, now) == NotRefreshed()


def test_a_used_token_ends_the_family_even_after_its_own_time(opened: Opened, now: datetime) -> None:
    session, _, token = opened
    used = replace(token, used_at=now)
    assert isinstance(trade(session, used, now + REFRESH_LIFE), FamilyEnded)


def test_unknown_expired_and_foreign_tokens_are_refused_alike(opened: Opened, now: datetime) -> None:
    session, _, token = opened
    assert trade(None, token, now) == NotRefreshed()
    assert trade(session, None, now) == NotRefreshed()
    assert trade(session, token, now + REFRESH_LIFE) == NotRefreshed()
    assert trade(session, replace(token, session_id=SessionId("s-2")), now) == NotRefreshed()
    assert trade(end(session, SessionEnd.LOGGED_OUT, now), token, now) == NotRefreshed()


def test_a_session_ends_once_for_its_first_reason(opened: Opened, now: datetime) -> None:
    out = end(opened[0], SessionEnd.LOGGED_OUT, now)
    assert (out.ended_at, out.end) == (now, SessionEnd.LOGGED_OUT)
    assert end(out, SessionEnd.PASSWORD_CHANGED, now + timedelta(1)) is out


@given(st.lists(st.integers(0, 5), max_size=20))
def test_no_token_ever_works_twice(choices: list[int]) -> None:
    now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    session, _, first = open_session(
        session_id=SessionId("s-1"), account_id=AccountId("a-1"), access_digest=b"0", refresh_digest=b"0", now=now
    )
    tokens = [first]
    traded: list[bytes] = []
    for number, choice in enumerate(choices, 1):
        at = choice % len(tokens)
        answer = refresh(session, tokens[at], access_digest=b"x", refresh_digest=str(number).encode(), now=now)
        match answer:
            case Rotated():
                traded.append(tokens[at].digest)
                session, tokens[at] = answer.session, answer.used
                tokens.append(answer.refresh)
            case FamilyEnded():
                session = answer.session
            case NotRefreshed():
                assert session.ended_at is not None
    assert len(set(traded)) == len(traded)
    assert traded == sorted(traded, key=traded.index)


def test_no_token_or_person_is_in_the_text_form(opened: Opened) -> None:
    assert not any(secret in repr(opened) for secret in ("refresh'", "access'", "a-1", "s-1"))
