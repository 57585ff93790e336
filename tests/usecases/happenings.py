"""What happens again and again around an appliance: it brings a token, is reset, reports, is told."""

import json
from datetime import timedelta
from typing import Any

from device_sim.keys import is_signed
from gateway.domain.failures import CATALOGUE, Code, Stage
from gateway.domain.identity import AccountId, DeviceId
from gateway.protocol.codec import decode
from gateway.protocol.messages import BindVerdict
from gateway.protocol.signing import verdict_signing_bytes
from gateway.protocol.topics import UpChannel
from gateway.usecases import commands, states
from gateway.usecases.commands import CommandServices
from gateway.usecases.states import Reported
from gateway.usecases.wishes import Wish
from tests.usecases.indoors import Indoors
from tests.usecases.made import Made


async def bring(gateway: Indoors, made: Made, token: str) -> dict[str, Any]:
    """The appliance brings a token over `up/bind`; returns the verdict, whose signature it checks."""
    body = {"request_id": "bind-1", "bind_token": token, "reset_counter": made.says["reset_counter"]}
    told = await gateway.say(made, UpChannel.BIND, body)
    assert [channel for channel, _ in told] == ["bind"]
    verdict = decode(BindVerdict, json.dumps(told[0][1]).encode())
    signed = verdict_signing_bytes(made.device_id or "", verdict)
    assert is_signed(signed, verdict.sig, gateway.services.signer.public_key)
    assert verdict.request_id == "bind-1"
    return told[0][1]


async def paired(gateway: Indoors, account: AccountId, made: Made | None = None) -> Made:
    """An appliance of this account."""
    made = made or await gateway.made()
    opened = await gateway.pairing(account)
    assert (await gateway.activated(made, bind_token=opened.bind_token))["bound"]
    await gateway.hello(made)
    return made


async def reset(gateway: Indoors, made: Made) -> None:
    """Its button is held for ten seconds; it activates anew."""
    made.says["reset_counter"] += 1
    made.new_key()
    await gateway.activated(made)
    await gateway.hello(made)


def wish() -> Wish:
    return Wish("set", {"target_c": 22}, timedelta(hours=1))


async def send(gateway: Indoors, account: AccountId, made: Made) -> commands.SendOutcome:
    services = CommandServices(gateway.services.signer, gateway.services.identifiers, gateway.services.types)
    device_id = made.device_id or DeviceId("")
    return await gateway.run(lambda tx: commands.send(tx, services, account, device_id, wish(), gateway.now))


async def report(gateway: Indoors, made: Made, seq: int, **facts: Any) -> dict[str, int]:
    fields: dict[str, Any] = {"full": False, "at": None, "epoch": None, **facts}
    one = Reported(made.device_id or DeviceId(""), "b", seq, {"target_c": 20}, **fields)
    return dict(await gateway.run(lambda tx: states.ingest(tx, [one], gateway.services.types, gateway.now)))


async def expect_refused(gateway: Indoors, verdict: dict[str, Any], code: Code) -> None:
    assert (verdict["bound"], verdict["code"], verdict["number"]) == (False, code.value, CATALOGUE[code].number)
    attempt, evidence = await gateway.attempt(verdict["trace_id"])
    assert (attempt.code, attempt.stage_reached) == (code, Stage.BIND)
    assert evidence[-1].raw_code == code.value


async def asked(gateway: Indoors) -> tuple[Made, AccountId, AccountId]:
    """Somebody reset an appliance that another owns, and proved to hold it."""
    owner, newcomer = await gateway.account(), await gateway.account()
    made = await paired(gateway, owner)
    await reset(gateway, made)
    opened = await gateway.pairing(newcomer)
    verdict = await bring(gateway, made, opened.bind_token)
    await expect_refused(gateway, verdict, Code.BIND_OWNED)
    assert owner not in json.dumps(verdict)
    events = await gateway.run(lambda tx: tx.events.of_account(owner, 0, 100))
    assert [event.kind for event in events].count("device.release_asked") == 1
    return made, owner, newcomer


async def bring_quietly(gateway: Indoors, made: Made, token: str) -> None:
    body = {"request_id": "bind-1", "bind_token": token, "reset_counter": 0}
    await gateway.say(made, UpChannel.BIND, body)
