"""Event streams: order, comments, limits, slow clients, ends."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientError, ClientResponse

from gateway.api.call import Call
from gateway.api.dependencies import ApiLimits
from gateway.api.routes import Reply, Route
from gateway.api.sse import ServerEvent, Stream
from tests.api.rig import Client, Rig, bearer, log_in, problem, register


@dataclass
class Teller:
    """A route whose stream tells what the test puts in."""

    streams: list[Stream] = field(default_factory=list)
    opened: asyncio.Condition = field(default_factory=asyncio.Condition)
    ended: int = 0
    fail: bool = False

    async def listen(self, call: Call) -> Reply:
        async def source(stream: Stream) -> None:
            if self.fail:
                raise RuntimeError("canary detail")
            async with self.opened:
                self.streams.append(stream)
                self.opened.notify_all()
            try:
                await asyncio.Event().wait()
            finally:
                self.ended += 1

        return await call.stream(source)

    async def wait_for(self, many: int) -> None:
        async with asyncio.timeout(5), self.opened:
            await self.opened.wait_for(lambda: len(self.streams) >= many)

    @property
    def route(self) -> Route:
        return Route(
            method="GET",
            path="/v1/listen",
            handler=self.listen,
            summary="Listen",
            tag="tests",
            answers={200: None},
            stream=True,
        )


@pytest.fixture
def teller(rig: Rig) -> Teller:
    made = Teller()
    rig.routes = (*rig.routes, made.route)
    return made


@pytest.fixture
async def signed_in(rig: Rig, teller: Teller) -> tuple[Client, dict[str, str]]:
    client = await rig.client()
    await register(client)
    return client, bearer(await log_in(client))


async def block(answer: ClientResponse) -> dict[str, str]:
    """The next event (or comment) of a stream."""
    found: dict[str, str] = {}
    async with asyncio.timeout(5):
        while (line := (await answer.content.readline()).decode()) != "\n":
            assert line, "the stream ended"
            name, _, value = line.rstrip("\n").partition(":")
            found[name] = value.strip()
    return found


async def tell_without_end(stream: Stream) -> None:
    while True:
        stream.tell(ServerEvent("state", {"much": "x" * 30_000}))
        await asyncio.sleep(0)


async def reason(answer: ClientResponse) -> str:
    """The reason that the stream's last event gives."""
    async with asyncio.timeout(5):
        text = (await answer.content.read()).decode()
    last = text.strip().split("\n\n")[-1].split("\n")
    assert last[0] == "event: closed", text
    told: dict[str, Any] = json.loads(last[1].removeprefix("data: "))
    return str(told["reason"])


async def test_events_arrive_in_order_with_their_ids(signed_in: tuple[Client, dict[str, str]], teller: Teller) -> None:
    client, token = signed_in
    answer = await client.get("/v1/listen", headers={**token, "Last-Event-ID": "41"})
    assert answer.content_type == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Trace-Id"]
    assert await block(answer) == {"retry": "2000"}
    await teller.wait_for(1)
    assert teller.streams[0].last_event_id == "41"
    teller.streams[0].tell(ServerEvent("state", {"line": "one\ntwo\u2028"}, "42"))
    teller.streams[0].tell(ServerEvent("gone", {}))
    assert await block(answer) == {"event": "state", "id": "42", "data": '{"line":"one\\ntwo\u2028"}'}
    assert await block(answer) == {"event": "gone", "data": "{}"}
    answer.close()


async def test_silence_is_filled_with_comments(rig: Rig, teller: Teller) -> None:
    object.__setattr__(rig.deps, "limits", ApiLimits(stream_comment_seconds=0.02))
    client = await rig.client()
    await register(client)
    answer = await client.get("/v1/listen", headers=bearer(await log_in(client)))
    assert await block(answer) == {"retry": "2000"}
    assert await block(answer) == {"": ""}
    assert await block(answer) == {"": ""}
    answer.close()


async def test_the_sixth_stream_ends_the_oldest_and_says_why(
    signed_in: tuple[Client, dict[str, str]], teller: Teller
) -> None:
    client, token = signed_in
    answers = []
    for many in range(1, 7):
        answers.append(await client.get("/v1/listen", headers=token))
        await teller.wait_for(many)
    assert await reason(answers[0]) == "too_many_streams"
    assert [stream.reason for stream in teller.streams[1:]] == [None] * 5
    for answer in answers:
        answer.close()


