"""Runs nats-server as a supervised child: started, watched, started again when it dies, ended with the gateway."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from gateway.broker import child
from gateway.broker.nats.binary import Binary
from gateway.broker.nats.configuration import NatsSettings, write_configuration
from gateway.broker.nats.log import LogCounts, parse_line
from gateway.broker.orphan import end_orphan
from gateway.broker.port import OnLogLine
from gateway.observability.logging import logger

_log = logger(__name__)

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_STEADY_SECONDS: Final = 30.0
"""A server that ran this long was well; its next death starts the back-off anew."""

_READY: Final = b"] Server is ready"


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
            _log.error("nats_server_ended", starts=self.starts)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _one_life(self, file: str) -> None:
        process = await child.start(self._binary.path, file)
        self._process = process
        self.starts += 1
        try:
            async for line in child.log_lines(process):
                if line.endswith(_READY):
                    self.listening.set()
                self._take(parse_line(line, self._clock()))
            await process.wait()
        finally:
            await child.end(process)
            self._process = None
            self.listening.clear()
