"""What happens again and again in a home: somebody moves in with an appliance, and waits for something."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from device_sim.appliance import Appliance
from device_sim.controller import Timings
from device_sim.factory import MadeUnit
from device_sim.phone import Phone
from gateway.domain.identity import DeviceId
from tests.home import PATIENCE_S, QUICK, Home, eventually

_numbers = count(100)


@dataclass
class Resident:
    """A person with one appliance that is paired, online and has reported."""

    phone: Phone
    made: MadeUnit
    appliance: Appliance
    power: asyncio.Task[None] = field(repr=False)

    @property
    def device_id(self) -> DeviceId:
        return DeviceId(self.appliance.kept.device_id or "")

    async def status(self) -> str:
        """The appliance's presence, as the app shows it."""
        return str((await self.phone.device(self.device_id))["presence"]["status"])


async def somebody(at: Home) -> Phone:
    """A person whom nobody knows yet."""
    phone = at.phone(f"person{next(_numbers)}@example.org", seed=next(_numbers))
    await phone.sign_up()
    return phone


async def one_made(at: Home, type_id: str = "heater.panel.s2", *, batch: bool = False) -> MadeUnit:
    """A listed unit that nobody else in this module uses."""
    return (await at.make(1, type_id, seed=next(_numbers), batch=batch))[0]


async def settled(at: Home, phone: Phone, appliance: Appliance) -> None:
    """Pair, switch on, and wait until the gateway knows the first report."""
    await phone.pair(appliance)
    await eventually(lambda: appliance.is_paired and appliance.is_online and appliance.last_reported is not None)
    device_id = appliance.kept.device_id or ""
    await until(lambda: reported(phone, device_id))


async def reported(phone: Phone, device_id: str) -> bool:
    """Whether the app shows a state."""
    return bool((await phone.state(device_id))["state"])


async def resident(at: Home, type_id: str = "heater.panel.s2", *, timings: Timings = QUICK) -> Resident:
    """Somebody who has just brought an appliance home."""
    phone, made = await somebody(at), await one_made(at, type_id)
    appliance = at.appliance(made, timings=timings)
    power = at.start(appliance)
    await settled(at, phone, appliance)
    return Resident(phone, made, appliance, power)


async def pull_the_plug(power: asyncio.Task[None]) -> None:
    """No goodbye."""
    power.cancel()
    await asyncio.wait([power])


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_S) -> None:
    """Wait until something that has to be asked for is so."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.05)
