"""A helper process: units that go all the way from the claim certificate to the first welcome, or only shake hands.

Told `{"clients": [{"account": …, "request": …, "key": …, "device_port": …}], "at_once": 32}` it prepares TLS contexts
and answers `ready`. Told `{"what": "handshakes"}` each opens TLS with its claim certificate and hangs up. Told
`{"what": "activations"}` each connects, asks, reconnects with what it got, says hello and waits for the welcome.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.claimants import Claimant
from benchmarks.processes import answer, next_order, orders
from benchmarks.wire import Account, Wire

HELLO = b'{"firmware":"1.4.2","reset_counter":0,"descriptor_version":1,"boot":"b1"}'


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit in its box."""

    account: Account
    request: bytes = field(repr=False)
    key: str = field(repr=False)
    device_port: int
    context: ssl.SSLContext = field(repr=False)

    async def shake_hands(self) -> None:
        """TLS and nothing else.

        In TLS 1.3 a client is done before the server has looked at its certificate. A PINGREQ where a CONNECT belongs
        makes the broker hang up, which it does after the handshake.
        """
        reader, writer = await asyncio.open_connection(self.account.host, self.account.port, ssl=self.context)
        writer.write(b"\xc0\x00")
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    async def activate(self) -> None:
        """From the claim certificate to the first welcome."""
        claimant = await Claimant.connect(self.account, self.request, context=self.context)
        reply = await claimant.ask()
        claimant.wire.close()
        name = str(reply["device_id"])
        pem = Path(self.account.pem).with_name(f"{name}.pem")
        pem.write_text(reply["certificate"] + reply["chain"] + self.key)
        welcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def hear(topic: str, _payload: bytes) -> None:
            if topic.endswith("/welcome") and not welcome.done():
                welcome.set_result(None)

        wire = await Wire.connect(replace(self.account, name=name, pem=str(pem), port=self.device_port), hear)
        await wire.subscribe(f"hg/v1/dev/{name}/down/#")
        hello = HELLO[:-1] + f',"serial":"{_serial(reply)}"'.encode() + b"}"
        wire.publish(f"hg/v1/dev/{name}/up/hello", hello)
        await welcome
        wire.close()


def _serial(reply: dict[str, Any]) -> str:
    from device_sim.keys import serial_hex

    return serial_hex(reply["certificate"])


async def _all(units: list[Unit], at_once: int, work: Callable[[Unit], Awaitable[None]]) -> float:
    loop, room = asyncio.get_running_loop(), asyncio.Semaphore(at_once)

    async def one(unit: Unit) -> None:
        async with room:
            await work(unit)

    began = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for unit in units:
            tasks.create_task(one(unit))
    return loop.time() - began


async def main() -> None:
    """Serve whoever started this process."""
    reader = await orders()
    task = await next_order(reader)
    assert task is not None
    units = []
    for client in task["clients"]:
        account = Account(**client["account"])
        request = json.dumps(client["request"]).encode()
        units.append(Unit(account, request, client["key"], client["device_port"], account.context()))
    answer(ready=len(units))
    while (order := await next_order(reader)) is not None:
        work = Unit.shake_hands if order["what"] == "handshakes" else Unit.activate
        answer(seconds=await _all(units, task["at_once"], work))


if __name__ == "__main__":
    asyncio.run(main())
