"""The repositories of pairings and bindings, the same on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.domain.binding import ReleaseWaiting, Role
from gateway.domain.failures import Code
from gateway.domain.pairing import PairingState
from gateway.storage.database import Database
from gateway.usecases.repositories.bindings import BoundDevice, StoredVerdict
from gateway.usecases.repositories.pairings import PairingStep
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.storage.records import (
    NOW,
    SECOND,
    a_binding,
    a_device,
    a_pairing,
    account_id,
    device_id,
    digest,
    pairing_id,
    with_accounts,
    with_devices,
)

# -- pairings


async def test_a_pairing_is_read_as_it_was_written_and_changed(database: Database) -> None:
    closed = replace(a_pairing(), state=PairingState.REFUSED, device_id=device_id(), code=Code.ACT_UNKNOWN_MACHINE_CODE)

    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        with_devices(tx, 1)
        tx.pairings.add(a_pairing())

    await database.run(seed)
    assert await database.read(lambda tx: tx.pairings.get(pairing_id())) == a_pairing()
    assert await database.read(lambda tx: tx.pairings.by_token(digest("token 1"))) == a_pairing()
    assert await database.run(lambda tx: tx.pairings.update(closed)) == replace(closed, version=1)
    assert await database.read(lambda tx: tx.pairings.by_token(digest("token 1"))) == replace(closed, version=1)
    assert await database.read(lambda tx: tx.pairings.get(pairing_id(2))) is None
    assert await database.read(lambda tx: tx.pairings.by_token(digest("other"))) is None
    with pytest.raises(DatabaseUnavailableError):
        await database.run(lambda tx: tx.pairings.update(closed))


async def test_open_pairings_come_oldest_first_and_close_in_their_time(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2)
        for number, account in ((3, 1), (1, 1), (2, 1), (4, 2)):
            later = number * SECOND
            one = a_pairing(number, account)
            tx.pairings.add(replace(one, opened_at=one.opened_at + later, expires_at=one.expires_at + later))
        tx.pairings.update(replace(a_pairing(2), state=PairingState.CANCELLED))

    assert await database.read(lambda tx: tx.pairings.next_deadline()) is None
    await database.run(seed)
    mine = await database.read(lambda tx: tx.pairings.open_of(account_id(1)))
    assert [one.pairing_id for one in mine] == [pairing_id(1), pairing_id(3)]
    end = a_pairing().expires_at
    assert await database.read(lambda tx: tx.pairings.next_deadline()) == end + SECOND
    assert await database.read(lambda tx: tx.pairings.overdue(end, 9)) == []
    late = await database.read(lambda tx: tx.pairings.overdue(end + 3 * SECOND, 9))
    assert [one.pairing_id for one in late] == [pairing_id(1), pairing_id(3)]
    assert len(await database.read(lambda tx: tx.pairings.overdue(end + 9 * SECOND, 2))) == 2


async def test_two_pairings_never_share_a_token(database: Database) -> None:
    def work(tx: Transaction) -> None:
        with_accounts(tx, 1)
        tx.pairings.add(a_pairing(1))
        tx.pairings.add(replace(a_pairing(2), token_digest=a_pairing(1).token_digest))

    with pytest.raises(IntegrityError):
        await database.run(work)


async def test_a_step_counts_the_first_time(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        tx.pairings.add(a_pairing(1))
        tx.pairings.add(a_pairing(2))

    await database.run(seed)
    steps = [PairingStep("connected", NOW + SECOND, Code.ACT_UNKNOWN_MACHINE_CODE), PairingStep("opened", NOW)]
    noted = [await database.run(lambda tx, one=one: tx.pairings.note_step(pairing_id(1), one)) for one in steps]  # type: ignore[misc]
    again = PairingStep("opened", NOW + 9 * SECOND)
    assert noted == [True, True]
    assert await database.run(lambda tx: tx.pairings.note_step(pairing_id(1), again)) is False
    assert await database.run(lambda tx: tx.pairings.note_step(pairing_id(2), again)) is True
    assert await database.read(lambda tx: tx.pairings.steps(pairing_id(1))) == [steps[1], steps[0]]


async def test_open_pairings_of_one_address_are_found_two_at_most(database: Database) -> None:
    home, elsewhere = digest("home"), digest("elsewhere")

    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2)
        for number in (1, 2, 3):
            one = a_pairing(number, 2 if number == 2 else 1)
            tx.pairings.add(replace(one, opened_at=NOW + number * SECOND), home)
        tx.pairings.add(a_pairing(4), elsewhere)
        tx.pairings.add(a_pairing(5))
        tx.pairings.update(replace(a_pairing(1), state=PairingState.CANCELLED))

    await database.run(seed)
    found = await database.read(lambda tx: tx.pairings.open_from(home, NOW))
    assert [one.pairing_id for one in found] == [pairing_id(2), pairing_id(3)]
    assert await database.read(lambda tx: tx.pairings.open_from(home, a_pairing().expires_at)) == []
    assert await database.read(lambda tx: tx.pairings.open_from(digest("nobody"), NOW)) == []


async def test_reports_about_a_pairing_are_counted(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        tx.pairings.add(a_pairing(1))
        tx.pairings.add(a_pairing(2))

    await database.run(seed)
    counts = [await database.run(lambda tx: tx.pairings.count_report(pairing_id(1))) for _ in range(3)]
    assert counts == [1, 2, 3]
    assert await database.run(lambda tx: tx.pairings.count_report(pairing_id(2))) == 1
    assert await database.run(lambda tx: tx.pairings.count_report(pairing_id(9))) == 0


# -- bindings


def with_both(tx: Transaction, devices: tuple[int, ...] = (1, 2), accounts: tuple[int, ...] = (1, 2)) -> None:
    with_accounts(tx, *accounts)
    with_devices(tx, *devices)


async def test_a_binding_is_read_as_it_was_written_and_changed(database: Database) -> None:
    guest = replace(a_binding(1, 2, role=Role.GUEST), until=NOW + SECOND)

    def seed(tx: Transaction) -> None:
        with_both(tx)
        tx.bindings.put(a_binding(1, 1))
        tx.bindings.put(guest)

    await database.run(seed)
    assert set(await database.read(lambda tx: tx.bindings.of_device(device_id(1)))) == {a_binding(1, 1), guest}
    adult = replace(guest, role=Role.ADULT, until=None, reset_counter=5)
    await database.run(lambda tx: tx.bindings.put(adult))
    assert set(await database.read(lambda tx: tx.bindings.of_device(device_id(1)))) == {a_binding(1, 1), adult}
    assert await database.read(lambda tx: tx.bindings.of_device(device_id(2))) == ()


async def test_a_device_never_has_two_owners(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_both(tx)
        tx.bindings.put(a_binding(1, 1))

    await database.run(seed)
    for epoch in (0, 1):
        with pytest.raises(DatabaseUnavailableError):
            await database.run(lambda tx, epoch=epoch: tx.bindings.put(a_binding(1, 2, epoch=epoch)))  # type: ignore[misc]
    assert await database.read(lambda tx: tx.bindings.of_device(device_id(1))) == (a_binding(1, 1),)


async def test_an_account_sees_its_devices_of_the_present_epoch_in_pages(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_both(tx, (1, 2, 3, 4))
        for number in (3, 1, 4):
            tx.bindings.put(a_binding(number, 1))
        tx.bindings.put(a_binding(2, 2))
        tx.bindings.put(a_binding(1, 2, role=Role.ADULT))
        tx.devices.update(replace(a_device(3), epoch=1))  # its time with the account is over

    await database.run(seed)
    seen = await database.read(lambda tx: tx.bindings.of_account(account_id(1), None, 9))
    bound = BoundDevice(a_device(1), a_binding(1, 1), "heater.panel.s2", None)
    assert seen == [bound, BoundDevice(a_device(4), a_binding(4, 1), "heater.panel.s2", None)]
    assert await database.read(lambda tx: tx.bindings.of_account(account_id(1), device_id(1), 9)) == seen[1:]
    assert await database.read(lambda tx: tx.bindings.of_account(account_id(1), None, 1)) == seen[:1]
    assert await database.read(lambda tx: tx.bindings.one(account_id(1), device_id(1))) == bound
    assert await database.read(lambda tx: tx.bindings.one(account_id(1), device_id(2))) is None
    assert await database.read(lambda tx: tx.bindings.one(account_id(1), device_id(3))) is None


async def test_owned_devices_are_counted(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_both(tx)
        tx.bindings.put(a_binding(1, 1))
        tx.bindings.put(a_binding(2, 2))
        tx.bindings.put(a_binding(2, 1, role=Role.GUEST))

    await database.run(seed)
    assert await database.read(lambda tx: tx.bindings.owned(account_id(1))) == 1
    assert await database.read(lambda tx: tx.bindings.owned(account_id(3))) == 0


async def test_everybody_names_a_device_for_themselves_and_binding_again_keeps_the_name(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_both(tx)
        tx.bindings.put(a_binding(1, 1))
        tx.bindings.put(a_binding(1, 2, role=Role.ADULT))
        tx.bindings.rename(account_id(1), device_id(1), b"sealed")
        tx.bindings.put(replace(a_binding(1, 1), reset_counter=9))

    await database.run(seed)
    mine = await database.read(lambda tx: tx.bindings.one(account_id(1), device_id(1)))
    theirs = await database.read(lambda tx: tx.bindings.one(account_id(2), device_id(1)))
    assert mine is not None
    assert theirs is not None
    assert (mine.nickname_sealed, theirs.nickname_sealed) == (b"sealed", None)
    assert mine.binding.reset_counter == 9
    await database.run(lambda tx: tx.bindings.rename(account_id(1), device_id(1), None))
    cleared = await database.read(lambda tx: tx.bindings.one(account_id(1), device_id(1)))
    assert cleared is not None
    assert cleared.nickname_sealed is None


async def test_a_release_ends_every_binding(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_both(tx)
        tx.bindings.put(a_binding(1, 1))
        tx.bindings.put(a_binding(1, 2, role=Role.ADULT))
        tx.bindings.put(a_binding(2, 2))

    await database.run(seed)
    assert set(await database.run(lambda tx: tx.bindings.remove_all(device_id(1)))) == {account_id(1), account_id(2)}
    assert await database.run(lambda tx: tx.bindings.remove_all(device_id(1))) == []
    assert await database.read(lambda tx: tx.bindings.of_device(device_id(1))) == ()
    assert await database.read(lambda tx: tx.bindings.owned(account_id(2))) == 1


async def test_the_first_newcomer_who_asks_is_remembered_until_the_answer(database: Database) -> None:
    def waiting(newcomer: int, days: int) -> ReleaseWaiting:
        return ReleaseWaiting(a_binding(1, 1), (), account_id(newcomer), NOW, NOW + timedelta(days=days))

    def seed(tx: Transaction) -> None:
        with_both(tx, accounts=(1, 2, 3))
        tx.bindings.put(a_binding(1, 1))
        tx.bindings.ask_release(waiting(2, 3))
        tx.bindings.ask_release(waiting(3, 1))

    assert await database.read(lambda tx: tx.bindings.next_release()) is None
    await database.run(seed)
    end = NOW + timedelta(days=3)
    assert await database.read(lambda tx: tx.bindings.waiting(device_id(1))) == (account_id(2), NOW, end, 0)
    assert await database.read(lambda tx: tx.bindings.next_release()) == end
    assert await database.read(lambda tx: tx.bindings.releases_due(end - SECOND, 9)) == []
    assert await database.read(lambda tx: tx.bindings.releases_due(end, 9)) == [device_id(1)]
    await database.run(lambda tx: tx.bindings.forget_release(device_id(1)))
    assert await database.read(lambda tx: tx.bindings.waiting(device_id(1))) is None


async def test_the_latest_verdict_is_kept(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1))
    assert await database.read(lambda tx: tx.bindings.verdict(device_id())) is None
    await database.run(lambda tx: tx.bindings.remember_verdict(device_id(), b"first", NOW))
    await database.run(lambda tx: tx.bindings.remember_verdict(device_id(), b"second", NOW + SECOND))
    assert await database.read(lambda tx: tx.bindings.verdict(device_id())) == StoredVerdict(b"second", NOW + SECOND)
