"""Somebody closes their account at a real gateway, and afterwards nothing on its disk tells that they were there."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from device_sim.api import ProblemError
from device_sim.phone import Phone
from gateway.bootstrap.secrets import open_secrets
from gateway.config import Settings
from gateway.domain.identity import AccountId
from gateway.runtime.clock import utc_now
from gateway.security.receipt_signatures import ReceiptKey
from gateway.usecases.erasure_receipts import Genuine, check
from tests.home import Home, gateway_running, home, settings_for
from tests.journeys.conftest import BOTH, PLENTY
from tests.journeys.people import Resident, resident, until

NICKNAME = "Zanzibar-Badezimmer"
RECEIPT_S = 60.0


def everything(folder: Path) -> dict[str, bytes]:
    """Every file of the data folder: database and its log, keys and their copies, the broker's store and log."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def holding(folder: Path, *words: str) -> set[str]:
    return {name for name, content in everything(folder).items() if any(word.encode() in content for word in words)}


async def lived_in(at: Home) -> tuple[Resident, AccountId]:
    """Somebody who has done what people do."""
    one = await resident(at)
    await one.phone.rename(one.device_id, NICKNAME)
    for target in (18, 19, 20):
        await one.phone.send(one.device_id, "set", {"target_c": target}, expires_in_s=300)
    await one.phone.open_pairing()
    await one.phone.ask("POST", "/v1/me/requests", {"kind": "question", "text": f"What about {NICKNAME}?"})
    asked = (await one.phone.ask("GET", "/v1/me/requests")).body["items"]
    for request in asked:
        await one.phone.ask("DELETE", f"/v1/me/requests/{request['request_id']}")
    return one, account_of(one.phone)


def account_of(phone: Phone) -> AccountId:
    assert phone.account_id is not None
    return AccountId(phone.account_id)


async def close(phone: Phone) -> str:
    """Close the account; the token for the receipt."""
    offered = (await phone.ask("POST", "/v1/me/closure", {"password": phone._password})).body
    closed = (await phone.ask("POST", "/v1/me/closure/confirm", {"token": offered["token"]})).body
    return str(closed["receipt_token"])


async def receipt(at: Home, token: str) -> dict[str, object]:
    """Wait until the receipt is there."""
    answers: list[bytes] = []

    async def there() -> bool:
        async with at.http.post(f"{at.api_url}/v1/erasures/receipt", json={"receipt_token": token}) as answer:
            if answer.status == 200:
                answers.append(await answer.read())
            return answer.status == 200

    await until(there, RECEIPT_S)
    assert isinstance(check(answers[0], ReceiptKey(at.secrets.receipts.public_key)), Genuine)
    found: dict[str, object] = json.loads(answers[0])["receipt"]
    return found


@pytest.mark.parametrize("kind", BOTH)
async def test_nothing_on_the_disk_tells_that_somebody_was_there(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(tmp_path / "gateway", kind=kind, **PLENTY)
    async with home(tmp_path, settings) as at:
        one, account_id = await lived_in(at)
        other, other_id = await lived_in(at)
        words = (account_id, one.phone._login_name, NICKNAME)
        folder = settings.data_folder
        assert holding(folder, account_id), "the search finds who is there"
        token = await close(one.phone)
        found = await receipt(at, token)
        stores = {str(each["store"]): each for each in found["stores"]}  # type: ignore[attr-defined]
        assert stores["broker"]["appliances"] == 1
        assert stores["person_keys"]["done"] == "key destroyed"
        assert holding(folder, account_id, one.phone._login_name) == set()
        assert holding(folder, other_id), "and who stays is there"
        metrics = await at.metrics()
        assert not any(word in metrics for word in words)
        with pytest.raises(ProblemError) as refused:
            await one.phone.devices()
        assert refused.value.status == 401
        assert (await other.phone.devices())[0]["nickname"] == NICKNAME
        # The appliance learned that it is nobody's, over a connection that was ended and made anew.
        await until(lambda: _unbound(one))
    assert holding(folder, account_id, one.phone._login_name) == set()
    told = capfd.readouterr()
    assert not any(word in told.out + told.err for word in words)


async def _unbound(one: Resident) -> bool:
    return not one.appliance.is_paired


async def test_the_name_registers_again_as_a_stranger(tmp_path: Path) -> None:
    async with home(tmp_path, settings_for(tmp_path / "gateway", **PLENTY)) as at:
        one, account_id = await lived_in(at)
        await close(one.phone)
        again = at.phone(one.phone._login_name, seed=7)
        await again.sign_up()
        assert await again.devices() == []
        assert account_of(again) != account_id
        assert NICKNAME not in json.dumps((await again.ask("GET", "/v1/me")).body)
        assert (await again.ask("GET", "/v1/me/requests")).body["items"] == []


async def test_an_older_database_put_back_by_hand_brings_nobody_back(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "gateway", **PLENTY)
    kept = tmp_path / "kept.db"
    async with home(tmp_path, settings) as at:
        one, account_id = await lived_in(at)
        one.power.cancel()
    database = settings.data_folder / "hearthgate.db"
    kept.write_bytes(database.read_bytes())
    async with _again(tmp_path, settings) as at:
        phone = at.phone(one.phone._login_name, seed=8)
        await phone.log_in()
        await receipt(at, await close(phone))
    assert holding(settings.data_folder, account_id) == set()
    database.write_bytes(kept.read_bytes())
    assert holding(settings.data_folder, account_id)
    async with _again(tmp_path, settings) as at:
        phone = at.phone(one.phone._login_name, seed=9)
        with pytest.raises(ProblemError) as refused:
            await phone.log_in()
        assert refused.value.status == 401

        async def gone() -> bool:
            return await asyncio.to_thread(holding, settings.data_folder, account_id) == set()

        await until(gone, RECEIPT_S)


@contextlib.asynccontextmanager
async def _again(tmp_path: Path, settings: Settings) -> AsyncIterator[Home]:
    async with (
        gateway_running(settings) as application,
        aiohttp.ClientSession() as http,
        asyncio.TaskGroup() as tasks,
    ):
        yield Home(tmp_path, settings, application, open_secrets(settings, utc_now), http, tasks)
        for task in tasks._tasks:
            task.cancel()
