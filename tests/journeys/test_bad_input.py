"""Whatever is sent: a refusal with its code where one is due, a counter, and no value of it anywhere afterwards."""

import asyncio
import contextlib
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from device_sim.factory import MadeUnit
from device_sim.keys import certificate_request, new_key
from gateway.domain.failures import CATALOGUE, Code, Stage
from gateway.observability.logging import configure
from gateway.protocol.topics import UpChannel
from tests.home import Home
from tests.journeys.conftest import BOTH, kept
from tests.journeys.people import somebody, until
from tests.journeys.stranger import Keys, Line

WIFI = "canary-Hunter2-wifi"
"""A Wi-Fi password that firmware sends although nobody asked."""

HOSTILE: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"seq": NaN}',
    b'{"seq": 1e400}',
    b"\xff\xfe\xfd",
    b'{"a":"\\ud800"}',
    b'{"a":1,"a":2}',
    b'{"a":' * 2000 + b"1" + b"}" * 2000,
    b'{"seq":1,"state":{"__proto__":{}}}',
    b'{"a":"\\u0000"}',
    b'{"x":"' + b"y" * 16_300 + b'"}',
    b'{"seq":99999999999999999999999999,"state":{}}',
    json.dumps({"seq": 1, "state": {"wifi_password": WIFI}}).encode(),
    json.dumps({"network": {"Pre-Shared-Key": WIFI}}).encode(),
]
"""On every topic. None of them is a message of any kind."""


TOO_LARGE: list[bytes] = [b'{"x":"' + b"y" * 16_400 + b'"}', b'{"a":' * 3000 + b"1" + b"}" * 3000, b" " * 40_000]
"""Beyond 16 KiB. A broker that has such a limit ends the connection of who sends them; else the gateway drops them."""


@contextlib.contextmanager
def log_of_everything() -> Iterator[io.StringIO]:
    """All that this process logs, as `serve` writes it, down to what only developers read."""
    root, text = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    configure(level="DEBUG", stream=text)
    try:
        yield text
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()


@dataclass
class Claims:
    """Opens claim connections of appliances that others wrote."""

    at: Home
    folder: Path

    @contextlib.asynccontextmanager
    async def line(self, made: MadeUnit) -> AsyncIterator[Line]:
        keys = Keys(self.folder / made.claim_id)
        one = Line(
            self.at.claim_address.port,
            made.claim_id,
            trust=keys.file("trust.pem", self.at.trust_pem),
            certificate=keys.file("claim.pem", made.claim.certificate_pem or ""),
            key=keys.file("claim.key", made.claim.key_pem),
        )
        async with one:
            await one.listen(f"hg/v1/claim/{made.claim_id}/reply")
            yield one


def request_of(made: MadeUnit, **changes: Any) -> dict[str, Any]:
    return {
        "request_id": "r1",
        "machine_code": made.unit.machine_code,
        "mac": made.unit.mac,
        "type_id": made.type_id,
        "firmware": "1",
        "csr": certificate_request(new_key(), "x"),
        "reset_counter": 0,
        **changes,
    }


@pytest.mark.parametrize("kind", BOTH)
async def test_nothing_of_what_was_refused_is_found_anywhere_afterwards(tmp_path: Path, kind: str) -> None:
    plenty = {"appliance_messages_per_second": 1000, "appliance_burst_messages": 1000}
    secrets: set[str] = {WIFI}
    with log_of_everything() as log:
        async with kept(tmp_path, kind=kind, **plenty) as at:
            phone = await somebody(at)
            made = await at.make(7)
            secrets |= {unit.unit.mac for unit in made} | {unit.unit.machine_code for unit in made}
            secrets |= {str(phone._login_name), "correct horse battery"}
            await refuse_claims(at, Claims(at, tmp_path / "others"), made[:6])
            secrets |= await refuse_messages(at, Claims(at, tmp_path / "others"), made[6], phone)
            await refuse_too_large(at, Claims(at, tmp_path / "others"), made[:3])
            await refuse_requests(at, phone)
            tokens = phone._api.tokens
            assert tokens is not None
            secrets |= {tokens.access, tokens.refresh}
            metrics = await at.metrics()
            folder = at.settings.data_folder
            # While everything runs: the database with its log of changes, and what the broker has on its disk.
            await until(lambda: nothing_in(folder, secrets), 10)
            assert found_in(folder, {made[0].type_id}), "the search finds what is there"
        assert found_in(folder, secrets) == []
    for text in (log.getvalue(), metrics):
        assert text
        assert [secret for secret in secrets if secret in text] == []


