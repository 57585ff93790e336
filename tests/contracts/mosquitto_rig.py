"""A real Mosquitto, supervised as in production, with its three listeners on free ports of the loopback."""

import asyncio
import contextlib
import datetime as dt
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from gateway.broker.mosquitto.broker import MosquittoBroker, RevocationLists
from gateway.broker.mosquitto.configuration import ListenerSettings, MosquittoSettings
from gateway.broker.mosquitto.server import MosquittoServer, find_program
from gateway.broker.port import LogLine
from gateway.broker.probe import Probe, Will
from gateway.broker.take_over import Door
from gateway.transport.mqtt import MqttSettings, MqttTransport
from gateway.transport.port import Transport
from tests.contracts.pki import Authority, Leaf, Pki, new_name
from tests.contracts.transport_rig import Appliance
from tests.ports import free_port

DAY = dt.timedelta(days=1)
GROUP = "0123456789abcdefghjkmnpqrs"


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the real clock for real servers


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - some of what is waited for is another process
            await asyncio.sleep(0.005)


def revocation_list(authority: Authority, revoked: Iterable[Leaf] = (), *, lasts: dt.timedelta = DAY) -> str:
    """A list of an authority; `lasts` may be negative for one that is overdue."""
    made = now()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(made if lasts > dt.timedelta() else made - 2 * DAY)
        .next_update(made + lasts)
    )
    for leaf in revoked:
        serial = x509.load_pem_x509_certificate(leaf.pem.encode()).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(made)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class MosquittoRig:
    """One broker and as many transports as a test wants. Enter it; everything ends with it."""

    def __init__(self, folder: Path, *, gated: bool = True, **settings: Any) -> None:
        """`gated`: as in production. Without, appliances are let in although no gateway subscribes."""
        self.pki = Pki(folder / "pki")
        self.folder = folder / "mosquitto"
        pki, listen = self.pki, "127.0.0.1"
        self.settings = MosquittoSettings(
            folder=self.folder,
            certificate=pki.server.certificate,
            key=pki.server.key,
            claim=ListenerSettings(free_port(), pki.factory.file, listen, self.folder / "claim.crl"),
            device=ListenerSettings(free_port(), pki.device.file, listen, self.folder / "device.crl"),
            service=ListenerSettings(free_port(), pki.service.file, listen),
            **settings,
        )
        self.gateway = pki.service.issue(new_name("g"))
        self.revoked: list[Leaf] = []
        self.lines: list[LogLine] = []
        self.door = Door(listen, self.settings.service.port, pki.context(self.gateway))
        self.server = MosquittoServer(find_program(), self.settings, clock=now, on_log_line=self.lines.append)
        self.broker = MosquittoBroker(self.server, self.door, self.lists, gate=self._gate)
        self.mqtt_port = self.settings.device.port
        self._tasks: asyncio.TaskGroup
        self._gated = gated
        self._opened = asyncio.Event()
        self._transports: list[MqttTransport] = []
        self._gateways = {0: self.gateway}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._probes: list[Probe] = []

    async def _gate(self) -> None:
        """Opens when a transport has been connected once, and stands (at a restart: again)."""
        if not self._gated:
            return
        await self._opened.wait()
        for transport in self._transports:
            await transport.connected()

    async def open_gate(self) -> None:
        """For tests without a transport: let appliances in."""
        self._opened.set()
        await asyncio.wait_for(self.broker.admitting(), 15)

    async def lists(self) -> RevocationLists:
        return RevocationLists(
            claim=revocation_list(self.pki.factory, [leaf for leaf in self.revoked if leaf.common_name[0] == "c"]),
            device=revocation_list(self.pki.device, [leaf for leaf in self.revoked if leaf.common_name[0] == "d"]),
        )

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

    async def open_transport(self, *, gateway: int = 0, in_flight: int = 1000, **settings: Any) -> MqttTransport:
        """A transport of this gateway, running and connected; the same number is the same gateway again."""
        if gateway not in self._gateways:
            self._gateways[gateway] = self.pki.service.issue(new_name("g"))
        leaf = self._gateways[gateway]
        transport = MqttTransport(
            MqttSettings(
                "127.0.0.1",
                self.settings.service.port,
                leaf.common_name,
                self.pki.context(leaf),
                **{
                    "group": GROUP,
                    "pause_s": 0.05,
                    "ingest_flight": in_flight,
                    "control_flight": in_flight,
                    **settings,
                },
            )
        )
        self._running[id(transport)] = self._tasks.create_task(transport.run())
        await asyncio.wait_for(transport.connected(), 15)
        self._transports.append(transport)
        await self.open_gate()
        return transport

    async def appliance(self) -> Appliance:
        """A new appliance with its own certificate, not connected yet."""
        leaf = self.pki.appliance()
        return Appliance(leaf.common_name, lambda: self.connect(leaf))

    async def end_transport(self, transport: Transport) -> None:
        """The gateway dies: its connection ends, nothing more is acknowledged."""
        self._transports = [other for other in self._transports if other is not transport]
        task = self._running.pop(id(transport))
        task.cancel()
        await asyncio.wait([task])

    def port_of(self, leaf: Leaf) -> int:
        listeners = {"c": self.settings.claim, "d": self.settings.device, "g": self.settings.service}
        return listeners[leaf.common_name[0]].port

    async def connect(
        self,
        leaf: Leaf,
        *,
        client_id: str | None = None,
        clean: bool = True,
        will: Will | None = None,
        port: int | None = None,
    ) -> Probe:
        """An appliance with this certificate, at the listener of its kind."""
        name = leaf.common_name if client_id is None else client_id
        probe = await Probe.connect(
            "127.0.0.1", port or self.port_of(leaf), self.pki.context(leaf), name, clean=clean, will=will
        )
        self._probes.append(probe)
        return probe

    async def kill_broker(self) -> None:
        """SIGKILL; the supervisor starts it again.

        Mosquitto writes its store every two seconds at best (`autosave_interval 1` means after more than one second),
        and what came later is lost: a PUBACK of this broker promises no disk. The contract is about the rest.
        """
        await asyncio.sleep(2.5)
        await self.kill_broker_now()

    async def kill_broker_now(self) -> None:
        """SIGKILL, whatever was saved."""
        pid, starts = self.server.pid, self.server.starts
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: self.server.starts > starts and self.server.pid is not None)


@contextlib.asynccontextmanager
async def rig_in(folder: Path, **settings: Any) -> AsyncIterator[MosquittoRig]:
    async with MosquittoRig(folder, **settings) as rig:
        yield rig
