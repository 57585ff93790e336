"""Runs Mosquitto as a supervised child: started, watched, started again when it dies, ended with the gateway."""

import asyncio
import contextlib
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.broker import child
from gateway.broker.mosquitto.account import account_for
from gateway.broker.mosquitto.configuration import CONFIGURATION_FILE, MosquittoSettings, render
from gateway.broker.mosquitto.log import LogReader
from gateway.broker.orphan import end_orphan
from gateway.broker.port import LogLine, OnLogLine
from gateway.observability.logging import logger

_log = logger(__name__)

_PLACES: Final = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")
"""Where packages put it; few users have these in their PATH."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_STEADY_S: Final = 30.0
"""A server that ran this long was well; its next death starts the back-off anew."""
_RELOAD_S: Final = 0.5
_RELOAD_TRIES: Final = 10


class ProgramMissingError(Exception):
    """There is no Mosquitto to run."""


def find_program(configured: Path | None = None) -> Path:
    """The program to run: the configured one, or `mosquitto` where it usually is.

    Raises:
        ProgramMissingError: not there, or not executable.
    """
    candidates = [str(configured)] if configured is not None else ["mosquitto", *_PLACES]
    for candidate in candidates:
        if (found := shutil.which(candidate)) is not None:
            return Path(found)
    raise ProgramMissingError(f"no executable at {configured}" if configured else "mosquitto is not installed")


class ReloadFailedError(Exception):
    """Mosquitto was told to read its files again, and did not say that it does."""


class MosquittoServer:
    """One supervised Mosquitto. `run` is its life; `reload` has it read its files again."""

    def __init__(
        self, program: Path, settings: MosquittoSettings, *, clock: Callable[[], datetime], on_log_line: OnLogLine
    ) -> None:
        """`on_log_line` takes the lines that say why somebody was kept out."""
        self._program = program
        self._settings = replace(settings, log_to="stderr")
        self._reader = LogReader(clock, self._take, self._notice)
        self._on_log_line = on_log_line
        self._process: asyncio.subprocess.Process | None = None
        self._running = asyncio.Event()
        self._ended = asyncio.Event()
        self._reloading = asyncio.Event()
        self._ran = False
        self.admits = False
        """False while the lists refuse everybody: the lines about it are no evidence of anybody's trouble."""
        self.starts = 0
        """How often it was started; more than one means that it died."""

    @property
    def settings(self) -> MosquittoSettings:
        """What it runs with."""
        return self._settings

    @property
    def pid(self) -> int | None:
        """The running child, if there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def log_counts(self) -> Counter[str]:
        """Lines of the log by what they said."""
        return self._reader.counts

    async def running(self) -> None:
        """Return once it says that it runs."""
        await self._running.wait()

    async def next_life(self, after: int) -> int:
        """Return the number of the present life once it runs and is later than `after`."""
        while True:
            await self._running.wait()
            if self.starts > after:
                return self.starts
            await self._ended.wait()

    async def run(self, before_start: Callable[[], None]) -> None:
        """Keep the server running until cancelled, then end it. `before_start` runs before each start.

        Raises:
            ValueError: the settings are refused; nothing was started.
            OSError: its files cannot be written, or the program cannot be started at all.
        """
        folder = self._settings.folder
        configuration = folder / CONFIGURATION_FILE
        pid_file = folder / "mosquitto.pid"
        self._write_files()
        if await end_orphan(pid_file, configuration):
            _log.warning("mosquitto_orphan_ended")
        pause_s = _FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            self.admits = False
            before_start()
            await self._one_life(configuration, pid_file)
            if self._ran:
                _log.error("mosquitto_ended")
            else:  # nobody was ever connected, so the lines name files and ports only
                _log.error("mosquitto_did_not_start", said=list(self._reader.last))
            if time.monotonic() - began > _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def reload(self) -> None:
        """Have it read certificates, revocation lists and access lists again; returns once it has.

        A listener with a revocation list gets a new TLS context, so nobody resumes a TLS session from before either
        (that would skip the check of the certificate). Mosquitto is single-threaded and says that it reloads before
        it does, so nobody connects between that line and the new lists. One that is down has nothing to read.

        Raises:
            ReloadFailedError: it does not say so.
        """
        process = self._process
        if process is None or not self._running.is_set():
            return
        self._reloading.clear()
        for _ in range(_RELOAD_TRIES):
            # A signal that comes while it still handles the one before is lost: it resets its flag at the end.
            with contextlib.suppress(TimeoutError, ProcessLookupError):
                process.send_signal(signal.SIGHUP)
                async with asyncio.timeout(_RELOAD_S):
                    await self._reloading.wait()
                    return
        raise ReloadFailedError

    def _take(self, line: LogLine) -> None:
        if self.admits:
            self._on_log_line(line)

    def _notice(self, said: str) -> None:
        if said == "running":
            self._ran = True
            self._ended.clear()
            self._running.set()
        elif said == "reloading":
            self._reloading.set()

    def _write_files(self) -> None:
        settings = self._settings
        settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = account_for(settings)
        if account is not None and account.name == "root":
            _log.warning("mosquitto_runs_as_root")  # no other account can read its files
        files = render(replace(settings, run_as=account.name if account is not None else None))
        for name, text in files.items():
            path = settings.folder / name
            path.write_text(text, "utf-8")
            path.chmod(0o600)
        if account is not None:
            account.own(settings.folder)

    async def _one_life(self, configuration: Path, pid_file: Path) -> None:
        process = await child.start(self._program, configuration)
        self._process = process
        self._ran = False
        self.starts += 1
        try:
            _note(pid_file, process.pid)
            async for line in child.log_lines(process):
                self._reader.read(line)
            await process.wait()
        finally:
            self._running.clear()
            self._ended.set()
            await child.end(process)
            self._process = None
            _note(pid_file, None)


def _note(pid_file: Path, pid: int | None) -> None:
    if pid is None:
        pid_file.unlink(missing_ok=True)
    else:
        pid_file.write_text(f"{pid}\n", "ascii")
