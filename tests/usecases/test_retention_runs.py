"""One run of the retention job among others: small transactions, broken off, at the same time."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.storage.database import Database
from gateway.storage.tables.delivery import tallies
from gateway.usecases import retention
from gateway.usecases.repositories.retention import RetentionClass as Class
from gateway.usecases.retention import sweep
from gateway.usecases.transaction import Transaction
from tests.databases import fresh_url, opened
from tests.storage.records import (
    NOW,
    an_ended_command,
    device_id,
    with_devices,
)
from tests.usecases.old_rows import rows


async def test_a_run_takes_many_small_transactions_and_leaves_the_young(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 10)
    young: datetime = NOW + timedelta(hours=1)

    def seed(tx: Transaction) -> None:
        for number in range(35):
            tx.received.first_time(device_id(), f"old {number}", NOW)
        for number in range(5):
            tx.received.first_time(device_id(), f"young {number}", young)

    await database.run(seed)
    removed: list[int] = []
    original = database.run

    async def counting(work: Callable[[Transaction], Any]) -> Any:
        result = await original(work)
        if isinstance(result, int):
            removed.append(result)
        return result

    monkeypatch.setattr(database, "run", counting)
    swept = await sweep(database, NOW + timedelta(hours=24, seconds=1))
    assert max(removed) == 10
    assert swept[Class.MESSAGE_ID].removed == 35
    assert swept[Class.MESSAGE_ID].oldest_age == timedelta(hours=23, seconds=1)
    assert await original(lambda tx: rows(tx, Class.MESSAGE_ID)) == 5


async def test_a_run_that_broke_off_is_continued_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 10)

    def seed(tx: Transaction) -> None:
        for number in range(35):
            tx.received.first_time(device_id(), f"old {number}", NOW)

    await database.run(seed)
    original = database.run

    async def breaking(work: Callable[[Transaction], Any]) -> Any:
        result = await original(work)
        if result == 10:
            raise ConnectionError
        return result

    later = NOW + timedelta(days=2)
    with monkeypatch.context() as patched:
        patched.setattr(database, "run", breaking)
        with pytest.raises(ConnectionError):
            await sweep(database, later)
    there = await database.run(lambda tx: rows(tx, Class.MESSAGE_ID))
    assert there == 25
    await sweep(database, later)
    assert await database.run(lambda tx: rows(tx, Class.MESSAGE_ID)) == 0


async def test_two_gateways_may_sweep_at_once(tmp_path: Path) -> None:
    with fresh_url("postgresql", tmp_path) as url, opened(url) as one, opened(url) as other:

        def seed(tx: Transaction) -> None:
            with_devices(tx, 1)
            for number in range(2500):
                tx.received.first_time(device_id(), f"m {number}", NOW)
            for number in range(300):
                tx.commands.add(an_ended_command(number), None)

        await one.run(seed)
        later = NOW + timedelta(days=40)
        await asyncio.gather(sweep(one, later), sweep(other, later))
        await sweep(one, later)
        assert await one.run(lambda tx: rows(tx, Class.MESSAGE_ID)) == 0
        value = select(func.sum(tallies.c.value)).where(tallies.c.name.startswith("commands."))
        assert await one.run(lambda tx: tx.statements.execute(value).scalar_one()) == 300  # type: ignore[attr-defined]
