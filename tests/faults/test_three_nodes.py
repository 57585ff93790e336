"""Three NATS nodes with three replicas, two gateways, and one node killed under load: nothing confirmed is lost."""

import asyncio
import contextlib
import itertools
import os
import signal
import time
from pathlib import Path

from gateway.broker.nats.binary import packaged_binary
from gateway.broker.nats.broker import NatsBroker
from gateway.broker.nats.configuration import Cluster, Listen, NatsSettings, TlsFiles
from gateway.broker.nats.credentials import new_credentials
from gateway.broker.nats.server import NatsServer
from gateway.broker.probe import Probe, ProbeRefusedError
from gateway.transport.nats import NatsAddress, NatsTransport, NatsTransportSettings
from gateway.transport.port import Intake
from tests.contracts.nats_rig import Decisions, now
from tests.contracts.pki import Leaf, Pki
from tests.ports import free_port

PATIENCE = 60.0


class Node:
    """One nats-server of the three."""

    def __init__(self, number: int, settings: NatsSettings) -> None:
        self.url = f"nats://127.0.0.1:{settings.client.port}"
        self.mqtt_port = settings.mqtt.port
        self.server = NatsServer(packaged_binary(), settings, clock=now, on_log_line=lambda _: None)
        self.number = number
        self.task: asyncio.Task[None] | None = None

    def kill(self) -> None:
        """SIGKILL, and no supervisor that starts it again."""
        assert self.server.pid is not None
        assert self.task is not None
        os.kill(self.server.pid, signal.SIGKILL)
        self.task.cancel()


class Site:
    """Three nodes and two gateways, each with its transport and its part of the callout."""

    def __init__(self, folder: Path) -> None:
        self.pki = Pki(folder / "pki")
        self.credentials = new_credentials()
        routes = tuple(Listen("127.0.0.1", free_port()) for _ in range(3))
        self.nodes = [
            Node(
                number,
                NatsSettings(
                    folder=folder / f"node-{number}",
                    client=Listen("127.0.0.1", free_port()),
                    mqtt=Listen("127.0.0.1", free_port()),
                    mqtt_tls=TlsFiles(self.pki.server.certificate, self.pki.server.key, self.pki.clients_ca),
                    credentials=self.credentials,
                    cluster=Cluster("hearth", routes[number], routes),
                    server_name=f"hearthgate-{number}",
                ),
            )
            for number in range(3)
        ]
        urls = tuple(node.url for node in self.nodes)
        self.decisions = Decisions(self.pki)
        self.transports: list[NatsTransport] = []
        self.brokers: list[NatsBroker] = []
        for first in range(2):
            mine = urls[first:] + urls[:first]
            address = NatsAddress(mine, "gateway", self.credentials.gateway)
            transport = NatsTransport(NatsTransportSettings(address=address, replicas=3, most_bytes=100_000_000))
            self.transports.append(transport)
            self.brokers.append(
                NatsBroker(None, mine, self.credentials, self.decisions, clock=now, gate=transport.connected)
            )

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        for node in self.nodes:
            node.task = tasks.create_task(node.server.run())
        self.running = [tasks.create_task(transport.run()) for transport in self.transports]
        self.running += [tasks.create_task(broker.run()) for broker in self.brokers]
        async with asyncio.timeout(PATIENCE):
            for transport, broker in zip(self.transports, self.brokers, strict=True):
                await transport.connected()
                await broker.ready()

    def stop(self) -> None:
        for task in (*self.running, *(node.task for node in self.nodes)):
            if task is not None:
                task.cancel()

    async def connect(self, leaf: Leaf, node: Node) -> Probe:
        return await Probe.connect("127.0.0.1", node.mqtt_port, self.pki.context(leaf), leaf.common_name, seconds=4)


class Reporter:
    """An appliance that publishes numbered reports, at whatever node lets it."""

    def __init__(self, site: Site, first: int) -> None:
        self.leaf = site.pki.appliance()
        self.site = site
        self._nodes = itertools.cycle(site.nodes[first:] + site.nodes[:first])
        self.confirmed: list[bytes] = []
        self.repeated: set[bytes] = set()
        self.longest = 0.0

    async def run(self, count: int) -> None:
        probe: Probe | None = None
        for number in range(count):
            payload, began = f"{self.leaf.common_name} {number}".encode(), time.monotonic()
            while True:
                try:
                    if probe is None or probe.ended.is_set():
                        probe = await self.site.connect(self.leaf, next(self._nodes))
                    topic = f"hg/v1/dev/{self.leaf.common_name}/up/state"
                    if await probe.publish(topic, payload, seconds=4):
                        break
                    self.repeated.add(payload)
                    probe.abort()
                    probe = None
                except ProbeRefusedError:
                    await asyncio.sleep(0.1)
            self.confirmed.append(payload)
            self.longest = max(self.longest, time.monotonic() - began)
        assert probe is not None
        await probe.close()


async def test_a_node_killed_under_load_loses_no_confirmed_report_and_repeats_none(tmp_path: Path) -> None:
    site = Site(tmp_path)
    seen: list[bytes] = []
    async with asyncio.TaskGroup() as tasks:
        await site.start(tasks)

        async def drain(transport: NatsTransport) -> None:
            while True:
                some = await transport.receive(Intake.INGEST, 100)
                seen.extend(message.payload for message in some)
                await transport.acknowledge(some)

        drains = [tasks.create_task(drain(transport)) for transport in site.transports]
        reporters = [Reporter(site, first) for first in range(3)]
        reporting = [tasks.create_task(reporter.run(400)) for reporter in reporters]
        async with asyncio.timeout(PATIENCE):
            while len(seen) < 300:  # noqa: ASYNC110 - other tasks fill it
                await asyncio.sleep(0.01)
        site.nodes[0].kill()  # the one that the first gateway is connected to
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*reporting)
            confirmed = {payload for reporter in reporters for payload in reporter.confirmed}
            while confirmed - set(seen):  # noqa: ASYNC110 - other tasks fill it
                await asyncio.sleep(0.05)
        for task in drains:
            task.cancel()
        site.stop()
    assert len(confirmed) == 1200
    repeated = {payload for reporter in reporters for payload in reporter.repeated}
    twice = {payload for payload in seen if seen.count(payload) > 1}
    assert len(twice - repeated) <= 8, "only what was in flight at the killed node may come twice"
    assert max(reporter.longest for reporter in reporters) <= 15


async def test_an_appliance_is_evicted_wherever_it_is_connected(tmp_path: Path) -> None:
    site = Site(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        await site.start(tasks)
        for node in site.nodes:
            leaf = site.pki.appliance()
            async with asyncio.timeout(PATIENCE):
                while True:
                    with contextlib.suppress(ProbeRefusedError):
                        probe = await site.connect(leaf, node)
                        break
            site.decisions.revoked.add(leaf.common_name)
            await site.brokers[0].evict(leaf.common_name)
            await asyncio.wait_for(probe.ended.wait(), 5)
        site.stop()
