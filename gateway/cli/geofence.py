"""`hearthgate geofence`: the figures of the phone's half of location automation, made anew."""

from typing import Annotated, Final

import typer

from gateway.cli.command import AsJson, CommandError, Exit, command, say, say_json

TRIPS_AT_MOST: Final = 100_000


@command
def geofence(
    *,
    seed: Annotated[int, typer.Option(help="The same seed makes the same traces.")] = 0,
    trips: Annotated[int, typer.Option(help="Real trips; a tenth as many of what is rarer.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Walk the reference geofence through made-up nights, edges, jumps, tunnels, dead phones and trips.

    Exit code 1 when a promise of docs/privacy.md is not kept.
    """
    from device_sim.location.figures import figures

    if not 1 <= trips <= TRIPS_AT_MOST:
        raise CommandError(f"--trips is from 1 to {TRIPS_AT_MOST}", Exit.USAGE)
    table = figures(seed, trips)
    for each in table:
        if as_json:
            say_json(
                {"name": each.name, "traces": each.traces, "value": each.value, "bound": each.bound, "ok": each.holds}
            )
            continue
        bound = "" if each.bound is None else f"{'at least' if each.at_least else 'at most'} {each.bound:g}"
        kept = "ok " if each.holds else "BAD"
        say(f"{kept}  {each.name:<55} {each.value:>8.4g}  of {each.traces:>5}  {bound}".rstrip())
    missed = [each.name for each in table if not each.holds]
    if missed:
        raise CommandError("not kept: " + "; ".join(missed))
