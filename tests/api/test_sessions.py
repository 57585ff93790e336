"""Registering, logging in, refreshing, logging out, over HTTP and a real database."""

import asyncio
from pathlib import Path

import pytest

from tests.api.rig import NAME, PASSWORD, Client, Rig, bearer, log_in, problem, register


async def test_who_registers_can_log_in_and_is_known_by_the_token(client: Client) -> None:
    account_id = await register(client)
    tokens = await log_in(client, name="  Ann@Example.org ")
    assert tokens["account_id"] == account_id
    answer = await client.delete("/v1/sessions/current", headers=bearer(tokens))
    assert answer.status == 204


async def test_a_taken_name_is_said_to_be_taken_and_changes_nothing(client: Client) -> None:
    await register(client)
    answer = await client.post("/v1/accounts", json={"login_name": NAME, "password": "another one 99", "adult": False})
    assert (answer.status, (await problem(answer))["code"]) == (409, "account.name_taken")
    await log_in(client)


async def test_all_bad_fields_are_named_at_once_and_none_of_their_values(client: Client) -> None:
    body: dict[str, object] = {"login_name": "ann-canary", "password": "short"}
    answer = await client.post("/v1/accounts", json=body | {"adult": "canary", "wifi_password": "canary"})
    document = await problem(answer)
    assert answer.status == 422
    assert {each["field"] for each in document["errors"]} == {"adult", "wifi_password"}
    assert "canary" not in await answer.text()
    answer = await client.post("/v1/accounts", json=body | {"adult": True})
    assert {each["field"] for each in (await problem(answer))["errors"]} == {"login_name", "password"}
    assert "canary" not in await answer.text()


async def test_unknown_wrong_and_throttled_are_answered_alike(client: Client) -> None:
    await register(client)
    answers = []
    for name in (NAME, "nobody@example.org"):
        told = []
        for _ in range(7):
            answer = await client.post("/v1/sessions", json={"login_name": name, "password": "wrong wrong"})
            document = await problem(answer)
            del document["trace_id"]
            told.append((answer.status, document, answer.headers.get("Retry-After")))
        answers.append(told)
    assert answers[0] == answers[1]
    assert [wait for _, _, wait in answers[0]] == [None, None, None, None, "30", "30", "30"]


async def test_the_right_password_does_not_help_during_a_wait_and_does_after_it(client: Client, rig: Rig) -> None:
    await register(client)
    for _ in range(5):
        await client.post("/v1/sessions", json={"login_name": NAME, "password": "wrong wrong"})
    answer = await client.post("/v1/sessions", json={"login_name": NAME, "password": PASSWORD})
    assert answer.status == 401
    rig.time.pass_by(seconds=31)
    await log_in(client)


async def test_many_guesses_at_once_get_no_more_than_five_looks(client: Client, rig: Rig) -> None:
    await register(client)
    looks = []
    verify = rig.passwords.verify

    class Watched:
        def __getattr__(self, name: str) -> object:
            return getattr(rig.passwords, name)

        async def verify(self, password: str, record: object) -> bool:
            looks.append(record is not None)
            return await verify(password, record)  # type: ignore[arg-type]

    object.__setattr__(rig.deps, "passwords", Watched())
    body = {"login_name": NAME, "password": "wrong wrong"}
    await asyncio.gather(*(client.post("/v1/sessions", json=body) for _ in range(15)))
    assert (len(looks), sum(looks)) == (15, 5)


async def test_waits_double_up_to_a_quarter_of_an_hour_and_never_more(client: Client, rig: Rig) -> None:
    waits = []
    for _ in range(14):
        answer = await client.post("/v1/sessions", json={"login_name": NAME, "password": "wrong wrong"})
        wait = (await problem(answer))["retry_after_s"]
        if wait is not None:
            waits.append(wait)
            rig.time.pass_by(seconds=wait)
        rig.time.pass_by(seconds=5)  # the token bucket fills
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900, 900, 900]


