"""Accounts of staff: what an admin may do, and to whom not."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.audit import MACHINE, Result
from gateway.domain.staff import Action, StaffId, StaffRole
from gateway.usecases import staff, staff_sessions
from gateway.usecases.accounts import BadChoice
from gateway.usecases.staff import Changed, Enrolled, LastAdmin, NoSuchStaff, OwnAccount, StaffNameTaken
from gateway.usecases.staff_sessions import LoggedIn, LogInRefused, MayNotError, totp_place
from tests.console.people import PASSWORD, prepared, secret_in
from tests.databases import fresh_url, opened
from tests.staff_desk import Desk
from tests.storage.staff_records import a_grant


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with fresh_url("sqlite-file", tmp_path) as url, opened(url) as database:
        desk = Desk(database)
        wrong = staff.check_new_staff("a b", "short", [], desk.passwords)
        assert isinstance(wrong, list)
        assert [bad.field for bad in wrong] == ["name", "password", "roles"]
        assert staff.check_new_staff(" Ada ", PASSWORD, [StaffRole.LEAD], desk.passwords) == "ada"
        desk.close()


async def test_a_name_is_taken_also_by_who_left(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    await desk.run(lambda tx: staff.disable(tx, ada.staff_id, by=None, now=desk.now))
    new = await prepared(desk, "ada", StaffRole.ADMIN, now=desk.now)
    before = len(await desk.rows())
    assert await desk.run(lambda tx: staff.create(tx, new, by=None, now=desk.now)) == StaffNameTaken()
    assert len(await desk.rows()) == before


async def test_an_admin_sees_everybody_oldest_first(desk: Desk) -> None:
    for name in ("zoe", "ada"):
        await desk.hire(name, StaffRole.AGENT)
        desk.pass_by(minutes=1)
    seen = await desk.database.read(lambda tx: staff.listed(tx, desk.sealer))
    assert [one.name for one in seen] == ["zoe", "ada"]
    assert "zoe" not in repr(seen)


async def test_a_name_and_a_secret_are_not_readable_in_the_database_nor_in_another_row(desk: Desk) -> None:
    ada, bob = await desk.hire("ada-lovelace", StaffRole.AGENT), await desk.hire("bob", StaffRole.AGENT)
    rows = {one.staff_id: one for one in await desk.database.read(lambda tx: tx.staff.all())}
    assert b"lovelace" not in rows[ada.staff_id].name_sealed
    assert ada.secret not in rows[ada.staff_id].totp_sealed
    with pytest.raises(ValueError, match="does not open"):
        desk.sealer.open(rows[ada.staff_id].totp_sealed, place=totp_place(bob.staff_id))


async def test_a_lost_authenticator_is_replaced_by_another_admin(desk: Desk) -> None:
    ada, leo = await desk.hire("ada", StaffRole.AGENT), await desk.at_work("leo", StaffRole.ADMIN)
    session = await desk.log_in("ada", ada.code(desk.now))
    assert isinstance(session, LoggedIn)
    done = await desk.run(
        lambda tx: staff.reset_totp(tx, ada.staff_id, by=leo, sealer=desk.sealer, tokens=desk.tokens, now=desk.now)
    )
    assert isinstance(done, Enrolled)
    assert await desk.who(session.token) is None
    desk.next_step()
    assert await desk.log_in("ada", ada.code(desk.now)) == LogInRefused()
    ada.secret = secret_in(done.otpauth_uri)
    assert isinstance(await desk.log_in("ada", ada.code(desk.now)), LoggedIn)
    entry = (await desk.rows())[-3].entry
    assert (entry.staff_id, entry.role, entry.action) == (leo.staff_id, StaffRole.ADMIN, Action.MANAGE_STAFF)
    assert entry.reason == "authenticator reset"


async def test_a_forgotten_password_is_replaced_and_sessions_end(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    await desk.log_in("ada", ada.code(desk.now))
    record = await desk.passwords.hash("another long password")
    assert await desk.run(lambda tx: staff.set_password(tx, ada.staff_id, record, by=None, now=desk.now)) == Changed(1)
    desk.next_step()
    assert await desk.log_in("ada", ada.code(desk.now)) == LogInRefused()
    assert isinstance(await desk.log_in("ada", ada.code(desk.now), "another long password"), LoggedIn)


async def test_nobody_helps_themselves(desk: Desk) -> None:
    leo = await desk.at_work("leo", StaffRole.ADMIN)
    await desk.hire("eva", StaffRole.ADMIN)
    record = await desk.passwords.hash("another long password")
    own = leo.staff_id
    answers = [
        await desk.run(
            lambda tx: staff.reset_totp(tx, own, by=leo, sealer=desk.sealer, tokens=desk.tokens, now=desk.now)
        ),
        await desk.run(lambda tx: staff.set_password(tx, own, record, by=leo, now=desk.now)),
        await desk.run(lambda tx: staff.change_roles(tx, own, [StaffRole.LEAD], by=leo, now=desk.now)),
        await desk.run(lambda tx: staff.disable(tx, own, by=leo, now=desk.now)),
    ]
    assert answers == [OwnAccount()] * 4


@pytest.mark.parametrize("role", sorted(set(StaffRole) - {StaffRole.ADMIN}))
async def test_only_an_admin_manages_staff(desk: Desk, role: StaffRole) -> None:
    who, ada = await desk.at_work("sam", role), await desk.hire("ada", StaffRole.AGENT)
    record = await desk.passwords.hash("another long password")
    before = await desk.database.read(lambda tx: tx.staff.get(ada.staff_id))
    for work in (
        lambda tx: staff.reset_totp(tx, ada.staff_id, by=who, sealer=desk.sealer, tokens=desk.tokens, now=desk.now),
        lambda tx: staff.set_password(tx, ada.staff_id, record, by=who, now=desk.now),
        lambda tx: staff.change_roles(tx, ada.staff_id, [StaffRole.LEAD], by=who, now=desk.now),
        lambda tx: staff.disable(tx, ada.staff_id, by=who, now=desk.now),
    ):
        with pytest.raises(MayNotError):
            await desk.run(work)
    assert await desk.database.read(lambda tx: tx.staff.get(ada.staff_id)) == before


async def test_whom_nobody_knows_cannot_be_changed(desk: Desk) -> None:
    nobody = StaffId("w-nobody")
    assert await desk.run(lambda tx: staff.disable(tx, nobody, by=None, now=desk.now)) == NoSuchStaff()
    assert await desk.database.read(lambda tx: staff.by_name(tx, "nobody", desk.indexes)) is None
    assert await desk.database.read(lambda tx: staff.by_name(tx, "\0", desk.indexes)) is None


async def test_roles_that_exclude_each_other_are_refused(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    both = [StaffRole.AGENT, StaffRole.AUDITOR]
    refused = await desk.run(lambda tx: staff.change_roles(tx, ada.staff_id, both, by=None, now=desk.now))
    assert isinstance(refused, BadChoice)


async def test_who_is_disabled_loses_sessions_and_grants_at_once(desk: Desk) -> None:
    ada = await desk.hire("ada", StaffRole.AGENT)
    session = await desk.log_in("ada", ada.code(desk.now))
    assert isinstance(session, LoggedIn)
    grant = replace(a_grant(), staff_id=ada.staff_id, opened_at=desk.now)
    await desk.run(lambda tx: tx.support_access.add_grant(grant))
    assert await desk.run(lambda tx: staff.disable(tx, ada.staff_id, by=None, now=desk.now)) == Changed(1)
    assert await desk.who(session.token) is None
    assert await desk.database.read(lambda tx: tx.support_access.open_grants(desk.now)) == []
    entry = (await desk.rows())[-1].entry
    assert (entry.role, entry.result, entry.reason) == (MACHINE, Result.GRANTED, "disabled")
    assert await desk.run(lambda tx: staff.disable(tx, ada.staff_id, by=None, now=desk.now)) == Changed(0)


async def test_the_last_admin_stays(desk: Desk) -> None:
    leo = await desk.hire("leo", StaffRole.ADMIN)
    assert await desk.run(lambda tx: staff.disable(tx, leo.staff_id, by=None, now=desk.now)) == LastAdmin()
    assert (
        await desk.run(lambda tx: staff.change_roles(tx, leo.staff_id, [StaffRole.LEAD], by=None, now=desk.now))
        == LastAdmin()
    )


async def test_two_admins_who_disable_each_other_at_once_leave_one(desk: Desk) -> None:
    leo, eva = await desk.at_work("leo", StaffRole.ADMIN), await desk.at_work("eva", StaffRole.ADMIN)
    await asyncio.gather(
        desk.run(lambda tx: staff.disable(tx, eva.staff_id, by=leo, now=desk.now)),
        desk.run(lambda tx: staff.disable(tx, leo.staff_id, by=eva, now=desk.now)),
    )
    everybody = await desk.database.read(lambda tx: tx.staff.all())
    assert sum(one.disabled_at is None for one in everybody) == 1


async def test_a_log_out_twice_is_one(desk: Desk) -> None:
    who = await desk.at_work("ada", StaffRole.AGENT)
    for _ in range(2):
        await desk.run(lambda tx: staff_sessions.log_out(tx, who, desk.now))
    assert [row.entry.action for row in await desk.rows()].count(Action.LOG_OUT) == 1
