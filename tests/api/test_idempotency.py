"""One effect and one answer for each Idempotency-Key, also after a restart."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import RequestModel, ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route
from gateway.usecases import idempotency
from gateway.usecases.transaction import Transaction
from tests.api.rig import NAME, PASSWORD, Client, Rig, bearer, log_in, problem, register

KEY = {"Idempotency-Key": "0198c0de-7000-7000-8000-000000000001"}


class Do(RequestModel):
    word: str


class Done(ResponseModel):
    times: int


class Counting:
    """A route whose effect can be counted, held up, and made to fail."""

    def __init__(self) -> None:
        self.times = 0
        self.hold: asyncio.Event | None = None
        self.entered = asyncio.Event()
        self.crash = False

    async def do(self, call: Call) -> Reply:
        word = call.get(Do).word
        self.entered.set()
        if self.hold is not None:
            await self.hold.wait()

        def work(tx: Transaction) -> Answer | Problem:
            self.times += 1
            tx.throttles.forget(call.now - timedelta(days=400), 1)
            if self.crash:
                raise RuntimeError("power cut")
            match word:
                case "conflict":
                    return Problem(ApiCode.CONFLICT)
                case "busy":
                    return Problem(ApiCode.BUSY)
                case _:
                    return Answer(201, Done(times=self.times), location="/v1/done/1")

        return await call.commit(work)

    @property
    def route(self) -> Route:
        return Route(
            method="POST",
            path="/v1/do",
            handler=self.do,
            summary="Do",
            tag="tests",
            request=Do,
            answers={201: Done},
            problems=(ApiCode.CONFLICT, ApiCode.BUSY),
            auth=False,
        )


@pytest.fixture
def counting(rig: Rig) -> Counting:
    made = Counting()
    rig.routes = (*rig.routes, made.route)
    return made


async def test_the_same_request_again_has_no_effect_and_the_same_answer(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    first = await client.post("/v1/do", json={"word": "a"}, headers=KEY)
    again = await client.post("/v1/do", json={"word": "a"}, headers=KEY)
    assert (first.status, await first.text()) == (again.status, await again.text())
    assert again.headers["Location"] == first.headers["Location"] == "/v1/done/1"
    assert "Idempotency-Replayed" not in first.headers
    assert counting.times == 1


async def test_a_restarted_gateway_remembers(rig: Rig, counting: Counting) -> None:
    await (await rig.client()).post("/v1/do", json={"word": "a"}, headers=KEY)
    again = await (await rig.client()).post("/v1/do", json={"word": "a"}, headers=KEY)
    assert (again.status, counting.times) == (201, 1)


async def test_another_body_under_the_same_key_is_refused(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    await client.post("/v1/do", json={"word": "a"}, headers=KEY)
    other = await client.post("/v1/do", json={"word": "b"}, headers=KEY)
    assert (other.status, (await problem(other))["code"]) == (422, "http.idempotency_conflict")
    assert counting.times == 1


async def test_while_the_first_is_running_the_second_is_told_to_wait(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    counting.hold = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(client.post("/v1/do", json={"word": "a"}, headers=KEY))
        await counting.entered.wait()
        second = await client.post("/v1/do", json={"word": "a"}, headers=KEY)
        counting.hold.set()
    assert (second.status, (await problem(second))["code"]) == (409, "http.idempotency_running")
    assert second.headers["Retry-After"] == "1"
    assert (first.result().status, counting.times) == (201, 1)


async def test_two_gateways_at_once_have_one_effect_and_one_answer(rig: Rig, counting: Counting) -> None:
    one, two = await rig.client(), await rig.client()
    answers = await asyncio.gather(
        *(each.post("/v1/do", json={"word": "a"}, headers=KEY) for each in (one, two) for _ in range(2))
    )
    bodies = {await answer.text() for answer in answers if answer.status == 201}
    assert (len(bodies), counting.times) == (1, 1)


async def test_a_crash_half_way_leaves_nothing_that_blocks_the_next_try(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    counting.crash = True
    assert (await client.post("/v1/do", json={"word": "a"}, headers=KEY)).status == 500
    counting.crash = False
    assert (await (await rig.client()).post("/v1/do", json={"word": "a"}, headers=KEY)).status == 201


async def test_a_refusal_is_kept_unless_it_says_try_again(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    for _ in range(2):
        refused = await client.post("/v1/do", json={"word": "conflict"}, headers=KEY)
        assert (refused.status, (await problem(refused))["code"]) == (409, "http.conflict")
    assert counting.times == 1
    for _ in range(2):
        busy = await client.post("/v1/do", json={"word": "busy"}, headers={"Idempotency-Key": "another-key"})
        assert busy.status == 503
    assert counting.times == 3


async def test_a_key_is_forgotten_after_24_hours(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    await client.post("/v1/do", json={"word": "a"}, headers=KEY)
    rig.time.pass_by(hours=24)
    await client.post("/v1/do", json={"word": "a"}, headers=KEY)
    assert counting.times == 1
    rig.time.pass_by(seconds=1)
    assert (await client.post("/v1/do", json={"word": "b"}, headers=KEY)).status == 201
    assert counting.times == 2


async def test_the_retention_job_removes_what_is_older_than_24_hours(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    await client.post("/v1/do", json={"word": "a"}, headers=KEY)
    rig.time.pass_by(hours=24)
    assert await rig.database.run(lambda tx: idempotency.forget_old(tx, rig.time())) == 0
    rig.time.pass_by(seconds=1)
    assert await rig.database.run(lambda tx: idempotency.forget_old(tx, rig.time())) == 1


async def test_accounts_do_not_meet_under_the_same_key(client: Client, rig: Rig) -> None:
    for name in (NAME, "bob@example.org"):
        await register(client, name)
    for name in (NAME, "bob@example.org"):
        tokens = await log_in(client, name)
        body = {"old_password": PASSWORD, "new_password": "a wholly new one"}
        changed = await client.post("/v1/me/password", json=body, headers={**bearer(tokens), **KEY})
        assert (changed.status, "Idempotency-Replayed" in changed.headers) == (204, False)
    with rig.engine.connect() as connection:
        owners = connection.execute(text("SELECT count(DISTINCT owner) FROM idempotent_requests")).scalar_one()
    assert owners == 2


@pytest.mark.parametrize("key", ["short", "x" * 129, "with space in it", "ümlaut-ümlaut"])
async def test_what_is_no_key_is_refused_by_the_name_of_the_header(rig: Rig, counting: Counting, key: str) -> None:
    client = await rig.client()
    answer = await client.post("/v1/do", json={"word": "a"}, headers={"Idempotency-Key": key})
    assert answer.status == 400
    assert (await problem(answer))["errors"][0]["field"] == "Idempotency-Key"
    assert counting.times == 0


async def test_quoted_and_bare_keys_are_the_same(rig: Rig, counting: Counting) -> None:
    client = await rig.client()
    await client.post("/v1/do", json={"word": "a"}, headers={"Idempotency-Key": '"quoted-key"'})
    await client.post("/v1/do", json={"word": "a"}, headers={"Idempotency-Key": "quoted-key"})
    assert counting.times == 1
