"""The test's end of a gateway in a process of its own: start, arm, wait for its death, start again."""

import asyncio
import atexit
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import cache
from itertools import count
from pathlib import Path

from gateway.config import Settings
from tests.faults.boundaries import Step
from tests.faults.gateway_process import Birth

ROOT = Path(__file__).resolve().parents[2]
START_S = 40.0

_numbers = count()


class GatewayDiedError(Exception):
    """The gateway ended where nobody killed it."""


class Nursery:
    """The process that forks gateways. One for all tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.gateway_process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._folder = tempfile.TemporaryDirectory(prefix="hg-")  # a socket's path has to be short

    def address(self) -> str:
        """A new place to talk."""
        return f"{self._folder.name}/{next(_numbers)}"

    def bear(self, birth: Birth) -> int:
        """Start a gateway; its process id."""
        return self._ask(asdict(birth))

    def exit_code(self, pid: int) -> int:
        """How a gateway ended that has ended; negative: by that signal."""
        return self._ask({"died": pid})

    def _ask(self, request: object) -> int:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    def end(self) -> None:
        self._process.communicate()
        self._folder.cleanup()


@cache
def nursery() -> Nursery:
    """The nursery of this test session."""
    made = Nursery()
    atexit.register(made.end)
    return made


class Child:
    """One gateway process."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._pid = 0
        self._writer: asyncio.StreamWriter | None = None
        self._ready, self._armed = asyncio.Event(), asyncio.Event()
        self.steps: list[Step] = []
        """Boundaries passed since it was armed, in order."""
        self.ended = asyncio.Event()
        self.exit_code: int | None = None

    @classmethod
    async def start(cls, settings_file: Path, log: Path) -> "Child":
        """Start a gateway and return when it serves.

        Raises:
            GatewayDiedError: it ended instead; with the last of its log.
        """
        child, place = cls(log), nursery().address()
        server = await asyncio.start_unix_server(child._converse, place)
        try:
            child._pid = nursery().bear(Birth(str(settings_file), place, str(log)))
            async with asyncio.timeout(START_S):
                await child._ready.wait()
        finally:
            server.close()
        child.must_live()
        return child

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                word, _, rest = line.decode().strip().partition(" ")
                match word:
                    case "step":
                        self.steps.append(Step.parse(rest))
                    case "ready":
                        self._ready.set()
                    case "armed":
                        self.steps.clear()  # what was counted before
                        self._armed.set()
        self.exit_code = nursery().exit_code(self._pid)
        for event in (self.ended, self._ready, self._armed):
            event.set()
        writer.close()

    async def arm(self, die_at: Step | None = None) -> None:
        """Count boundaries from here on, and die at this step; without one it only counts."""
        self._armed.clear()
        self._say("arm" if die_at is None else f"arm {die_at}")
        await self._armed.wait()

    def kill(self) -> None:
        """SIGKILL, now."""
        if self.is_alive:
            os.kill(self._pid, signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order."""
        if self.is_alive:
            self._say("stop")
            try:
                async with asyncio.timeout(START_S):
                    await self.ended.wait()
            except TimeoutError:
                self.kill()
                await self.ended.wait()

    @property
    def is_alive(self) -> bool:
        return not self.ended.is_set()

    @property
    def was_killed(self) -> bool:
        """True when it died of SIGKILL."""
        return self.exit_code == -signal.SIGKILL

    def must_live(self) -> None:
        """Raise if it is gone."""
        if self.ended.is_set():
            tail = self._log.read_text("utf-8", "replace")[-6000:]
            raise GatewayDiedError(f"exit code {self.exit_code}; its log ends:\n{tail}")

    def _say(self, word: str) -> None:
        assert self._writer is not None
        self._writer.write(f"{word}\n".encode())


class Gateway:
    """A gateway that is started again on the same folder as often as it dies."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.log = folder / "gateway.log"
        self._file = folder / "settings.json"
        folder.mkdir(parents=True, exist_ok=True)
        document = settings.model_dump(mode="json", exclude={"database": {"url"}, "keys": {"store_url"}})
        if settings.database.url is not None:
            document["database"]["url"] = settings.database.url.get_secret_value()
        if settings.keys.store_url is not None:
            document["keys"]["store_url"] = settings.keys.store_url.get_secret_value()
        self._file.write_text(json.dumps(document), "utf-8")
        self._child: Child | None = None
        self.serving = asyncio.Event()
        self.deaths = 0

    @property
    def child(self) -> Child:
        """The present life, or the last one."""
        assert self._child is not None
        return self._child

    async def start(self) -> Child:
        """Start it; what ran before must be dead."""
        self._child = await Child.start(self._file, self.log)
        self.serving.set()
        return self._child

    async def restart_when_dead(self) -> Child:
        """Wait for the death of the present one, and start the next.

        Raises:
            GatewayDiedError: nobody killed it.
        """
        await self.child.ended.wait()
        self.serving.clear()
        if not self.child.was_killed:
            self.child.must_live()
        self.deaths += 1
        return await self.start()

    async def stop(self) -> None:
        """End it."""
        if self._child is not None:
            await self._child.stop()

    @contextlib.asynccontextmanager
    async def undying(self) -> AsyncIterator[None]:
        """Start it again whenever it was killed, while the body runs."""
        async with asyncio.TaskGroup() as tasks:

            async def watch() -> None:
                while True:
                    await self.restart_when_dead()

            watching = tasks.create_task(watch())
            yield
            while not (self.child.is_alive and self.serving.is_set()):  # noqa: ASYNC110 - its death is what it waits for
                await asyncio.sleep(0.01)
            watching.cancel()

    def broker_pid(self) -> int:
        """The broker that the gateway runs, from that broker's own pid file."""
        name = "nats" if self.settings.broker.kind == "nats" else "mosquitto"
        found = [path for path in self.settings.data_folder.rglob("*.pid") if name in str(path)]
        assert len(found) == 1, found
        return int(re.sub(r"\D", "", found[0].read_text("ascii")))
