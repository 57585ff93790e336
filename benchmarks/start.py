"""Start: from the process to `ready`, with an empty database and with one that knows 100,000 appliances."""

from pathlib import Path
from typing import Final

from benchmarks.appliances import works
from benchmarks.crowd import add_known
from benchmarks.processes import GatewayProcess, configuration
from benchmarks.results import Figure

KNOWN: Final = 100_000


async def measure(folder: Path, runs: int, kind: str) -> list[Figure]:
    """Seconds until the gateway says that it is ready: keys, migrations, broker, canary, API."""
    empty = Figure(f"start, nobody known, {kind}, sqlite", "s", bar="≤ 1.5 s")
    full = Figure(f"start, {KNOWN:,} appliances known, {kind}, sqlite", "s", "nobody known", "≤ 1.5 s")
    first = Figure(f"first start ever, {kind}, sqlite (keys, authorities and tables are made)", "s")
    gateway = GatewayProcess(folder, configuration(folder, kind=kind))
    first.run(_started(gateway))
    for _ in range(runs):
        empty.run(_started(gateway))
    async with works(gateway.settings, folder / "clients") as made:
        await add_known(made, KNOWN)
    for run in range(runs):
        full.run(_started(gateway), empty.values[run])
    return [first, empty, full]


def _started(gateway: GatewayProcess) -> float:
    try:
        return gateway.start()
    finally:
        gateway.stop()
