"""Run check: each point judged by what the gateway knows at that moment."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.certificates import Certificate, CertificateState
from gateway.domain.devices import DeviceStatus
from gateway.domain.presence import REPORT_EVERY, SILENCE_LIMIT
from gateway.domain.state import Known
from gateway.domain.units import BlockReason
from gateway.storage.database import Database
from gateway.usecases import presence
from gateway.usecases.repositories.states import StoredState
from gateway.usecases.run_check import CLOCK_MAY_DIFFER, Judged, Point, run_check
from gateway.usecases.transaction import Transaction
from tests.databases import POSTGRESQL
from tests.storage.records import (
    NOW,
    a_binding,
    a_command,
    device_id,
    digest,
    unit_id,
    with_accounts,
    with_devices,
)

HEATER = device_id(1)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)

Work = Callable[[Transaction], object]


def a_certificate(serial: str = "1a", **facts: object) -> Certificate:
    made = Certificate(
        serial=serial,
        device_id=HEATER,
        key_digest=digest(f"key {serial}"),
        state=CertificateState.CONFIRMED,
        not_before=NOW - DAY,
        not_after=NOW + 365 * DAY,
        x509_not_after=NOW + 455 * DAY,
        renew_after=NOW + 243 * DAY,
        prepared_at=NOW,
        pem="pem",
        fingerprint=digest("fingerprint"),
        issued_at=NOW,
        confirmed_at=NOW,
    )
    return replace(made, **facts)  # type: ignore[arg-type]  # whatever the test changes


def reported(tx: Transaction, *, clock_off: timedelta = timedelta(), epoch: int = 0) -> None:
    state = StoredState(HEATER, epoch, Known("", 1, {"power": "on"}), NOW + clock_off, NOW)
    tx.states.put([state], tx.next_revision())


def changed(tx: Transaction, **facts: object) -> None:
    device = tx.devices.get(HEATER)
    assert device is not None
    tx.devices.update(replace(device, **facts))  # type: ignore[arg-type]


def commanded(tx: Transaction) -> None:
    tx.commands.add(a_command(), None)


async def points(database: Database, *works: Work, after: timedelta = SECOND) -> dict[Point, tuple[Judged, str]]:
    """What each point comes to, some time after these things happened to Ann's heater."""

    def work(tx: Transaction) -> dict[Point, tuple[Judged, str]]:
        with_accounts(tx, 1)
        with_devices(tx, 1)
        tx.bindings.put(a_binding())
        for one in works:
            one(tx)
        return {}

    await database.run(work)
    checks = await database.run(lambda tx: run_check(tx, HEATER, NOW + after))
    assert checks is not None
    assert [check.point for check in checks] == list(Point), "all of them, each once, in order"
    return {check.point: (check.judged, check.seen) for check in checks}


@pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)
async def test_nobody_waits_for_a_check_and_it_waits_for_nobody(database: Database) -> None:
    def reports(tx: Transaction) -> None:
        reported(tx)
        hello(tx)

    await points(database, reports)
    with database.engine.begin() as storing:
        for table in ("states", "presences"):
            storing.exec_driver_sql(f"SELECT 1 FROM {table} FOR UPDATE")  # noqa: S608 - names of ours
        async with asyncio.timeout(5):
            assert await database.run(lambda tx: run_check(tx, HEATER, NOW + SECOND)) is not None


def hello(tx: Transaction) -> None:
    presence.said_hello(tx, HEATER, None, NOW)


def bye(tx: Transaction) -> None:
    presence.said_bye(tx, HEATER, NOW)


