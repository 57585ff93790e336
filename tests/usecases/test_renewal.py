"""Renewal: over the running connection, make before break; expired but known may do this and nothing else."""

from typing import Any

import pytest

from device_sim.keys import certificate_request, fits, new_key, serial_hex
from gateway.domain.certificates import LIFE, RENEW_AFTER, RENEW_ONLY
from gateway.domain.devices import DeviceStatus
from gateway.domain.failures import CATALOGUE, Code
from gateway.protocol.topics import UpChannel
from gateway.usecases.connections import Denied, Permitted, Standing
from tests.usecases.indoors import Indoors
from tests.usecases.made import Made


async def renew(gateway: Indoors, made: Made, csr: str | None = None) -> dict[str, Any]:
    """It asks for a new certificate; returns the one answer."""
    body = {"request_id": "renewal-1", "csr": csr or certificate_request(made.key, "x")}
    told = await gateway.say(made, UpChannel.RENEW, body)
    assert [channel for channel, _ in told] == ["renew"]
    assert told[0][1]["request_id"] == "renewal-1"
    return told[0][1]


async def living(gateway: Indoors) -> Made:
    """An appliance that has been there for a while."""
    made = await gateway.made()
    await gateway.activated(made)
    await gateway.hello(made)
    gateway.pass_by(seconds=RENEW_AFTER.total_seconds())
    return made


async def expect_refusal(gateway: Indoors, reply: dict[str, Any], code: Code) -> None:
    assert (reply["ok"], reply["code"], reply["number"]) == (False, code.value, CATALOGUE[code].number)
    attempt, evidence = await gateway.attempt(reply["trace_id"])
    assert attempt.code is code
    assert evidence[-1].says == "renewal_refused"


async def test_an_authority_that_would_end_first_renews_nothing_and_the_old_certificate_goes_on(
    gateway: Indoors,
) -> None:
    gateway.now = gateway.services.authority.ends - LIFE - RENEW_ONLY
    made = await living(gateway)
    old = made.serial
    made.new_key()
    await expect_refusal(gateway, await renew(gateway, made), Code.CERT_CA_UNAVAILABLE)
    made.serial = old
    assert isinstance(await gateway.arrive(made), Permitted)


async def test_a_new_key_gets_a_new_certificate_and_the_old_one_lives_until_that_was_seen(gateway: Indoors) -> None:
    made = await living(gateway)
    old = made.serial
    made.new_key()
    reply = await renew(gateway, made)
    assert fits(made.key, reply["certificate"])
    assert isinstance(await gateway.arrive(made), Permitted)

    made.serial = serial_hex(reply["certificate"])
    await gateway.hello(made)
    assert sorted(row[3] for row in gateway.rows()["certificates"]) == ["confirmed", "superseded"]
    made.serial = old
    assert await gateway.arrive(made) == Denied(Code.OPCONN_CERT_REJECTED)


async def test_where_the_broker_does_not_tell_the_appliances_own_word_confirms(gateway: Indoors) -> None:
    made = await living(gateway)
    made.new_key()
    reply = await renew(gateway, made)
    assert await gateway.say_hello(made, serial=serial_hex(reply["certificate"]))
    assert sorted(row[3] for row in gateway.rows()["certificates"]) == ["confirmed", "superseded"]


async def test_a_repeated_renewal_is_answered_with_the_same_bytes(gateway: Indoors) -> None:
    made = await living(gateway)
    made.new_key()
    first = await renew(gateway, made)
    again = await renew(gateway, made)
    assert (again["certificate"], again["chain"]) == (first["certificate"], first["chain"])
    assert len(gateway.rows()["certificates"]) == 2


async def test_a_key_that_is_burnt_in_is_renewed_with_itself(gateway: Indoors) -> None:
    made = await living(gateway)
    reply = await renew(gateway, made)
    assert reply["ok"]
    assert serial_hex(reply["certificate"]) != made.serial


