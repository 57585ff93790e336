"""`hearthgate diagnose`: cause every failure for real, read what support would read, and count what was right."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.command import AsJson, CommandError, Exit, command, say, say_json


@command
def diagnose(
    *,
    plan: Annotated[
        Path | None, typer.Option(help="TOML file: which faults how often; else each of them twenty times.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Order and ids; else the plan's.")] = None,
    list_faults: Annotated[bool, typer.Option("--list", help="Show the faults and stop.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where the run's gateway keeps its data; else a temporary folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a gateway with its broker, cause each failure in many homes at once, and print the confusion table.

    Exit code 1 when too many verdicts were wrong. Needs a machine whose loopback holds all of 127.0.0.0/8, as Linux's.
    """
    from dataclasses import replace

    from device_sim.faults.confusion import as_json as document
    from device_sim.faults.confusion import as_text, score
    from device_sim.faults.plan import Plan, PlanError, read_plan
    from device_sim.faults.table import FAULTS
    from gateway.cli.diagnose.run import run

    if list_faults:
        _list(as_json=as_json)
        return
    try:
        chosen = Plan() if plan is None else read_plan(plan)
    except PlanError as error:
        raise CommandError(str(error), Exit.USAGE) from None
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    results = run(chosen, folder, show_progress=not as_json)
    if as_json:
        say_json({"seed": chosen.seed, "faults": len(FAULTS), **document(results)})
    else:
        say(as_text(results))
    missed = score(results).missed()
    if missed:
        raise CommandError("; ".join(missed))


def _list(*, as_json: bool) -> None:
    from device_sim.faults.table import FAULTS, LEFT_OUT

    rows = [
        {"fault": fault.name, "expected": fault.expected, "how": (_words(fault.cause))} for fault in FAULTS.values()
    ]
    if as_json:
        say_json({"faults": rows, "left_out": dict(LEFT_OUT)})
        return
    for row in rows:
        say(f"{row['fault']:<26} {row['expected']:<28} {row['how']}")
    say("")
    for code, reason in LEFT_OUT.items():
        say(f"{'-':<26} {code:<28} left out: {reason}")


def _words(cause: object) -> str:
    """The first line of what an injector says of itself; of one that is told its surroundings, what is wrong there."""
    from dataclasses import asdict
    from functools import partial

    from device_sim.faults.surroundings import Surroundings

    if isinstance(cause, partial):
        usual = asdict(Surroundings())
        changed = {name: value for name, value in asdict(cause.keywords["around"]).items() if value != usual[name]}
        return "Surroundings: " + ", ".join(f"{name} {value}" for name, value in changed.items())
    return (cause.__doc__ or "").partition("\n")[0]
