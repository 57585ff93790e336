"""Two gateways on one database: the same backlog as for one, shared out by the broker.

The second gateway has the first one's keys and its own name. On Mosquitto it takes the broker as somebody else's. On
NATS it is told that it runs the server itself, with a program that only says so: a second gateway process on one NATS
node has no setting of its own.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.appliances import works
from benchmarks.postgresql import database_url, person_keys_url
from benchmarks.processes import GatewayProcess, configuration, helping, running
from benchmarks.reports import APPLIANCES, EACH, SETTLE_S, TAKEN, Setting, topic_of
from benchmarks.results import Figure
from gateway.cli.ports import free_port
from gateway.storage.engine import engine_for

_LOOK_S: Final = 0.05
_STAND_IN: Final = """#!/bin/sh
if [ "$1" = --version ]; then echo "nats-server: v2.15.1"; exit; fi
echo "[1] Server is ready" >&2
exec sleep 1000000
"""


def second_of(first: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The configuration of a gateway beside the first one."""
    kind = first["broker"]["kind"]
    data = folder / "data"
    shutil.copytree(
        first["data_folder"], data, ignore=shutil.ignore_patterns("gateway.id", "nats", "mosquitto", "*.db*")
    )
    tables = {
        **first,
        "data_folder": str(data),
        "api": {"port": free_port()},
        "operator": {"port": free_port()},
        "console": {"port": 0},
    }
    if kind == "nats":
        program = folder / "stand-in"
        program.write_text(_STAND_IN)
        program.chmod(0o755)
        tables["broker"] = {"kind": "nats", "nats": {**first["broker"]["nats"], "program": str(program)}}
    else:
        ports = first["broker"]["mosquitto"]
        tables["broker"] = {"kind": "external", "external": {"host": "127.0.0.1", **ports}}
    return tables


@contextlib.asynccontextmanager
async def setting(folder: Path, kind: str) -> AsyncIterator[tuple[Setting, GatewayProcess]]:
    """Two gateways (only the first one runs), and appliances that are connected."""
    with database_url("postgresql", folder) as url:
        tables = configuration(folder / "first", kind=kind, database_url=url)
        tables["keys"] = {"store_url": person_keys_url(url)}
        first = GatewayProcess(folder / "first", tables)
        async with works(first.settings, folder / "clients") as made:
            appliances = await made.activated(APPLIANCES)
        clients = [{"account": asdict(one), "topic": topic_of(one)} for one in appliances]
        engine = engine_for(url, threads=1)
        try:
            with running(first):
                (folder / "second").mkdir()
                second = GatewayProcess(folder / "second", second_of(tables, folder / "second"))
                async with helping("benchmarks.flood", clients=clients) as publisher:
                    await publisher.hear()
                    yield Setting(first, engine, appliances, [], publisher), second
        finally:
            engine.dispose()


async def measure(folder: Path, runs: int, kind: str) -> list[Figure]:
    """State reports a second of two gateways, and of one of them alone."""
    figure = Figure(f"two gateways on one database, {kind}, postgresql", "/s", "one gateway", "≥ 1.6 where cores allow")
    async with setting(folder, kind) as (one, second):
        seq = 1
        alone: list[float] = []
        await _drained(one, [one.gateway], seq, 20)
        seq += 20
        for _ in range(runs):
            alone.append(await _drained(one, [one.gateway], seq, EACH))
            seq += EACH
        with running(second):
            await _drained(one, [one.gateway, second], seq, 20)
            seq += 20
            for run in range(runs):
                before = second.cpu_seconds()
                figure.run(await _drained(one, [one.gateway, second], seq, EACH), alone[run])
                figure.notes.append(
                    f"run {run + 1}: the second used {second.cpu_seconds() - before:.1f} s of processor time"
                )
                seq += EACH
    return [figure]


async def _drained(one: Setting, gateways: list[GatewayProcess], first: int, each: int) -> float:
    """Fill while they are frozen, and drain: reports a second.

    Between gateways there is no order, so the last report may be stored before earlier ones that the other gateway has
    in hand: all have to have been taken as well. What is then still being committed is one batch at most.
    """
    before = sum(_taken(gateway) for gateway in gateways)
    for gateway in gateways:
        gateway.freeze()
    await one.publisher.tell(first=first, count=each)
    await one.publisher.hear()
    await asyncio.sleep(SETTLE_S)
    for gateway in gateways:
        gateway.thaw()
    began = time.perf_counter()
    await one.stored(first + each - 1)
    while sum(_taken(gateway) for gateway in gateways) < before + APPLIANCES * each:  # noqa: ASYNC110 - others count
        await asyncio.sleep(_LOOK_S)
    return APPLIANCES * each / (time.perf_counter() - began)


def _taken(gateway: GatewayProcess) -> float:
    return gateway.metrics().get(TAKEN, 0.0)
