"""Look-ups of support: in the owner's activity, thirty an hour, and an alarm for many misses."""

import asyncio

import pytest

from gateway.domain.audit import Result
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import LOOKUPS_AN_HOUR, MANY_MISSES, LookedEnough
from gateway.usecases import audit
from gateway.usecases.outbox import Committed, Counted
from gateway.usecases.support_access import Looked
from tests.staff_desk import Desk
from tests.usecases.support_home import ANN, HEATER, STRAY, last_row, look

pytestmark = pytest.mark.usefixtures("at_home")


async def test_a_look_at_a_unit_is_in_its_owners_activity(desk: Desk) -> None:
    vic = await desk.at_work("vic", StaffRole.VIEWER)
    assert await look(desk, vic, HEATER) == Looked(HEATER, alarm=False)
    activity, _ = await desk.database.read(lambda tx: audit.activity_of(tx, ANN, None, 10))
    assert [(one.role, one.action, one.device_id) for one in activity] == [("viewer", Action.VIEW_UNIT, HEATER)]
    assert await look(desk, vic, STRAY) == Looked(STRAY, alarm=False)
    assert (await last_row(desk)).account_id is None


async def test_thirty_an_hour_hits_and_misses_of_both_kinds(desk: Desk) -> None:
    eng, vic = await desk.at_work("eng", StaffRole.ENGINEER), await desk.at_work("vic", StaffRole.VIEWER)
    for number in range(LOOKUPS_AN_HOUR):
        found = HEATER if number % 5 else None
        action = Action.READ_TRACE if number % 2 else Action.VIEW_UNIT
        assert isinstance(await look(desk, eng, found, action), Looked)
        desk.pass_by(seconds=10)
    assert await look(desk, eng, HEATER) == LookedEnough(3300)
    assert (await last_row(desk)).result == Result.REFUSED
    assert (await last_row(desk)).device_id is None
    assert isinstance(await look(desk, vic, HEATER), Looked)
    desk.pass_by(seconds=3299)
    assert await look(desk, eng, HEATER) == LookedEnough(1)
    desk.pass_by(seconds=1)
    assert isinstance(await look(desk, eng, HEATER), Looked)


async def test_of_many_at_once_no_more_than_thirty_are_made(desk: Desk) -> None:
    vic = await desk.at_work("vic", StaffRole.VIEWER)
    answers = await asyncio.gather(*(look(desk, vic, None) for _ in range(LOOKUPS_AN_HOUR + 10)))
    assert sum(isinstance(answer, Looked) for answer in answers) == LOOKUPS_AN_HOUR


async def test_many_misses_raise_the_alarm_once_and_it_is_counted(desk: Desk) -> None:
    vic = await desk.at_work("vic", StaffRole.VIEWER)
    counted: list[tuple[Counted, tuple[str, ...]]] = []

    def listen(committed: Committed) -> None:
        counted.extend(one for one in committed.counted if one[0] is Counted.SUPPORT_ALARM)

    desk.database.on_commit(listen)
    alarms = [(await look(desk, vic, None)).alarm for _ in range(MANY_MISSES + 5)]
    assert alarms.index(True) == MANY_MISSES - 1
    assert alarms.count(True) == 1
    assert counted == [(Counted.SUPPORT_ALARM, ("misses",))]
