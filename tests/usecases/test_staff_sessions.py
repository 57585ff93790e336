"""Staff log in with three things, each of which is missed in the same way."""

import asyncio
import concurrent.futures
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.audit import NOBODY, Result
from gateway.domain.staff import IDLE_LIFE, Action, StaffRole
from gateway.domain.throttle import FREE_TRIES
from gateway.domain.totp import matching_step
from gateway.security.passwords import BcryptPasswords
from gateway.usecases import staff, staff_sessions
from gateway.usecases.audit import AuditUnavailableError
from gateway.usecases.services import PasswordBusyError, PasswordRecord
from gateway.usecases.staff_sessions import (
    LoggedIn,
    LogInRefused,
    MayNotError,
    csrf_fits,
    csrf_token,
    still_signed_in,
)
from tests.console.people import PASSWORD
from tests.staff_desk import Desk


async def test_name_password_and_code_open_a_session(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT, StaffRole.VIEWER)
    opened = await desk.log_in(" ADA ", ada.code(desk.now))
    assert isinstance(opened, LoggedIn)
    who = await desk.who(opened.token)
    assert who is not None
    assert (who.staff_id, who.name, who.roles) == (ada.staff_id, "ada", frozenset({StaffRole.AGENT, StaffRole.VIEWER}))
    assert who.ends_at == desk.now + IDLE_LIFE
    assert opened.token not in repr(opened)
    assert ada.staff_id not in repr(who)
    assert "ada" not in repr(who)


