"""What a browser's headers may hold: anything at all, and never more than a refusal comes of it."""

import asyncio

import pytest

from gateway.domain.staff import StaffRole
from tests.console.rig import Client, Console, text_of


async def raw(client: Client, path: str, *lines: bytes) -> tuple[int, bytes]:
    """What the console answers to headers that no client of ours would send."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"\r\n".join([f"GET {path} HTTP/1.1".encode(), b"Host: a", b"Connection: close", *lines, b"", b""]))
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), answer


@pytest.mark.parametrize("value", [b"\xe9", b"\xff\xfe", "é".encode(), b"x" * 600])
@pytest.mark.parametrize("name", [b"hg-form", b"hg-staff", b"hg-language"])
async def test_a_cookie_that_cannot_be_ours_counts_as_none(console: Console, name: bytes, value: bytes) -> None:
    client = await console.client()
    cookie = b"Cookie: " + name + b"=" + value
    status, answer = await raw(client, "/log-in", cookie)
    assert status == 200
    assert value not in answer
    assert (await raw(client, "/", cookie))[0] == 303
    assert (await raw(client, "/no/such/page", cookie))[0] == 404


@pytest.mark.parametrize("origin", ["http://[", "http://]", "[", "é", "http://a:b"])
async def test_an_origin_that_is_no_address_is_not_ours(console: Console, origin: str) -> None:
    reader = await console.reader(StaffRole.AGENT)
    data = {"csrf": await reader.csrf()}
    answer = await reader.client.post("/log-out", data=data, headers={"Origin": origin})
    assert "did not come from a page of the console" in await text_of(answer, 403)


@pytest.mark.parametrize("left", ["http://[", "http://]/x", "é", "{here}/é"])
async def test_a_page_left_that_is_no_address_leads_to_the_start(console: Console, left: str) -> None:
    reader = await console.reader(StaffRole.AGENT)
    here = str(reader.client.make_url("")).rstrip("/")
    data = {"csrf": await reader.csrf(), "language": "en"}
    answer = await reader.client.post(
        "/language", data=data, headers={"Referer": left.format(here=here)}, allow_redirects=False
    )
    assert (answer.status, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    ("left", "back"),
    [
        ("/funnel?hours=6", "/funnel?hours=6"),
        ("/codes/303", "/codes/303"),
        ("/look-up", "/look-up"),
        ("/customers/x-1/end", "/"),
        ("/no/such/page", "/"),
    ],
)
async def test_choosing_a_language_leads_back_to_what_can_be_opened(console: Console, left: str, back: str) -> None:
    reader = await console.reader(StaffRole.AGENT)
    data = {"csrf": await reader.csrf(), "language": "en"}
    headers = {"Referer": str(reader.client.make_url(left))}
    answer = await reader.client.post("/language", data=data, headers=headers, allow_redirects=False)
    assert answer.headers["Location"] == back