async def test_another_account_has_its_own_five(signed_in: tuple[Client, dict[str, str]], teller: Teller) -> None:
    client, token = signed_in
    await register(client, "bob@example.org")
    bob = bearer(await log_in(client, "bob@example.org"))
    answers = [await client.get("/v1/listen", headers=token)]
    answers += [await client.get("/v1/listen", headers=bob) for _ in range(5)]
    await teller.wait_for(6)
    assert [stream.reason for stream in teller.streams] == [None] * 6
    for answer in answers:
        answer.close()


async def test_logging_out_ends_the_streams_of_that_session_only(
    signed_in: tuple[Client, dict[str, str]], teller: Teller
) -> None:
    client, token = signed_in
    other = bearer(await log_in(client))
    mine, theirs = await client.get("/v1/listen", headers=token), await client.get("/v1/listen", headers=other)
    await teller.wait_for(2)
    await client.delete("/v1/sessions/current", headers=token)
    assert await reason(mine) == "signed_out"
    await client.delete("/v1/sessions", headers=other)
    assert await reason(theirs) == "signed_out"


async def test_a_stream_lives_no_longer_than_the_token_that_opened_it(
    signed_in: tuple[Client, dict[str, str]], rig: Rig, teller: Teller
) -> None:
    client, token = signed_in
    rig.time.pass_by(minutes=14, seconds=59.95)
    answer = await client.get("/v1/listen", headers=token)
    assert await reason(answer) == "token_expired"
    assert teller.ended == 1


async def test_a_client_that_does_not_read_is_dropped_and_holds_nobody_up(rig: Rig, teller: Teller) -> None:
    object.__setattr__(rig.deps, "limits", ApiLimits(stream_buffer_bytes=64 * 1024))
    client = await rig.client()
    await register(client)
    answer = await client.get("/v1/listen", headers=bearer(await log_in(client)))
    await teller.wait_for(1)
    stream = teller.streams[0]
    from gateway.api.sse import StreamOverError

    async with asyncio.timeout(10):
        with pytest.raises(StreamOverError):
            await tell_without_end(stream)
    assert stream.reason == "slow"
    with pytest.raises(ClientError):
        await answer.content.read()  # the connection was cut, not ended


async def test_a_source_that_fails_ends_its_stream_without_detail(
    signed_in: tuple[Client, dict[str, str]], teller: Teller
) -> None:
    client, token = signed_in
    teller.fail = True
    answer = await client.get("/v1/listen", headers=token)
    assert await reason(answer) == "failed"


async def test_stopping_closes_streams_and_says_so(signed_in: tuple[Client, dict[str, str]], teller: Teller) -> None:
    client, token = signed_in
    answer = await client.get("/v1/listen", headers=token)
    await teller.wait_for(1)
    from gateway.api.application import STREAMS

    application = client.app
    assert application is not None
    application[STREAMS].close_all()
    assert await reason(answer) == "stopping"
    refused = await client.get("/v1/listen", headers=token)
    assert (refused.status, (await problem(refused))["code"]) == (503, "http.stopping")


async def until_no_stream_is_open(rig: Rig) -> None:
    while b"hearthgate_http_streams 0.0" not in rig.metrics.text():  # noqa: ASYNC110 - a gauge has no event
        await asyncio.sleep(0)


async def test_the_gauge_of_open_streams_returns_to_nothing(
    signed_in: tuple[Client, dict[str, str]], rig: Rig, teller: Teller
) -> None:
    client, token = signed_in
    answer = await client.get("/v1/listen", headers=token)
    await teller.wait_for(1)
    assert b"hearthgate_http_streams 1.0" in rig.metrics.text()
    await client.delete("/v1/sessions/current", headers=token)
    await reason(answer)
    await asyncio.wait_for(until_no_stream_is_open(rig), 5)
    assert b'hearthgate_http_streams_closed_total{reason="signed_out"} 1.0' in rig.metrics.text()
