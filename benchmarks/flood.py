"""A helper process: appliances that publish state reports with QoS 1, as fast as the broker takes them or at a rate.

Told `{"clients": [{"account": …, "topic": …}]}` it connects and answers `ready`. Told `{"first": 1, "count": 1000}`
each client publishes so many reports, numbered from `first`; it answers `done` when the broker has acknowledged all.
With `"rate"` (reports a second, all together) it answers `begun`, and `done` when `count` of each are out.
"""

import asyncio
from typing import Any, Final

from benchmarks.appliances import report
from benchmarks.processes import answer, next_order, orders
from benchmarks.wire import Account, Wire, publish_packet

IN_FLIGHT: Final = 20_000
"""Published and unacknowledged, all clients together."""
_TICK_S: Final = 0.01


async def main() -> None:
    """Serve whoever started this process."""
    reader = await orders()
    first = await next_order(reader)
    assert first is not None
    clients = [(await Wire.connect(Account(**client["account"])), str(client["topic"])) for client in first["clients"]]
    answer(ready=len(clients))
    while (order := await next_order(reader)) is not None:
        loop = asyncio.get_running_loop()
        packets = [(wire, _packets(topic, order)) for wire, topic in clients]
        began = loop.time()
        if "rate" in order:
            answer(begun=True)
            await _steadily(packets, order["rate"] / len(clients))
        else:
            async with asyncio.TaskGroup() as tasks:
                for wire, mine in packets:
                    tasks.create_task(_flood(wire, mine, max(2, IN_FLIGHT // len(clients))))
        answer(done=loop.time() - began)
    for wire, _ in clients:
        wire.close()


def _packets(topic: str, order: dict[str, Any]) -> list[bytes]:
    first, count = int(order["first"]), int(order["count"])
    return [publish_packet(topic, seq % 65_000 + 1, report(seq)) for seq in range(first, first + count)]


async def _flood(wire: Wire, packets: list[bytes], window: int) -> None:
    acknowledged = asyncio.Event()
    wire.on_acknowledged = acknowledged.set
    wire.acknowledged, sent = 0, 0
    while wire.acknowledged < len(packets):
        room = window - (sent - wire.acknowledged)
        if room >= window // 2 and sent < len(packets):
            wire.send(b"".join(packets[sent : sent + room]))
            sent = min(len(packets), sent + room)
        acknowledged.clear()
        await acknowledged.wait()
        if wire.lost:
            raise ConnectionResetError


async def _steadily(packets: list[tuple[Wire, list[bytes]]], rate: float) -> None:
    """All clients in step, each with `rate` a second."""
    loop = asyncio.get_running_loop()
    began, sent, count = loop.time(), 0, len(packets[0][1])
    while sent < count:
        due = min(count, int((loop.time() - began) * rate))
        for wire, mine in packets:
            if due > sent:
                wire.send(b"".join(mine[sent:due]))
        sent = max(sent, due)
        await asyncio.sleep(_TICK_S)


if __name__ == "__main__":
    asyncio.run(main())
