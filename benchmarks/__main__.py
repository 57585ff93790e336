"""`python -m benchmarks`: measure, print the table, and write it down. Without `--only` it takes everything."""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import activations, answers, commands, memory, page, pair, reports, start
from benchmarks.results import Figure, machine, table
from gateway.broker.mosquitto.server import ProgramMissingError, find_program

Measure = Callable[[Path, int], Awaitable[list[Figure]]]

MEASURES: Final[dict[str, Measure]] = {
    "reports-nats-sqlite": partial(reports.measure, kind="nats", database="sqlite"),
    "reports-nats-postgresql": partial(reports.measure, kind="nats", database="postgresql"),
    "reports-mosquitto-sqlite": partial(reports.measure, kind="mosquitto", database="sqlite"),
    "reports-mosquitto-postgresql": partial(reports.measure, kind="mosquitto", database="postgresql"),
    "pair-nats": partial(pair.measure, kind="nats"),
    "pair-mosquitto": partial(pair.measure, kind="mosquitto"),
    "activations-nats": partial(activations.measure, kind="nats"),
    "activations-mosquitto": partial(activations.measure, kind="mosquitto"),
    "answer-nats": partial(answers.measure, kind="nats"),
    "answer-mosquitto": partial(answers.measure, kind="mosquitto"),
    "commands-nats": partial(commands.measure, kind="nats"),
    "commands-mosquitto": partial(commands.measure, kind="mosquitto"),
    "memory-nats": partial(memory.measure, kind="nats"),
    "memory-mosquitto": partial(memory.measure, kind="mosquitto"),
    "start-nats": partial(start.measure, kind="nats"),
}


def main() -> int:
    """Run the chosen measures; 1 when one of them could not be taken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="measures whose name begins so; may be repeated")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one object a figure instead of the table")
    parser.add_argument("--write", action="store_true", help="put the figures of --only into docs/benchmarks.md, too")
    parser.add_argument("--list", action="store_true", help="name the measures and do nothing")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    names = [name for name in MEASURES if not chosen.only or any(name.startswith(one) for one in chosen.only)]
    if chosen.list or not names:
        print("\n".join(MEASURES))
        return 0 if chosen.list else 2
    figures: list[Figure] = []
    failed = False
    for name in names:
        began = time.perf_counter()
        if "mosquitto" in name and not _has_mosquitto():
            print(f"{name}: not measured, there is no mosquitto", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="hearthgate-bench-") as folder:
            try:
                figures += asyncio.run(_one(MEASURES[name], Path(folder), chosen.runs))
            except Exception as error:  # noqa: BLE001 - the other measures are still wanted
                failed = True
                print(f"{name}: not measured ({error!r})", file=sys.stderr)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    if chosen.json:
        for figure in figures:
            print(json.dumps(figure.as_json(), ensure_ascii=False))
    else:
        print("\n".join(machine()) + "\n\n" + table(figures))
    if figures and (chosen.write or not (chosen.only or chosen.json)):
        page.write(figures)
    return 1 if failed else 0


def _has_mosquitto() -> bool:
    try:
        find_program()
    except ProgramMissingError:
        return False
    return True


async def _one(measure: Measure, folder: Path, runs: int) -> list[Figure]:
    return await measure(folder, runs)


if __name__ == "__main__":
    sys.exit(main())
