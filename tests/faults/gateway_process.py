"""Gateways in processes of their own that can be told to kill themselves at a step of what they do.

Run as `python -m tests.faults.gateway_process`: a nursery that has everything imported and forks one gateway for each
line of its input (a gateway that had to import first would be back only after seconds, and there are many deaths).
Each gateway talks over a Unix socket, line by line: it says `ready` when it serves; `arm` makes it count boundaries
from there on, saying each as `step K name` (the Kth time that it passes this one); `arm K name` makes it die by SIGKILL
at that step; `stop`, and the end of the conversation, end it in order.
"""

import asyncio
import json
import os
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.bootstrap import build
from gateway.config import Settings
from gateway.observability.logging import configure
from tests.faults.boundaries import Boundaries, Step


@dataclass(frozen=True, slots=True)
class Birth:
    """What a gateway is born with."""

    settings: str
    """A file with settings as JSON."""
    talk: str
    """The socket at which the test listens."""
    log: str


class Conversation:
    """What a gateway is told and what it says."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._boundaries = Boundaries(self.say)
        self._boundaries.wrap()
        self.told_to_stop = asyncio.Event()

    def say(self, text: str) -> None:
        """One line, out of this process when this returns."""
        with suppress(OSError):
            self._connection.sendall(f"{text}\n".encode())

    async def listen(self) -> None:
        """Do what is said, until cancelled."""
        duplicate = self._connection.dup()  # its own, as asyncio makes it non-blocking only for reading
        reader, writer = await asyncio.open_unix_connection(sock=duplicate)
        try:
            while line := await reader.readline():
                word, _, rest = line.decode().strip().partition(" ")
                if word != "arm":
                    break
                self._boundaries.arm(Step.parse(rest) if rest else None)
                self.say("armed")
            self.told_to_stop.set()
        finally:
            writer.close()


async def live(settings: Settings, connection: socket.socket) -> None:
    """One gateway's life."""
    talk = Conversation(connection)
    application = await build(settings)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(application.run())
        ready = tasks.create_task(application.ready())
        listening = tasks.create_task(talk.listen())
        await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            talk.say("ready")
            stop = tasks.create_task(talk.told_to_stop.wait())
            await asyncio.wait([running, stop], return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            application.stop()
        ready.cancel()
        await asyncio.wait([running])
        listening.cancel()


def be_born(birth: Birth) -> int:
    """Become a gateway; returns the exit code."""
    log = os.open(birth.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, file in ((0, nothing), (1, nothing), (2, log)):
        os.dup2(file, number)
    configure(level="WARNING", human=True)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(birth.talk)
    try:
        asyncio.run(live(Settings.model_validate(json.loads(Path(birth.settings).read_text("utf-8"))), connection))
    except BaseException:  # noqa: BLE001 - the end of a process
        traceback.print_exc()
        return 1
    return 0


def nurse() -> None:
    """Fork a gateway for each birth, and tell how it ended when asked. No thread may run here."""
    answers = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        if "died" in request:
            _, status = os.waitpid(request["died"], 0)
            os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            continue
        child = os.fork()
        if child == 0:
            os.close(answers)
            os._exit(be_born(Birth(**request)))
        os.write(answers, f"{child}\n".encode())


if __name__ == "__main__":
    nurse()
