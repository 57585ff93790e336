"""One appliance in a loop: what is too much is dropped and counted, and nobody else notices."""

import asyncio
import re

import pytest

from device_sim.link import Connection
from tests.home import Home
from tests.journeys.people import Resident, resident, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PER_SECOND = 200
SECONDS = 2
ALLOWED = 20 * SECONDS + 60
"""20 a second and 60 at once (security.md)."""


async def dropped(at: Home) -> int:
    found = re.search(r'dropped_total\{channel="state",reason="too_many"\} ([0-9.e+]+)', await at.metrics())
    return 0 if found is None else int(float(found[1]))


async def flood(one: Resident) -> None:
    """Report in a loop, as firmware with a fault does."""
    session = one.appliance._session
    assert session is not None
    link: Connection | None = session._link
    assert link is not None
    controller = one.appliance._controller
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = []
    for number in range(PER_SECOND * SECONDS):
        report = controller.report({"target_c": 10 + number % 20}, full=False)
        body = report.model_dump_json(exclude_none=True).encode()
        waiting.append(link.publish(f"hg/v1/dev/{one.device_id}/up/state", body))
        await asyncio.sleep(max(0.0, began + (number + 1) / PER_SECOND - loop.time()))
    await asyncio.gather(*waiting)


async def test_a_flood_is_dropped_and_counted_and_nobody_else_waits(at: Home) -> None:
    loud, calm = await resident(at), await resident(at)
    before = await dropped(at)
    async with asyncio.TaskGroup() as tasks:
        flooding = tasks.create_task(flood(loud))
        answered = 0
        while not flooding.done():
            sent = await calm.phone.send(calm.device_id, "set", {"target_c": 18 + answered % 5}, wait_s=5)
            assert sent.status == "applied"
            answered += 1
            await asyncio.sleep(0.15)  # two answers to each command: faster, and this one would be too loud as well
    assert answered >= 3
    await until(lambda: _many(at, before))
    assert loud.appliance.is_online, "it is not put out for it"
    sent = await loud.phone.send(loud.device_id, "set", {"target_c": 22}, expires_in_s=30, wait_s=20)
    assert sent.status == "applied"


async def _many(at: Home, before: int) -> bool:
    lost = await dropped(at) - before
    assert lost <= PER_SECOND * SECONDS
    return lost >= PER_SECOND * SECONDS - ALLOWED - 40  # 40: a slow machine takes longer to send, which lets more pass
