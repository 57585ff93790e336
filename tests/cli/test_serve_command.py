"""How `hearthgate serve` hears signals, and what it says when it cannot begin."""

import asyncio
import os
import signal
from typing import cast

import pytest

from gateway.cli import serve
from gateway.cli.serve import run_until_told
from gateway.runtime.application import Application
from tests.cli.shell import Shell


class Running:
    """What `run_until_told` needs of an application: it ends when told to, or never."""

    def __init__(self, *, ready: bool = True, obeys: bool = True) -> None:
        self.is_ready = ready
        self.stops = 0
        self.obeys = obeys
        self._end = asyncio.Event()

    def stop(self) -> None:
        self.stops += 1
        self.is_ready = False
        if self.obeys:
            self._end.set()

    async def run(self) -> None:
        await self._end.wait()


async def tell(application: Running, *signals: signal.Signals) -> None:
    async def signals_come() -> None:
        for sign in signals:
            os.kill(os.getpid(), sign)
            await asyncio.sleep(0)  # lets the event loop hear it

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(run_until_told(cast("Application", application)))
        await asyncio.sleep(0)  # lets it install its handlers
        await signals_come()
        await asyncio.wait([running], timeout=10)
        assert running.done()
        running.result()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_in_order(sign: signal.Signals) -> None:
    application = Running()
    await tell(application, sign)
    assert application.stops == 1


async def test_two_signals_at_once_are_one() -> None:
    application = Running()
    await tell(application, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)
    assert application.stops == 1


async def test_a_second_signal_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "SAME_WORD_S", -1.0)
    application = Running(obeys=False)
    with pytest.raises(asyncio.CancelledError):
        await tell(application, signal.SIGTERM, signal.SIGTERM)
    assert application.stops == 1


async def test_a_signal_before_it_is_ready_ends_it_at_once() -> None:
    application = Running(ready=False)
    with pytest.raises(asyncio.CancelledError):
        await tell(application, signal.SIGTERM)
    assert application.stops == 0


def test_migrating_twice_is_fine(shell: Shell) -> None:
    assert shell("migrate") == "the database is up to date\n"
    assert shell.json("migrate") == {"migrated": True}


def test_a_database_that_cannot_be_reached_is_a_sentence(shell: Shell) -> None:
    shell.environment["HEARTHGATE_DATABASE__URL"] = "postgresql+psycopg://u:s3cret@127.0.0.1:1/h"  # nobody is there
    said = shell.refused("migrate")
    assert "database cannot be used" in said
    assert "s3cret" not in said


def test_a_broker_program_that_is_none_is_a_sentence(shell: Shell) -> None:
    shell.environment |= {"HEARTHGATE_REGION": "eu", "HEARTHGATE_BROKER__NATS__PROGRAM": "/bin/true"}
    assert "nats-server" in shell.refused("serve")
