"""Every connection is decided by the gateway: on a real nats-server, each refusal beside a control that gets in."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.broker.nats.link import Address, connection
from gateway.broker.port import Deny, Permit, Presented
from gateway.broker.probe import REFUSED_FILTER, Probe, ProbeRefusedError
from gateway.domain.identity import Kind
from gateway.transport.port import Intake
from tests.contracts.nats_rig import NatsRig, now
from tests.contracts.pki import Leaf, new_name


async def is_let_in(rig: NatsRig, leaf: Leaf, client_id: str | None = None) -> bool:
    try:
        probe = await rig.connect(leaf, client_id=client_id)
    except ProbeRefusedError:
        return False
    await probe.close()
    return True


async def test_a_claim_a_device_and_a_gateway_certificate_are_let_in(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        for letter in "cdg":
            assert await is_let_in(rig, rig.pki.appliance(letter))
        assert rig.broker.callout.counts.permitted == 3


async def test_the_decision_gets_client_id_leaf_certificate_and_address(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        leaf = rig.pki.appliance()
        assert await is_let_in(rig, leaf)
        (presented,) = rig.decisions.seen
        assert presented == Presented(leaf.common_name, leaf.pem, "127.0.0.1")


async def test_another_client_id_than_the_certificates_name_is_refused(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        leaf = rig.pki.appliance()
        for client_id in (new_name("d"), leaf.common_name + "x", leaf.common_name[:-1], leaf.common_name.upper(), ""):
            assert not await is_let_in(rig, leaf, client_id)
        assert await is_let_in(rig, leaf)


async def test_a_device_name_from_the_factory_authority_is_refused(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        name = new_name("d")
        assert not await is_let_in(rig, rig.pki.factory.issue(name))
        assert not await is_let_in(rig, rig.pki.service.issue(name))
        assert await is_let_in(rig, rig.pki.device.issue(name))


async def test_a_revoked_appliance_is_refused_and_let_in_again_when_it_is_not(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        leaf = rig.pki.appliance()
        rig.decisions.revoked.add(leaf.common_name)
        assert not await is_let_in(rig, leaf)
        rig.decisions.revoked.clear()
        assert await is_let_in(rig, leaf)


async def test_nobody_is_let_in_before_the_intakes_stand(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        leaf = rig.pki.appliance()
        early = asyncio.ensure_future(rig.connect(leaf))  # noqa: TID251 - ended two lines below
        await asyncio.wait([early], timeout=0.3)
        assert not early.done(), "the broker waits for the answer"
        transport = await rig.open_transport()
        probe = await early
        assert await probe.publish(f"hg/v1/dev/{leaf.common_name}/up/state", b"kept")
        (message,) = await asyncio.wait_for(transport.receive(Intake.INGEST, 1), 5)
        assert message.payload == b"kept"


async def _slow(presented: Presented) -> Permit | Deny:
    await asyncio.sleep(3600)
    return Permit(Kind.DEVICE, presented.client_id)


async def _broken(_: Presented) -> Permit | Deny:
    raise RuntimeError("the database is away")


async def _for_another(_: Presented) -> Permit | Deny:
    return Permit(Kind.DEVICE, "d-00000000000000000000000000")


async def _of_the_wrong_kind(presented: Presented) -> Permit | Deny:
    return Permit(Kind.GATEWAY, presented.client_id)


@pytest.mark.parametrize("decide", [_slow, _broken, _for_another, _of_the_wrong_kind])
async def test_a_decision_that_fails_is_late_or_contradicts_itself_refuses(
    tmp_path: Path, decide: Callable[[Presented], Awaitable[Permit | Deny]]
) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        rig.broker.callout._seconds = 0.3
        leaf = rig.pki.appliance()
        rig.decisions.instead = decide
        assert not await is_let_in(rig, leaf)
        assert rig.broker.callout.counts.refused == 1
        rig.decisions.instead = None
        assert await is_let_in(rig, leaf), "and the next one is decided as ever"


async def test_the_server_ends_the_connection_when_the_permit_ends(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        rig.decisions.until = now() + dt.timedelta(seconds=2)
        probe = await rig.connect(rig.pki.appliance())
        rig.decisions.until = now() + dt.timedelta(hours=1)
        other = await rig.connect(rig.pki.appliance())
        await asyncio.wait_for(probe.ended.wait(), 5)
        assert await other.ping()


async def test_a_permit_that_has_ended_already_lets_nobody_in(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        rig.decisions.until = now() - dt.timedelta(seconds=60)
        assert not await is_let_in(rig, rig.pki.appliance())


async def test_who_may_only_renew_can_do_nothing_else(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        transport = await rig.open_transport()
        leaf = rig.pki.appliance()
        rig.decisions.renew_only.add(leaf.common_name)
        probe, own = await rig.connect(leaf), f"hg/v1/dev/{leaf.common_name}"
        assert await probe.subscribe([f"{own}/down/renew", f"{own}/down/command", f"{own}/down/#"]) == [1, 0x80, 0x80]
        await probe.publish(f"{own}/up/state", b"state")
        await probe.publish(f"{own}/up/hello", b"hello")
        await probe.publish(f"{own}/up/renew", b"renew")
        (message,) = await asyncio.wait_for(transport.receive(Intake.CONTROL, 10), 5)
        assert message.payload == b"renew"


async def test_a_claim_identity_may_ask_and_hear_its_reply_and_nothing_else(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        transport = await rig.open_transport()
        leaf = rig.pki.appliance("c")
        probe, own = await rig.connect(leaf), f"hg/v1/claim/{leaf.common_name}"
        granted = await probe.subscribe([f"{own}/reply", f"{own}/req", f"{own}/#", "hg/v1/claim/+/reply"])
        assert granted == [1, REFUSED_FILTER, REFUSED_FILTER, REFUSED_FILTER]
        await probe.publish(f"{own}/reply", b"to itself")
        await probe.publish(f"{own}/req", b"please")
        (message,) = await asyncio.wait_for(transport.receive(Intake.CONTROL, 10), 5)
        assert (message.topic, message.payload) == (f"{own}/req", b"please")
        await transport.publish(f"{own}/reply", b"yes")
        assert (await asyncio.wait_for(probe.heard.get(), 5)).payload == b"yes"


@pytest.mark.parametrize("user", ["gateway", "callout", "sys"])
async def test_the_gateways_own_names_cannot_be_used_on_the_appliances_listener(tmp_path: Path, user: str) -> None:
    """Not even with the right password: the server takes these users on its own protocol only."""
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        password = getattr(rig.credentials, user)
        address = Address(rig.urls, user, password)
        async with connection(address, rig.urls[0]) as (client, _):
            assert client.is_connected, "control: the password is right"
        leaf = rig.pki.appliance()
        probe = Probe()
        await asyncio.get_running_loop().create_connection(
            lambda: probe, "127.0.0.1", rig.mqtt_port, ssl=rig.pki.context(leaf), server_hostname="127.0.0.1"
        )
        texts = b"".join(len(each).to_bytes(2, "big") + each.encode() for each in (leaf.common_name, user, password))
        body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + texts
        probe.send(b"\x10" + bytes([len(body)]) + body)
        kind, answer = await asyncio.wait_for(probe._reply(), 10)
        assert (kind, answer[1:]) in [(0x20, b"\x05"), (0, b"")]
        probe.abort()


async def test_a_wrong_password_of_the_gateway_is_refused(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        with pytest.raises(Exception, match=r"(?i)authorization"):
            async with connection(Address(rig.urls, "gateway", "guess"), rig.urls[0]):
                pass


async def test_not_even_the_gateways_user_can_ask_as_if_it_were_the_server(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        await rig.open_transport()
        async with connection(Address(rig.urls, "gateway", rig.credentials.gateway), rig.urls[0]) as (client, _):
            inbox = client.new_inbox()
            answers = await client.subscribe(inbox)
            await client.publish("$SYS.REQ.USER.AUTH", b"a.b.c", reply=inbox)
            await client.flush()
            assert await is_let_in(rig, rig.pki.appliance()), "control: the service answers the server"
            assert answers.pending_msgs == 0
        assert rig.broker.callout.counts.unreadable == 0
