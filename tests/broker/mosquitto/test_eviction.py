"""Revoked and put out, on a real Mosquitto and on one that somebody else runs."""

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from gateway.broker.external import ExternalBroker
from gateway.broker.mosquitto.broker import MosquittoBroker, RevocationLists
from gateway.broker.mosquitto.configuration import CONFIGURATION_FILE, render
from gateway.broker.mosquitto.log import LogReader
from gateway.broker.mosquitto.server import find_program
from gateway.broker.port import LogLine
from gateway.broker.probe import ProbeRefusedError
from gateway.broker.take_over import Door
from gateway.domain.broker_words import TLS_WORDS
from tests.contracts.mosquitto_rig import DAY, MosquittoRig, now, revocation_list, until
from tests.contracts.pki import Leaf, new_name

pytestmark = pytest.mark.needs_mosquitto


async def test_an_evicted_appliance_is_disconnected_and_stays_out_and_others_notice_nothing(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        leaf, other = rig.pki.appliance(), rig.pki.appliance()
        probe, bystander = await rig.connect(leaf), await rig.connect(other)
        rig.revoked.append(leaf)
        await rig.broker.evict(leaf.common_name)
        await asyncio.wait_for(probe.ended.wait(), 5)
        with pytest.raises(ProbeRefusedError):
            await rig.connect(leaf)
        assert await bystander.ping()
        assert await (await rig.connect(other)).ping()


async def test_an_appliance_with_a_new_certificate_comes_back_and_the_old_one_does_not(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        old = rig.pki.appliance()
        new = rig.pki.device.issue(old.common_name)
        rig.revoked.append(old)
        await rig.broker.evict(old.common_name)
        with pytest.raises(ProbeRefusedError):
            await rig.connect(old)
        assert await (await rig.connect(new)).ping()


async def test_a_claim_certificate_is_evicted_the_same_way(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        leaf = rig.pki.appliance("c")
        probe = await rig.connect(leaf)
        rig.revoked.append(leaf)
        await rig.broker.evict(leaf.common_name)
        await asyncio.wait_for(probe.ended.wait(), 5)
        with pytest.raises(ProbeRefusedError):
            await rig.connect(leaf)


async def test_evicting_twice_or_somebody_who_is_away_changes_nothing(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        bystander = await rig.connect(rig.pki.appliance())
        stranger = new_name("d")
        await rig.broker.evict(stranger)
        await rig.broker.evict(stranger)
        assert await bystander.ping()


async def test_a_name_that_no_certificate_carries_is_refused(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        for name in ("", "hearthgate-ready", f"{rig.gateway.common_name}-ingest", "d-#"):
            with pytest.raises(ValueError, match="common name"):
                await rig.broker.evict(name)


async def test_many_evictions_at_once_share_the_reloading(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        leaves = [rig.pki.appliance() for _ in range(20)]
        probes = [await rig.connect(leaf) for leaf in leaves]
        before = rig.server.log_counts["reloading"]
        rig.revoked += leaves
        async with asyncio.TaskGroup() as tasks:
            for leaf in leaves:
                tasks.create_task(rig.broker.evict(leaf.common_name))
        for probe in probes:
            await asyncio.wait_for(probe.ended.wait(), 5)
        for leaf in leaves[:3]:
            with pytest.raises(ProbeRefusedError):
                await rig.connect(leaf)
        assert rig.server.log_counts["reloading"] - before <= 5


async def test_who_is_revoked_within_the_second_of_another_list_stays_out_too(tmp_path: Path) -> None:
    """Lists are dated to the second, and OpenSSL goes by the date: a reload must forget the earlier list."""
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        for _ in range(4):
            leaf = rig.pki.appliance()
            probe = await rig.connect(leaf)
            rig.revoked.append(leaf)
            await rig.broker.evict(leaf.common_name)
            await asyncio.wait_for(probe.ended.wait(), 5)
            with pytest.raises(ProbeRefusedError):
                await rig.connect(leaf)


def handshake(rig: MosquittoRig, leaf: Leaf, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSession:
    """Connect, by hand because asyncio cannot resume a TLS session; returns what would resume this one."""
    with (
        socket.create_connection(("127.0.0.1", rig.mqtt_port), 5) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as wrapped,
    ):
        name = leaf.common_name.encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x1e\x00" + bytes([len(name)]) + name
        wrapped.sendall(b"\x10" + bytes([len(body)]) + body)
        if wrapped.recv(4) != b"\x20\x02\x00\x00":
            raise ConnectionError
        assert wrapped.session_reused is (session is not None)
        assert wrapped.session is not None
        return wrapped.session


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_revoked_one_cannot_resume_a_tls_session_from_before(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """Resuming skips the check of the certificate."""
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        leaf = rig.pki.appliance()
        context = rig.pki.context(leaf)
        context.maximum_version = version
        session = await asyncio.to_thread(handshake, rig, leaf, context, None)
        session = await asyncio.to_thread(handshake, rig, leaf, context, session)  # control: resuming works
        rig.revoked.append(leaf)
        await rig.broker.evict(leaf.common_name)
        with pytest.raises(OSError):  # noqa: PT011 - an alert or an end, by version
            await asyncio.to_thread(handshake, rig, leaf, context, session)


async def test_an_overdue_list_lets_nobody_in_and_a_fresh_one_does_again(tmp_path: Path) -> None:
    """Why lists are refreshed each hour: OpenSSL refuses everybody when the next update is past."""
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        leaf = rig.pki.appliance()
        standing = await rig.connect(leaf)
        fresh = rig.broker._lists

        async def overdue() -> RevocationLists:
            return replace(await fresh(), device=revocation_list(rig.pki.device, lasts=dt.timedelta(seconds=-1)))

        rig.broker._lists = overdue
        await rig.broker.refresh()
        with pytest.raises(ProbeRefusedError):
            await rig.connect(rig.pki.appliance())
        assert await standing.ping(), "who is connected stays"
        assert await (await rig.connect(rig.gateway, client_id="g")).ping(), "gateways have no list"
        rig.broker._lists = fresh
        await rig.broker.refresh()
        assert await (await rig.connect(rig.pki.appliance())).ping()


async def test_lists_are_refreshed_by_themselves_and_again_when_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.broker.mosquitto.broker._REFRESH_S", 0.05)
    monkeypatch.setattr("gateway.broker.mosquitto.broker._RETRY_S", 0.01)
    asked = 0

    async with MosquittoRig(tmp_path) as rig:
        make = rig.broker._lists

        async def sometimes() -> RevocationLists:
            nonlocal asked
            asked += 1
            if asked <= 3:
                raise OSError
            return await make()

        rig.broker._lists = sometimes
        await rig.open_gate()
        await until(lambda: asked >= 6)
        assert await (await rig.connect(rig.pki.appliance())).ping()


async def test_a_list_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        await rig.open_gate()
        same = await rig.lists()

        async def lists() -> RevocationLists:
            return same

        rig.broker._lists = lists
        await rig.broker.refresh()
        before = rig.server.log_counts["reloading"]
        await rig.broker.refresh()
        assert rig.server.log_counts["reloading"] == before


async def test_where_the_factory_publishes_no_list_claim_certificates_get_in_all_the_same(tmp_path: Path) -> None:
    rig = MosquittoRig(tmp_path)
    settings = replace(rig.settings, claim=replace(rig.settings.claim, revoked=None))
    rig.server._settings = settings

    async def lists() -> RevocationLists:
        return RevocationLists(claim=None, device=revocation_list(rig.pki.device))

    rig.broker = MosquittoBroker(rig.server, rig.door, lists, gate=rig._gate)
    async with rig:
        await rig.open_gate()
        assert await (await rig.connect(rig.pki.appliance("c"))).ping()
        assert await (await rig.connect(rig.pki.appliance())).ping()


@contextlib.asynccontextmanager
async def running(broker: ExternalBroker) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(broker.run())
        yield
        task.cancel()


class Elsewhere:
    """A Mosquitto that the gateway does not run, on the rendered configuration of one."""

    def __init__(self, folder: Path) -> None:
        self.rig = MosquittoRig(folder)
        self.rig.folder.mkdir(parents=True)
        self.settings = replace(self.rig.settings, log_to="topic", run_as="root")
        for name, text in render(self.settings).items():
            (self.rig.folder / name).write_text(text)
        for listener, authority in (
            (self.settings.claim, self.rig.pki.factory),
            (self.settings.device, self.rig.pki.device),
        ):
            assert listener.revoked is not None
            listener.revoked.write_text(revocation_list(authority, lasts=DAY))

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            find_program(), "-c", self.rig.folder / CONFIGURATION_FILE, stderr=asyncio.subprocess.DEVNULL
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.kill()
        await self.process.wait()


async def test_an_external_broker_is_watched_its_log_read_and_a_client_put_out_of_it(tmp_path: Path) -> None:
    async with Elsewhere(tmp_path) as there:
        rig, lines = there.rig, list[LogLine]()
        broker = ExternalBroker(rig.door, rig.gateway.common_name, LogReader(now, lines.append).read)
        async with running(broker):
            await asyncio.wait_for(broker.ready(), 10)
            leaf = rig.pki.appliance()
            probe = await rig.connect(leaf, clean=False)
            await broker.evict(leaf.common_name)
            await asyncio.wait_for(probe.ended.wait(), 5)
            again = await rig.connect(leaf, clean=False)
            assert not again.session_present, "publishing the list is the operator's; the session is gone"
            with pytest.raises(ProbeRefusedError):
                await rig.connect(rig.pki.stranger.issue(new_name("d")))
            await until(lambda: any(line.says in TLS_WORDS for line in lines))


async def test_an_external_broker_that_comes_back_is_found_again(tmp_path: Path) -> None:
    there = Elsewhere(tmp_path)
    broker = ExternalBroker(there.rig.door, there.rig.gateway.common_name)
    async with running(broker):
        async with there:
            await asyncio.wait_for(broker.ready(), 10)
        await until(lambda: not broker._reached.is_set())
        with pytest.raises(ProbeRefusedError):
            await broker.evict(new_name("d"))
        async with there:
            await asyncio.wait_for(broker.ready(), 10)


async def test_the_door_of_an_external_broker_must_let_the_gateway_in(tmp_path: Path) -> None:
    async with Elsewhere(tmp_path) as there:
        rig = there.rig
        door = Door("127.0.0.1", rig.settings.service.port, rig.pki.context(rig.pki.appliance()))
        broker = ExternalBroker(door, rig.gateway.common_name)
        async with running(broker):
            with pytest.raises(ProbeRefusedError):
                await broker.evict(new_name("d"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(broker.ready(), 0.5)
