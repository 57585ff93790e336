"""A helper process: units that are connected with their claim certificates and ask to be activated when told.

Told `{"clients": [{"account": …, "request": …}], "in_flight": 200}` it connects and subscribes, and answers `ready`.
Told `go` it asks, at most so many at once, and answers with the seconds until the last answer.
"""

import asyncio
import json
import ssl
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from benchmarks.processes import answer, next_order, orders
from benchmarks.wire import Account, Wire

CONNECTING_AT_ONCE: Final = 20


@dataclass(slots=True)
class Claimant:
    """One unit."""

    account: Account
    request: bytes
    wire: Wire
    reply: asyncio.Future[dict[str, Any]]

    @classmethod
    async def connect(cls, account: Account, request: bytes, *, context: ssl.SSLContext | None = None) -> "Claimant":
        """Connect and listen."""
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def hear(_topic: str, payload: bytes) -> None:
            if not reply.done():
                reply.set_result(json.loads(payload))

        wire = await Wire.connect(account, hear, context=context)
        await wire.subscribe(f"hg/v1/claim/{account.name}/reply")
        return cls(account, request, wire, reply)

    async def ask(self) -> dict[str, Any]:
        """Publish the request and wait for its answer."""
        self.wire.publish(f"hg/v1/claim/{self.account.name}/req", self.request)
        return await self.reply


async def main() -> None:
    """Serve whoever started this process."""
    reader = await orders()
    task = await next_order(reader)
    assert task is not None
    claimants: list[Claimant] = []
    room = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect(client: dict[str, Any]) -> None:
        async with room:
            claimants.append(await Claimant.connect(Account(**client["account"]), client["request"].encode()))

    async with asyncio.TaskGroup() as tasks:
        for client in task["clients"]:
            tasks.create_task(connect(client))
    answer(ready=len(claimants))
    while await next_order(reader) is not None:
        answer(**await _ask_all(claimants, task["in_flight"]))
    for one in claimants:
        one.wire.close()


async def _ask_all(claimants: list[Claimant], in_flight: int) -> dict[str, Any]:
    loop, room = asyncio.get_running_loop(), asyncio.Semaphore(in_flight)
    waits: list[float] = []
    accepted = 0

    async def ask(one: Claimant) -> None:
        nonlocal accepted
        async with room:
            asked = loop.time()
            reply = await one.ask()
            waits.append(loop.time() - asked)
            accepted += reply["ok"]

    began = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for one in claimants:
            tasks.create_task(ask(one))
    return {"seconds": loop.time() - began, "accepted": accepted, "median_wait_s": median(waits)}


if __name__ == "__main__":
    asyncio.run(main())
