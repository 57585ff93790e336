"""The test's end of a gateway in a process of its own: start, arm, wait for its death, start again."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from pathlib import Path

from gateway.config import Settings

ROOT = Path(__file__).resolve().parents[2]
START_S = 40.0


class GatewayDiedError(Exception):
    """The gateway ended where nobody killed it."""


class Child:
    """One gateway process."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self._words: dict[str, asyncio.Event] = {word: asyncio.Event() for word in ("waiting", "ready", "armed")}
        self.steps: list[str] = []
        """Boundaries passed since it was armed, in order."""
        self.ended = asyncio.Event()

    @classmethod
    async def spawn(cls, settings_file: Path, log: Path, tasks: asyncio.TaskGroup) -> "Child":
        """Start a process that has everything imported and waits for `go`."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.faults.gateway_process",
                str(settings_file),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        child = cls(process, log)
        tasks.create_task(child._listen())
        return child

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word == "step":
                self.steps.append(rest)
            elif word in self._words:
                self._words[word].set()
        await self._process.wait()
        self.ended.set()
        for event in self._words.values():
            event.set()

    async def go(self) -> None:
        """Start the gateway; returns when it serves.

        Raises:
            GatewayDiedError: it ended instead; with the last of its log.
        """
        self._say("go")
        async with asyncio.timeout(START_S):
            await self._words["ready"].wait()
        self.must_live()

    async def arm(self, die_at: int) -> None:
        """Count boundaries from here on; 0 counts only."""
        self.steps.clear()
        self._words["armed"].clear()
        self._say(f"arm {die_at}")
        await self._words["armed"].wait()

    def kill(self) -> None:
        """SIGKILL, now."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order; a spare one too."""
        if not self.ended.is_set():
            with contextlib.suppress(ConnectionError):
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
        return self.ended.is_set() and self._process.returncode == -signal.SIGKILL

    def must_live(self) -> None:
        """Raise if it is gone."""
        if self.ended.is_set():
            raise GatewayDiedError(f"exit code {self._process.returncode}; its log ends:\n{self._tail()}")

    def must_not_have_failed(self) -> None:
        """Raise if it ended by itself."""
        if self.ended.is_set() and not self.was_killed:
            self.must_live()

    def _tail(self) -> str:
        return self._log.read_text("utf-8", "replace")[-6000:]

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())


class Gateway:
    """A gateway that is started again on the same folder as often as it dies. Keeps the next process warm."""

    def __init__(self, settings: Settings, folder: Path, tasks: asyncio.TaskGroup) -> None:
        self.settings = settings
        self.log = folder / "gateway.log"
        self._file = folder / "settings.json"
        self._tasks = tasks
        folder.mkdir(parents=True, exist_ok=True)
        document = settings.model_dump(mode="json", exclude={"database": {"url"}})
        if settings.database.url is not None:
            document["database"]["url"] = settings.database.url.get_secret_value()
        self._file.write_text(json.dumps(document), "utf-8")
        self._spare: Child | None = None
        self.child: Child | None = None
        self.starts = 0

    async def start(self) -> Child:
        """Start it; what ran before must be dead."""
        child = self._spare or await self._spawn()
        self._spare = None
        self.child = child
        await child.go()
        self.starts += 1
        return child

    async def warm(self) -> None:
        """Have the next process import everything while this one runs."""
        if self._spare is None:
            self._spare = await self._spawn()

    async def restart_when_dead(self) -> Child:
        """Wait for the death of the present one, and start the next."""
        assert self.child is not None
        await self.child.ended.wait()
        self.child.must_not_have_failed()
        return await self.start()

    async def stop(self) -> None:
        """End everything."""
        for child in (self.child, self._spare):
            if child is not None:
                await child.stop()

    async def _spawn(self) -> Child:
        return await Child.spawn(self._file, self.log, self._tasks)

    def broker_pid(self) -> int:
        """The broker that the gateway runs, from that broker's own pid file."""
        name = "nats" if self.settings.broker.kind == "nats" else "mosquitto"
        found = [path for path in self.settings.data_folder.rglob("*.pid") if name in str(path)]
        assert len(found) == 1, found
        return int(re.sub(r"\D", "", found[0].read_text("ascii")))
