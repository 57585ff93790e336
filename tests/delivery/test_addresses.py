"""Asking the DNS for names that strangers chose: in the system's way, and on no thread that anybody else needs."""

import asyncio
import socket
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.delivery import addresses
from gateway.delivery.addresses import AddressRefusedError, CheckedResolver, SystemResolver
from gateway.delivery.webhooks import WebhookClient
from gateway.domain.disclosures import Why
from gateway.domain.recipients import is_public

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def test_it_finds_what_the_system_finds_and_that_is_looked_at() -> None:
    resolver = SystemResolver()
    found = await resolver.resolve("localhost", 443, socket.AF_UNSPEC)
    assert found
    assert {one["host"] for one in found} <= {"127.0.0.1", "::1"}
    assert {(one["hostname"], one["port"]) for one in found} == {("localhost", 443)}
    checked = CheckedResolver(resolver, is_public)
    with pytest.raises(AddressRefusedError):
        await checked.resolve("localhost", 443)
    await checked.close()


async def test_name_servers_that_never_answer_keep_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def silent(*_args: Any, **_options: Any) -> list[Any]:
        answered.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    monkeypatch.setattr("gateway.delivery.webhooks.WHOLE_S", 0.05)
    client = WebhookClient(ports=frozenset({443}))

    async def yes() -> bool:
        return True

    many = [client.post("https://silent.hearthgate-test.org/", "ab" * 32, b"{}", NOW, yes) for _ in range(60)]
    try:
        assert set(await asyncio.gather(*many)) == {Why.TIMEOUT}
        # What everybody shares has a thread at once: more of them wait than it has.
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 2) == "free"
        asking = [one for one in threading.enumerate() if one.name.startswith("webhook-dns")]
        assert 0 < len(asking) <= addresses.ASKED_AT_ONCE
    finally:
        answered.set()
        await client.close()
