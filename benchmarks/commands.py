"""Command round trip: HTTP request, appliance, acknowledgement, event at the app; against an MQTT echo.

An appliance that is done at once has one word to say, `applied`. One that takes its time says `received` before; that
is measured as well, with both words said at once.

Requests leave at a fixed rate whatever happens to the earlier ones, so a stall is in the figures (no coordinated
omission). App, appliances and echo share one event loop, so both sides of the comparison carry the same client.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from benchmarks.app_wire import AppWire
from benchmarks.appliances import works
from benchmarks.processes import GatewayProcess, Helper, configuration, helping, running
from benchmarks.reports import topic_of
from benchmarks.results import Figure
from benchmarks.wire import Account, Wire

PEOPLE: Final = 4
APPLIANCES: Final = 100
REPORTERS: Final = 50
RATE: Final = 100
"""Commands a second."""
SECONDS: Final = 5
HALF_THE_MAXIMUM: Final = 5_000
"""Reports a second of the loaded run, unless told otherwise: half of what one gateway stores on a small machine."""


@dataclass(slots=True)
class Appliance:
    """Obeys everything at once."""

    account: Account
    words: tuple[str, ...] = ("applied",)
    """What it says of each command."""
    wire: Wire | None = None

    async def run(self) -> None:
        """Connect, listen, say hello."""
        self.wire = await Wire.connect(self.account, self._hear)
        await self.wire.subscribe(f"hg/v1/dev/{self.account.name}/down/#")
        hello = b'{"firmware":"1.4.2","reset_counter":0,"descriptor_version":1,"boot":"b1"}'
        self.wire.publish(f"hg/v1/dev/{self.account.name}/up/hello", hello)

    def _hear(self, topic: str, payload: bytes) -> None:
        if self.wire is not None and topic.endswith("/command"):
            command_id = json.loads(payload)["command_id"]
            for status in self.words:
                word = f'{{"command_id":"{command_id}","status":"{status}"}}'.encode()
                self.wire.publish(f"hg/v1/dev/{self.account.name}/up/ack", word)


class App:
    """Somebody's phone with its event stream open."""

    def __init__(self, url: str, number: int) -> None:
        self.wire = AppWire(url, f"person{number}@example.org", "correct horse battery")
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._early: set[str] = set()
        self.listening = asyncio.Event()

    async def listen(self) -> None:
        """Take events until cancelled."""
        async with contextlib.aclosing(self.wire.events()) as events:
            async for kind, data in events:
                self.listening.set()
                if kind == "command":
                    told: dict[str, Any] = json.loads(data)
                    if told["status"] == "applied":
                        self._applied(told["command_id"])

    async def command(self, device_id: str, params: dict[str, Any]) -> None:
        """Send one command and return when the event says that it was applied."""
        sent = await self.wire.post(f"/v1/devices/{device_id}/commands", {"action": "set", "params": params})
        command_id = sent["command_id"]
        if command_id not in self._early:
            self._waiting[command_id] = asyncio.get_running_loop().create_future()
            await self._waiting[command_id]

    def _applied(self, command_id: str) -> None:
        future = self._waiting.get(command_id)
        if future is None:
            self._early.add(command_id)
        elif not future.done():
            future.set_result(None)


async def at_a_rate(work: Callable[[int], Awaitable[None]]) -> list[float]:
    """Begin `RATE` pieces of work a second for `SECONDS`; how long each took from when it was due, ms."""
    loop, took = asyncio.get_running_loop(), []

    async def one(number: int, due: float) -> None:
        await work(number)
        took.append((loop.time() - due) * 1e3)

    began = loop.time()
    async with asyncio.timeout(SECONDS + 60), asyncio.TaskGroup() as tasks:
        for number in range(RATE * SECONDS):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            tasks.create_task(one(number, due))
    return took


def wish(number: int) -> dict[str, Any]:
    """One setting after the other, so that a command that is late is not superseded by the next one."""
    match number % 4:
        case 0:
            return {"target_c": 5 + number % 50 / 2}
        case 1:
            return {"mode": ("eco", "comfort", "frost_guard")[number % 3]}
        case 2:
            return {"off_after_min": number % 720}
        case _:
            return {"child_lock": number % 8 == 3}


