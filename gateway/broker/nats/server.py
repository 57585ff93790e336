"""Runs nats-server as a supervised child: started, watched, started again when it dies, ended with the gateway."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from gateway.broker.nats.binary import Binary
from gateway.broker.nats.configuration import NatsSettings, write_configuration
from gateway.broker.nats.log import LogCounts, parse_line
from gateway.broker.nats.orphan import end_orphan
from gateway.broker.port import OnLogLine

_LOG: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_STEADY_SECONDS: Final = 30.0
"""A server that ran this long was well; its next death starts the back-off anew."""

_POLITE_SECONDS: Final = 5.0
_READY: Final = b"] Server is ready"
_LINE_LIMIT: Final = 64 * 1024
_PASSED_ON: Final = ("PATH", "HOME", "TMPDIR", "GOMEMLIMIT", "GOMAXPROCS", "SYSTEMROOT")
"""Of the environment, the child gets this and nothing else: ours holds secrets."""


class NatsServer:
    """One supervised nats-server. `run` is its life; everything else only looks.

    Args:
        binary: a checked executable.
        settings: what to configure.
        clock: the time, for log lines.
        on_log_line: takes the lines that say why a connection failed.
    """

    def __init__(
        self, binary: Binary, settings: NatsSettings, *, clock: Callable[[], datetime], on_log_line: OnLogLine
    ) -> None:
        self._binary = binary
        self._settings = settings
        self._clock = clock
        self._log = LogCounts()
        self._take = self._log.counting(on_log_line)
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0
        """How often it was started; more than one means that it died."""

        self.listening = asyncio.Event()
        """Set while the server says that it takes connections."""

    @property
    def pid(self) -> int | None:
        """The running child, if there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def log_counts(self) -> dict[str, int]:
        """Lines of the log by what they said."""
        return self._log.counts

    async def run(self) -> None:
        """Keep the server running until cancelled, then end it.

        Raises:
            UnsafeListenerError: the settings are refused; nothing was started.
            OSError: the configuration cannot be written, or the program cannot be started at all.
        """
        file = write_configuration(self._settings)
        await end_orphan(self._settings.pid_file, file)
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            await self._one_life(str(file))
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            _LOG.warning("nats-server ended; starting it again (start %d)", self.starts + 1)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _one_life(self, file: str) -> None:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            self._binary.path,
            "-c",
            file,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            limit=_LINE_LIMIT,
        )
        self._process = process
        self.starts += 1
        try:
            await self._read_log(process)
            await process.wait()
        finally:
            await _end(process)
            self._process = None
            self.listening.clear()

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        """Read to the end of the log: a full pipe would stop the server."""
        stream = process.stderr
        if stream is None:
            raise AssertionError("the log was not piped")
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the limit; asyncio dropped what it had of it
                line = b"(too long)\n"
            if not line:
                return
            if line.rstrip().endswith(_READY):
                self.listening.set()
            self._take(parse_line(line.rstrip(b"\r\n"), self._clock()))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    # Shielded: a cancelled gateway still waits for its child, or the store would be open twice at the next start.
    try:
        await asyncio.shield(asyncio.wait_for(_drained(process), _POLITE_SECONDS))
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _drained(process: asyncio.subprocess.Process) -> None:
    if process.stderr is not None:
        with contextlib.suppress(ValueError):
            while await process.stderr.read(_LINE_LIMIT):
                pass
    await process.wait()
