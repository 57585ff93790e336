"""State reports stored: a backlog is drained, committed and acknowledged, against a subscriber that does nothing.

The gateway is frozen (SIGSTOP) while its backlog is published: its consumers stand, and nothing is taken. The clock
runs from the thaw until the database holds the last report of every appliance. The bare subscriber is frozen and thawed
in the same way, over the same number of messages of the same bytes, in the same broker, right afterwards.
"""

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, func, select

from benchmarks.appliances import works
from benchmarks.postgresql import database_url
from benchmarks.processes import GatewayProcess, Helper, configuration, helping, running
from benchmarks.results import Figure
from benchmarks.wire import Account
from gateway.storage.engine import engine_for
from gateway.storage.tables.operation import states

APPLIANCES: Final = 50
EACH: Final = 1200
"""Reports of one appliance in one run."""
SETTLE_S: Final = 0.5
PATIENCE_S: Final = 120.0
_LOOK_S: Final = 0.02
TAKEN: Final = 'hearthgate_messages_received_total{channel="state"}'
_DROPPED: Final = 'hearthgate_messages_dropped_total{channel="state"'


@dataclass(frozen=True, slots=True)
class Setting:
    """One gateway with its broker, its appliances, and everything that a run needs."""

    gateway: GatewayProcess
    engine: Engine
    appliances: list[Account]
    observers: list[Account]
    publisher: Helper

    def lowest(self) -> int:
        """The last number that is stored of the appliance that is furthest behind."""
        with self.engine.connect() as connection:
            count, low = connection.execute(select(func.count(), func.min(states.c.seq))).one()
            connection.rollback()
        return int(low or 0) if count == APPLIANCES else 0

    async def stored(self, seq: int) -> None:
        """Return once every appliance's report of this number is in the database."""
        async with asyncio.timeout(PATIENCE_S):
            while self.lowest() < seq:  # noqa: ASYNC110 - another process fills it
                await asyncio.sleep(_LOOK_S)


def topic_of(account: Account) -> str:
    """Where an appliance reports."""
    return f"hg/v1/dev/{account.name}/up/state"


@contextlib.asynccontextmanager
async def setting(folder: Path, kind: str, database: str) -> AsyncIterator[Setting]:
    """A gateway that runs, and appliances that are connected."""
    with database_url(database, folder) as url:
        gateway = GatewayProcess(folder, configuration(folder, kind=kind, database_url=url))
        async with works(gateway.settings, folder / "clients") as made:
            appliances = await made.activated(APPLIANCES)
            observers = [made.observer() for _ in range(5)]
        clients = [{"account": asdict(one), "topic": topic_of(one)} for one in appliances]
        engine = engine_for(gateway.settings.database_url.get_secret_value(), threads=1)
        try:
            with running(gateway):
                async with helping("benchmarks.flood", clients=clients) as publisher:
                    await publisher.hear()
                    yield Setting(gateway, engine, appliances, observers, publisher)
        finally:
            engine.dispose()


async def fill(frozen: GatewayProcess | Helper, publisher: Helper, first: int, count: int) -> None:
    """Publish a backlog while its taker is frozen, and thaw it."""
    frozen.freeze()
    await publisher.tell(first=first, count=count)
    await publisher.hear()
    await asyncio.sleep(SETTLE_S)


async def drain(one: Setting, first: int) -> tuple[float, float]:
    """Fill and drain once: seconds, and seconds of the gateway's processor time."""
    before, used = one.gateway.metrics(), one.gateway.cpu_seconds()
    await fill(one.gateway, one.publisher, first, EACH)
    one.gateway.thaw()
    began = time.perf_counter()
    await one.stored(first + EACH - 1)
    seconds, used = time.perf_counter() - began, one.gateway.cpu_seconds() - used
    after = one.gateway.metrics()
    dropped = sum(value - before.get(name, 0) for name, value in after.items() if name.startswith(_DROPPED))
    stored = after[TAKEN] - before.get(TAKEN, 0) - dropped
    assert stored == APPLIANCES * EACH, f"{stored} stored of {APPLIANCES * EACH}, {dropped} dropped"
    return seconds, used


