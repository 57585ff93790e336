"""What a fleet refuses to do, and how it judges what it did."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from device_sim.backoff import Backoff
from device_sim.clock import CorrectedClock
from device_sim.factory import flash_of, make_units, read_folder, write_folder
from device_sim.flash import Address
from device_sim.fleet import simulate
from device_sim.keys import new_key
from device_sim.options import Options, Thresholds, UsageError, check, is_loopback
from device_sim.tally import Latency, Tally
from device_sim.telling import telling

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(
        api_url="https://127.0.0.1:8443",
        claim_address=Address("localhost", 8884),
        trust=tmp_path / "trust.pem",
        folder=tmp_path / "flash",
        appliances=4,
        accounts=2,
    )


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.10", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_this_machine_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["example.com", "localhost.example.com", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0", "::", "::ffff:10.0.0.1", ""],  # noqa: S104 - must be refused
)
def test_everything_else_is_another(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "change",
    [
        {"api_url": "https://gateway.example:8443"},
        {"api_url": "https://127.0.0.1@gateway.example:8443"},
        {"claim_address": Address("10.0.0.7", 8884)},
        {"device_address": Address("broker.example", 8883)},
    ],
)
def test_other_machines_are_loaded_only_when_allowed(options: Options, change: dict[str, object]) -> None:
    remote = replace(options, **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--allow-remote"):
        check(remote, 4)
    check(replace(remote, allow_remote=True), 4)


@pytest.mark.parametrize(
    "change",
    [
        {"appliances": 0},
        {"appliances": 9_999_999},
        {"accounts": 0},
        {"accounts": 5},
        {"rate": -1.0},
        {"seconds": -1.0},
        {"at_once": 0},
        {"api_url": "ftp://127.0.0.1"},
        {"api_url": "nonsense"},
        {"appliances": 5},
    ],
)
def test_options_without_sense_are_refused(options: Options, change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        check(replace(options, **change), 4)  # type: ignore[arg-type]


async def test_refused_options_end_with_two_and_reach_nobody(options: Options) -> None:
    out = io.StringIO()
    outcome = await simulate(replace(options, api_url="https://gateway.example"), [], {}, clock=lambda: START, out=out)
    assert outcome.exit_code == 2
    assert out.getvalue() == ""
    assert not options.folder.exists()


async def test_an_unreadable_trust_bundle_is_a_usage_error(options: Options) -> None:
    units = make_units(["x"], 4, 1, lambda _name: ("", ""))
    outcome = await simulate(options, units, {}, clock=lambda: START, out=io.StringIO())
    assert (outcome.exit_code, outcome.missed) == (2, ("the trust bundle cannot be read",))


def test_a_factory_folder_comes_back_as_it_was_written(tmp_path: Path, certify: Callable[[str, str], str]) -> None:
    def issue(name: str) -> tuple[str, str]:
        key = new_key()
        return certify(key, name), key

    units = make_units(["heater.panel.s2", "washer.front.m1"], 3, 7, issue)
    assert [made.unit for made in make_units(["x"], 3, 7, issue)] == [made.unit for made in units]
    assert all(int(made.unit.mac[:2], 16) & 2 for made in units)
    write_folder(units, tmp_path)
    assert read_folder(tmp_path) == units
    assert read_folder(tmp_path, 2) == units[:2]
    with pytest.raises(UsageError, match="3 rows"):
        read_folder(tmp_path, 4)
    (tmp_path / f"{units[1].claim_id}.key").unlink()
    with pytest.raises(UsageError, match="row 2"):
        read_folder(tmp_path)


def test_a_second_run_finds_the_appliances_of_the_first(tmp_path: Path, certify: Callable[[str, str], str]) -> None:
    key = new_key()
    (made,) = make_units(["x"], 1, 7, lambda name: (certify(key, name), key))
    first = flash_of(made, tmp_path, "trust", Address("localhost", 1))
    first.update(device_id="d-x")
    again = flash_of(made, tmp_path, "other trust", Address("localhost", 2))
    assert (again.content.device_id, again.content.trust_pem, again.content.claim_address.port) == (
        "d-x",
        "other trust",
        2,
    )
    assert not any(made.unit.machine_code in path.name for path in tmp_path.iterdir())


def test_thresholds_that_are_kept_miss_nothing() -> None:
    tally = Tally(10, paired=10, commands_accepted=3, commands_ended=3, report_s=[0.001], command_s=[0.01])
    tally.effects.update(["a", "b", "c"])
    assert tally.missed(Thresholds(report_p99_ms=2.0, command_p99_ms=20.0)) == ()


@pytest.mark.parametrize(
    ("tally", "sentence"),
    [
        (Tally(10, paired=9), "paired 9 of 10"),
        (Tally(1, paired=1, reports_lost=2), "lost 2"),
        (Tally(1, paired=1, commands_accepted=2, commands_ended=1), "lost 1"),
        (Tally(1, paired=1, command_s=[0.5]), "command p99 is 500 ms, 20 ms wanted"),
        (Tally(1, paired=1), "command p99 is unknown, 20 ms wanted"),
    ],
)
def test_each_missed_threshold_is_named(tally: Tally, sentence: str) -> None:
    assert sentence in tally.missed(Thresholds(command_p99_ms=20.0))


def test_two_effects_of_one_command_are_a_duplicate() -> None:
    tally = Tally(1, paired=1)
    tally.effects.update(["a", "b", "a"])
    assert tally.missed(Thresholds()) == ("1 commands took effect twice",)


def test_percentiles_are_nearest_rank() -> None:
    assert Latency.of([number / 1000 for number in range(1, 201)]) == Latency(200, 100.0, 198.0, 200.0)
    assert Latency.of([]) is None


def test_a_program_gets_one_json_object_a_line() -> None:
    out = io.StringIO()
    with telling(out) as teller:
        teller.step("paired", 1, 2)
        teller.step("load", 3, 4, reports=5)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"step": "paired", "done": 1, "total": 2},
        {"step": "load", "done": 3, "total": 4, "reports": 5},
    ]


def test_a_person_gets_bars() -> None:
    out = io.StringIO()
    with telling(out, as_json=False) as teller:
        teller.step("paired", 1, 2)
    assert "paired" in out.getvalue()
    assert "{" not in out.getvalue()


def test_pauses_grow_spread_and_start_again_after_a_success() -> None:
    backoff = Backoff(Random(1), first_s=1.0, longest_s=30.0)  # noqa: S311 - jitter
    pauses = [backoff.next_s() for _ in range(50)]
    for number, pause in enumerate(pauses):
        whole = min(30.0, 2.0**number)
        assert whole / 2 <= pause <= whole
    assert len(set(pauses)) == 50
    backoff.succeeded()
    assert backoff.next_s() <= 1.0


def test_a_pause_that_was_asked_for_is_never_cut_short() -> None:
    backoff = Backoff(Random(1), first_s=1.0, longest_s=30.0)  # noqa: S311 - jitter
    assert all(backoff.next_s(at_least_s=60.0) >= 60.0 for _ in range(20))


def test_a_clock_in_1970_is_set_right_and_never_runs_before_a_signed_moment() -> None:
    own = [datetime(1970, 1, 1, tzinfo=UTC)]
    clock = CorrectedClock(lambda: own[0])
    assert not clock.is_set
    clock.set_right(START)
    own[0] += timedelta(seconds=5)
    assert clock.now() == START + timedelta(seconds=5)
    clock.not_before(START + timedelta(seconds=4))
    clock.set_right(datetime(2000, 1, 1, tzinfo=UTC))
    assert clock.now() == START + timedelta(seconds=4)
