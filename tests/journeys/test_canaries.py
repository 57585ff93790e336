"""What must never be kept is pushed through every door of a real gateway, and then everything is searched for it."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from device_sim.keys import tls_context
from device_sim.link import Target
from device_sim.phone import Phone
from gateway.api.table import ROUTES
from gateway.bootstrap.secrets import open_secrets
from gateway.config import Settings
from gateway.console.table import ROUTES as CONSOLE
from gateway.runtime.clock import utc_now
from tests.home import QUICK, Home, home, settings_for
from tests.journeys.canaries import Canary, Search, mac
from tests.journeys.conftest import BOTH, PLENTY
from tests.journeys.every_door import claim_all, knock, push_all, say_all
from tests.journeys.people import settled, until
from tests.journeys.process import config_file, serving
from tests.journeys.program import ran
from tests.ports import free_port

OPERATOR = ("/livez", "/readyz", "/metrics")
NEVER = (
    Canary("ssid", "Casa-Canaria-5G-Xw81"),
    Canary("wifi_password", "wIfI!pAss-7Qz9vT2k-never"),
    mac("bssid", "0a:ca:fe:13:37:5a"),
    Canary("latitude", "52.516274"),
    Canary("longitude", "-13.377704"),
    Canary("birthday", "1987-04-23"),
)
"""There is no place for these in any form."""
SECRETS = {one.name: one.value for one in NEVER}

LOGIN_NAME = Canary("login name", "zita.canary-qv7@example.org")
PASSWORD = Canary("password", "kanarienvogel Balustrade 93")
WRONG = Canary("wrong password", "falscher Vogel im Kaefig 17")
NICKNAME = Canary("nickname", "Zitas Küchenofen Qx44")
LABEL = Canary("word for the home", "Villa Ziegelstein Wz81")
TEXT = Canary("text of a request", "Warum weiß Support von Tante Ottilie?")
HOST = Canary("recipient", "daten-fuer-zita-qv7.example.org")
NAMES = (LOGIN_NAME, PASSWORD, WRONG, NICKNAME, LABEL, TEXT, HOST)
"""Kept as a digest or sealed, or not at all."""


class Elsewhere(Home):
    """A home whose gateway is a process of its own."""

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.api.port}"


@dataclass
class Lived:
    """What somebody did, and what they were given for it."""

    phone: Phone
    export: dict[str, Any]
    tokens: list[Canary]
    pushed: int
    said: int


@asynccontextmanager
async def at_home(folder: Path, kind: str) -> AsyncIterator[tuple[Elsewhere, Path, Path]]:
    """Appliances that are listed already, and a gateway in a process: the home, its configuration, what it said."""
    settings = _with_ports(settings_for(folder / "gateway", kind=kind, api_port=free_port(), **PLENTY))
    async with home(folder, settings) as before:
        units = await before.make(2)
        application = before.application
    config = config_file(folder / "hearthgate.toml", settings, level="debug")
    said = folder / "said.log"
    operator = f"http://127.0.0.1:{settings.operator.port}"
    async with serving(config, said, operator), aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        at = Elsewhere(folder, settings, application, open_secrets(settings, utc_now), http, tasks, units)
        try:
            yield at, config, said
        finally:
            for task in tasks._tasks:
                task.cancel()


def _with_ports(settings: Settings) -> Settings:
    ports = {"console": free_port(), "operator": free_port()}
    changed = {name: getattr(settings, name).model_copy(update={"port": port}) for name, port in ports.items()}
    return settings.model_copy(update=changed)


async def live(at: Elsewhere) -> Lived:
    """Everything that a person does, with canaries in it; then all doors."""
    phone = Phone(at.http, at.api_url, LOGIN_NAME.value, PASSWORD.value, rng=Random(1))  # noqa: S311 - keys of a test
    await phone.sign_up()
    tokens = _tokens(phone)
    refused = Phone(at.http, at.api_url, LOGIN_NAME.value, WRONG.value, rng=Random(2))  # noqa: S311
    async with at.http.post(
        f"{at.api_url}/v1/sessions", json={"login_name": LOGIN_NAME.value, "password": WRONG.value}
    ) as answer:
        assert answer.status == 401
    appliance = at.appliance(at.units[0], timings=QUICK)
    at.start(appliance)
    pairing = await phone.pair(appliance)
    await settled(at, phone, appliance)
    device_id = appliance.kept.device_id or ""
    await _renamed(phone, device_id)
    made = (await phone.ask("POST", "/v1/homes", {"time_zone": "Europe/Berlin", "label": LABEL.value})).body
    invitation = (await phone.ask("POST", f"/v1/homes/{made['home_ref']}/invitations")).body
    closure = (await phone.ask("POST", "/v1/me/closure", {"password": PASSWORD.value})).body
    await phone.ask("DELETE", "/v1/me/closure")
    await phone.ask("POST", "/v1/me/requests", {"kind": "question", "text": TEXT.value})
    await phone.ask("POST", "/v1/me/recipients", {"url": f"https://{HOST.value}/in"})
    asked = (await phone.ask("POST", "/v1/me/exports")).body
    export = await _fetched(at, phone, asked)
    walker = Phone(at.http, at.api_url, "walker@example.org", "walks through all doors", rng=Random(3))  # noqa: S311
    await walker.sign_up()
    pushed = 0
    for route in ROUTES:
        for push, status, content in await push_all(walker, at.http, at.api_url, route, SECRETS):
            told = f"{route.method} {route.path}, {push.where}: {status}"
            assert status < 500, told
            assert status < 400 or not Search(NEVER).in_bytes(content), told
            pushed += 1
    for method, path in [*((one.method, one.path) for one in CONSOLE), *(("GET", path) for path in OPERATOR)]:
        port = at.settings.operator.port if path in OPERATOR else at.settings.console.port
        assert await knock(at.http, f"http://127.0.0.1:{port}", method, path, SECRETS) < 500
    said = await say_all(appliance, SECRETS)
    boxed = at.units[1]
    target = Target(at.claim_address, boxed.claim_id, tls_context(boxed.claim, at.trust_pem))
    said += await claim_all(target, boxed.claim_id, SECRETS)
    tokens += [
        *_tokens(phone),
        Canary("bind token", pairing.bind_token),
        Canary("export token", str(asked["token"])),
        Canary("invitation", str(invitation["code"])),
        Canary("token that closes the account", str(closure["token"])),
        *(mac("mac of a unit", one.unit.mac) for one in at.units),
        *(Canary("machine code", one.unit.machine_code) for one in at.units),
    ]
    assert refused.account_id is None
    return Lived(phone, export, tokens, pushed, said)


def _tokens(phone: Phone) -> list[Canary]:
    held = phone._api.tokens
    assert held is not None
    return [Canary("access token", held.access), Canary("refresh token", held.refresh)]


async def _renamed(phone: Phone, device_id: str) -> None:
    shown = await phone._api.request("GET", f"/v1/devices/{device_id}")
    [edition] = [value for name, value in shown.headers.items() if name.lower() == "etag"]
    body, headers = {"nickname": NICKNAME.value}, {"If-Match": edition}
    await phone._api.request("PATCH", f"/v1/devices/{device_id}", body, headers=headers)


async def _fetched(at: Elsewhere, phone: Phone, asked: dict[str, Any]) -> dict[str, Any]:
    """The person's copy, as soon as it is ready."""

    async def ready() -> bool:
        return bool((await phone.ask("GET", f"/v1/me/exports/{asked['export_id']}")).body["status"] == "ready")

    await until(ready, 60.0)
    async with at.http.post(f"{at.api_url}/v1/exports/content", json={"token": asked["token"]}) as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
    return found


