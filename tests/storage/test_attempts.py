"""The repository of attempts and their evidence, the same on every database."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import AttemptId, ClaimId
from gateway.storage.database import Database
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.transaction import DatabaseUnavailableError, StaleVersionError, Transaction
from tests.storage.records import (
    NOW,
    SECOND,
    a_pairing,
    account_id,
    an_attempt,
    digest,
    named,
    pairing_id,
    unit_id,
    with_accounts,
)

CLAIM = ClaimId(named("c", 1))


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
