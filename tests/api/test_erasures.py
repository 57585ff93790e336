"""The receipt of an erasure through the API: for whoever brings its token, who has no account any more."""

import json

import pytest

from gateway.domain.erasure import Reason, Step, next_step
from gateway.domain.identity import AccountId
from gateway.usecases import erasure
from gateway.usecases.erasure import Begun
from gateway.usecases.erasure_receipts import of_account
from tests.api.rig import Client, Rig, bearer, log_in, problem, register


async def closed(rig: Rig, client: Client) -> Begun:
    account_id = AccountId(await register(client))
    begun = await rig.database.run(lambda tx: erasure.begin(tx, rig.deps, account_id, Reason.CLOSED, rig.time()))
    assert begun is not None
    return begun


async def carry_out(rig: Rig) -> None:
    rig.time.pass_by(seconds=20)
    for _ in Step:
        it = await rig.database.run(lambda tx: erasure.take_up(tx, rig.time()))
        assert it is not None
        step = next_step(it)
        assert step is not None
        receipt = None
        if step is Step.RECEIPT:
            receipt = json.dumps(
                {"receipt": of_account(it, "local", rig.time()), "key": "k", "signature": "s"}
            ).encode()
        await rig.database.run(
            lambda tx, it=it, step=step, receipt=receipt: erasure.record(  # type: ignore[misc]
                tx, it, step, {}, rig.time(), receipt=receipt
            )
        )


async def test_the_receipt_is_fetched_with_the_token_once(rig: Rig) -> None:
    client = await rig.client()
    begun = await closed(rig, client)
    early = await client.post("/v1/erasures/receipt", json={"receipt_token": begun.receipt_token})
    assert early.status == 409
    told = await problem(early)
    assert (told["code"], told["retryable"], told["retry_after_s"]) == ("erasure.under_way", True, 15)
    await carry_out(rig)
    answer = await client.post("/v1/erasures/receipt", json={"receipt_token": begun.receipt_token})
    assert answer.status == 200, await answer.text()
    document = await answer.json()
    assert {one["store"] for one in document["receipt"]["stores"]} >= {"database", "person_keys", "broker"}
    rig.time.pass_by(minutes=10)
    again = await client.post("/v1/erasures/receipt", json={"receipt_token": begun.receipt_token})
    assert again.status == 404


async def test_a_token_that_nobody_was_given_finds_nothing(rig: Rig) -> None:
    client = await rig.client()
    answer = await client.post("/v1/erasures/receipt", json={"receipt_token": "x" * 43})
    assert answer.status == 404
    assert (await problem(answer))["code"] == "http.not_found"


@pytest.mark.parametrize("body", [{}, {"receipt_token": "short"}, {"receipt_token": "x" * 43, "account_id": "a"}])
async def test_anything_else_is_refused_by_field(rig: Rig, body: dict[str, str]) -> None:
    client = await rig.client()
    answer = await client.post("/v1/erasures/receipt", json=body)
    assert answer.status == 422


async def test_after_closing_everything_answers_as_for_somebody_who_never_was(rig: Rig) -> None:
    client = await rig.client()
    account_id = AccountId(await register(client))
    tokens = await log_in(client)
    await rig.database.run(lambda tx: erasure.begin(tx, rig.deps, account_id, Reason.CLOSED, rig.time()))
    answers = [
        await client.get("/v1/devices", headers={"Authorization": f"Bearer {token}"})
        for token in (tokens["access_token"], "x" * 43)
    ]
    shapes = []
    for answer in answers:
        told = await problem(answer)
        shapes.append((answer.status, sorted(answer.headers), {**told, "trace_id": "", "instance": ""}))
    assert shapes[0] == shapes[1]
    refused = await client.post("/v1/sessions/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refused.status == 401


async def test_the_name_registers_again_as_a_stranger(rig: Rig) -> None:
    client = await rig.client()
    first = AccountId(await register(client))
    await rig.database.run(lambda tx: erasure.begin(tx, rig.deps, first, Reason.CLOSED, rig.time()))
    second = await register(client)
    assert second != first
    tokens = await log_in(client)
    devices = await client.get("/v1/devices", headers=bearer(tokens))
    assert (await devices.json())["items"] == []
