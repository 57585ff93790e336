"""Support's look-up, card and funnel, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import UnitId
from gateway.domain.stage_picture import Passing
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.keys import KeyRing, MasterKey
from gateway.storage.statements import Statements
from gateway.usecases import support
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.services import IndexedField
from gateway.usecases.support import Found
from gateway.usecases.transaction import Transaction
from tests.storage.records import NOW, SECOND, a_device, a_unit, an_attempt, device_id, named, pairing_id
from tests.usecases.household import Household

INDEXES = HmacBlindIndexes(KeyRing(MasterKey(bytes(range(32)))))
MAC = "a4:c1:38:00:4f:2a"
MACHINE_CODE = "SQ24-0001-1183"
MAC_INDEX = INDEXES.index(IndexedField.MAC, MAC)
MACHINE_CODE_INDEX = INDEXES.index(IndexedField.MACHINE_CODE, MACHINE_CODE)

UNIT = ListedUnit(replace(a_unit().unit, mac_index=MAC_INDEX, machine_code_index=MACHINE_CODE_INDEX))
FIRST = replace(
    an_attempt(1, Outcome.FAILED),
    trace_id="k7q-4m2",
    stage_reached=Stage.TLS,
    code=Code.TLS_CLIENT_CERT_MISSING,
    type_id=None,
    firmware=None,
)
SECOND_TRY = replace(an_attempt(2, Outcome.FAILED), trace_id="abc-def", unit_id=FIRST.unit_id, opened_at=NOW + SECOND)
NAMED_ONLY = replace(an_attempt(3), trace_id="xyz-xyz", unit_id=None, opened_at=NOW + 2 * SECOND)


def seed(tx: Transaction) -> None:
    tx.units.add([UNIT])
    tx.devices.add(a_device(), NOW)
    tx.attempts.add(FIRST, AttemptKeys())
    tx.attempts.add(SECOND_TRY, AttemptKeys())
    tx.attempts.add(NAMED_ONLY, AttemptKeys(None, MAC_INDEX, "2a", None, None))
    tx.attempts.note(FIRST.attempt_id, Evidence(Source.APP, NOW, "pairing_opened", stage=Stage.PAIR))
    refused = Evidence(
        Source.BROKER, NOW + SECOND, "refused", stage=Stage.TLS, code=Code.TLS_CLIENT_CERT_MISSING, probable=True
    )
    tx.attempts.note(FIRST.attempt_id, refused)
    said = Evidence(Source.APP, NOW, "app_says", stage=Stage.TLS, code=Code.TLS_RESET)
    tx.attempts.note(FIRST.attempt_id, said)


@pytest.fixture
async def house(household: Household) -> Household:
    await household.database.run(seed)
    return household


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What any database is asked from now on."""
    asked: list[object] = []
    for name in ("execute", "first", "all"):
        really = getattr(Statements, name)

        def watched(self: Statements, statement: object, values: object = None, *, really: Any = really) -> Any:
            asked.append(statement)
            return really(self, statement, values)

        monkeypatch.setattr(Statements, name, watched)
    return asked


async def look_up(house: Household, words: str) -> Found:
    return await house.database.read(lambda tx: support.find(tx, INDEXES, words))


def attempts(found: Found) -> list[Attempt]:
    return [listed.attempt for listed in found.attempts]


@pytest.mark.parametrize(
    "words", ["A4-C1-38-00-4F-2A", "a4c138004f2a", "sq24-0001-1183", device_id(), a_unit().unit.unit_id]
)
async def test_any_name_of_a_unit_finds_it_and_all_its_attempts_newest_first(house: Household, words: str) -> None:
    found = await look_up(house, words)
    unit = found.unit
    assert unit is not None
    assert unit.unit_id == FIRST.unit_id
    assert attempts(found) == [NAMED_ONLY, SECOND_TRY, FIRST]


@pytest.mark.parametrize("words", ["303 k7q-4m2", "K7Q 4M2", pairing_id(1), FIRST.attempt_id])
async def test_a_name_of_one_attempt_finds_that_one_only(house: Household, words: str) -> None:
    found = await look_up(house, words)
    assert (found.unit, attempts(found), found.newest) == (None, [FIRST], FIRST.attempt_id)
    assert not found.digits_differ


