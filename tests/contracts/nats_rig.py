"""A real nats-server with TLS, a real callout and a real transport, on free ports of the loopback."""

import asyncio
import contextlib
import datetime as dt
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.broker.nats.binary import packaged_binary
from gateway.broker.nats.broker import NatsBroker
from gateway.broker.nats.configuration import Listen, NatsSettings, TlsFiles
from gateway.broker.nats.credentials import NatsCredentials, load_or_make_credentials
from gateway.broker.nats.server import NatsServer
from gateway.broker.port import Deny, LogLine, Permit, Presented
from gateway.broker.probe import Probe, Will
from gateway.domain.identity import Kind, kind_of
from gateway.transport.nats import NatsAddress, NatsTransport, NatsTransportSettings
from gateway.transport.port import Intake, Transport
from tests.contracts.pki import Leaf, Pki
from tests.contracts.transport_rig import Appliance
from tests.ports import free_port


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the real clock for real servers


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - some of what is waited for is another process
            await asyncio.sleep(0.005)


class Decisions:
    """Decides like the gateway: issuer fits kind, client id is the CN, not revoked. Remembers what it saw."""

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.revoked: set[str] = set()
        self.renew_only: set[str] = set()
        self.until: dt.datetime | None = None
        self.seen: list[Presented] = []
        self.instead: Callable[[Presented], Awaitable[Permit | Deny]] | None = None

    async def __call__(self, presented: Presented) -> Permit | Deny:
        self.seen.append(presented)
        if self.instead is not None:
            return await self.instead(presented)
        certificate = x509.load_pem_x509_certificate(presented.certificate_pem.encode())
        name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        kind = kind_of(name)
        if kind is None or name != presented.client_id:
            return Deny("cert.name_mismatch")
        issuer = {Kind.CLAIM: self.pki.factory, Kind.DEVICE: self.pki.device, Kind.GATEWAY: self.pki.service}[kind]
        if certificate.issuer != issuer.certificate.subject:
            return Deny("cert.wrong_issuer")
        if name in self.revoked:
            return Deny("cert.revoked")
        return Permit(kind, name, renew_only=name in self.renew_only, until=self.until)


class NatsRig:
    """One broker and as many transports as a test wants. Enter it; everything ends with it."""

    def __init__(self, folder: Path) -> None:
        self.pki = Pki(folder / "pki")
        self.folder = folder / "nats"
        self.credentials: NatsCredentials = load_or_make_credentials(self.folder / "credentials.json")
        self.client_port, self.mqtt_port = free_port(), free_port()
        self.settings = NatsSettings(
            folder=self.folder,
            client=Listen("127.0.0.1", self.client_port),
            mqtt=Listen("127.0.0.1", self.mqtt_port),
            mqtt_tls=TlsFiles(self.pki.server.certificate, self.pki.server.key, self.pki.clients_ca),
            credentials=self.credentials,
        )
        self.decisions = Decisions(self.pki)
        self.lines: list[LogLine] = []
        self.server = NatsServer(packaged_binary(), self.settings, clock=now, on_log_line=self.lines.append)
        self.urls = (f"nats://127.0.0.1:{self.client_port}",)
        self.broker = NatsBroker(self.server, self.urls, self.credentials, self.decisions, clock=now, gate=self._gate)
        self.most_bytes = 1024**3
        self._opened = asyncio.Event()
        self._tasks: asyncio.TaskGroup
        self._running: dict[int, asyncio.Task[None]] = {}
        self._probes: list[Probe] = []

    async def _gate(self) -> None:
        await self._opened.wait()

    async def __aenter__(self) -> Self:
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._broker_task = self._tasks.create_task(self.broker.run())
        await asyncio.wait_for(self.broker.ready(), 15)
        return self

    async def __aexit__(self, *_: object) -> None:
        for probe in self._probes:
            probe.abort()
        for task in (*self._running.values(), self._broker_task):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._tasks.__aexit__(None, None, None)

    def make_transport(self, *, in_flight: int = 1000) -> NatsTransport:
        address = NatsAddress(self.urls, "gateway", self.credentials.gateway)
        flight = {Intake.INGEST: in_flight, Intake.CONTROL: in_flight}
        return NatsTransport(
            NatsTransportSettings(address=address, give_back_pause=0.05, in_flight=flight, most_bytes=self.most_bytes)
        )

    async def open_transport(self, *, gateway: int = 0, in_flight: int = 1000) -> NatsTransport:
        """A running transport. All gateways are alike here: they share consumers by name."""
        del gateway
        transport = self.make_transport(in_flight=in_flight)
        self._running[id(transport)] = self._tasks.create_task(transport.run())
        await asyncio.wait_for(transport.connected(), 15)
        self._opened.set()
        return transport

    async def appliance(self) -> Appliance:
        leaf = self.pki.appliance()
        return Appliance(leaf.common_name, lambda: self.connect(leaf))

    async def end_transport(self, transport: Transport) -> None:
        """The gateway dies: its connection ends, nothing more is acknowledged."""
        task = self._running.pop(id(transport))
        task.cancel()
        await asyncio.wait([task])

    async def connect(
        self, leaf: Leaf, *, client_id: str | None = None, clean: bool = True, will: Will | None = None
    ) -> Probe:
        """An appliance with this certificate."""
        name = leaf.common_name if client_id is None else client_id
        probe = await Probe.connect("127.0.0.1", self.mqtt_port, self.pki.context(leaf), name, clean=clean, will=will)
        self._probes.append(probe)
        return probe

    async def kill_broker(self) -> None:
        """SIGKILL; the supervisor starts it again."""
        pid, starts = self.server.pid, self.server.starts
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: self.server.starts > starts and self.server.pid is not None)
