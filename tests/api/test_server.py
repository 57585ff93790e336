"""The server on a socket: what is no HTTP, plain HTTP elsewhere, stopping."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession

from gateway.api.answer import Answer
from gateway.api.application import make_application
from gateway.api.call import Call
from gateway.api.dependencies import ApiLimits
from gateway.api.operator import make_operator_application
from gateway.api.routes import Reply, Route
from gateway.api.server import ApiServer, Listen, PlainHttpRefusedError
from tests.api.rig import Rig


@asynccontextmanager
async def serving(rig: Rig, *routes: Route) -> AsyncIterator[ApiServer]:
    application = make_application(rig.deps, (*rig.routes, *routes))
    server = ApiServer(application, Listen("127.0.0.1", 0), identifiers=rig.identifiers, drain_s=5)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run())
        await server.listening()
        try:
            yield server
        finally:
            server.stop()


async def until_refused(port: int) -> None:
    """Return once nobody listens on the port."""
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return
            writer.close()


async def raw(server: ApiServer, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """What the server answers to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not HTTP at all\r\n\r\n", 400, "http.malformed"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "http.malformed"),
        (b"GET /<script>canary</script> NONSENSE\r\n\r\n", 400, "http.malformed"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", 400, "http.malformed"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "http.malformed",
        ),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431, "http.headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431, "http.headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 400, "http.malformed"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: canary\r\nConnection: close\r\n\r\n", 417, "http.expectation_failed"),
    ],
)
async def test_what_is_no_request_gets_a_problem(rig: Rig, request_: bytes, status: int, code: str) -> None:
    async with serving(rig) as server:
        told, headers, body = await raw(server, request_)
    assert (told, headers["content-type"]) == (status, "application/problem+json")
    document = json.loads(body)
    assert (document["status"], document["code"]) == (status, code)
    assert headers["cache-control"] == "no-store"
    assert "aiohttp" not in headers["server"]
    assert b"canary" not in body


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])  # noqa: S104 - that is what is refused
def test_plain_http_stays_on_this_machine(rig: Rig, host: str) -> None:
    with pytest.raises(PlainHttpRefusedError, match="passwords and tokens in the clear"):
        ApiServer(make_application(rig.deps), Listen(host, 0), identifiers=rig.identifiers)
    Listen(host, 0, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)).check()
    Listen("127.0.0.1", 0).check()
    Listen("::1", 0).check()
    Listen("localhost", 0).check()


async def test_stopping_finishes_what_is_in_hand_and_takes_nothing_new(rig: Rig) -> None:
    entered, hold = asyncio.Event(), asyncio.Event()

    async def slow(_call: Call) -> Reply:
        entered.set()
        await hold.wait()
        return Answer(204)

    route = Route(
        method="GET", path="/v1/slow", handler=slow, summary="Slow", tag="tests", answers={204: None}, auth=False
    )
    async with ClientSession() as session, asyncio.TaskGroup() as tasks:
        async with serving(rig, route) as server:
            asking = tasks.create_task(session.get(f"{server.url}/v1/slow"))
            await entered.wait()
            server.stop()
            await until_refused(server.port)
            hold.set()
        assert (await asking).status == 204


async def test_a_body_that_comes_too_slowly_is_given_up(rig: Rig) -> None:
    object.__setattr__(rig.deps, "limits", ApiLimits(body_seconds=0.05))
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
    async with serving(rig) as server:
        status, _, body = await raw(server, head + b"Connection: close\r\n\r\n{")
    assert (status, json.loads(body)["code"]) == (408, "http.slow_request")


async def test_a_taken_port_is_an_error_at_once(rig: Rig) -> None:
    async with serving(rig) as server:
        second = ApiServer(make_application(rig.deps), Listen("127.0.0.1", server.port), identifiers=rig.identifiers)
        with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
            await second.run()


async def test_the_operator_sees_alive_ready_and_metrics(rig: Rig) -> None:
    reasons: dict[str, str | None] = {"database": None, "broker": None}

    async def database() -> str | None:
        return reasons["database"]

    async def broker() -> str | None:
        if reasons["broker"] == "raise":
            raise RuntimeError("canary")
        return reasons["broker"]

    application = make_operator_application(rig.metrics, {"database": database, "broker": broker}, rig.identifiers)
    server = ApiServer(application, Listen("127.0.0.1", 0), identifiers=rig.identifiers, drain_s=1)
    async with asyncio.TaskGroup() as tasks, ClientSession() as session:
        tasks.create_task(server.run())
        await server.listening()
        assert (await session.get(f"{server.url}/livez")).status == 200
        assert (await session.get(f"{server.url}/readyz")).status == 200
        reasons["broker"] = "raise"
        unready = await session.get(f"{server.url}/readyz")
        assert unready.status == 503
        assert (await unready.json())["checks"] == {"database": "ok", "broker": "RuntimeError"}
        assert "hearthgate_build_info" in await (await session.get(f"{server.url}/metrics")).text()
        assert (await session.get(f"{server.url}/nothing")).content_type == "application/problem+json"
        server.stop()
