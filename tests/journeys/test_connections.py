"""Power cuts, new certificates, and who is no longer let in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from device_sim.appliance import Appliance
from device_sim.flash import Credential
from device_sim.happenings import What
from device_sim.keys import common_name, serial_hex, tls_context
from device_sim.link import LinkError, Target, opened
from gateway.broker.mosquitto.broker import MosquittoBroker
from gateway.domain.certificates import Certificate, CertificateState
from gateway.runtime.clock import utc_now
from gateway.usecases.certificates import revoke_all
from tests.home import QUICK, Home, eventually
from tests.journeys.people import Resident, pull_the_plug, resident, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def is_(one: Resident, status: str) -> bool:
    return await one.status() == status


async def certificate(at: Home, serial: str) -> Certificate | None:
    return await at.application.parts.database.read(lambda tx: tx.certificates.get(serial))


def again(at: Home, one: Resident) -> Appliance:
    """The same appliance, switched on once more."""
    return at.appliance(one.made, timings=QUICK)


async def test_a_power_cut_shows_as_offline_by_the_will_message(at: Home) -> None:
    one = await resident(at)
    assert await one.status() == "online"
    await pull_the_plug(one.power)
    await until(lambda: is_(one, "offline"))
    shown = (await one.phone.device(one.device_id))["presence"]
    assert shown["why"] == "bye"


async def test_what_was_missed_comes_with_the_next_connection_and_takes_effect_once(at: Home) -> None:
    one = await resident(at)
    await pull_the_plug(one.power)
    await until(lambda: is_(one, "offline"))
    sent = await one.phone.send(one.device_id, "set", {"target_c": 18.5}, expires_in_s=120)
    assert (await one.phone.command(sent.command_id))["status"] in {"accepted", "sent"}

    back = again(at, one)
    at.start(back)
    await until(lambda: _has(one, sent.command_id, "applied"))
    assert back.model.effects == 1
    assert back.model.state["target_c"] == 18.5
    assert back.is_paired, "what it shows survives a power cut"


async def _has(one: Resident, command_id: str, status: str) -> bool:
    return str((await one.phone.command(command_id))["status"]) == status


async def test_a_verdict_that_was_missed_comes_with_the_next_connection(at: Home) -> None:
    one = await resident(at)
    await pull_the_plug(one.power)
    await one.phone.release(one.device_id)
    back = again(at, one)
    assert back.is_paired
    at.start(back)
    await eventually(lambda: not back.is_paired)
    assert back.happenings[What.WIPED] == 1


async def test_a_renewed_certificate_takes_over_and_only_then_the_old_one_ends(at: Home) -> None:
    one = await resident(at)
    flash = one.appliance._controller.flash
    old = flash.content.operational
    assert old is not None
    old_serial = serial_hex(old.certificate_pem or "")
    await until(lambda: _in_state(at, old_serial, CertificateState.CONFIRMED))

    flash.update(operational=replace(old, renew_after=utc_now() - timedelta(seconds=1)))
    await until(lambda: _in_state(at, old_serial, CertificateState.SUPERSEDED))

    def changed_over() -> bool:
        # The welcome that makes the new one its own is on its way when the gateway has committed, not there yet.
        return flash.content.operational is not None and flash.content.operational.key_pem != old.key_pem

    await eventually(changed_over)
    new = flash.content.operational
    assert new is not None
    assert await _in_state(at, serial_hex(new.certificate_pem or ""), CertificateState.CONFIRMED)
    await eventually(lambda: one.appliance.is_online)
    assert (await one.phone.send(one.device_id, "set", {"target_c": 20}, wait_s=5)).status == "applied"
    await pull_the_plug(one.power)
    broker = at.application.parts.broker
    if isinstance(broker, MosquittoBroker):
        await broker.refresh()  # which it does by itself within the hour; only an eviction does it at once
    await until(lambda: refused(at, one, old))


async def _in_state(at: Home, serial: str, state: CertificateState) -> bool:
    found = await certificate(at, serial)
    return found is not None and found.state is state


async def test_a_revoked_appliance_is_disconnected_and_not_let_in_again(at: Home) -> None:
    one, other = await resident(at), await resident(at)
    device_id = one.device_id
    await at.application.parts.database.run(lambda tx: revoke_all(tx, device_id, utc_now()))
    await eventually(lambda: not one.appliance.is_online)
    await pull_the_plug(one.power)

    assert one.appliance.kept.operational is not None
    await until(lambda: refused(at, one, one.appliance.kept.operational))
    assert (await other.phone.send(other.device_id, "set", {"target_c": 20}, wait_s=5)).status == "applied"


async def refused(at: Home, one: Resident, credential: Credential | None) -> bool:
    """Whether the broker turns this certificate away."""
    assert credential is not None
    kept = one.appliance.kept
    name = common_name(credential.certificate_pem or "")
    target = Target(kept.address or at.claim_address, name, tls_context(credential, kept.trust_pem))
    try:
        async with opened(target, lambda _topic, _payload: None, timeout_s=5):
            return False
    except LinkError as error:
        return error.reason in {"refused", "tls"}
