"""The repositories of devices and certificates, the same on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.certificates import CertificateState
from gateway.domain.devices import DeviceStatus
from gateway.domain.identity import DeviceId
from gateway.storage.database import Database
from gateway.usecases.repositories.devices import Operating
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction
from tests.storage.records import NOW, a_certificate, a_device, a_unit, device_id, digest, unit_id, with_devices

NOBODY = DeviceId("d-nobody")


async def test_a_device_is_read_as_it_was_written(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1, 2))
    assert await database.read(lambda tx: tx.devices.get(device_id(1))) == a_device(1)
    assert await database.read(lambda tx: tx.devices.of_unit(unit_id(2))) == a_device(2)
    assert await database.read(lambda tx: tx.devices.get(NOBODY)) is None
    assert await database.read(lambda tx: tx.devices.of_unit(unit_id(3))) is None


async def test_a_changed_device_is_read_as_it_was_changed(database: Database) -> None:
    changed = replace(
        a_device(),
        status=DeviceStatus.SUSPENDED,
        epoch=3,
        reset_counter=9,
        firmware=None,
        descriptor_version=None,
    )

    def work(tx: Transaction) -> None:
        with_devices(tx, 1)
        assert tx.devices.update(changed) == replace(changed, version=1)

    await database.run(work)
    assert await database.read(lambda tx: tx.devices.get(device_id())) == replace(changed, version=1)


async def test_an_outdated_device_is_not_stored(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1))
    await database.run(lambda tx: tx.devices.update(replace(a_device(), epoch=1)))
    with pytest.raises(DatabaseUnavailableError):  # every retry finds it outdated: it was not read in the transaction
        await database.run(lambda tx: tx.devices.update(replace(a_device(), epoch=2)))
    stored = await database.read(lambda tx: tx.devices.get(device_id()))
    assert stored is not None
    assert (stored.epoch, stored.version) == (1, 1)


async def test_a_unit_has_one_device_and_the_loser_of_a_race_reads_the_winners(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1))
    tries: list[int] = []

    def work(tx: Transaction) -> DeviceId:
        tries.append(1)
        known = None if len(tries) == 1 else tx.devices.of_unit(unit_id(1))  # as if it were not there yet
        if known is None:
            tx.devices.add(replace(a_device(2), unit_id=unit_id(1)), NOW)
            return device_id(2)
        return known.device_id

    assert await database.run(work) == device_id(1)
    assert len(tries) == 2


async def test_epochs_and_types_are_told_of_activated_devices_only(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2, 3)
        tx.devices.update(replace(a_device(2), status=DeviceStatus.QUARANTINED))
        tx.devices.update(replace(a_device(3), epoch=7))

    await database.run(seed)
    asked = [device_id(1), device_id(2), device_id(3), NOBODY]
    assert await database.read(lambda tx: tx.devices.operating(asked)) == {
        device_id(1): Operating(0, "heater.panel.s2"),
        device_id(3): Operating(7, "heater.panel.s2"),
    }
    assert await database.read(lambda tx: tx.devices.operating([])) == {}


async def test_the_latest_connection_of_a_device_is_remembered(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1))
    assert await database.read(lambda tx: tx.devices.connected_serial(device_id())) is None
    await database.run(lambda tx: tx.devices.connected_with(device_id(), "0a"))
    await database.run(lambda tx: tx.devices.connected_with(device_id(), "0b"))
    assert await database.read(lambda tx: tx.devices.connected_serial(device_id())) == "0b"
    assert await database.read(lambda tx: tx.devices.connected_serial(NOBODY)) is None
    stored = await database.read(lambda tx: tx.devices.get(device_id()))
    assert stored == a_device(), "it is no change of the device"


async def test_command_numbers_count_up_for_each_device(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1, 2))
    epoch = a_device().epoch
    given = [await database.run(lambda tx: tx.devices.next_command_seq(device_id(1), epoch)) for _ in range(3)]
    assert given == [1, 2, 3]
    assert await database.run(lambda tx: tx.devices.next_command_seq(device_id(2), epoch)) == 1


async def test_no_command_number_is_given_for_an_epoch_that_is_over(database: Database) -> None:
    await database.run(lambda tx: with_devices(tx, 1))
    over = a_device().epoch - 1
    assert await database.run(lambda tx: tx.devices.next_command_seq(device_id(1), over)) is None
    assert await database.run(lambda tx: tx.devices.next_command_seq(device_id(1), over + 1)) == 1


async def test_a_certificate_is_read_as_it_was_written_and_changed(database: Database) -> None:
    prepared = a_certificate()
    issued = replace(
        prepared,
        state=CertificateState.ISSUED,
        pem="-----BEGIN",
        fingerprint=digest("fingerprint"),
        issued_at=NOW,
    )
    ended = replace(issued, version=1, state=CertificateState.REVOKED, confirmed_at=NOW, ended_at=NOW)

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        tx.certificates.add(prepared)

    await database.run(seed)
    assert await database.read(lambda tx: tx.certificates.get(prepared.serial)) == prepared
    assert await database.read(lambda tx: tx.certificates.by_key(prepared.key_digest)) == prepared
    assert await database.run(lambda tx: tx.certificates.update(issued)) == replace(issued, version=1)
    await database.run(lambda tx: tx.certificates.update(ended))
    assert await database.read(lambda tx: tx.certificates.get(prepared.serial)) == replace(ended, version=2)
    assert await database.read(lambda tx: tx.certificates.get("ff")) is None
    assert await database.read(lambda tx: tx.certificates.by_key(digest("unknown"))) is None


async def test_an_outdated_certificate_is_not_stored(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        tx.certificates.add(a_certificate())
        tx.certificates.update(replace(a_certificate(), state=CertificateState.ISSUED))

    await database.run(seed)
    with pytest.raises(DatabaseUnavailableError):
        await database.run(lambda tx: tx.certificates.update(a_certificate()))


async def test_living_certificates_come_oldest_first(database: Database) -> None:
    states = [CertificateState.CONFIRMED, CertificateState.EXPIRED, CertificateState.ISSUED, CertificateState.REVOKED]

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2)
        for number, state in reversed(list(enumerate(states, 1))):
            tx.certificates.add(replace(a_certificate(number), state=state))
        tx.certificates.add(a_certificate(9, device=2))

    await database.run(seed)
    alive = await database.read(lambda tx: tx.certificates.of_device(device_id(1)))
    assert [one.serial for one in alive] == [a_certificate(1).serial, a_certificate(3).serial]


async def test_the_revocation_list_holds_what_ended_early_until_its_end(database: Database) -> None:
    states = list(CertificateState)

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        for number, state in enumerate(states):
            tx.certificates.add(replace(a_certificate(number), state=state, ended_at=NOW))

    await database.run(seed)
    now, end = NOW, a_certificate().x509_not_after
    listed = await database.read(lambda tx: tx.certificates.revoked(now))
    assert {one.state for one in listed} == {CertificateState.SUPERSEDED, CertificateState.REVOKED}
    assert await database.read(lambda tx: tx.certificates.revoked(end)) == []
    assert await database.read(lambda tx: tx.certificates.revoked(end - timedelta(seconds=1))) == listed


async def test_a_device_may_have_a_second_certificate_for_its_key_and_the_newest_counts(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        tx.certificates.add(a_certificate(1, key=7))
        tx.certificates.add(a_certificate(2, key=7))

    await database.run(seed)
    found = await database.read(lambda tx: tx.certificates.by_key(digest("key 7")))
    assert found == a_certificate(2, key=7)


async def test_nobody_gets_a_certificate_for_anothers_key(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2)
        tx.certificates.add(a_certificate(1, key=7))

    await database.run(seed)
    with pytest.raises(DatabaseUnavailableError):  # a use case that looks (`by_key`) refuses instead of trying
        await database.run(lambda tx: tx.certificates.add(a_certificate(2, device=2, key=7)))
    assert await database.read(lambda tx: tx.certificates.of_device(device_id(2))) == []


async def test_a_device_needs_a_unit(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await database.run(lambda tx: tx.devices.add(a_device(), NOW))
    await database.run(lambda tx: tx.units.add([a_unit()]))
    await database.run(lambda tx: tx.devices.add(a_device(), NOW))
