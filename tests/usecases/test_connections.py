"""Connections: who may connect, what a hello brings, and what the broker's log is evidence of."""

from datetime import timedelta

import pytest

from gateway.domain.evidence import Confidence
from gateway.domain.failures import Code
from gateway.domain.identity import DeviceId, Kind
from gateway.domain.presence import Offline, Online
from gateway.protocol.topics import UpChannel
from gateway.usecases import broker_log, connections
from gateway.usecases.certificates import revoke_all
from gateway.usecases.connections import Connecting, Denied, Permitted, Standing
from tests.usecases.happenings import paired, report, send
from tests.usecases.indoors import Indoors
from tests.usecases.made import Made


async def test_a_gateway_connects(gateway: Indoors) -> None:
    name = "g-" + "0" * 26
    connecting = Connecting(Kind.GATEWAY, name, "anything", "1", b"", gateway.now + timedelta(days=1))
    answer = await gateway.run(
        lambda tx: connections.decide(tx, connecting, gateway.services.identifiers, gateway.now),
    )
    assert answer == Permitted(Standing.FULL, connecting.not_after)


async def test_a_claim_connection_is_evidence_even_if_nothing_follows(gateway: Indoors) -> None:
    made = await gateway.made()
    assert isinstance(await gateway.connect(made), Permitted)
    attempt = await gateway.run(lambda tx: tx.attempts.latest_of_claim(made.claim_id))
    assert attempt is not None
    assert attempt.confidence is Confidence.OBSERVED
    evidence = await gateway.run(lambda tx: tx.attempts.evidence(attempt.attempt_id))
    assert [line.says for line in evidence] == ["claim_connected"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "d-" + "z" * 26}, Code.OPCONN_ID_MISMATCH),
        ({"serial": "abc"}, Code.TLS_CLIENT_CERT_INVALID),
        ({"fingerprint": b"another"}, Code.TLS_CLIENT_CERT_INVALID),
        ({"common_name": "d-" + "z" * 26, "client_id": "d-" + "z" * 26}, Code.TLS_CLIENT_CERT_INVALID),
    ],
)
async def test_who_is_not_exactly_whom_we_issued_to_does_not_connect(
    gateway: Indoors, changes: dict[str, str], code: Code
) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    before = gateway.rows()
    assert await gateway.arrive(made, **changes) == Denied(code)
    assert gateway.rows() == before


async def test_the_certificate_of_another_device_does_not_open_this_one(gateway: Indoors) -> None:
    first, second = await gateway.made(), await gateway.made()
    await gateway.activated(first)
    await gateway.activated(second)
    first.serial = second.serial
    assert await gateway.arrive(first) == Denied(Code.TLS_CLIENT_CERT_INVALID)


async def test_a_revoked_certificate_is_refused_and_its_connection_ended(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    device_id = made.device_id or DeviceId("")
    assert await gateway.run(lambda tx: revoke_all(tx, device_id, gateway.now)) == 1
    assert gateway.evicted == [device_id]
    gateway.pass_by(seconds=1)
    assert await gateway.arrive(made) == Denied(Code.OPCONN_CERT_REJECTED)
    attempt = await gateway.run(lambda tx: tx.attempts.latest_of_unit(made.unit_id))
    assert attempt is not None
    assert attempt.code is Code.OPCONN_CERT_REJECTED


async def test_a_hello_is_answered_with_time_epoch_and_what_to_report(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    told = await gateway.hello(made)
    assert [channel for channel, _ in told] == ["welcome"]
    welcome = told[0][1]
    assert (welcome["time"], welcome["epoch"], welcome["bound"]) == ("2026-03-01T12:00:00.000Z", 0, False)
    assert welcome["report"] == {"every_s": 300, "full": False}
    made = await paired(gateway, await gateway.account())
    welcome = dict(await gateway.hello(made))["welcome"]
    assert (welcome["epoch"], welcome["bound"], welcome["report"]["full"]) == (1, True, True)


async def test_a_hello_brings_what_waited_in_order_and_a_bye_says_that_it_is_gone(gateway: Indoors) -> None:
    account = await gateway.account()
    made = await paired(gateway, account)
    device_id = made.device_id or DeviceId("")
    await gateway.say(made, UpChannel.BYE, {})
    presence = await gateway.run(lambda tx: tx.states.presences([device_id])[device_id])
    assert isinstance(presence, Offline)
    before = len(gateway.sent)
    command = await send(gateway, account, made)
    gateway.pass_by(seconds=70)
    told = await gateway.hello(made)
    presence = await gateway.run(lambda tx: tx.states.presences([device_id])[device_id])
    assert isinstance(presence, Online)
    assert told[0][0] == "welcome"
    sent = dict(told)["command"]
    assert sent["command_id"] == getattr(command, "command_id", None)
    assert len(gateway.sent) > before


async def test_a_hello_of_a_device_that_nobody_knows_is_not_answered(gateway: Indoors) -> None:
    made = await gateway.made()
    made.device_id = DeviceId("d-" + "z" * 26)
    assert await gateway.say_hello(made) == []
    assert b'channel="hello",reason="unknown_device"} 1.0' in gateway.metrics.text()


async def test_a_reset_counter_never_goes_down_with_a_hello(gateway: Indoors) -> None:
    made = await gateway.made()
    made.says["reset_counter"] = 3
    await gateway.activated(made)
    await gateway.hello(made, reset_counter=1)
    device = await gateway.run(lambda tx: tx.devices.get(made.device_id or DeviceId("")))
    assert device is not None
    assert device.reset_counter == 3


async def test_a_line_of_the_log_belongs_to_the_attempt_of_whom_it_names(gateway: Indoors) -> None:
    made: Made = await gateway.made()
    await gateway.connect(made)
    for client_id, address in ((made.claim_id, None), (None, b"address")):
        await gateway.run(
            lambda tx, who=client_id, where=address: broker_log.note(  # type: ignore[misc]
                tx, "connection_closed", who, where, gateway.now
            )
        )
    attempt = await gateway.run(lambda tx: tx.attempts.latest_of_claim(made.claim_id))
    assert attempt is not None
    evidence = await gateway.run(lambda tx: tx.attempts.evidence(attempt.attempt_id))
    assert [line.says for line in evidence] == ["claim_connected", "connection_closed"]
    waiting = [row for row in gateway.rows(without=frozenset())["evidence"] if row[1] is None]
    assert len(waiting) == 1


async def test_messages_of_a_device_that_serves_nobody_change_no_state_of_anybody(gateway: Indoors) -> None:
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    await report(gateway, made, 1)
    event = {"id": "0198c0de-0000-7000-8000-000000000001", "name": "filter_low", "data": {}}
    assert await gateway.say(made, UpChannel.EVENT, event) == []
    ack = {"command_id": "0198c0de-0000-7000-8000-000000000001", "status": "applied"}
    assert await gateway.say(made, UpChannel.ACK, ack) == []
    assert gateway.rows(without=frozenset())["events"] == []