async def test_a_code_works_once(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    code = ada.code(desk.now)
    assert isinstance(await desk.log_in("ada", code), LoggedIn)
    assert await desk.log_in("ada", code) == LogInRefused()
    desk.next_step()
    assert isinstance(await desk.log_in("ada", ada.code(desk.now)), LoggedIn)


async def test_of_many_log_ins_with_one_code_at_once_one_succeeds(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    code = ada.code(desk.now)
    answers = await asyncio.gather(*(desk.log_in("ada", code) for _ in range(FREE_TRIES)))
    assert sum(isinstance(answer, LoggedIn) for answer in answers) == 1


async def test_whatever_is_wrong_the_answer_is_the_same(desk: Desk) -> None:
    ada, bob = await desk.hire("ada", StaffRole.AGENT), await desk.hire("bob", StaffRole.AGENT)
    await desk.run(lambda tx: staff.disable(tx, bob.staff_id, by=None, now=desk.now))
    answers = {
        "unknown": await desk.log_in("nobody", "000000"),
        "no name": await desk.log_in("a b\0", "000000"),
        "wrong password": await desk.log_in("ada", ada.code(desk.now), "wrong horses"),
        "wrong code": await desk.log_in("ada", "000000" if ada.code(desk.now) != "000000" else "111111"),
        "somebody else's code": await desk.log_in("ada", bob.code(desk.now)),
        "disabled": await desk.log_in("bob", bob.code(desk.now)),
    }
    assert set(answers.values()) == {LogInRefused()}


@pytest.mark.parametrize("name", ["ada", "nobody", "no name"])
async def test_every_refusal_costs_one_hash_two_commits_and_one_row(
    desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes time is the same for a name that exists and for one that does not."""
    await desk.hire("ada", StaffRole.AGENT)
    before = len(await desk.rows())
    hashes: list[bool] = []
    commits: list[None] = []
    verify, run = BcryptPasswords.verify, desk.database.run

    async def counted_verify(self: BcryptPasswords, password: str, record: PasswordRecord | None) -> bool:
        hashes.append(record is not None)
        return await verify(self, password, record)

    async def counted_run(work: Any) -> Any:
        commits.append(None)
        return await run(work)

    monkeypatch.setattr(BcryptPasswords, "verify", counted_verify)
    monkeypatch.setattr(desk.database, "run", counted_run)
    assert await desk.log_in(name, "000000", "wrong horses") == LogInRefused()
    assert (len(hashes), len(commits)) == (1, 2)
    assert len(await desk.rows()) == before + 1


async def test_guessing_has_to_wait_whoever_exists_and_the_wait_is_told_alike(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    for name in ("ada", "nobody"):
        waits = [await desk.log_in(name, "000000", "wrong horses") for _ in range(FREE_TRIES + 1)]
        assert waits == [LogInRefused()] * (FREE_TRIES - 1) + [LogInRefused(30)] * 2
    assert await desk.log_in("ada", ada.code(desk.now)) == LogInRefused(30)
    desk.pass_by(seconds=31)
    assert isinstance(await desk.log_in("ada", ada.code(desk.now)), LoggedIn)


async def test_a_log_in_is_written_down_granted_or_not(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.ENGINEER)
    await desk.log_in("ada", ada.code(desk.now), "wrong horses")
    await desk.log_in("nobody", "000000")
    await desk.log_in("ada", ada.code(desk.now))
    rows = [row.entry for row in await desk.rows() if row.entry.action == Action.LOG_IN]
    assert [(entry.staff_id, entry.role, entry.result) for entry in rows] == [
        (ada.staff_id, NOBODY, Result.REFUSED),
        (None, NOBODY, Result.REFUSED),
        (ada.staff_id, StaffRole.ENGINEER, Result.GRANTED),
    ]
    assert rows[0].target == rows[2].target != rows[1].target


async def test_nobody_gets_in_unseen(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    with desk.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_rows")
    with pytest.raises(AuditUnavailableError):
        await desk.log_in("ada", ada.code(desk.now))
    with desk.database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM staff_sessions").scalar() == 0


async def test_a_session_ends_by_rest_by_the_day_and_by_its_owner(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)

    async def opened() -> str:
        desk.next_step()
        answer = await desk.log_in("ada", ada.code(desk.now))
        assert isinstance(answer, LoggedIn)
        return answer.token

    token = await opened()
    desk.now += IDLE_LIFE
    assert await desk.who(token) is None

    token = await opened()
    for _ in range(36):
        assert await desk.who(token) is not None
        desk.pass_by(minutes=20)
    assert await desk.who(token) is None

    token = await opened()
    who = await desk.who(token)
    assert who is not None
    await desk.run(lambda tx: staff_sessions.log_out(tx, who, desk.now))
    assert await desk.who(token) is None
    assert [row.entry.action for row in await desk.rows()][-1] == Action.LOG_OUT


async def test_a_token_that_was_never_given_opens_nothing(desk: Desk) -> None:
    await desk.at_work("ada", StaffRole.AGENT)
    for token in ("", "x" * 43, "\ud800"):
        assert await desk.who(token) is None


async def test_a_page_that_updates_itself_prolongs_nothing(desk: Desk) -> None:
    who = await desk.at_work("ada", StaffRole.AGENT)

    async def admitted() -> bool:
        return await desk.database.read(lambda tx: still_signed_in(tx, who, desk.now))

    desk.pass_by(minutes=29)
    assert await admitted()
    desk.pass_by(minutes=1)
    assert not await admitted()


async def test_other_roles_count_at_once(desk: Desk) -> None:
    who = await desk.at_work("ada", StaffRole.AGENT)
    await desk.run(lambda tx: staff.change_roles(tx, who.staff_id, [StaffRole.VIEWER], by=None, now=desk.now))
    assert not await desk.database.read(lambda tx: still_signed_in(tx, who, desk.now))


async def test_a_form_belongs_to_its_session(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    opened = await desk.log_in("ada", ada.code(desk.now))
    assert isinstance(opened, LoggedIn)
    assert opened.csrf_token == csrf_token(desk.tokens, opened.token)
    assert csrf_fits(desk.tokens, opened.token, opened.csrf_token)
    for foreign in ("", opened.token, csrf_token(desk.tokens, "another"), "\ud800"):
        assert not csrf_fits(desk.tokens, opened.token, foreign)


async def test_what_no_role_allows_is_refused_and_can_be_written_down(desk: Desk) -> None:
    who = await desk.at_work("ada", StaffRole.VIEWER)
    with pytest.raises(MayNotError):
        who.role_in(Action.VIEW_CUSTOMER)
    await desk.run(lambda tx: staff_sessions.note_refusal(tx, who, Action.VIEW_CUSTOMER, desk.now))
    entry = (await desk.rows())[-1].entry
    assert (entry.staff_id, entry.action, entry.result) == (who.staff_id, Action.VIEW_CUSTOMER, Result.REFUSED)


async def test_an_old_hash_is_made_anew_at_the_next_log_in(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    desk.passwords._cost = 5
    assert isinstance(await desk.log_in("ada", ada.code(desk.now)), LoggedIn)
    record = await desk.database.read(lambda tx: tx.staff.password(ada.staff_id))
    assert record is not None
    assert record.hash.startswith("$2b$05$")
    desk.next_step()
    assert isinstance(await desk.log_in("ada", ada.code(desk.now), PASSWORD), LoggedIn)


async def test_a_password_that_was_changed_while_it_was_checked_does_not_count(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    verify = BcryptPasswords.verify
    other = await desk.passwords.hash("another long password")

    async def changed_meanwhile(self: BcryptPasswords, password: str, record: PasswordRecord | None) -> bool:
        right = await verify(self, password, record)
        await desk.run(lambda tx: staff.set_password(tx, ada.staff_id, other, by=None, now=desk.now))
        return right

    monkeypatch.setattr(BcryptPasswords, "verify", changed_meanwhile)
    assert await desk.log_in("ada", ada.code(desk.now)) == LogInRefused()


async def test_a_log_in_with_the_old_password_does_not_survive_a_reset(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reset begins when the log-in has read the old password in its last transaction."""
    ada, loop = await desk.hire("ada", StaffRole.AGENT), asyncio.get_running_loop()
    other = await desk.passwords.hash("another long password")
    matching = matching_step
    resets: list[concurrent.futures.Future[Any]] = []

    def reset_meanwhile(*presented: Any, **about: Any) -> int | None:
        if not resets:
            work = desk.run(lambda tx: staff.set_password(tx, ada.staff_id, other, by=None, now=desk.now))
            resets.append(asyncio.run_coroutine_threadsafe(work, loop))
            concurrent.futures.wait(resets, timeout=0.5)  # done, or waiting for this transaction
        return matching(*presented, **about)

    monkeypatch.setattr(staff_sessions, "matching_step", reset_meanwhile)
    answer = await desk.log_in("ada", ada.code(desk.now))
    assert isinstance(await asyncio.wrap_future(resets[0]), staff.Changed)
    assert isinstance(answer, LogInRefused) or await desk.who(answer.token) is None


async def test_who_is_not_admitted_waits_for_one_hash_whatever_was_right(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    desk.passwords._cost = 5  # so that the record is an old one
    hashed: list[str] = []
    hashing = BcryptPasswords.hash

    async def counted(self: BcryptPasswords, password: str) -> PasswordRecord:
        hashed.append(password)
        return await hashing(self, password)

    monkeypatch.setattr(BcryptPasswords, "hash", counted)
    wrong = "000000" if ada.code(desk.now) != "000000" else "111111"
    assert await desk.log_in("ada", wrong) == LogInRefused()
    assert hashed == []
    assert isinstance(await desk.log_in("ada", ada.code(desk.now)), LoggedIn)
    assert hashed == [PASSWORD]


async def test_who_is_admitted_stays_so_when_the_hash_cannot_be_renewed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    desk.passwords._cost = 5

    async def busy(_self: BcryptPasswords, _password: str) -> PasswordRecord:
        raise PasswordBusyError(2)

    monkeypatch.setattr(BcryptPasswords, "hash", busy)
    assert isinstance(await desk.log_in("ada", ada.code(desk.now)), LoggedIn)


async def test_a_wait_is_told_in_the_row_that_begins_it(desk: Desk) -> None:
    await desk.hire("ada", StaffRole.AGENT)
    for _ in range(FREE_TRIES + 3):
        await desk.log_in("ada", "000000", "wrong horses")
    reasons = [row.entry.reason for row in await desk.rows() if row.entry.action == Action.LOG_IN]
    assert reasons == [""] * (FREE_TRIES - 1) + ["further tries wait 30 s"]


async def test_a_clock_that_was_set_back_lets_nobody_use_a_code_again(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    code = ada.code(desk.now)
    assert isinstance(await desk.log_in("ada", code), LoggedIn)
    desk.now -= timedelta(seconds=30)
    assert await desk.log_in("ada", code) == LogInRefused()
    assert await desk.log_in("ada", ada.code(desk.now)) == LogInRefused()
