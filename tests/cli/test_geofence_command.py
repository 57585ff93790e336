"""`hearthgate geofence` as one types it."""

import json

from tests.cli.shell import Shell


def test_the_figures_are_printed_with_their_bounds(shell: Shell) -> None:
    table = shell("geofence", "--trips", "50")
    assert "share of real trips seen" in table
    assert "at least 0.98" in table


def test_for_programs_each_figure_is_a_line(shell: Shell) -> None:
    lines = [json.loads(line) for line in shell("geofence", "--trips", "50", "--json").splitlines()]
    assert set(lines[0]) == {"name", "traces", "value", "bound", "ok"}
    assert all(line["ok"] for line in lines)


def test_a_number_of_trips_that_makes_no_sense_is_refused(shell: Shell) -> None:
    assert shell.refused("geofence", "--trips", "0", code=2) == "--trips is from 1 to 100000"
