"""The two intakes: state reports in batches, everything else one by one. Acknowledged after the commit."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from gateway.transport.port import Inbound, Intake, Transport
from gateway.usecases.transaction import DatabaseUnavailableError

log = structlog.stdlib.get_logger(__name__)

BATCH_AT_MOST: Final = 500
"""Reports that share a transaction. A batch is whatever arrived while the one before was being committed."""

CONTROL_AT_MOST: Final = 64
"""Messages taken from the transport at once; how many are in hand is the transport's bound."""

PAUSE_SECONDS: Final = 1.0
"""After the database could not be reached, before the intake asks for more."""

Handle = Callable[[Inbound], Awaitable[None]]
"""Handles one message. Returning means done (refusals too); `DatabaseUnavailableError` means: again, later."""

HandleBatch = Callable[[Sequence[Inbound]], Awaitable[None]]


class IngestIntake:
    """State reports: receive, commit together, acknowledge together."""

    def __init__(self, transport: Transport, handle: HandleBatch) -> None:
        self._transport: Final = transport
        self._handle: Final = handle

    async def run(self) -> None:
        """Until cancelled. A batch that could not be committed is given back, in order."""
        while True:
            batch = await self._transport.receive(Intake.INGEST, BATCH_AT_MOST)
            try:
                await self._handle(batch)
            except DatabaseUnavailableError:
                log.warning("reports_given_back", messages=len(batch))
                await self._transport.give_back(batch)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                await self._transport.acknowledge(batch)


class ControlIntake:
    """Everything else: many identities at once, the messages of one identity in order."""

    def __init__(self, transport: Transport, handle: Handle, identity_of: Callable[[str], str]) -> None:
        self._transport: Final = transport
        self._handle: Final = handle
        self._identity_of: Final = identity_of
        self._lines: Final[dict[str, deque[Inbound]]] = {}

    async def run(self) -> None:
        """Until cancelled. What is in hand then is not acknowledged, and comes again."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for message in await self._transport.receive(Intake.CONTROL, CONTROL_AT_MOST):
                    identity = self._identity_of(message.topic)
                    line = self._lines.get(identity)
                    if line is None:
                        self._lines[identity] = deque([message])
                        tasks.create_task(self._serve(identity))
                    else:
                        line.append(message)

    async def _serve(self, identity: str) -> None:
        line = self._lines[identity]
        try:
            while line:
                await self._handle(line[0])
                await self._transport.acknowledge([line.popleft()])
        except DatabaseUnavailableError:
            waiting = list(line)
            log.warning("messages_given_back", messages=len(waiting))
            await self._transport.give_back(waiting)
        finally:
            del self._lines[identity]
