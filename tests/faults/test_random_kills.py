"""kill -9 of the gateway at fifty random moments under load. The seed is said when it fails: HEARTHGATE_TEST_SEED."""

import asyncio
import os
from pathlib import Path
from random import Random

from tests.faults.house import house
from tests.faults.load import Busy

KILLS = 50
LIFE_S = 0.6
"""How long a gateway lives after it serves, at most,"""
LIFE_STARTS = 0.4
"""or so many times what its start took, where that is more: on a busy machine nobody gets anything done in 0.6 s."""


async def test_fifty_deaths_under_load_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    seed = int(os.environ.get("HEARTHGATE_TEST_SEED", "20260801"))
    rng = Random(seed)  # noqa: S311 - moments of death
    try:
        async with house(tmp_path) as at:
            phone = await at.phone()
            people = await at.make(20)
            boxes = await at.make(40, seed=2)
            wandering = {
                one: await at.phone(f"wanderer-{number}@example.org", seed=10 + number, host=10 + number)
                for number, one in enumerate(people[17:])
            }
            for one in wandering.values():
                one.pause_s = 1.0  # each try that a death interrupts counts as a wrong password
            async with asyncio.TaskGroup() as tasks:
                for number, resident in enumerate(people):
                    tasks.create_task(at.move_in(resident, wandering.get(resident, phone), seed=number))
            busy = Busy(at, phone, rng)
            async with (
                at.gateway.undying(),
                busy.going_on(people[:17], wandering=wandering, boxes=boxes),
            ):
                now = asyncio.get_running_loop().time
                start_s = 0.0
                for _ in range(KILLS):
                    await asyncio.sleep(rng.uniform(0.0, max(LIFE_S, LIFE_STARTS * start_s)))
                    dying = at.gateway.child
                    dying.kill()
                    await dying.ended.wait()
                    dead = now()
                    await asyncio.sleep(0.01)
                    await at.gateway.serving.wait()
                    start_s = now() - dead
            await at.settled()
            await at.all_is_well()
            assert at.gateway.deaths == KILLS
            assert busy.reports > 20 * KILLS
            assert busy.commands > KILLS
            assert busy.departures >= 10
            assert busy.arrivals >= 10
    except BaseException as failed:
        failed.add_note(f"HEARTHGATE_TEST_SEED={seed}")
        raise
