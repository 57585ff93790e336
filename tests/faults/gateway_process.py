"""A gateway in a process of its own that can be told to kill itself at a numbered step.

Run as `python -m tests.faults.gateway_process SETTINGS.json`. It imports everything and waits; then it reads words, one
a line: `go` starts the gateway (it says `ready`), `arm N` counts boundaries from there on, saying each as
`step K name`, and dies by SIGKILL at the Nth (0: only counts), `stop` ends it in order. The end of its input does too.
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

from gateway.bootstrap import build
from gateway.config import Settings
from gateway.observability.logging import configure
from gateway.runtime.application import Application
from tests.faults.boundaries import Boundaries


def say(text: str) -> None:
    """One line to whoever started us, at once."""
    os.write(1, f"{text}\n".encode())


class Obedient:
    """Reads words from standard input."""

    def __init__(self, boundaries: Boundaries) -> None:
        self._boundaries = boundaries
        self._application: Application | None = None
        self._rest = b""
        self.go = asyncio.Event()
        self._stopped = False

    def runs(self, application: Application) -> None:
        self._application = application
        if self._stopped:
            application.stop()

    def read(self) -> None:
        data = os.read(0, 4096)
        if not data:
            asyncio.get_running_loop().remove_reader(0)
            self._stop()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            match line.decode().split():
                case ["go"]:
                    self.go.set()
                case ["arm", number]:
                    self._boundaries.arm(int(number))
                    say("armed")
                case ["stop"]:
                    self._stop()

    def _stop(self) -> None:
        self._stopped = True
        self.go.set()
        if self._application is not None:
            self._application.stop()

    @property
    def stopped(self) -> bool:
        return self._stopped


async def main(settings: Settings) -> None:
    """Run one gateway."""
    boundaries = Boundaries(say)
    boundaries.wrap()
    obedient = Obedient(boundaries)
    asyncio.get_running_loop().add_reader(0, obedient.read)
    say("waiting")
    await obedient.go.wait()
    if obedient.stopped:
        return
    application = await build(settings)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(application.run())
        ready = tasks.create_task(application.ready())
        await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            say("ready")
            obedient.runs(application)
            await asyncio.wait([running])
        ready.cancel()


if __name__ == "__main__":
    configure(level="WARNING", human=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(Settings.model_validate(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