@contextlib.asynccontextmanager
async def bare_subscriber(one: Setting) -> AsyncIterator[Helper]:
    """The reference, subscribed to a part of the topics that the gateway does not read."""
    settings, count = one.gateway.settings, APPLIANCES * EACH
    if settings.broker.kind == "nats":
        secret = json.loads((settings.data_folder / "broker" / "nats.json").read_text())
        task = {
            "kind": "nats",
            "server": f"nats://127.0.0.1:{settings.broker.nats.client_port}",
            "password": secret["gateway"],
            "stream": "$MQTT_msgs",
            "subject": "$MQTT.msgs.hg.v1.bench.*.up.state",
            "count": count,
        }
    else:
        account = one.observers[0]
        task = {"kind": "paho", "account": asdict(account), "topic": "hg/v1/bench/+/up/state", "count": count}
    async with helping("benchmarks.bare", **task) as bare:
        await bare.hear()
        yield bare


async def drain_bare(bare: Helper, publisher: Helper, first: int) -> tuple[float, float]:
    """Fill and drain the reference once: seconds, and seconds of its processor time."""
    used = bare.cpu_seconds()
    await fill(bare, publisher, first, APPLIANCES * EACH // 4)
    bare.thaw()
    began = time.perf_counter()
    await bare.hear()
    return time.perf_counter() - began, bare.cpu_seconds() - used


@contextlib.asynccontextmanager
async def bare_publisher(one: Setting, branch: str = "bench") -> AsyncIterator[Helper]:
    """Publishes what the reference takes."""
    clients = [
        {"account": asdict(account), "topic": f"hg/v1/{branch}/{number}/up/state"}
        for number, account in enumerate(one.observers[1:])
    ]
    async with helping("benchmarks.flood", clients=clients) as publisher:
        await publisher.hear()
        yield publisher


async def measure(folder: Path, runs: int, kind: str, database: str) -> list[Figure]:
    """State reports a second, stored and acknowledged."""
    library = "bare nats-py pull" if kind == "nats" else "bare paho"
    figure = Figure(f"state reports stored, {kind}, {database}", "/s", library, "≥ 0.9")
    processor = Figure(f"the same: processor time a report, {kind}, {database}", "µs", library)
    total = APPLIANCES * EACH
    async with (
        setting(folder, kind, database) as one,
        bare_subscriber(one) as bare,
        bare_publisher(one) as feeding,
    ):
        await fill(one.gateway, one.publisher, 1, 20)  # not counted: connections, caches and rows come into being
        one.gateway.thaw()
        await one.stored(20)
        for run in range(runs):
            first = 21 + run * EACH
            seconds, used = await drain(one, first)
            bare_seconds, bare_used = await drain_bare(bare, feeding, first)
            figure.run(total / seconds, total / bare_seconds)
            processor.run(used / total * 1e6, bare_used / total * 1e6)
        if kind != "nats" and shutil.which("mosquitto_sub"):
            figure.notes.append(f"mosquitto_sub, which is C, takes {total / await drain_in_c(one):,.0f} /s")
    return [figure, processor]


async def drain_in_c(one: Setting) -> float:
    """The same with mosquitto_sub: seconds."""
    account = one.observers[0]
    process = await asyncio.create_subprocess_exec(
        "mosquitto_sub",
        *("-h", account.host, "-p", str(account.port), "-i", f"{account.name}-c", "-q", "1", "-V", "5"),
        *("--cafile", account.ca, "--cert", account.pem, "--key", account.pem),
        *("-t", "hg/v1/bench-c/+/up/state", "-C", str(APPLIANCES * EACH)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    await asyncio.sleep(SETTLE_S)
    frozen = Helper(process)
    async with bare_publisher(one, "bench-c") as publisher:
        await fill(frozen, publisher, 1, APPLIANCES * EACH // 4)
        frozen.thaw()
        began = time.perf_counter()
        await asyncio.wait_for(process.wait(), PATIENCE_S)
        return time.perf_counter() - began