@pytest.mark.parametrize(
    ("works", "after", "point", "judged", "seen"),
    [
        ([], SECOND, Point.STATUS, Judged.GOOD, "status_activated"),
        (
            [lambda tx: changed(tx, status=DeviceStatus.QUARANTINED)],
            SECOND,
            Point.STATUS,
            Judged.BAD,
            "status_quarantined",
        ),
        ([], SECOND, Point.BLOCKED, Judged.GOOD, "no"),
        (
            [lambda tx: tx.units.block(unit_id(1), BlockReason.THEFT)],
            SECOND,
            Point.BLOCKED,
            Judged.BAD,
            "blocked_theft",
        ),
        ([], SECOND, Point.OWNER, Judged.GOOD, "owner_yes"),
        ([lambda tx: changed(tx, epoch=1)], SECOND, Point.OWNER, Judged.NOTE, "owner_no"),
        ([], SECOND, Point.PRESENCE, Judged.BAD, "never_seen"),
        ([hello], SECOND, Point.PRESENCE, Judged.GOOD, "online"),
        ([hello, bye], SECOND, Point.PRESENCE, Judged.BAD, "offline_bye"),
        ([hello], REPORT_EVERY, Point.LAST_SEEN, Judged.GOOD, "ago"),
        ([hello], REPORT_EVERY + SECOND, Point.LAST_SEEN, Judged.NOTE, "ago"),
        ([], SECOND, Point.LAST_SEEN, Judged.NONE, "never_seen"),
        ([hello], SECOND, Point.REPORT, Judged.BAD, "report_none"),
        ([], SECOND, Point.REPORT, Judged.NONE, "report_none"),
        ([hello, reported], 2 * REPORT_EVERY, Point.REPORT, Judged.GOOD, "report_at"),
        ([hello, reported], 2 * REPORT_EVERY + SECOND, Point.REPORT, Judged.BAD, "report_at"),
        ([hello, reported, lambda tx: changed(tx, epoch=1)], SECOND, Point.REPORT, Judged.BAD, "report_none"),
        ([], SECOND, Point.CERTIFICATE, Judged.BAD, "certificate_none"),
        (
            [lambda tx: tx.certificates.add(a_certificate())],
            SECOND,
            Point.CERTIFICATE,
            Judged.GOOD,
            "certificate_until",
        ),
        (
            [lambda tx: tx.certificates.add(a_certificate())],
            243 * DAY,
            Point.CERTIFICATE,
            Judged.NOTE,
            "certificate_soon",
        ),
        (
            [lambda tx: tx.certificates.add(a_certificate())],
            365 * DAY,
            Point.CERTIFICATE,
            Judged.BAD,
            "certificate_over",
        ),
        ([], SECOND, Point.CERTIFICATE_USED, Judged.NONE, "certificate_untold"),
        (
            [lambda tx: tx.certificates.add(a_certificate()), lambda tx: tx.devices.connected_with(HEATER, "1a")],
            SECOND,
            Point.CERTIFICATE_USED,
            Judged.GOOD,
            "certificate_same",
        ),
        (
            [lambda tx: tx.certificates.add(a_certificate()), lambda tx: tx.devices.connected_with(HEATER, "2b")],
            SECOND,
            Point.CERTIFICATE_USED,
            Judged.BAD,
            "certificate_other",
        ),
        ([], SECOND, Point.FIRMWARE, Judged.GOOD, "firmware"),
        ([lambda tx: changed(tx, firmware=None)], SECOND, Point.FIRMWARE, Judged.NONE, "firmware_none"),
        ([], SECOND, Point.CLOCK, Judged.NONE, "clock_untold"),
        ([lambda tx: reported(tx, clock_off=CLOCK_MAY_DIFFER)], SECOND, Point.CLOCK, Judged.GOOD, "clock_good"),
        ([lambda tx: reported(tx, clock_off=-CLOCK_MAY_DIFFER - SECOND)], SECOND, Point.CLOCK, Judged.BAD, "clock_off"),
        ([], SECOND, Point.COMMANDS, Judged.GOOD, "commands_none"),
        ([commanded], SECOND, Point.COMMANDS, Judged.NOTE, "commands_some"),
    ],
)
async def test_a_point_is_judged(
    database: Database, works: list[Work], after: timedelta, point: Point, judged: Judged, seen: str
) -> None:
    found = await points(database, *works, after=after)
    assert found[point] == (judged, seen)


async def test_silence_counts_as_gone(database: Database) -> None:
    await points(database, hello)
    await database.run(lambda tx: presence.mark_silent(tx, NOW + SILENCE_LIMIT))
    found = await points(database, after=SILENCE_LIMIT + MINUTE)
    assert found[Point.PRESENCE] == (Judged.BAD, "offline_silence")


async def test_nothing_is_checked_of_a_device_that_is_not_there(database: Database) -> None:
    assert await database.run(lambda tx: run_check(tx, device_id(9), NOW)) is None
