"""What support reads, the same on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.funnel import Share, Tally, TopCode
from gateway.domain.identity import AttemptId, ClaimId, DeviceId, PairingId, UnitId
from gateway.storage.database import Database
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.repositories.support import AttemptFilter, LookUpKeys
from gateway.usecases.transaction import Transaction
from tests.storage.records import (
    NOW,
    SECOND,
    a_device,
    a_unit,
    an_attempt,
    device_id,
    digest,
    named,
    pairing_id,
    unit_id,
    with_devices,
)

DAY = timedelta(days=1)
NOTHING = LookUpKeys(digest("-"), digest("-"), "", AttemptId(""), PairingId(""), DeviceId(""), UnitId(""), ClaimId(""))


def failed(number: int, code: Code = Code.ACT_BLOCKED, **other: object) -> Attempt:
    plain = replace(an_attempt(number, Outcome.FAILED), code=code, confidence=Confidence.OBSERVED)
    return replace(plain, **other)  # type: ignore[arg-type]


def keys_of(number: int) -> AttemptKeys:
    return AttemptKeys(None, digest(f"mac {number}"), "2a", digest(f"machine code {number}"), "83")


async def test_a_unit_is_found_under_each_of_its_names(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_devices(tx, 1, 2)
        tx.units.add([a_unit(3)])

    await database.run(seed)
    for key in (
        replace(NOTHING, mac_index=digest("mac 1")),
        replace(NOTHING, machine_code_index=digest("machine code 1")),
        replace(NOTHING, unit_id=unit_id(1)),
        replace(NOTHING, device_id=device_id(1)),
        replace(NOTHING, claim_id=ClaimId(named("c", 1))),
    ):
        found = await database.read(lambda tx, key=key: tx.support.unit(key))  # type: ignore[misc]
        assert found is not None
        assert (found.unit_id, found.device_id, found.firmware) == (unit_id(1), device_id(1), a_device(1).firmware)
        assert (found.mac_tail, found.machine_code_tail, found.blocked) == ("2a", "83", None)
    never = await database.read(lambda tx: tx.support.unit(replace(NOTHING, unit_id=unit_id(3))))
    assert never is not None
    assert never.device_id is None
    assert await database.read(lambda tx: tx.support.unit(NOTHING)) is None


async def test_attempts_are_found_under_each_of_their_names_newest_first(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        for number in (1, 2, 3):
            attempt = replace(an_attempt(number), opened_at=NOW + number * SECOND)
            tx.attempts.add(attempt, keys_of(1 if number < 3 else 3))

    await database.run(seed)

    async def numbers(keys: LookUpKeys, at_most: int = 9) -> list[str]:
        found = await database.read(lambda tx: tx.support.attempts(keys, at_most))
        return [listed.attempt.trace_id for listed in found]

    assert await numbers(replace(NOTHING, mac_index=digest("mac 1"))) == ["xyz-002", "xyz-001"]
    assert await numbers(replace(NOTHING, machine_code_index=digest("machine code 3"))) == ["xyz-003"]
    assert await numbers(replace(NOTHING, trace_id="xyz-002")) == ["xyz-002"]
    assert await numbers(replace(NOTHING, pairing_id=pairing_id(2))) == ["xyz-002"]
    assert await numbers(replace(NOTHING, unit_id=unit_id(3))) == ["xyz-003"]
    assert await numbers(replace(NOTHING, attempt_id=an_attempt(1).attempt_id)) == ["xyz-001"]
    assert await numbers(replace(NOTHING, mac_index=digest("mac 1")), 1) == ["xyz-002"]
    assert await numbers(NOTHING) == []


async def test_one_attempt_comes_with_the_tails_that_its_appliance_named(database: Database) -> None:
    await database.run(lambda tx: tx.attempts.add(an_attempt(), keys_of(1)))
    found = await database.read(lambda tx: tx.support.attempt(an_attempt().attempt_id))
    assert found is not None
    assert (found.attempt, found.mac_tail, found.machine_code_tail) == (an_attempt(), "2a", "83")
    assert await database.read(lambda tx: tx.support.attempt(AttemptId(""))) is None


async def test_a_list_is_chosen_by_time_failure_and_code(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        tx.attempts.add(an_attempt(1), AttemptKeys())
        tx.attempts.add(failed(2), AttemptKeys())
        tx.attempts.add(failed(3, Code.ACT_MALFORMED), AttemptKeys())
        tx.attempts.add(failed(4, opened_at=NOW - DAY), AttemptKeys())

    await database.run(seed)

    async def numbers(which: AttemptFilter, at_most: int = 9) -> list[str]:
        return [one.attempt.trace_id for one in await database.read(lambda tx: tx.support.newest(which, at_most))]

    assert await numbers(AttemptFilter(NOW)) == ["xyz-003", "xyz-002", "xyz-001"]
    assert await numbers(AttemptFilter(NOW - DAY, failed_only=True)) == ["xyz-003", "xyz-002", "xyz-004"]
    assert await numbers(AttemptFilter(NOW - DAY, code=Code.ACT_BLOCKED)) == ["xyz-002", "xyz-004"]
    assert await numbers(AttemptFilter(NOW), 2) == ["xyz-003", "xyz-002"]


async def test_other_appliances_that_fail_alike_are_counted_once_each(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        tx.units.add([a_unit(9)])
        tx.attempts.add(failed(1), AttemptKeys())
        tx.attempts.add(failed(2, unit_id=unit_id(1)), AttemptKeys())  # the same appliance again
        tx.attempts.add(failed(3), AttemptKeys())
        tx.attempts.add(failed(4, unit_id=unit_id(3)), AttemptKeys())  # counted already
        tx.attempts.add(failed(5, Code.ACT_MALFORMED), AttemptKeys())  # another code
        tx.attempts.add(failed(6, firmware="2.0.0"), AttemptKeys())
        tx.attempts.add(failed(7, type_id=None), AttemptKeys())
        tx.attempts.add(failed(8, opened_at=NOW - DAY), AttemptKeys())
        tx.attempts.add(failed(9, unit_id=None), keys_of(9))  # named by its machine code only
        tx.attempts.add(failed(10, unit_id=unit_id(9)), AttemptKeys())  # and by its own proof: one appliance
        tx.attempts.add(failed(11, unit_id=None), AttemptKeys())  # nobody known, somebody else all the same
        tx.attempts.add(an_attempt(12), AttemptKeys())

    await database.run(seed)
    many = await database.read(lambda tx: tx.support.units_failing_alike(an_attempt(1).attempt_id, NOW))
    assert many == 3
    assert await database.read(lambda tx: tx.support.units_failing_alike(an_attempt(12).attempt_id, NOW)) == 0
    assert await database.read(lambda tx: tx.support.units_failing_alike(AttemptId(""), NOW)) == 0


async def test_attempts_are_tallied_and_silence_is_what_nobody_else_explains(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        for number in (1, 2, 3, 4):
            attempt = failed(number, Code.OPCONN_NEVER, stage_reached=Stage.OPCONN)
            tx.attempts.add(attempt, AttemptKeys())
            silence = Evidence(Source.SILENCE, NOW, "silent", stage=Stage.OPCONN, code=Code.OPCONN_NEVER)
            tx.attempts.note(attempt.attempt_id, silence)
        line = Evidence(Source.BROKER, NOW, "refused", stage=Stage.OPCONN, code=Code.OPCONN_CERT_REJECTED)
        tx.attempts.note(failed(1).attempt_id, line)
        tx.attempts.note(failed(2).attempt_id, Evidence(Source.GATEWAY, NOW, "seen", stage=Stage.OPCONN))
        tx.attempts.note(failed(3).attempt_id, replace(line, stage=Stage.CERT, code=Code.CERT_STORE_FAILED))
        tx.attempts.add(an_attempt(5), AttemptKeys())
        tx.attempts.add(replace(an_attempt(6), opened_at=NOW + DAY), AttemptKeys())
        tx.attempts.add(replace(an_attempt(7), opened_at=NOW - SECOND), AttemptKeys())

    await database.run(seed)
    tallies = await database.read(lambda tx: tx.support.tallies(NOW, NOW + DAY))
    assert set(tallies) == {
        Tally(Stage.OPCONN, Outcome.FAILED, silent=True, many=3),
        Tally(Stage.OPCONN, Outcome.FAILED, silent=False, many=1),
        Tally(Stage.ACT, Outcome.OPEN, silent=False, many=1),
    }


async def test_first_signs_are_those_of_progress(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        for number in (1, 2):
            tx.attempts.add(replace(an_attempt(number), opened_at=NOW + number * SECOND), AttemptKeys())
        one = an_attempt(1).attempt_id
        tx.attempts.note(one, Evidence(Source.CLAIM, NOW + 2 * SECOND, "again", stage=Stage.CLAIM))
        tx.attempts.note(one, Evidence(Source.CLAIM, NOW + SECOND, "came", stage=Stage.CLAIM))
        tx.attempts.note(one, Evidence(Source.GATEWAY, NOW + 3 * SECOND, "issued", stage=Stage.CERT))
        tx.attempts.note(one, Evidence(Source.GATEWAY, NOW, "no", stage=Stage.ACT, code=Code.ACT_BLOCKED))
        tx.attempts.note(one, Evidence(Source.SILENCE, NOW, "silent", stage=Stage.OPCONN))
        tx.attempts.note(one, Evidence(Source.BROKER, NOW, "a line"))

    await database.run(seed)
    span = (NOW, NOW + DAY)
    signs = {Stage.CLAIM: NOW + SECOND, Stage.CERT: NOW + 3 * SECOND}
    assert await database.read(lambda tx: tx.support.first_signs(*span, 9)) == [signs]
    assert await database.read(lambda tx: tx.support.first_signs(*span, 1)) == []  # the newest has none


async def test_only_the_first_try_of_a_unit_counts_as_one(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        done = an_attempt(1, Outcome.SUCCEEDED)
        tx.attempts.add(done, AttemptKeys())
        tx.attempts.add(replace(failed(2, opened_at=NOW + SECOND), unit_id=unit_id(2)), AttemptKeys())
        again = replace(an_attempt(3, Outcome.SUCCEEDED), opened_at=NOW + 2 * SECOND, unit_id=unit_id(2))
        tx.attempts.add(again, AttemptKeys())
        tx.attempts.add(failed(4, opened_at=NOW - DAY), AttemptKeys())
        tx.attempts.add(replace(an_attempt(5, Outcome.SUCCEEDED), unit_id=unit_id(4)), AttemptKeys())
        tx.attempts.add(failed(6, unit_id=None), AttemptKeys())
        tx.attempts.add(an_attempt(7), AttemptKeys())  # may still become anything

    await database.run(seed)
    assert await database.read(lambda tx: tx.support.first_tries(NOW, NOW + DAY)) == Share(1, 2)
    assert await database.read(lambda tx: tx.support.first_tries(NOW + DAY, NOW + 2 * DAY)) == Share(0, 0)


async def test_codes_are_counted_by_what_they_happen_to(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        for number in (1, 2, 3):
            tx.attempts.add(failed(number), AttemptKeys())
        tx.attempts.add(failed(4, app_version="5.1"), AttemptKeys())
        tx.attempts.add(failed(5, firmware=None, app_version="5.1"), AttemptKeys())
        tx.attempts.add(failed(6, firmware=None, app_version="5.1"), AttemptKeys())
        tx.attempts.add(an_attempt(7), AttemptKeys())

    await database.run(seed)
    told = await database.read(lambda tx: tx.support.top_codes(NOW, NOW + DAY, 2))
    assert told == [
        TopCode(Code.ACT_BLOCKED, "heater.panel.s2", "1.2.3", None, 3),
        TopCode(Code.ACT_BLOCKED, "heater.panel.s2", None, "5.1", 2),
    ]
    assert len(await database.read(lambda tx: tx.support.top_codes(NOW, NOW + DAY, 9))) == 3


@pytest.mark.parametrize("database_kind", ["sqlite-file"])
async def test_a_look_up_reads_no_table_from_end_to_end(database: Database) -> None:
    """The plan, on SQLite: a full scan would tell a hit from a miss, and take longer with every attempt kept."""
    plans: list[str] = []

    def explain(tx: Transaction) -> None:
        driver = tx.support._statements._driver  # type: ignore[attr-defined]
        asked: list[str] = []
        driver.set_trace_callback(asked.append)
        tx.support.unit(NOTHING)
        tx.support.attempts(NOTHING, 9)
        tx.support.units_failing_alike(AttemptId(""), NOW)
        driver.set_trace_callback(None)
        for text in asked:
            plans.extend(row[-1] for row in driver.execute(f"EXPLAIN QUERY PLAN {text}"))

    await database.read(explain)
    assert len(plans) >= 3
    assert not [line for line in plans if line.startswith("SCAN")], plans
