"""Wraps a gateway's boundaries from the outside, counts what passes them, and kills the process at a chosen one.

A boundary is where something becomes durable or leaves: a use case that ran and is not committed, its commit, an
acknowledgement, a publish, a flush, an answer of the API. Nothing in the gateway knows of this file.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from gateway.storage.database import Database
from gateway.transport.mqtt import MqttTransport
from gateway.transport.nats import NatsTransport
from gateway.transport.port import Inbound

BACKGROUND = ("Deadlines.", "BrokerEvidence.", "Database.take_over", "Retention")
"""What timers do at their own time: no story brings it about. The random kills meet it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One passing of one boundary.

    By its name and not by how many came before it: two batches or one, a reply before or after a commit, and every
    number behind would mean something else in the next run.
    """

    name: str
    time: int
    """From 1: how often this boundary was passed since arming, this time included."""

    def __str__(self) -> str:
        return f"{self.time} {self.name}"

    @classmethod
    def parse(cls, text: str) -> "Step":
        """From `str` of it."""
        time, _, name = text.partition(" ")
        return cls(name, int(time))


class Boundaries:
    """Counts boundaries while armed. Called on the event loop and on database threads."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._passed: Counter[str] | None = None
        self._die_at: Step | None = None

    def arm(self, die_at: Step | None) -> None:
        """Count from here on, and die at this step; without one it only counts."""
        with self._lock:
            self._passed, self._die_at = Counter(), die_at

    def reached(self, name: str) -> None:
        """Something got as far as this boundary."""
        with self._lock:
            if self._passed is None:
                return
            self._passed[name] += 1
            step = Step(name, self._passed[name])
            self._say(f"step {step}")
            if step == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self) -> None:
        """Wrap the classes of this process."""
        self._wrap_database()
        self._wrap_api()
        for transport in (NatsTransport, MqttTransport):
            self._wrap_transport(transport)

    def _wrap_database(self) -> None:
        run = Database.run
        reached = self.reached

        async def numbered(database: Database, work: Callable[[Any], Any]) -> Any:
            name = _name_of(work)
            if name is None:
                return await run(database, work)

            def worked(tx: Any) -> Any:
                result = work(tx)
                reached(f"{name}: not committed")
                return result

            result = await run(database, worked)
            reached(f"{name}: committed")
            return result

        Database.run = numbered  # type: ignore[method-assign,assignment]

    def _wrap_transport(self, transport: Any) -> None:
        acknowledge, give_back = transport.acknowledge, transport.give_back
        publish, flush = transport.publish, transport.flush
        reached = self.reached

        async def numbered_acknowledge(self: Any, messages: Sequence[Inbound]) -> None:
            what = "+".join(sorted({message.topic.rsplit("/", 1)[-1] for message in messages}))
            reached(f"{what}: not acknowledged")
            await acknowledge(self, messages)
            reached(f"{what}: acknowledged")

        async def numbered_give_back(self: Any, messages: Sequence[Inbound]) -> None:
            reached("given back: before")
            await give_back(self, messages)

        async def numbered_publish(self: Any, topic: str, payload: bytes) -> None:
            await publish(self, topic, payload)
            if "/bus/" not in topic:
                reached(f"{topic.rsplit('/', 1)[-1]}: published")

        async def numbered_flush(self: Any) -> None:
            await flush(self)
            reached("flushed")

        transport.acknowledge, transport.give_back = numbered_acknowledge, numbered_give_back
        transport.publish, transport.flush = numbered_publish, numbered_flush

    def _wrap_api(self) -> None:
        prepare, write_eof = web.Response.prepare, web.Response.write_eof
        reached = self.reached

        async def numbered_prepare(self: web.Response, request: web.BaseRequest) -> Any:
            if request.method != "GET":
                reached(f"{request.method} {self.status}: not answered")
            return await prepare(self, request)

        async def numbered_write_eof(self: web.Response, data: bytes = b"") -> None:
            request = self._req
            await write_eof(self, data)
            if request is not None and request.method != "GET":
                reached(f"{request.method} {self.status}: answered")

        web.Response.prepare = numbered_prepare  # type: ignore[method-assign,assignment]
        web.Response.write_eof = numbered_write_eof  # type: ignore[method-assign]


def _name_of(work: Callable[[Any], Any]) -> str | None:
    """What a use case is called, by the names in its lambda: `activation.issue`. None: it is in the background."""
    plain: Any = work.func if isinstance(work, partial) else work
    place = str(getattr(plain, "__qualname__", ""))
    if place.startswith(BACKGROUND):
        return None
    code = getattr(plain, "__code__", None)
    if place.endswith("<lambda>") and code is not None:
        return f"{place.split('.', maxsplit=1)[0]} {'.'.join(code.co_names[:2])}"
    return place
