"""Nothing is turned on at night, by the clock on the wall of the home, over changes of summer time."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.automations import Trigger
from tests.usecases.household import Household
from tests.usecases.neighbourhood import ALL, Neighbourhood, come_near


@pytest.fixture
def near(household: Household) -> Neighbourhood:
    return Neighbourhood(household)


@pytest.mark.parametrize(
    ("moment", "zone", "reason"),
    [
        # Berlin, 29 March 2026: at 01:00 UTC the clock goes from 02:00 to 03:00. 06:00 is 04:00 UTC from then on.
        ("2026-03-28T21:58:00", "Europe/Berlin", "acts"),
        ("2026-03-28T22:00:00", "Europe/Berlin", "night"),
        ("2026-03-29T00:59:00", "Europe/Berlin", "night"),
        ("2026-03-29T01:00:00", "Europe/Berlin", "night"),
        ("2026-03-29T03:59:00", "Europe/Berlin", "night"),
        ("2026-03-29T04:00:00", "Europe/Berlin", "acts"),
        ("2026-03-29T20:58:00", "Europe/Berlin", "acts"),
        ("2026-03-29T21:00:00", "Europe/Berlin", "night"),
        # 25 October 2026: 02:00 to 03:00 comes twice, at 00:00 and at 01:00 UTC. 06:00 is 05:00 UTC from then on.
        ("2026-10-25T00:30:00", "Europe/Berlin", "night"),
        ("2026-10-25T01:30:00", "Europe/Berlin", "night"),
        ("2026-10-25T04:00:00", "Europe/Berlin", "night"),
        ("2026-10-25T04:59:00", "Europe/Berlin", "night"),
        ("2026-10-25T05:00:00", "Europe/Berlin", "acts"),
        ("2026-10-25T21:58:00", "Europe/Berlin", "acts"),
        ("2026-10-25T22:00:00", "Europe/Berlin", "night"),
        # Where midnight itself is left out (Santiago, 6 September 2026, at 04:00 UTC), and half an hour is a zone.
        ("2026-09-06T01:58:00", "America/Santiago", "acts"),
        ("2026-09-06T03:00:00", "America/Santiago", "night"),
        ("2026-09-06T04:00:00", "America/Santiago", "night"),
        ("2026-09-06T09:00:00", "America/Santiago", "acts"),
        ("2026-03-01T17:28:00", "Asia/Kolkata", "acts"),
        ("2026-03-01T17:30:00", "Asia/Kolkata", "night"),
    ],
)
async def test_night_is_by_the_clock_on_the_wall(near: Neighbourhood, moment: str, zone: str, reason: str) -> None:
    ann = await near.account(*ALL)
    heater, home = await near.household.bound(ann), await near.home(ann, zone=zone)
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    near.household.now = datetime.fromisoformat(moment).replace(tzinfo=UTC) - timedelta(minutes=31)
    await come_near(near, ann, home)
    assert [line.reason.value for line in await near.lines(rule.automation_id)] == [reason]


async def test_what_was_decided_before_night_is_asked_again_when_it_acts(near: Neighbourhood) -> None:
    ann = await near.account(*ALL)
    heater, home = await near.household.bound(ann), await near.home(ann, zone="Europe/Berlin")
    rule = await near.rule(ann, home, heater, Trigger.NEAR, "on")
    near.household.now = datetime(2026, 3, 1, 21, 59, tzinfo=UTC) - timedelta(minutes=31)
    await come_near(near, ann, home)
    assert (await near.firing(ann)).due_at == datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
    near.pass_by(seconds=60)
    await near.household.hello(heater)
    await near.tick()
    assert await near.actions_to(heater) == []
    assert (await near.reasons(rule))[-1] == "nothing: night"