@pytest.mark.parametrize("kind", BOTH)
async def test_what_must_not_be_kept_is_nowhere(tmp_path: Path, kind: str) -> None:
    async with at_home(tmp_path, kind) as (at, config, said):
        lived = await live(at)
        search = Search([*NEVER, *NAMES, *lived.tokens])
        async with at.http.get(f"http://127.0.0.1:{at.settings.operator.port}/metrics") as answer:
            metrics = await answer.text()
        backup = tmp_path / "kept.backup"
        code, _, error = await ran("backup", str(backup), "--config", str(config))
        assert code == 0, error
        alive = tmp_path / "alive"
        await asyncio.to_thread(
            shutil.copytree, at.settings.data_folder, alive, ignore=shutil.ignore_patterns("*.sock")
        )
    assert lived.pushed > 1000
    assert lived.said > 100
    # What was there to be found is found: the account's name in the database, and the control.
    account = Canary("account", lived.phone.account_id or "")
    assert any(name.startswith("hearthgate.db") for name in Search([account]).in_folder(alive))
    (alive / "control").write_bytes(b"x" + SECRETS["ssid"].encode("utf-16-le"))
    assert search.in_folder(alive).keys() >= {"control"}
    (alive / "control").unlink()
    # The person's own copy has what is theirs, in words, and nothing that must not be.
    copy = json.dumps(lived.export, ensure_ascii=False)
    assert all(one.value in copy for one in (NICKNAME, LABEL, TEXT, HOST))
    assert Search([*NEVER, LOGIN_NAME, PASSWORD, WRONG, *lived.tokens]).in_text(copy) == set()
    # Everything else: while it ran, after it ended, what it said, what it counted, and its backup.
    assert search.in_folder(alive) == {}
    assert search.in_folder(at.settings.data_folder) == {}
    assert search.in_bytes(said.read_bytes()) == set()
    assert {json.loads(line)["event"] for line in said.read_text().splitlines()} >= {"ready", "stopping"}
    assert search.in_text(metrics) == set()
    assert search.in_bytes(backup.read_bytes()) == set()
