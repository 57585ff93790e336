"""What a phone tells its gateway of where its owner is, and when."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from device_sim.api import Answer
from device_sim.location.fence import Fence
from device_sim.location.sightings import Fix, Sighting
from device_sim.location.teller import Teller
from device_sim.location.traces import HOME, place_at

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Gateway:
    """Takes everything while it is there."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    away: bool = False

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        assert (method, path) == ("POST", "/v1/location/transitions")
        if self.away:
            raise ConnectionRefusedError
        assert body is not None
        self.taken.append(body)
        return Answer(200, {}, {"outcome": "taken", "why": None})


def at(minutes: float, *, metres: float = 10, wifi: bool = True) -> Sighting:
    return Sighting(NOON + timedelta(minutes=minutes), Fix(place_at(0, metres), 9), on_home_wifi=wifi)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def teller(gateway: Gateway) -> Teller:
    return Teller(gateway, "h-0123456789abcdefghjkmnpqrs", Fence(HOME))


async def test_five_words_are_told_and_none_of_them_is_a_place(gateway: Gateway, teller: Teller) -> None:
    await teller.see(at(0.7))
    assert gateway.taken == [
        {
            "home_ref": "h-0123456789abcdefghjkmnpqrs",
            "state": "home",
            "seq": 1,
            "minute": "2026-03-02T12:00Z",
            "accuracy": "good",
        }
    ]


async def test_nothing_is_told_twice_within_three_hours(gateway: Gateway, teller: Teller) -> None:
    for minutes in range(0, 180, 5):
        await teller.see(at(minutes))
    assert len(gateway.taken) == 1


async def test_who_stays_is_told_again_after_three_hours_with_a_new_number(gateway: Gateway, teller: Teller) -> None:
    for minutes in (0, 180, 185):
        await teller.see(at(minutes))
    assert [(each["state"], each["seq"]) for each in gateway.taken] == [("home", 1), ("home", 2)]


async def test_a_phone_that_sees_nothing_says_nothing(gateway: Gateway, teller: Teller) -> None:
    await teller.see(at(0))
    assert await teller.see(Sighting(NOON + timedelta(hours=9), None)) is None
    assert len(gateway.taken) == 1


async def test_what_could_not_be_told_is_told_at_the_next_sighting(gateway: Gateway, teller: Teller) -> None:
    gateway.away = True
    with pytest.raises(ConnectionRefusedError):
        await teller.see(at(0))
    gateway.away = False
    await teller.see(at(5))
    assert [each["minute"] for each in gateway.taken] == ["2026-03-02T12:00Z"]


async def test_only_the_newest_of_what_waited_is_told(gateway: Gateway, teller: Teller) -> None:
    gateway.away = True
    for each in (at(0), at(10, metres=900, wifi=False), at(16, metres=900, wifi=False)):
        with pytest.raises(ConnectionRefusedError):
            await teller.see(each)
    gateway.away = False
    await teller.see(at(17, metres=900, wifi=False))
    assert [(each["state"], each["seq"]) for each in gateway.taken] == [("away", 2)]
