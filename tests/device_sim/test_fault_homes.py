"""Homes that share an account leave each other's pairings alone."""

import asyncio
from collections import deque
from random import Random
from typing import cast

from device_sim.api import ProblemError
from device_sim.factory import make_units
from device_sim.faults.home import OPEN_PAIRINGS, Home, Household, World
from device_sim.phone import Pairing, Phone

HOMES = 12
MADE = tuple(make_units(("heater.panel.s2",), 1, 1, lambda claim_id: (claim_id, claim_id)))


class Account:
    """An account as the gateway keeps it: one open pairing too many ends the oldest."""

    def __init__(self) -> None:
        self.open: deque[str] = deque()
        self.opened = 0
        self.pushed_out = 0

    async def open_pairing(self) -> Pairing:
        await asyncio.sleep(0)
        self.opened += 1
        name = f"{id(self)}-{self.opened}"
        self.open.append(name)
        if len(self.open) > OPEN_PAIRINGS:
            self.open.popleft()
            self.pushed_out += 1
        return Pairing(name, "token", "", "trace")

    async def cancel_pairing(self, pairing_id: str) -> None:
        await asyncio.sleep(0)
        if pairing_id not in self.open:
            raise ProblemError(404, {"code": "not_found"})
        self.open.remove(pairing_id)


def a_home(phone: Account) -> Home:
    return Home(cast("World", None), cast("Phone", phone), MADE, "127.1.0.1", Random(1))  # noqa: S311 - no secret


async def test_homes_at_one_account_wait_for_each_other_and_leave_it_as_it_was() -> None:
    account = Account()
    shared = Household(cast("Phone", account))
    most = 0

    async def one() -> None:
        nonlocal most
        home = a_home(Account())
        async with home.stack:
            pairing = await home.begin(shared)
            most = max(most, len(account.open))
            for _ in range(5):  # while the verdict is waited for
                await asyncio.sleep(0)
            assert pairing.pairing_id in account.open
            await home.give_up()

    await asyncio.gather(*(one() for _ in range(HOMES)))
    assert (account.opened, account.pushed_out, most) == (HOMES, 0, OPEN_PAIRINGS)
    assert not account.open


async def test_each_pairing_of_a_home_is_ended_by_the_phone_that_opened_it() -> None:
    own, theirs = Account(), Account()
    home = a_home(own)
    async with home.stack:
        await home.begin(Household(cast("Phone", theirs)))
        await home.begin()
        assert (len(own.open), len(theirs.open)) == (1, 1)
        await home.give_up()
    assert (len(own.open), len(theirs.open)) == (0, 0)