def p50_p99(values: list[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


@contextlib.asynccontextmanager
async def echo(there: Account, back: Account) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Work that sends a message to another client of the broker, which sends it back."""
    waiting: dict[bytes, asyncio.Future[None]] = {}
    mirror: list[Wire] = []

    def reflect(_topic: str, payload: bytes) -> None:
        mirror[0].publish("hg/v1/echo/back", payload)

    def arrived(_topic: str, payload: bytes) -> None:
        if (future := waiting.pop(payload, None)) is not None:
            future.set_result(None)

    mirror.append(await Wire.connect(back, reflect))
    sender = await Wire.connect(there, arrived)
    await mirror[0].subscribe("hg/v1/echo/there")
    await sender.subscribe("hg/v1/echo/back")

    async def once(number: int) -> None:
        payload = b"%d" % number + b" " * 200
        waiting[payload] = asyncio.get_running_loop().create_future()
        future = waiting[payload]
        sender.publish("hg/v1/echo/there", payload)
        await future

    try:
        yield once
    finally:
        sender.close()
        mirror[0].close()


async def measure(folder: Path, runs: int, kind: str, load: int = HALF_THE_MAXIMUM) -> list[Figure]:
    """Round trips at 100 a second, alone and while reports flow."""
    where = f"{kind}, sqlite"
    middle = Figure(f"command round trip p50, {where}", "ms", "MQTT echo p50", "≤ echo + 5 ms")
    tail = Figure(f"command round trip p99, {where}", "ms", "MQTT echo p99", "≤ 30 ms")
    twice = Figure(f"command round trip p50 with `received` and `applied`, {where}", "ms", "MQTT echo p50")
    loaded = Figure(f"command round trip p99 with {load:,} reports/s, {where}", "ms", "alone", "≤ 3 times")
    gateway = GatewayProcess(folder, configuration(folder, kind=kind))
    async with works(gateway.settings, folder / "clients") as made:
        reporters = await made.activated(REPORTERS, seed=2)
        observers = [made.observer() for _ in range(2)]
    clients = [{"account": asdict(one), "topic": topic_of(one)} for one in reporters]
    with running(gateway):
        async with (
            asyncio.TaskGroup() as tasks,
            echo(*observers) as reflected,
            helping("benchmarks.flood", clients=clients) as publisher,
        ):
            await publisher.hear()
            apps = [App(gateway.api_url, number) for number in range(PEOPLE)]
            for app in apps:
                await app.wire.sign_up()
            async with works(gateway.settings, folder / "clients") as made:
                owners = [app.wire.account_id for app in apps]
                appliances = [Appliance(one) for one in await made.activated(APPLIANCES, owners=owners)]
            listening = [tasks.create_task(app.listen()) for app in apps]
            for appliance in appliances:
                await appliance.run()
            for app in apps:
                await app.listening.wait()

            async def command(number: int) -> None:
                at = number % APPLIANCES
                await apps[at % PEOPLE].command(appliances[at].account.name, wish(number // APPLIANCES))

            for number in range(APPLIANCES):  # not counted: connections and caches come into being
                await command(number)
            for run in range(runs):
                echoed, used = p50_p99(await at_a_rate(reflected)), gateway.cpu_seconds()
                alone = p50_p99(await at_a_rate(command))
                each_ms = (gateway.cpu_seconds() - used) / (RATE * SECONDS) * 1e3
                middle.notes.append(f"{each_ms:.1f} ms of the gateway's processor time a command")
                both = p50_p99(await _with_two_words(appliances, lambda: at_a_rate(command)))
                used = gateway.cpu_seconds()
                under = p50_p99(await _under_load(publisher, load, run, lambda: at_a_rate(command)))
                used = gateway.cpu_seconds() - used
                middle.run(alone[0], echoed[0])
                tail.run(alone[1], echoed[1])
                twice.run(both[0], echoed[0])
                loaded.run(under[1], alone[1])
                loaded.notes.append(
                    f"p50 {under[0]:.1f} ms; {used:.1f} s of the gateway's processor time in {SECONDS} s"
                )
            for task in listening:
                task.cancel()
            for app in apps:
                app.wire.close()
    return [middle, tail, twice, loaded]


async def _with_two_words(appliances: list[Appliance], work: Callable[[], Awaitable[list[float]]]) -> list[float]:
    for appliance in appliances:
        appliance.words = ("received", "applied")
    took = await work()
    for appliance in appliances:
        appliance.words = ("applied",)
    return took


async def _under_load(
    publisher: Helper, load: int, run: int, work: Callable[[], Awaitable[list[float]]]
) -> list[float]:
    each = load * SECONDS // REPORTERS
    await publisher.tell(first=1 + run * each, count=each, rate=load)
    await publisher.hear()  # begun
    took = await work()
    await publisher.hear()
    return took
