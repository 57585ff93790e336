"""The canary's eyes on NATS: a plain subscription to everything under `hg/`.

Every MQTT publish, stored or not, also goes to plain subscribers, so this sees what the broker let through without
taking anything out of an intake.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway.broker.nats.link import Address, connection

_MOST: Final = 100_000


class NatsObserver:
    """Made by `observer`; see `gateway.broker.canary.Observer`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: set[bytes] = set()
        self._more = asyncio.Event()

    async def start(self) -> None:
        """Subscribe."""
        await self._client.subscribe("hg.>", cb=self._take)
        # Twice: nats-py writes the PING of a flush before the SUB that waits in its queue.
        await self._client.flush()
        await self._client.flush()

    async def publish(self, topic: str, payload: bytes) -> None:
        """See the protocol."""
        await self._client.publish(topic.replace("/", "."), payload)
        await self._client.flush()

    async def saw(self, payload: bytes, seconds: float) -> bool:
        """See the protocol."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while payload not in self._seen:
                    self._more.clear()
                    await self._more.wait()
        return payload in self._seen

    async def _take(self, message: Msg) -> None:
        if message.data.startswith(b"canary-") and len(self._seen) < _MOST:
            self._seen.add(message.data)
            self._more.set()


@contextlib.asynccontextmanager
async def observer(address: Address) -> AsyncIterator[NatsObserver]:
    """An observer on its own connection, for as long as the canary flies.

    Raises:
        OSError, nats.errors.Error, TimeoutError: no connection.
    """
    async with connection(address, address.servers[0]) as (client, _):
        eyes = NatsObserver(client)
        await eyes.start()
        yield eyes