async def nothing_in(folder: Path, secrets: set[str]) -> bool:
    """Brokers forget what was handled a moment after they were told."""
    return await asyncio.to_thread(found_in, folder, secrets) == []


def found_in(folder: Path, secrets: set[str]) -> list[tuple[str, str]]:
    """Which secret stands in which file."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes() if path.is_file() else b""
            found += [(path.name, secret) for secret in secrets if secret.encode() in content]
    return found


async def refuse_claims(at: Home, claims: Claims, made: list[MadeUnit]) -> None:
    """Hostile bytes and refusable requests of appliances that nobody activated."""
    bad: list[tuple[bytes | dict[str, Any], Code]] = [(payload, Code.ACT_MALFORMED) for payload in HOSTILE[:-2]]
    bad += [(payload, Code.ACT_SECRET_NOT_WANTED) for payload in HOSTILE[-2:]]
    bad += [
        ({"wifi_password": WIFI}, Code.ACT_SECRET_NOT_WANTED),
        ({"radio": {"rssi": -60, "sSiD": WIFI}}, Code.ACT_SECRET_NOT_WANTED),
        ({"history": [{"stage": "wifi", "code": "1", "ago_ms": 1, "psk": WIFI}]}, Code.ACT_SECRET_NOT_WANTED),
        ({"mac": "not a mac"}, Code.ACT_MALFORMED),
        ({"extra": WIFI}, Code.ACT_MALFORMED),
        ({"csr": "-----BEGIN NOTHING-----"}, Code.CERT_CSR_INVALID),
    ]
    share = -(-len(bad) // (len(made) - 1))
    for place, unit in enumerate(made[1:]):
        mine = bad[place * share : (place + 1) * share]
        async with claims.line(unit) as line:
            for what, code in mine:
                topic = f"hg/v1/claim/{unit.claim_id}/req"
                if isinstance(what, bytes):
                    await line.say(topic, what)  # nothing in it names a request, so there is nothing to answer
                    continue
                await line.say(topic, request_of(unit, **what))
                reply = await line.hears("/reply")
                assert (reply["ok"], reply["code"], reply["number"]) == (False, code.value, CATALOGUE[code].number)
                assert WIFI not in repr(reply)
        claim_id = unit.claim_id
        await until(lambda claim_id=claim_id: has_attempt(at, claim_id))  # type: ignore[misc]
    rows = await at.application.parts.database.read(lambda tx: tx.units.count())
    assert rows == 7
    metrics = await at.metrics()
    assert 'hearthgate_messages_dropped_total{channel="claim",reason="act.malformed"}' in metrics
    assert 'hearthgate_messages_dropped_total{channel="claim",reason="act.secret_not_wanted"}' in metrics


async def refuse_too_large(at: Home, claims: Claims, made: list[MadeUnit]) -> None:
    """What no broker and no gateway takes. Everybody else goes on."""
    for unit, payload in zip(made, TOO_LARGE, strict=True):
        before = counted(await at.metrics())
        async with claims.line(unit) as line:
            await line.say(f"hg/v1/claim/{unit.claim_id}/req", payload, wait=False)
            await until(lambda line=line, before=before: dropped(at, line, before))  # type: ignore[misc]
        async with claims.line(unit):
            pass  # and may come again


async def dropped(at: Home, line: Line, before: str) -> bool:
    return not line.client.is_connected() or counted(await at.metrics()) != before


def counted(metrics: str) -> str:
    return "".join(line for line in metrics.splitlines() if "messages_dropped_total" in line)


async def has_attempt(at: Home, claim_id: Any) -> bool:
    attempt = await at.application.parts.database.read(lambda tx: tx.attempts.latest_of_claim(claim_id))
    return attempt is not None and attempt.code is not None and attempt.stage_reached in {Stage.ACT, Stage.CERT}


async def refuse_messages(at: Home, claims: Claims, made: MadeUnit, phone: Any) -> set[str]:
    """Hostile bytes on every topic of an activated appliance, which then works as if nothing had been."""
    pairing = await phone.open_pairing()
    keys = Keys(claims.folder / "own")
    async with claims.line(made) as line:
        wanted = request_of(made, csr=keys.request(), bind_token=pairing.bind_token)
        await line.say(f"hg/v1/claim/{made.claim_id}/req", wanted)
        reply = await line.hears("/reply")
    assert reply["bound"], reply
    device_id, port = reply["device_id"], reply["endpoint"]["port"]
    files = {
        "trust": keys.file("trust.pem", at.trust_pem),
        "certificate": keys.file("own.pem", reply["certificate"] + reply["chain"]),
        "key": keys.key,
    }
    up = f"hg/v1/dev/{device_id}/up"
    async with Line(port, device_id, **files) as line:
        await line.listen(f"hg/v1/dev/{device_id}/down/#")
        await line.say(f"{up}/hello", {"firmware": "1", "reset_counter": 0, "descriptor_version": 1})
        await line.hears("/welcome")
        for channel in UpChannel:
            for payload in HOSTILE:
                await line.say(f"{up}/{channel.value}", payload, wait=False)
        await line.say(f"{up}/renew", {"request_id": "r", "csr": "x"})
        refused = await line.hears("/renew")
        assert (refused["ok"], refused["code"]) == (False, "cert.csr_invalid")
        await line.say(f"{up}/state", {"seq": 7, "state": {"target_c": 19.5, "colour": WIFI}})
        await until(lambda: shows(phone, device_id))
        metrics = await at.metrics()
        for channel in UpChannel:
            assert f'dropped_total{{channel="{channel.value}",reason="act.malformed"}}' in metrics
            assert f'dropped_total{{channel="{channel.value}",reason="act.secret_not_wanted"}}' in metrics
        assert 'dropped_total{channel="state",reason="schema_mismatch"}' in metrics
        faults = set(re.findall(r'dropped_total\{channel="[a-z]+",reason="fault"\} ([0-9.e+]+)', metrics))
        assert faults == {"0.0"}, "a fault of ours"
    return {pairing.bind_token}


async def shows(phone: Any, device_id: str) -> bool:
    state = (await phone.state(device_id))["state"]
    assert WIFI not in repr(state)
    return bool(state.get("target_c") == 19.5)


async def refuse_requests(at: Home, phone: Any) -> None:
    """Hostile bodies on the routes of the app."""
    headers = {**phone._api._authorization(), "Content-Type": "application/json"}
    device_id = (await phone.devices())[0]["device_id"]
    bodies = [
        *HOSTILE,
        json.dumps({"wifi_password": WIFI}).encode(),
        json.dumps({"nickname": "x", "ssid": WIFI}).encode(),
        json.dumps({"action": "set", "params": {"target_c": WIFI}}).encode(),
        json.dumps({"login_name": WIFI, "password": 7, "latitude": 48.1}).encode(),
    ]
    routes = [
        ("POST", "/v1/pairings"),
        ("POST", "/v1/sessions"),
        ("POST", "/v1/accounts"),
        ("PATCH", f"/v1/devices/{device_id}"),
        ("POST", f"/v1/devices/{device_id}/commands"),
        ("POST", f"/v1/devices/{device_id}/release"),
    ]
    for method, path in routes:
        for body in bodies:
            async with at.http.request(method, at.api_url + path, data=body, headers=headers) as answer:
                text = await answer.text()
                if path == "/v1/pairings" and body == b"":
                    continue  # a pairing needs no body
                assert 400 <= answer.status < 500, (method, path, body[:40], text)
                assert answer.content_type == "application/problem+json"
                assert WIFI not in text
                assert "Traceback" not in text
    assert len(await phone.devices()) == 1
