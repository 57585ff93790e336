"""The two intakes: state reports in batches, everything else one by one. Acknowledged after the commit."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics
from gateway.transport.port import Inbound, Intake, Transport
from gateway.usecases.transaction import DatabaseUnavailableError

_log = logger(__name__)

BATCH_AT_MOST: Final = 500
"""Reports that share a transaction. A batch is whatever arrived while the one before was being committed."""

CONTROL_AT_MOST: Final = 64
"""Messages taken from the transport at once; how many are in hand is the transport's bound."""

PAUSE_SECONDS: Final = 1.0
"""After the database could not be reached, before the intake asks for more."""

Handle = Callable[[Inbound], Awaitable[None]]
"""Handles one message. Returning means done (refusals too); `DatabaseUnavailableError` means: again, later."""

HandleBatch = Callable[[Sequence[Inbound]], Awaitable[None]]


class _Receiving:
    """Takes messages until told to stop. A wait for more is broken off, work on what was taken is not."""

    def __init__(self, transport: Transport, intake: Intake, at_most: int) -> None:
        self._transport: Final = transport
        self._intake: Final = intake
        self._at_most: Final = at_most
        self._stopping: Final = asyncio.Event()
        self._waiting = False

    def stop(self) -> None:
        """Take nothing more."""
        self._stopping.set()

    async def run(self, take: Callable[[list[Inbound]], Awaitable[None]]) -> None:
        """Hand what arrives to `take` until stopped."""
        async with asyncio.TaskGroup() as tasks:
            loop = tasks.create_task(self._loop(take))
            await self._stopping.wait()
            if self._waiting:
                loop.cancel()

    async def _loop(self, take: Callable[[list[Inbound]], Awaitable[None]]) -> None:
        while not self._stopping.is_set():
            self._waiting = True
            messages = await self._transport.receive(self._intake, self._at_most)
            self._waiting = False
            await take(messages)


class IngestIntake:
    """State reports: receive, commit together, acknowledge together."""

    def __init__(
        self, transport: Transport, handle: HandleBatch, metrics: Metrics, *, batch: int = BATCH_AT_MOST
    ) -> None:
        self._transport: Final = transport
        self._seconds: Final = metrics.message_seconds.labels(Intake.INGEST.value)
        self._handle: Final = handle
        self._receiving: Final = _Receiving(transport, Intake.INGEST, batch)

    def stop(self) -> None:
        """Take nothing more; `run` returns when the batch in hand is done."""
        self._receiving.stop()

    async def run(self) -> None:
        """Until stopped. A batch that could not be committed is given back, in order."""
        await self._receiving.run(self._take)

    async def _take(self, batch: list[Inbound]) -> None:
        began = time.perf_counter()
        try:
            await self._handle(batch)
        except DatabaseUnavailableError:
            _log.warning("reports_given_back", messages=len(batch))
            await self._transport.give_back(batch)
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            await self._transport.acknowledge(batch)
            self._seconds.observe(time.perf_counter() - began)


class ControlIntake:
    """Everything else: many identities at once, the messages of one identity in order."""

    def __init__(
        self, transport: Transport, handle: Handle, identity_of: Callable[[str], str], metrics: Metrics
    ) -> None:
        self._transport: Final = transport
        self._seconds: Final = metrics.message_seconds.labels(Intake.CONTROL.value)
        self._handle: Final = handle
        self._identity_of: Final = identity_of
        self._receiving: Final = _Receiving(transport, Intake.CONTROL, CONTROL_AT_MOST)
        self._lines: Final[dict[str, deque[Inbound]]] = {}

    def stop(self) -> None:
        """Take nothing more; `run` returns when everything in hand is done."""
        self._receiving.stop()

    async def run(self) -> None:
        """Until stopped. What is in hand when cancelled is not acknowledged, and comes again."""
        async with asyncio.TaskGroup() as tasks:

            async def sort(messages: list[Inbound]) -> None:
                for message in messages:
                    identity = self._identity_of(message.topic)
                    line = self._lines.get(identity)
                    if line is None:
                        self._lines[identity] = deque([message])
                        tasks.create_task(self._serve(identity))
                    else:
                        line.append(message)

            await self._receiving.run(sort)

    async def _serve(self, identity: str) -> None:
        line = self._lines[identity]
        try:
            while line:
                began = time.perf_counter()
                await self._handle(line[0])
                await self._transport.acknowledge([line.popleft()])
                self._seconds.observe(time.perf_counter() - began)
        except DatabaseUnavailableError:
            waiting = list(line)
            _log.warning("messages_given_back", messages=len(waiting))
            await self._transport.give_back(waiting)
        finally:
            del self._lines[identity]