async def test_refresh_tokens_rotate_and_a_second_use_ends_the_family(client: Client) -> None:
    await register(client)
    first = await log_in(client)
    other = await log_in(client)
    answer = await client.post("/v1/sessions/refresh", json={"refresh_token": first["refresh_token"]})
    second = await answer.json()
    assert answer.status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert second["session_id"] == first["session_id"]
    stolen = await client.post("/v1/sessions/refresh", json={"refresh_token": first["refresh_token"]})
    assert (stolen.status, (await problem(stolen))["code"]) == (401, "session.refresh_refused")
    after = await client.post("/v1/sessions/refresh", json={"refresh_token": second["refresh_token"]})
    assert after.status == 401
    assert (await client.delete("/v1/sessions/current", headers=bearer(second))).status == 401
    assert (await client.delete("/v1/sessions/current", headers=bearer(other))).status == 204


async def test_a_lost_answer_to_a_refresh_is_told_again_under_the_same_key(client: Client) -> None:
    await register(client)
    tokens = await log_in(client)
    body, key = {"refresh_token": tokens["refresh_token"]}, {"Idempotency-Key": "0198-lost-answer"}
    first = await client.post("/v1/sessions/refresh", json=body, headers=key)
    again = await client.post("/v1/sessions/refresh", json=body, headers=key)
    assert (again.status, await again.json()) == (200, await first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await client.delete("/v1/sessions/current", headers=bearer(await first.json()))).status == 204


async def test_an_access_token_counts_for_fifteen_minutes(client: Client, rig: Rig) -> None:
    await register(client)
    tokens = await log_in(client)
    rig.time.pass_by(minutes=15)
    answer = await client.delete("/v1/sessions/current", headers=bearer(tokens))
    assert (answer.status, (await problem(answer))["code"]) == (401, "http.unauthenticated")
    assert "Bearer" in answer.headers["WWW-Authenticate"]


async def test_logging_out_ends_one_session_and_logging_out_everywhere_all(client: Client) -> None:
    await register(client)
    one, two, three = [await log_in(client) for _ in range(3)]
    await client.delete("/v1/sessions/current", headers=bearer(one))
    assert (await client.delete("/v1/sessions/current", headers=bearer(one))).status == 401
    assert (await client.delete("/v1/sessions", headers=bearer(two))).status == 204
    assert (await client.delete("/v1/sessions", headers=bearer(three))).status == 401
    refreshed = await client.post("/v1/sessions/refresh", json={"refresh_token": one["refresh_token"]})
    assert refreshed.status == 401


async def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(client: Client) -> None:
    await register(client)
    mine, other = await log_in(client), await log_in(client)
    body = {"old_password": "not this one", "new_password": "a wholly new one"}
    refused = await client.post("/v1/me/password", json=body, headers=bearer(mine))
    assert (refused.status, (await problem(refused))["code"]) == (403, "account.reauthentication_refused")
    body["old_password"] = PASSWORD
    assert (await client.post("/v1/me/password", json=body, headers=bearer(mine))).status == 204
    assert (await client.delete("/v1/sessions/current", headers=bearer(other))).status == 401
    assert (await client.delete("/v1/sessions/current", headers=bearer(mine))).status == 204
    old = await client.post("/v1/sessions", json={"login_name": NAME, "password": PASSWORD})
    assert old.status == 401
    await log_in(client, password="a wholly new one")


@pytest.mark.parametrize("token", ["", "short", "x" * 600, "no such token, never made", "ä" * 40])
async def test_what_is_no_token_opens_nothing(client: Client, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".strip()}
    answer = await client.delete("/v1/sessions/current", headers=headers)
    assert answer.status == 401
    await problem(answer)


async def test_tokens_and_login_names_are_nowhere_in_the_database(client: Client, rig: Rig) -> None:
    await register(client)
    answer = await client.post(
        "/v1/sessions", json={"login_name": NAME, "password": PASSWORD}, headers={"Idempotency-Key": "canary-key-1"}
    )
    tokens = await answer.json()
    rig.database.close()
    content = b"".join(path.read_bytes() for path in Path(rig.engine.url.database or "").parent.iterdir())
    for secret in (tokens["access_token"], tokens["refresh_token"], NAME, "ann@", PASSWORD, "canary-key-1"):
        assert secret.encode() not in content
    assert tokens["account_id"].encode() in content  # a control: this is where it would be


async def test_two_logins_of_an_imported_account_at_once_both_succeed(client: Client, rig: Rig) -> None:
    from tests.api.imports import import_one

    await import_one(rig)
    both = await asyncio.gather(log_in(client), log_in(client))
    assert both[0]["session_id"] != both[1]["session_id"]
