"""The start-up canary on a real nats-server: silent where all is well, loud for each hole made on purpose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.broker.canary import CanaryPlan, Finding, ProbeObserver, fly
from gateway.broker.nats.link import Address
from gateway.broker.nats.observer import observer
from gateway.broker.nats.permissions import Subjects, subjects_of
from gateway.broker.port import Deny, Permit, Presented
from gateway.domain.identity import Kind
from tests.contracts.nats_rig import NatsRig
from tests.contracts.pki import Leaf

OWN = ("$MQTT.sub.>", "$MQTT.deliver.>")


def plan_of(rig: NatsRig, one: Leaf, other: Leaf, *, patience: float = 5.0) -> CanaryPlan:
    return CanaryPlan(
        host="127.0.0.1",
        port=rig.mqtt_port,
        name=one.common_name,
        tls=rig.pki.context(one),
        other_name=other.common_name,
        other_tls=rig.pki.context(other),
        anonymous_tls=rig.pki.context(None),
        patience=patience,
    )


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[NatsRig, Leaf, Leaf]]:
    async with NatsRig(folder) as rig:
        await rig.open_transport()
        yield rig, rig.pki.appliance(), rig.pki.appliance()


async def findings(rig: NatsRig, plan: CanaryPlan) -> tuple[Finding, ...]:
    async with observer(Address(rig.urls, "gateway", rig.credentials.gateway)) as eyes:
        return await fly(plan, eyes)


async def test_a_broker_that_is_as_it_must_be_has_no_findings(tmp_path: Path) -> None:
    async with running(tmp_path) as (rig, one, other):
        assert await findings(rig, plan_of(rig, one, other)) == ()


async def test_an_observer_over_mqtt_sees_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as (rig, one, other):
        eyes = ProbeObserver(await rig.connect(rig.pki.appliance("g")))
        await eyes.start()
        assert await fly(plan_of(rig, one, other), eyes) == ()


@pytest.mark.parametrize(
    ("publish", "subscribe", "expected"),
    [
        (("hg.>",), None, {"hole.publish", "hole.will"}),
        (None, ("hg.>",), {"hole.subscribe"}),
        (None, ("hg.v1.dev.*.down.>", "hg.v1.dev.*.down"), {"hole.subscribe"}),
        (None, ("hg.v1.bus.>",), {"hole.subscribe"}),
        ((), None, {"control.publish"}),
        (None, (), {"control.subscribe"}),
    ],
)
async def test_each_hole_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    publish: tuple[str, ...] | None,
    subscribe: tuple[str, ...] | None,
    expected: set[str],
) -> None:
    """The server's permissions are made wrong on purpose; everything else is real."""

    def wrong(permit: Permit) -> Subjects:
        right = subjects_of(permit)
        mine = () if subscribe == () else right.subscribe
        return Subjects(
            publish=right.publish if publish is None else (*publish, "nothing"),
            subscribe=(*mine, *OWN, *(subscribe or ())),
        )

    async with running(tmp_path) as (rig, one, other):
        monkeypatch.setattr("gateway.broker.nats.callout.subjects_of", wrong)
        found = await findings(rig, plan_of(rig, one, other, patience=1.0))
        assert {finding.what for finding in found} == expected
        assert all(one.common_name not in finding.says for finding in found)
        assert all(other.common_name not in finding.says for finding in found)


async def test_a_broker_that_ends_the_victims_connection_for_a_thief_is_found(tmp_path: Path) -> None:
    async def by_client_id(presented: Presented) -> Permit | Deny:
        return Permit(Kind.DEVICE, presented.client_id)

    async with running(tmp_path) as (rig, one, other):
        rig.decisions.instead = by_client_id
        found = await findings(rig, plan_of(rig, one, other, patience=1.0))
        assert {finding.what for finding in found} == {"hole.client_id"}


async def test_a_canary_that_is_not_let_in_is_a_finding_and_no_exception(tmp_path: Path) -> None:
    async with running(tmp_path) as (rig, one, other):
        rig.decisions.revoked.add(one.common_name)
        found = await findings(rig, plan_of(rig, one, other, patience=1.0))
        assert [finding.what for finding in found] == ["control.refused"]


async def test_a_broker_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    async with running(tmp_path) as (rig, one, other):
        plan = plan_of(rig, one, other, patience=1.0)
        async with observer(Address(rig.urls, "gateway", rig.credentials.gateway)) as eyes:
            nowhere = CanaryPlan(
                "127.0.0.1", 1, plan.name, plan.tls, plan.other_name, plan.other_tls, plan.anonymous_tls, 1.0
            )
            async with asyncio.timeout(10):
                found = await fly(nowhere, eyes)
        assert [finding.what for finding in found] == ["control.refused"]
