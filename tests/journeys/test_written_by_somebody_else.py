"""An appliance of another maker, with other libraries, lives a whole life by what protocol.md says."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.identity import AccountId
from tests.home import Home
from tests.journeys.people import one_made, somebody, until
from tests.journeys.stranger import Keys, Line, signed_well

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_it_activates_binds_reports_obeys_and_leaves(at: Home, tmp_path: Path) -> None:
    phone, made, keys = await somebody(at), await one_made(at), Keys(tmp_path)
    pairing = await phone.open_pairing()
    trust = keys.file("trust.pem", at.trust_pem)
    claim = Line(
        at.claim_address.port,
        made.claim_id,
        trust=trust,
        certificate=keys.file("claim.pem", made.claim.certificate_pem or ""),
        key=keys.file("claim.key", made.claim.key_pem),
    )
    request = {
        "request_id": "Kettle:1",
        "machine_code": made.unit.machine_code.lower(),
        "mac": made.unit.mac.replace(":", "-").upper(),
        "type_id": made.type_id,
        "firmware": "0.9+kettle",
        "csr": keys.request(),
        "reset_counter": 0,
        "radio": {"rssi": -61, "security": "wpa2", "band": "2.4"},
        "history": [{"stage": "wifi", "code": "202", "count": 2, "ago_ms": 41000}],
    }
    async with claim as line:
        await line.listen(f"hg/v1/claim/{made.claim_id}/reply")
        await line.say(f"hg/v1/claim/{made.claim_id}/req", request)
        reply = await line.hears("/reply")
        await line.say(f"hg/v1/claim/{made.claim_id}/req", {**request, "request_id": "Kettle:2"})
        again = await line.hears("/reply")
    assert (reply["ok"], reply["request_id"], reply["bound"]) == (True, "Kettle:1", False)
    assert (again["request_id"], again["certificate"]) == ("Kettle:2", reply["certificate"])

    device_id, key = reply["device_id"], reply["command_key"]
    operational = Line(
        reply["endpoint"]["port"],
        device_id,
        trust=trust,
        certificate=keys.file("own.pem", reply["certificate"] + reply["chain"]),
        key=keys.key,
    )
    operational.client.will_set(f"hg/v1/dev/{device_id}/up/bye", b"{}", qos=1)
    up, down = f"hg/v1/dev/{device_id}/up", f"hg/v1/dev/{device_id}/down"
    async with operational as line:
        await line.listen(f"{down}/#")
        hello = {"firmware": "0.9+kettle", "reset_counter": 0, "descriptor_version": 1}
        await line.say(f"{up}/hello", hello)
        welcome = await line.hears("/welcome")
        assert (welcome["bound"], welcome["epoch"], welcome["command_key"]) == (False, 0, key)

        await line.say(f"{up}/bind", {"request_id": "b.1", "bind_token": pairing.bind_token, "reset_counter": 0})
        verdict = await line.hears("/bind")
        assert (verdict["bound"], verdict["epoch"], verdict["trace_id"]) == (True, 1, pairing.trace_id)
        assert signed_well(b"hearthgate-verdict-1", device_id, verdict, key)
        assert not signed_well(b"hearthgate-command-1", device_id, verdict, key)

        await line.say(
            f"{up}/state",
            '{ "seq" : 1 , "full":true, "at":"2026-03-01T12:00:00.000Z","state":{"power":"off","target_c":2.15e1}}',
        )
        await until(lambda: shows(phone, device_id, {"power": "off", "target_c": 21.5}))

        await obey_one(line, phone, device_id, key)

        await line.say(
            f"{up}/event", {"id": "0198c0de-0000-7000-8000-00000000e0e1", "name": "fault", "data": {"code": "overheat"}}
        )
        await phone.release(device_id)
        wipe = await line.hears("/bind")
        assert (wipe["bound"], wipe["wipe"], wipe["epoch"]) == (False, True, 2)
        assert signed_well(b"hearthgate-verdict-1", device_id, wipe, key)
    assert await phone.devices() == []


async def shows(phone: Any, device_id: str, expected: dict[str, Any]) -> bool:
    found = (await phone.state(device_id))["state"]
    return bool(expected.items() <= found.items())


async def obey_one(line: Line, phone: Any, device_id: str, key: str) -> None:
    """Get one command, check it, answer in two steps, with the state in the answer."""

    async def wish() -> Any:
        return await phone.send(device_id, "set", {"target_c": 22}, wait_s=8)

    async with asyncio.TaskGroup() as tasks:
        sent = tasks.create_task(wish())
        command = await line.hears("/command")
        assert signed_well(b"hearthgate-command-1", device_id, command, key)
        assert (command["action"], command["params"], command["epoch"]) == ("set", {"target_c": 22}, 1)
        assert command["issued_at"] < command["expires_at"]
        topic = f"hg/v1/dev/{device_id}/up/ack"
        await line.say(topic, {"command_id": command["command_id"], "status": "received"})
        await line.say(
            topic, {"command_id": command["command_id"], "status": "applied", "seq": 2, "state": {"target_c": 22}}
        )
    assert sent.result().status == "applied"
    assert await shows(phone, device_id, {"power": "off", "target_c": 22})


async def test_everything_twice_changes_nothing(at: Home, tmp_path: Path) -> None:
    """QoS 1 may deliver anything again; the sender cannot know."""
    phone, made, keys = await somebody(at), await one_made(at), Keys(tmp_path)
    pairing = await phone.open_pairing()
    trust = keys.file("trust.pem", at.trust_pem)
    request = {
        "request_id": "r1",
        "machine_code": made.unit.machine_code,
        "mac": made.unit.mac,
        "type_id": made.type_id,
        "firmware": "1",
        "csr": keys.request(),
        "reset_counter": 0,
        "bind_token": pairing.bind_token,
    }
    certificate = keys.file("claim.pem", made.claim.certificate_pem or "")
    key = keys.file("claim.key", made.claim.key_pem)
    replies = []
    async with Line(at.claim_address.port, made.claim_id, trust=trust, certificate=certificate, key=key) as line:
        await line.listen(f"hg/v1/claim/{made.claim_id}/reply")
        for _ in range(3):
            await line.say(f"hg/v1/claim/{made.claim_id}/req", request)
            replies.append(await line.hears("/reply"))
    assert len({reply["certificate"] for reply in replies}) == 1
    assert {(reply["bound"], reply["epoch"]) for reply in replies} == {(True, 1)}

    device_id = replies[0]["device_id"]
    up = f"hg/v1/dev/{device_id}/up"
    own = keys.file("own.pem", replies[0]["certificate"] + replies[0]["chain"])
    port = replies[0]["endpoint"]["port"]
    async with Line(port, device_id, trust=trust, certificate=own, key=keys.key) as line:
        await line.listen(f"hg/v1/dev/{device_id}/down/#")
        for _ in range(2):
            await line.say(f"{up}/hello", {"firmware": "1", "reset_counter": 0, "descriptor_version": 1})
            await line.say(f"{up}/bind", {"request_id": "b1", "bind_token": pairing.bind_token, "reset_counter": 0})
        for seq, target in ((5, 20), (5, 20), (4, 10), (5, 11), (6, 19.5), (5, 20)):
            await line.say(f"{up}/state", {"seq": seq, "state": {"target_c": target}})
        event = {"id": "0198c0de-0000-7000-8000-00000000e0e2", "name": "fault", "data": {"code": "overheat"}}
        for _ in range(3):
            await line.say(f"{up}/event", event)
        await until(lambda: shows(phone, device_id, {"target_c": 19.5}))
        sent = await phone.send(device_id, "set", {"target_c": 25})
        command = await line.hears("/command")
        for status in ("received", "applied", "received", "applied", "rejected", "failed"):
            await line.say(f"{up}/ack", {"command_id": command["command_id"], "status": status})
        await until(lambda: has(phone, sent.command_id, "applied"))
        device = await phone.device(device_id)
        assert device["epoch"] == 1
        account = AccountId(phone.account_id or "")
        events = await at.application.parts.database.read(lambda tx: tx.events.of_account(account, 0, 500))
        assert [one.kind for one in events].count("device.event") == 1
        assert [one.kind for one in events].count("device.bound") == 1
        ends = [one.data["status"] for one in events if one.kind == "command"]
        assert ends.count("applied") == 1
        assert "rejected" not in ends


async def has(phone: Any, command_id: str, status: str) -> bool:
    return str((await phone.command(command_id))["status"]) == status
