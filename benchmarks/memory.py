"""Memory: a gateway that knows nobody, one that knows 10,000 appliances, and the broker for each connection."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.appliances import works
from benchmarks.crowd import add_known
from benchmarks.processes import GatewayProcess, configuration, helping, resident_mb, running
from benchmarks.results import Figure

KNOWN: Final = 10_000
CONNECTIONS: Final = 500


async def measure(folder: Path, runs: int, kind: str) -> list[Figure]:
    """Resident megabytes."""
    empty = Figure(f"memory: gateway, nobody known, {kind}, sqlite", "MB", bar="≤ 150 MB")
    crowded = Figure(f"memory: gateway, {KNOWN:,} appliances known, {kind}, sqlite", "MB", bar="≤ 150 MB")
    busy = Figure(f"memory: the same after 500 reports of each of {CONNECTIONS} appliances", "MB", bar="≤ 150 MB")
    each = Figure(f"memory: broker, each connection, {kind}", "KB")
    for run in range(runs):
        gateway = GatewayProcess(folder / f"run-{run}", configuration(folder / f"run-{run}", kind=kind))
        with running(gateway):
            empty.run(resident_mb(gateway.pid))
        async with works(gateway.settings, folder / f"run-{run}" / "clients") as made:
            appliances = await made.activated(CONNECTIONS)
            await add_known(made, KNOWN - CONNECTIONS)
        clients = [{"account": asdict(one), "topic": f"hg/v1/dev/{one.name}/up/state"} for one in appliances]
        with running(gateway):
            crowded.run(resident_mb(gateway.pid))
            broker = resident_mb(gateway.broker_pid())
            async with helping("benchmarks.flood", clients=clients) as publisher:
                await publisher.hear()
                each.run((resident_mb(gateway.broker_pid()) - broker) / CONNECTIONS * 1024)
                await publisher.tell(first=1, count=500)
                await publisher.hear()
                busy.run(resident_mb(gateway.pid))
    return [empty, crowded, busy, each]