async def test_before_its_time_the_same_key_has_the_same_certificate(gateway: Indoors) -> None:
    made = await gateway.made()
    first = await gateway.activated(made)
    await gateway.hello(made)
    assert (await renew(gateway, made))["certificate"] == first["certificate"]


async def test_expired_but_known_may_only_renew(gateway: Indoors) -> None:
    made = await living(gateway)
    gateway.pass_by(seconds=(LIFE - RENEW_AFTER).total_seconds() - 1)
    answer = await gateway.arrive(made)
    assert isinstance(answer, Permitted)
    assert answer.standing is Standing.FULL
    gateway.pass_by(seconds=1)
    answer = await gateway.arrive(made)
    assert isinstance(answer, Permitted)
    assert answer.standing is Standing.RENEW_ONLY
    made.new_key()
    made.serial = serial_hex((await renew(gateway, made))["certificate"])
    answer = await gateway.arrive(made)
    assert isinstance(answer, Permitted)
    assert answer.standing is Standing.FULL


async def test_what_is_truly_over_may_not_even_renew_and_activates_again(gateway: Indoors) -> None:
    made = await living(gateway)
    gateway.pass_by(seconds=(LIFE - RENEW_AFTER + RENEW_ONLY).total_seconds())
    assert await gateway.arrive(made) == Denied(Code.OPCONN_CERT_REJECTED)
    await expect_refusal(gateway, await renew(gateway, made), Code.ACT_BLOCKED)
    device_id = made.device_id
    await gateway.activated(made)
    assert made.device_id == device_id


@pytest.mark.parametrize(
    ("csr", "code"),
    [("hello", Code.CERT_CSR_INVALID), (certificate_request(new_key(), "x")[:-80], Code.CERT_CSR_INVALID)],
)
async def test_a_bad_request_is_refused_and_the_running_certificate_goes_on(
    gateway: Indoors, csr: str, code: Code
) -> None:
    made = await living(gateway)
    before = gateway.rows()
    reply = await renew(gateway, made, csr)
    assert gateway.rows() == before
    await expect_refusal(gateway, reply, code)
    assert isinstance(await gateway.arrive(made), Permitted)


async def test_the_key_of_another_appliance_is_rejected(gateway: Indoors) -> None:
    made, other = await living(gateway), await gateway.made()
    await gateway.activated(other)
    reply = await renew(gateway, made, certificate_request(other.key, "x"))
    await expect_refusal(gateway, reply, Code.CERT_KEY_REJECTED)


async def test_a_key_that_was_given_up_does_not_come_back(gateway: Indoors) -> None:
    made = await living(gateway)
    given_up = made.key
    made.new_key()
    made.serial = serial_hex((await renew(gateway, made))["certificate"])
    await gateway.hello(made)
    reply = await renew(gateway, made, certificate_request(given_up, "x"))
    await expect_refusal(gateway, reply, Code.ACT_REPLAYED)


async def test_a_device_that_may_not_work_gets_no_new_certificate(gateway: Indoors) -> None:
    made = await living(gateway)
    await gateway.stand(made, DeviceStatus.SUSPENDED)
    await expect_refusal(gateway, await renew(gateway, made), Code.ACT_BLOCKED)


async def test_a_refused_renewal_is_still_told_as_refused_after_the_appliance_came_back(gateway: Indoors) -> None:
    made = await living(gateway)
    reply = await renew(gateway, made, "hello")
    gateway.pass_by(seconds=5)
    await gateway.hello(made)
    await expect_refusal(gateway, reply, Code.CERT_CSR_INVALID)


async def test_a_refused_renewal_is_found_by_what_stands_on_the_label(gateway: Indoors) -> None:
    made = await living(gateway)
    reply = await renew(gateway, made, "hello")
    unit = await gateway.run(lambda tx: tx.units.get(made.unit_id))
    assert unit is not None
    rows = [row for row in gateway.rows(without=frozenset())["attempts"] if reply["trace_id"] in row]
    assert unit.mac_index in rows[0]
    assert unit.machine_code_index in rows[0]