async def test_another_code_than_the_present_one_is_said(house: Household) -> None:
    found = await look_up(house, "305 k7q-4m2")
    assert (found.told_digits, found.digits_differ) == ("305", True)
    assert attempts(found) == [FIRST]


@pytest.mark.parametrize("words", ["", "303", "a4:c1:38:00:4f:2b", "k7q-4m3", "SQ24", named("d", 7), "%", "x" * 1000])
async def test_anything_else_finds_nothing(house: Household, words: str) -> None:
    found = await look_up(house, words)
    assert found.is_miss
    assert await house.database.read(lambda tx: support.card(tx, found.newest, NOW)) is None


async def test_a_miss_runs_the_same_statements_as_a_hit(house: Household, statements: list[object]) -> None:
    def look(tx: Transaction, words: str) -> None:
        found = support.find(tx, INDEXES, words)
        support.card(tx, found.newest, NOW)

    runs = []
    for words in ("303 k7q-4m2", MAC, MACHINE_CODE, "k7q-4m3", "a4:c1:38:00:4f:2b", "nonsense !", ""):
        statements.clear()
        await house.database.read(lambda tx, words=words: look(tx, words))  # type: ignore[misc]
        runs.append(tuple(statements))
    assert len(runs[0]) == 6
    assert len(set(runs)) == 1


async def test_a_card_tells_verdict_picture_timeline_and_who_it_is(house: Household) -> None:
    card = await house.database.read(lambda tx: support.card(tx, FIRST.attempt_id, NOW))
    assert card is not None
    assert card.attempt == FIRST
    assert card.verdict.stage is Stage.TLS
    assert card.verdict.confidence is not Confidence.OBSERVED  # joined by circumstances, or the app's word
    assert [(one.first.source, one.second.source) for one in card.verdict.contradictions]
    assert [mark.passing for mark in card.stages] == [Passing.PASSED] * 3 + [Passing.FAILED] + [Passing.NOT_REACHED] * 6
    assert [line.at for line in card.timeline] == sorted(line.at for line in card.timeline)
    assert len(card.timeline) == 3
    assert (card.mac_tail, card.machine_code_tail) == ("2a", "83")
    assert (card.type_id, card.firmware) == (UNIT.unit.type_id, a_device().firmware)  # as the books have it
    assert card.unit is not None
    assert card.failing_alike == 0


async def test_the_same_failure_elsewhere_is_counted_for_seven_days(house: Household) -> None:
    def again(tx: Transaction) -> None:
        other = replace(FIRST, unit_id=UnitId(named("u", 8)), pairing_id=None)
        tx.attempts.add(replace(other, attempt_id=an_attempt(8).attempt_id, trace_id="aaa-aaa"), AttemptKeys())

    await house.database.run(again)
    week = support.ALIKE_FOR
    for later, many in ((week, 1), (week + SECOND, 0)):
        card = await house.database.read(lambda tx, at=NOW + later: support.card(tx, FIRST.attempt_id, at))  # type: ignore[misc]
        assert card is not None
        assert card.failing_alike == many


async def test_no_identifier_shows_in_a_repr(house: Household) -> None:
    found = await look_up(house, MAC)
    card = await house.database.read(lambda tx: support.card(tx, FIRST.attempt_id, NOW))
    for shown in (repr(found), repr(found.unit), repr(card)):
        assert str(FIRST.unit_id) not in shown
        assert str(FIRST.pairing_id) not in shown
        assert device_id() not in shown
        assert repr(MAC_INDEX) not in shown


async def test_a_funnel_reaches_back_no_further_than_successes_are_kept(house: Household) -> None:
    until = NOW + timedelta(hours=1)
    told = await house.database.read(lambda tx: support.funnel(tx, NOW - timedelta(days=20), until, until))
    assert told.since == until - support.FUNNEL_AT_MOST
    assert (told.attempts, told.open, told.failed, told.succeeded) == (3, 1, 2, 0)
    assert told.stages[Stage.TLS.digit].failed == 1
    assert [top.code for top in told.top_codes] == [Code.ACT_UNKNOWN_MACHINE_CODE, Code.TLS_CLIENT_CERT_MISSING]
    later = await house.database.read(lambda tx: support.funnel(tx, NOW + SECOND, until, until))
    assert (later.since, later.attempts) == (NOW + SECOND, 2)
