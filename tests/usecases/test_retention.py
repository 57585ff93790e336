"""The retention job with a moved clock: there one second before its time, gone one second after, for every class."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.domain.attempts import Outcome
from gateway.domain.commands import Status
from gateway.domain.evidence import Evidence, Source
from gateway.storage.database import Database
from gateway.storage.tables import metadata
from gateway.storage.tables.access import session_tokens
from gateway.storage.tables.delivery import tallies
from gateway.usecases import retention
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.repositories.retention import RetentionClass as Class
from gateway.usecases.retention import PERIODS, sweep
from gateway.usecases.transaction import Transaction
from tests.storage.records import (
    NOW,
    SECOND,
    a_command,
    account_id,
    an_attempt,
    an_ended_command,
    digest,
    pairing_id,
    with_accounts,
    with_devices,
)
from tests.usecases.old_rows import FAILED, SEEDS, TEN_MINUTES, rows, session, with_attempt, with_pairing, with_session


def test_every_class_is_tried() -> None:
    assert {which for which, _ in SEEDS.values()} == set(PERIODS)


@pytest.mark.parametrize("what", SEEDS)
async def test_it_is_there_a_second_before_its_time_and_gone_a_second_after(database: Database, what: str) -> None:
    which, seed = SEEDS[what]
    await database.run(seed)
    end = NOW + PERIODS[which]
    seeded = await database.run(lambda tx: rows(tx, which))
    assert seeded > 0

    before = await sweep(database, end - SECOND)
    assert await database.run(lambda tx: rows(tx, which)) == seeded
    assert before[which].removed == 0
    assert before[which].oldest_age == max(PERIODS[which] - SECOND, timedelta(0))

    after = await sweep(database, end + SECOND)
    assert await database.run(lambda tx: rows(tx, which)) == seeded - 1
    assert after[which].removed == 1
    assert after[which].oldest_age == timedelta(0)


async def test_nothing_that_time_ends_is_left_after_all_periods(database: Database) -> None:
    for _, seed in SEEDS.values():
        await database.run(seed)
    await sweep(database, NOW + timedelta(days=1200))
    # Of the audit the newest row and the signatures; of the staff those who work here.
    stays = {"accounts", "passwords", "units", "devices", "counters", "tallies"}
    stays |= {"staff", "audit_rows", "audit_checkpoints"}
    stays |= {"homes", "home_members", "automations"}

    def leftovers(tx: Any) -> set[str]:
        counts = {table.name: select(func.count()).select_from(table) for table in metadata.tables.values()}
        return {name for name, count in counts.items() if tx.statements.execute(count).scalar_one()}

    assert await database.run(leftovers) == stays


async def test_an_attempt_takes_its_evidence_along(database: Database) -> None:
    await database.run(lambda tx: with_attempt(tx, Outcome.FAILED))
    await sweep(database, NOW + timedelta(days=31))
    assert await database.read(lambda tx: tx.attempts.evidence(FAILED)) == []


async def test_evidence_of_an_attempt_stays_as_long_as_the_attempt(database: Database) -> None:
    await database.run(lambda tx: with_attempt(tx, Outcome.FAILED))
    await sweep(database, NOW + timedelta(days=29))
    assert len(await database.read(lambda tx: tx.attempts.evidence(FAILED))) == 1


async def test_more_evidence_than_a_transaction_may_remove_still_goes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 3)
    attempt = an_attempt(outcome=Outcome.FAILED)

    def seed(tx: Transaction) -> None:
        tx.attempts.add(attempt, AttemptKeys())
        for number in range(10):
            tx.attempts.note(attempt.attempt_id, Evidence(Source.CLAIM, NOW, f"seen {number}"))

    await database.run(seed)
    await sweep(database, NOW + timedelta(days=31))
    assert await database.read(lambda tx: tx.attempts.get(attempt.attempt_id)) is None
    assert await database.read(lambda tx: tx.attempts.evidence(attempt.attempt_id)) == []


async def test_a_token_is_forgotten_before_its_pairing(database: Database) -> None:
    await database.run(with_pairing)
    await sweep(database, NOW + TEN_MINUTES + SECOND)
    stored = await database.read(lambda tx: tx.pairings.get(pairing_id()))
    assert stored is not None
    assert stored.token_digest == b""
    assert await database.read(lambda tx: tx.pairings.by_token(digest("token 1"))) is None
    assert len(await database.read(lambda tx: tx.pairings.steps(pairing_id()))) == 1


async def test_an_open_command_is_never_removed(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        tx.commands.add(a_command(), NOW)

    await database.run(seed)
    await sweep(database, NOW + timedelta(days=400))
    assert await database.read(lambda tx: tx.commands.get(a_command().command_id)) is not None


async def test_commands_become_a_count_by_result_and_day(database: Database) -> None:
    results = [Status.APPLIED, Status.APPLIED, Status.EXPIRED]

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        for number, status in enumerate(results):
            tx.commands.add(an_ended_command(number, status), None)
        next_day = replace(an_ended_command(9), issued_at=NOW + timedelta(days=1))
        tx.commands.add(next_day, None)

    await database.run(seed)
    await sweep(database, NOW + timedelta(days=30, seconds=1))
    await sweep(database, NOW + timedelta(days=32))

    def counted(tx: Any) -> set[tuple[Any, ...]]:
        return {tuple(row) for row in tx.statements.all(select(tallies).where(tallies.c.name.startswith("commands.")))}

    assert await database.run(counted) == {
        ("commands.applied", "2026-03-01", 2),
        ("commands.expired", "2026-03-01", 1),
        ("commands.applied", "2026-03-02", 1),
    }


async def test_counts_of_several_runs_add_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        for number in range(5):
            tx.commands.add(an_ended_command(number), None)

    await database.run(seed)
    swept = await sweep(database, NOW + timedelta(days=31))
    assert swept[Class.COMMAND].removed == 5
    value = select(tallies.c.value).where(tallies.c.name.startswith("commands."))
    assert await database.run(lambda tx: tx.statements.execute(value).scalar_one()) == 5  # type: ignore[attr-defined]
    assert await database.read(lambda tx: tx.retention.removed_since(NOW)) == {Class.COMMAND: 5}


async def test_an_officer_sees_what_went_what_is_left_and_what_should_have_gone(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        for number in range(3):
            tx.commands.add(an_ended_command(number), None)
        tx.commands.add(replace(an_ended_command(9), issued_at=NOW + timedelta(days=3)), None)

    await database.run(seed)

    async def of_commands(at: datetime) -> retention.RetentionStatus:
        found = await database.read(lambda tx: retention.status(tx, at))
        assert [one.which for one in found] == list(await database.read(lambda tx: tx.retention.classes()))
        return next(one for one in found if one.which is Class.COMMAND)

    in_time = NOW + timedelta(days=30) + retention.LATE_AFTER
    assert not (await of_commands(in_time)).late
    before = await of_commands(in_time + SECOND)
    assert (before.late, before.oldest, before.removed) == (True, NOW, 0)
    await sweep(database, in_time)
    after = await of_commands(in_time + SECOND)
    assert (after.late, after.oldest, after.removed) == (False, NOW + timedelta(days=3), 3)
    assert (await of_commands(in_time + timedelta(days=29))).removed == 3
    assert (await of_commands(in_time + timedelta(days=30))).removed == 0, "of the last thirty days"


async def test_it_is_known_from_which_event_on_the_log_is_complete(database: Database) -> None:
    for number in range(3):
        await database.run(lambda tx, at=NOW + number * SECOND: tx.emit(account_id(), "k", {}, at))  # type: ignore[misc]
    assert await database.read(lambda tx: tx.events.resumable_from()) == 0
    await sweep(database, NOW + TEN_MINUTES + SECOND * 0.5)
    assert await database.read(lambda tx: tx.events.resumable_from()) == 1
    left = await database.read(lambda tx: tx.events.of_account(account_id(), 0, 10))
    assert [event.number for event in left] == [2, 3]
    await sweep(database, NOW + TEN_MINUTES + SECOND * 5)
    assert await database.read(lambda tx: tx.events.resumable_from()) == 3
    await sweep(database, NOW + TEN_MINUTES + SECOND * 9)
    assert await database.read(lambda tx: tx.events.resumable_from()) == 3


async def test_a_session_takes_its_tokens_along(database: Database) -> None:
    await database.run(lambda tx: with_session(tx, ended=True))
    await sweep(database, NOW + timedelta(days=31))
    count = select(func.count()).select_from(session_tokens)
    assert await database.run(lambda tx: tx.statements.execute(count).scalar_one()) == 0  # type: ignore[attr-defined]


async def test_a_session_in_use_stays_however_old(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        one, access, refresh = session(1, ended=False)
        tx.sessions.add(replace(one, opened_at=NOW - timedelta(days=300)), access, refresh)

    await database.run(seed)
    await sweep(database, NOW + timedelta(days=29))
    assert await database.read(lambda tx: tx.sessions.get(session(1, ended=False)[0].session_id)) is not None
