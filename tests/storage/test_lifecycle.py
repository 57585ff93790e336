"""The repositories of pairings, bindings and attempts, the same on every database."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.domain.attempts import Attempt, Evidence, Outcome, Source
from gateway.domain.binding import ReleaseWaiting, Role
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import AttemptId, ClaimId
from gateway.domain.pairing import PairingState
from gateway.storage.database import Database
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.repositories.bindings import BoundDevice, StoredVerdict
from gateway.usecases.repositories.pairings import PairingStep
from gateway.usecases.transaction import DatabaseUnavailableError, StaleVersionError, Transaction
from tests.storage.records import (
    NOW,
    SECOND,
    a_binding,
    a_device,
    a_pairing,
    account_id,
    an_attempt,
    device_id,
    digest,
    named,
    pairing_id,
    unit_id,
    with_accounts,
    with_devices,
)

CLAIM = ClaimId(named("c", 1))


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


# -- attempts


async def test_an_attempt_is_read_as_it_was_written_and_changed(database: Database) -> None:
    attempt = an_attempt()
    keys = AttemptKeys(CLAIM, digest("mac"), "2a", digest("code"), "83")
    bare = Attempt(AttemptId(named("t", 2)), "xyz-002", Stage.PAIR, attempt.confidence, NOW, NOW)

    def seed(tx: Transaction) -> None:
        tx.attempts.add(attempt, keys)
        tx.attempts.add(bare, AttemptKeys())

    await database.run(seed)
    assert await database.read(lambda tx: tx.attempts.get(attempt.attempt_id)) == attempt
    assert await database.read(lambda tx: tx.attempts.get(bare.attempt_id)) == bare
    failed = replace(an_attempt(1, Outcome.FAILED), stage_reached=Stage.FIRST, updated_at=NOW + SECOND)
    assert await database.run(lambda tx: tx.attempts.update(failed)) == replace(failed, version=1)
    assert await database.read(lambda tx: tx.attempts.get(attempt.attempt_id)) == replace(failed, version=1)
    with pytest.raises(DatabaseUnavailableError):
        await database.run(lambda tx: tx.attempts.update(failed))


async def test_keys_that_are_not_given_stay(database: Database) -> None:
    def work(tx: Transaction) -> None:
        attempt = an_attempt()
        tx.attempts.add(attempt, AttemptKeys(claim_id=CLAIM, mac_tail="2a"))
        attempt = tx.attempts.update(attempt, AttemptKeys(machine_code_tail="83"))
        tx.attempts.update(attempt)

    await database.run(work)
    found = await database.read(lambda tx: tx.attempts.latest_of_claim(CLAIM))
    assert found == replace(an_attempt(), version=2)


async def test_the_newest_attempt_is_found_by_whatever_is_known_of_it(database: Database) -> None:
    old, new = an_attempt(1), replace(an_attempt(2), pairing_id=pairing_id(1), unit_id=unit_id(1))

    def seed(tx: Transaction) -> None:
        tx.attempts.add(replace(new, opened_at=NOW + SECOND), AttemptKeys(claim_id=CLAIM))
        tx.attempts.add(old, AttemptKeys(claim_id=CLAIM))

    assert await database.read(lambda tx: tx.attempts.latest_of_claim(CLAIM)) is None
    await database.run(seed)
    for find in (
        lambda tx: tx.attempts.latest_of_claim(CLAIM),
        lambda tx: tx.attempts.latest_of_pairing(pairing_id(1)),
        lambda tx: tx.attempts.latest_of_unit(unit_id(1)),
    ):
        found = await database.read(find)
        assert found is not None
        assert found.attempt_id == new.attempt_id


async def test_evidence_is_kept_in_order_and_moves_when_two_attempts_are_one(database: Database) -> None:
    first, second = an_attempt(1), an_attempt(2)
    lines = [Evidence(Source.CLAIM, NOW + n * SECOND, f"seen {n}", "E7" if n else None) for n in range(3)]
    lines[2] = replace(
        lines[2],
        stage=Stage.WIFI,
        code=Code.WIFI_SIGNAL_WEAK,
        probable=True,
        times=3,
        detail="rssi -71 dBm",
    )

    def seed(tx: Transaction) -> None:
        tx.attempts.add(first, AttemptKeys())
        tx.attempts.add(second, AttemptKeys())
        tx.attempts.note(first.attempt_id, lines[0])
        tx.attempts.note(second.attempt_id, lines[1])
        tx.attempts.note(None, Evidence(Source.BROKER, NOW, "refused"), digest("address"))
        tx.attempts.note(first.attempt_id, lines[2])

    await database.run(seed)
    assert await database.read(lambda tx: tx.attempts.evidence(first.attempt_id)) == [lines[0], lines[2]]
    await database.run(lambda tx: tx.attempts.absorb(first.attempt_id, second))
    assert await database.read(lambda tx: tx.attempts.evidence(first.attempt_id)) == lines
    assert await database.read(lambda tx: tx.attempts.get(second.attempt_id)) is None


async def test_an_attempt_that_somebody_is_adding_to_is_not_taken_into_another(database: Database) -> None:
    into, other = an_attempt(1), an_attempt(2)

    def seed(tx: Transaction) -> None:
        tx.attempts.add(into, AttemptKeys())
        tx.attempts.add(other, AttemptKeys())

    await database.run(seed)
    late = Evidence(Source.CLAIM, NOW, "added meanwhile")

    def add(tx: Transaction) -> None:
        tx.attempts.note(other.attempt_id, late)
        tx.attempts.update(other)

    def absorb(tx: Transaction) -> None:
        with pytest.raises(StaleVersionError):
            tx.attempts.absorb(into.attempt_id, other)

    await database.run(add)
    await database.run(absorb)
    assert await database.read(lambda tx: tx.attempts.evidence(into.attempt_id)) == []
    assert await database.read(lambda tx: tx.attempts.evidence(other.attempt_id)) == [late]


async def test_attempts_of_an_account_at_a_moment_are_those_of_its_pairings_and_no_other_units(
    database: Database,
) -> None:
    minute = timedelta(minutes=1)

    def attempt(number: int, opened_at: datetime, unit: int | None = None) -> Attempt:
        one = replace(an_attempt(number), pairing_id=pairing_id(number), opened_at=opened_at)
        return replace(one, unit_id=None if unit is None else unit_id(unit))

    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2)
        for number in range(1, 7):
            tx.pairings.add(a_pairing(number, 2 if number == 5 else 1))
        tx.attempts.add(attempt(1, NOW - 11 * minute), AttemptKeys())
        tx.attempts.add(attempt(2, NOW - 9 * minute), AttemptKeys())
        tx.attempts.add(attempt(3, NOW - 5 * minute, unit=7), AttemptKeys())
        tx.attempts.add(attempt(4, NOW - 4 * minute, unit=8), AttemptKeys())
        tx.attempts.add(attempt(5, NOW - 3 * minute), AttemptKeys())
        tx.attempts.add(attempt(6, NOW + minute), AttemptKeys())

    await database.run(seed)
    found = await database.read(lambda tx: tx.attempts.of_account_at(account_id(1), unit_id(7), NOW))
    assert [one.attempt_id for one in found] == [an_attempt(3).attempt_id, an_attempt(2).attempt_id]
    unknown = await database.read(lambda tx: tx.attempts.of_account_at(account_id(1), None, NOW))
    assert [one.attempt_id for one in unknown] == [an_attempt(2).attempt_id]


async def test_open_attempts_whose_time_ran_out_come_oldest_first(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        for number in (3, 1, 2):
            tx.attempts.add(replace(an_attempt(number), due_at=NOW + number * SECOND), AttemptKeys())
        tx.attempts.add(replace(an_attempt(8), due_at=None), AttemptKeys())
        tx.attempts.add(replace(an_attempt(9, Outcome.FAILED), due_at=NOW), AttemptKeys())

    assert await database.read(lambda tx: tx.attempts.next_due()) is None
    await database.run(seed)
    assert await database.read(lambda tx: tx.attempts.next_due()) == NOW + SECOND
    late = await database.read(lambda tx: tx.attempts.overdue(NOW + 2 * SECOND, 9))
    assert [one.attempt_id for one in late] == [an_attempt(1).attempt_id, an_attempt(2).attempt_id]
    assert len(await database.read(lambda tx: tx.attempts.overdue(NOW + 9 * SECOND, 1))) == 1


async def test_a_trace_id_names_one_attempt(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.attempts.add(an_attempt(1), AttemptKeys())
        tx.attempts.add(replace(an_attempt(2), trace_id=an_attempt(1).trace_id), AttemptKeys())

    with pytest.raises(IntegrityError):
        await database.run(work)
