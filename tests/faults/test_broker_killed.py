"""The broker is killed under load, the gateway lives on and starts it again.

What a PUBACK promises differs. NATS stores before it acknowledges, so nothing acknowledged is lost with the process.
Mosquitto acknowledges from memory and writes once a second: what it acknowledged in its last moments may be gone, and
comes back only with the appliance's next full report. So the promise is not claimed there for those moments, and
everything else is.
"""

import asyncio
import os
import signal
from pathlib import Path
from random import Random

import pytest

from tests.faults.house import House, house, house_settings, waited
from tests.faults.load import Busy

KILLS = 3
AUTOSAVE_S = 1.0
"""Mosquitto's `autosave_interval` in our configuration."""


async def _kill_the_broker(at: House) -> None:
    before = at.gateway.broker_pid()
    os.kill(before, signal.SIGKILL)
    await waited(lambda: _another(at, before), lambda: "the broker was not started again")
    await at.settled()


def _another(at: House, before: int) -> bool:
    try:
        return at.gateway.broker_pid() != before
    except (AssertionError, ValueError, OSError):
        return False  # between two lives


@pytest.mark.parametrize("kind", ["nats", pytest.param("mosquitto", marks=pytest.mark.needs_mosquitto)])
async def test_a_broker_killed_under_load_comes_back_and_nothing_promised_is_lost(tmp_path: Path, kind: str) -> None:
    async with house(tmp_path, house_settings(tmp_path, kind=kind)) as at:
        phone = await at.phone()
        people = await at.make(10)
        wandering = {
            one: await at.phone(f"wanderer-{number}@example.org", seed=10 + number)
            for number, one in enumerate(people[8:])
        }
        for number, resident in enumerate(people):
            await at.move_in(resident, wandering.get(resident, phone), seed=number)
        life = at.gateway.child
        busy = Busy(at, phone, Random(1))  # noqa: S311 - who reports when
        async with busy.going_on(people[:8], wandering=wandering):
            for _ in range(KILLS):
                await asyncio.sleep(1.5)
                died = asyncio.get_running_loop().time()
                await _kill_the_broker(at)
                if kind == "mosquitto":
                    for resident in people:
                        resident.not_promised(died - 2 * AUTOSAVE_S, died + AUTOSAVE_S)
        await at.all_is_well()
        assert life.is_alive, "the gateway lived through it"
        assert busy.reports > 50
        assert busy.commands > 10
