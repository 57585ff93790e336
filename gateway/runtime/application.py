"""One running gateway: starts its services in order, says when it is ready, and stops without losing anything."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.api.server import ApiServer
from gateway.broker.canary import Finding
from gateway.broker.port import Broker
from gateway.observability.logging import logger
from gateway.storage.database import Database
from gateway.transport.intakes import ControlIntake, IngestIntake
from gateway.transport.port import Transport
from gateway.transport.relay import OutboxRelay

_log = logger(__name__)

FLUSH_S: Final = 5.0
"""How long stopping waits for the outbox. What is left stays in the database and is sent after the next start."""


class Service(Protocol):
    """Something that runs for as long as the gateway does."""

    async def run(self) -> None:
        """Until cancelled."""


class UnsafeBrokerError(Exception):
    """The start-up canary did something that must be impossible. Serving would expose every appliance."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        listed = "; ".join(f"{finding.what}: {finding.says}" for finding in findings)
        super().__init__(f"the broker's rules do not hold, so the gateway does not serve: {listed}")
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a gateway is made of; put together by `bootstrap`."""

    database: Database
    broker: Broker
    transport: Transport
    relay: OutboxRelay
    ingest: IngestIntake
    control: ControlIntake
    background: tuple[Service, ...]
    """Timers, evidence, hints of other gateways, retention."""
    api: ApiServer
    console: ApiServer
    operator: ApiServer
    canary: Callable[[], Awaitable[tuple[Finding, ...]]]
    close: tuple[Callable[[], None], ...]
    """What is to be closed at the very end, in this order (thread pools)."""
    drain_s: float = 20.0


class Application:
    """A gateway. `run` it once; `stop` ends it in order, cancelling `run` ends it at once."""

    def __init__(self, parts: Parts) -> None:
        self.parts: Final = parts
        self._stop: Final = asyncio.Event()
        self._ready: Final = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """True while it serves."""
        return self._ready.is_set() and not self._stop.is_set()

    async def ready(self) -> None:
        """Return once it serves."""
        await self._ready.wait()

    def stop(self) -> None:
        """Begin to stop: not ready, no new work, finish, flush, leave. `run` returns at the end of it."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until `stop`. If one service dies, everything ends, with the cause.

        Raises:
            UnsafeBrokerError: the canary found a hole.
            BaseExceptionGroup: what a service died of.
        """
        parts = self.parts
        try:
            async with asyncio.TaskGroup() as back:
                broker = back.create_task(parts.broker.run(), name="broker")
                operator = back.create_task(parts.operator.run(), name="operator")
                # The transport comes second. At first the broker of a gateway that was killed may still be there: who
                # connects to it loses it the next moment, and waits for seconds for an answer that it took along.
                await parts.broker.ready()
                transport = back.create_task(parts.transport.run(), name="transport")
                await self._connected()
                relay = back.create_task(parts.relay.run(), name="relay")
                await self._serve()
                await self._flush()
                for service in (relay, transport, broker):
                    service.cancel()
                    await asyncio.wait([service])
                parts.operator.stop()
                await asyncio.wait([operator])
        finally:
            parts.database.close()
            for close in parts.close:
                close()

    async def _connected(self) -> None:
        parts = self.parts
        await parts.transport.connected()
        findings = await parts.canary()
        if findings:
            raise UnsafeBrokerError(findings)

    async def _serve(self) -> None:
        parts = self.parts
        async with asyncio.TaskGroup() as front:
            background = [front.create_task(service.run()) for service in parts.background]
            work = [
                front.create_task(parts.ingest.run(), name="ingest"),
                front.create_task(parts.control.run(), name="control"),
                front.create_task(parts.api.run(), name="api"),
                front.create_task(parts.console.run(), name="console"),
            ]
            await parts.api.listening()
            await parts.console.listening()
            self._ready.set()
            _log.info("ready")
            await self._stop.wait()
            _log.info("stopping")
            parts.api.stop()
            parts.console.stop()
            parts.ingest.stop()
            parts.control.stop()
            _done, late = await asyncio.wait(work, timeout=parts.drain_s)
            for task in (*late, *background):
                task.cancel()

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_S):
                await self.parts.relay.flushed()
        except TimeoutError:
            _log.warning("outbox_not_flushed")
