"""What every request meets: problems of all kinds, limits, headers."""

import json
from collections.abc import AsyncIterator

import pytest

from gateway.api.buckets import Rate
from gateway.api.dependencies import ApiLimits
from tests.api.rig import NAME, PASSWORD, Client, Rig, bearer, log_in, problem, register

LOG_IN = {"login_name": NAME, "password": PASSWORD}


async def test_an_unknown_path_and_a_wrong_method_are_problems(client: Client) -> None:
    missing = await client.get("/v1/nothing", headers={"Accept": "text/html"})
    assert (missing.status, (await problem(missing))["code"]) == (404, "http.not_found")
    wrong = await client.put("/v1/sessions")
    assert (wrong.status, (await problem(wrong))["code"]) == (405, "http.method_not_allowed")
    assert wrong.headers["Allow"] == "DELETE,POST"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "http.malformed"),
        (b"\xff\xfe", 400, "http.malformed"),
        (b"", 400, "http.malformed"),
        (b"[]", 422, "http.validation"),
        (b"null", 422, "http.validation"),
        (b'{"login_name":"a","login_name":"b","password":"c"}', 422, "http.validation"),
        (b'{"login_name":NaN,"password":"c"}', 422, "http.validation"),
        (b'{"login_name":-Infinity,"password":"c"}', 422, "http.validation"),
        (b'{"login_name":1e999,"password":"c"}', 422, "http.validation"),
        (b'{"login_name":' + b"9" * 5000 + b',"password":"c"}', 422, "http.validation"),
        (b'{"login_name":"a\\u0000b@example.org","password":"c"}', 422, "http.validation"),
        (b'{"login_name":"\\ud800@example.org","password":"c"}', 422, "http.validation"),
        (b'{"login_name":' + b"[" * 9 + b"]" * 9 + b"}", 422, "http.validation"),
        (b"[" * 30000 + b"]" * 30000, 422, "http.validation"),
        (b"[" * 30000, 422, "http.validation"),
    ],
)
async def test_hostile_json_is_refused_as_a_problem(client: Client, body: bytes, status: int, code: str) -> None:
    answer = await client.post("/v1/sessions", data=body, headers={"Content-Type": "application/json"})
    document = await problem(answer)
    assert (answer.status, document["code"]) == (status, code)
    assert status == 400 or document["errors"]


async def test_a_body_of_64_kib_is_the_most(client: Client) -> None:
    headers = {"Content-Type": "application/json"}
    padded = json.dumps(LOG_IN).encode().ljust(64 * 1024)
    assert (await client.post("/v1/sessions", data=padded, headers=headers)).status == 401
    larger = await client.post("/v1/sessions", data=padded + b" ", headers=headers)
    assert (larger.status, (await problem(larger))["code"]) == (413, "http.payload_too_large")

    async def pieces() -> AsyncIterator[bytes]:  # no Content-Length: only counting helps
        for _ in range(70):
            yield b" " * 1024

    counted = await client.post("/v1/sessions", data=pieces(), headers=headers)
    assert counted.status == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_only_plain_json_is_taken(client: Client, headers: dict[str, str]) -> None:
    answer = await client.post("/v1/sessions", data=json.dumps(LOG_IN), headers=headers)
    assert (answer.status, (await problem(answer))["code"]) == (415, "http.unsupported_media_type")


async def test_unknown_query_parameters_are_named(client: Client) -> None:
    answer = await client.post("/v1/sessions?latitude=52.1&latitude=3", json=LOG_IN)
    document = await problem(answer)
    assert answer.status == 422
    assert {(each["in"], each["field"]) for each in document["errors"]} == {("query", "latitude")}
    assert "52.1" not in await answer.text()


async def test_every_answer_carries_the_headers_that_keep_it_private(client: Client) -> None:
    for answer in (await client.get("/docs"), await client.get("/nothing"), await client.post("/v1/sessions")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Server"] == "hearthgate"
        assert len(answer.headers["X-Trace-Id"]) == 7
        assert answer.headers["RateLimit-Policy"].startswith('"address";q=')


async def test_the_trace_id_of_a_problem_is_that_of_its_header(client: Client) -> None:
    answer = await client.get("/nothing")
    assert (await problem(answer))["trace_id"] == answer.headers["X-Trace-Id"]


async def test_an_address_that_asks_too_often_waits_for_seconds(rig: Rig) -> None:
    object.__setattr__(rig.deps, "limits", ApiLimits(per_address=Rate(burst=3, per_second=0.5)))
    client = await rig.client()
    answers = [await client.get("/nothing") for _ in range(4)]
    assert [answer.status for answer in answers] == [404, 404, 404, 429]
    assert (await problem(answers[3]))["code"] == "http.rate_limited"
    assert answers[3].headers["Retry-After"] == "2"
    assert answers[3].headers["RateLimit"] == '"address";r=0;t=2'
    rig.time.pass_by(seconds=2)
    assert (await client.get("/nothing")).status == 404


async def test_one_account_does_not_use_up_anothers_share(rig: Rig) -> None:
    client = await rig.client()
    await register(client)
    await register(client, name="bob@example.org")
    ann, bob = await log_in(client), await log_in(client, name="bob@example.org")
    object.__setattr__(rig.deps, "limits", ApiLimits(per_account=Rate(burst=2, per_second=0.1)))
    client = await rig.client()
    statuses = [
        (await client.post("/v1/me/password", json={}, headers=bearer(who))).status for who in (ann, ann, ann, bob)
    ]
    assert statuses == [422, 422, 429, 422]


async def test_a_full_password_queue_is_503_with_a_time_to_wait(client: Client, rig: Rig) -> None:
    from gateway.usecases.services import PasswordBusyError

    class Full:
        async def verify(self, _password: str, _record: object) -> bool:
            raise PasswordBusyError(7)

    object.__setattr__(rig.deps, "passwords", Full())
    answer = await client.post("/v1/sessions", json=LOG_IN)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert (await problem(answer))["code"] == "http.busy"


async def test_what_nobody_expected_is_a_problem_without_detail(
    client: Client, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        async def verify(self, _password: str, _record: object) -> bool:
            raise RuntimeError("canary detail")

    object.__setattr__(rig.deps, "passwords", Broken())
    answer = await client.post("/v1/sessions", json=LOG_IN)
    document = await problem(answer)
    assert (answer.status, document["code"]) == (500, "http.internal")
    assert "canary" not in await answer.text()
    assert "RuntimeError" not in await answer.text()


async def test_a_database_that_is_away_is_503_and_worth_another_try(client: Client, rig: Rig) -> None:
    from gateway.usecases.transaction import DatabaseUnavailableError

    class Away:
        async def run(self, _work: object) -> None:
            raise DatabaseUnavailableError

    object.__setattr__(rig.deps, "database", Away())
    answer = await client.post("/v1/sessions", json=LOG_IN)
    document = await problem(answer)
    assert (answer.status, document["code"], document["retryable"]) == (503, "http.unavailable", True)


async def test_a_body_where_none_belongs_is_refused(client: Client) -> None:
    await register(client)
    tokens = await log_in(client)
    answer = await client.delete("/v1/sessions/current", headers=bearer(tokens), json={"latitude": 52.1})
    assert answer.status == 422
    assert "52.1" not in await answer.text()
