"""The repositories of commands, events and message ids, the same on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.binding import Role
from gateway.domain.commands import Status
from gateway.domain.identity import CommandId
from gateway.storage.database import Database
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.storage.records import (
    NOW,
    SECOND,
    a_binding,
    a_command,
    account_id,
    an_ended_command,
    device_id,
    pairing_id,
    with_accounts,
    with_devices,
)

# -- commands


async def test_a_command_is_read_as_it_was_written_and_changed(database: Database) -> None:
    sent = replace(a_command(), status=Status.SENT, sends=1, sent_at=NOW, next_send_at=NOW + SECOND)

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        tx.commands.add(a_command(), NOW)

    await database.run(seed)
    assert await database.read(lambda tx: tx.commands.get(a_command().command_id)) == a_command()
    assert await database.run(lambda tx: tx.commands.update(sent, NOW + SECOND)) == replace(sent, version=1)
    assert await database.read(lambda tx: tx.commands.get(sent.command_id)) == replace(sent, version=1)
    assert await database.read(lambda tx: tx.commands.get(CommandId("nothing"))) is None
    with pytest.raises(DatabaseUnavailableError):
        await database.run(lambda tx: tx.commands.update(sent, None))


async def test_what_a_command_asked_for_is_forgotten_at_its_end(database: Database) -> None:
    ended = replace(a_command(), status=Status.FAILED, code="E7", received_at=NOW, ended_at=NOW + SECOND)

    def work(tx: Transaction) -> None:
        with_devices(tx, 1)
        tx.commands.add(a_command(), NOW)
        tx.commands.update(ended, None)

    await database.run(work)
    left = await database.read(lambda tx: tx.commands.get(ended.command_id))
    assert left == replace(ended, params={}, version=1)


async def test_commands_under_way_come_in_their_order(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2)
        for number in (3, 1):
            tx.commands.add(a_command(number), NOW)
        tx.commands.add(an_ended_command(2), None)
        tx.commands.add(a_command(4, device=2), NOW)

    await database.run(seed)
    waiting = await database.read(lambda tx: tx.commands.under_way(device_id(1)))
    assert [command.seq for command in waiting] == [1, 3]


async def test_a_command_is_seen_by_who_gave_it_while_the_epoch_lasts(database: Database) -> None:
    command = a_command()

    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2)
        with_devices(tx, 1)
        tx.bindings.put(a_binding(1, 1))
        tx.bindings.put(a_binding(1, 2, role=Role.ADULT))
        tx.commands.add(command, NOW)

    await database.run(seed)
    assert await database.read(lambda tx: tx.commands.of_account(account_id(1), command.command_id)) == command
    assert await database.read(lambda tx: tx.commands.of_account(account_id(2), command.command_id)) is None
    await database.run(lambda tx: tx.bindings.remove_all(device_id(1)))
    assert await database.read(lambda tx: tx.commands.of_account(account_id(1), command.command_id)) is None
    await database.run(lambda tx: tx.bindings.put(a_binding(1, 1, epoch=2)))
    assert await database.read(lambda tx: tx.commands.of_account(account_id(1), command.command_id)) is None


async def test_the_timer_finds_devices_by_their_most_urgent_command(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2)
        tx.commands.add(a_command(1, device=1), NOW + 2 * SECOND)
        tx.commands.add(a_command(2, device=1), NOW + 3 * SECOND)
        tx.commands.add(a_command(3, device=2), NOW + SECOND)
        tx.commands.add(an_ended_command(4), None)

    assert await database.read(lambda tx: tx.commands.next_due()) is None
    await database.run(seed)
    assert await database.read(lambda tx: tx.commands.next_due()) == NOW + SECOND
    assert await database.read(lambda tx: tx.commands.due(NOW, 9)) == []
    assert await database.read(lambda tx: tx.commands.due(NOW + 3 * SECOND, 9)) == [device_id(2), device_id(1)]
    assert await database.read(lambda tx: tx.commands.due(NOW + 3 * SECOND, 1)) == [device_id(2)]
    later = NOW + timedelta(minutes=1)
    await database.run(lambda tx: tx.commands.update(a_command(3), later))
    assert await database.read(lambda tx: tx.commands.next_due()) == NOW + 2 * SECOND


# -- events and message ids


async def test_events_are_read_as_they_were_written_by_whom_they_concern(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        tx.emit(account_id(1), "one", {"a": [1, "ü"]}, NOW, pairing_id=pairing_id(1))
        tx.emit(account_id(2), "two", {}, NOW + SECOND)
        tx.emit(account_id(1), "three", {}, NOW + 2 * SECOND, pairing_id=pairing_id(2))

    assert await database.read(lambda tx: tx.events.newest()) == 0
    await database.run(seed)
    assert await database.read(lambda tx: tx.events.newest()) == 3
    mine = await database.read(lambda tx: tx.events.of_account(account_id(1), 0, 9))
    assert [(e.number, e.kind, dict(e.data), e.at) for e in mine] == [
        (1, "one", {"a": [1, "ü"]}, NOW),
        (3, "three", {}, NOW + 2 * SECOND),
    ]
    assert await database.read(lambda tx: tx.events.of_account(account_id(1), 1, 9)) == mine[1:]
    assert await database.read(lambda tx: tx.events.of_account(account_id(1), 0, 1)) == mine[:1]
    assert await database.read(lambda tx: tx.events.of_pairing(pairing_id(1), 0, 9)) == mine[:1]
    assert await database.read(lambda tx: tx.events.of_pairing(pairing_id(1), 1, 9)) == []


async def test_events_of_a_device_are_shown_within_its_epoch_only(database: Database) -> None:
    def emit(tx: Transaction, epoch: int) -> None:
        tx.emit(account_id(1), f"epoch {epoch}", {}, NOW, device_id=device_id(1), epoch=epoch)

    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        with_devices(tx, 1)
        tx.bindings.put(a_binding(1, 1, epoch=1))
        for epoch in (0, 1, 2):
            emit(tx, epoch)

    async def kinds() -> list[str]:
        return [e.kind for e in await database.read(lambda tx: tx.events.of_account(account_id(1), 0, 9))]

    await database.run(seed)
    assert await kinds() == ["epoch 1"]
    await database.run(lambda tx: tx.bindings.remove_all(device_id(1)))
    assert await kinds() == []
    await database.run(lambda tx: tx.bindings.put(a_binding(1, 1, epoch=2)))
    assert await kinds() == ["epoch 2"]
    await database.run(lambda tx: tx.events.forget_device(device_id(1)))
    assert await kinds() == []


async def test_a_message_id_is_new_once_for_each_device(database: Database) -> None:
    asked = [(1, "m"), (1, "m"), (2, "m"), (1, "n")]
    known = [
        await database.run(lambda tx, d=device, m=message: tx.received.first_time(device_id(d), m, NOW))  # type: ignore[misc]
        for device, message in asked
    ]
    assert known == [True, False, True, True]
