"""A bare MQTT 3.1.1 connection for load: packets are built beforehand, acknowledgements are only counted.

A client library would be the slowest part of every measure here. This one is for our own brokers only: it trusts what
it reads.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_CONNACK: Final = 0x20
_PUBLISH: Final = 0x30
_PUBACK: Final = 0x40
_SUBACK: Final = 0x90
_PINGRESP: Final = 0xD0

OnMessage = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Account:
    """Who connects where, and with what. Crosses to child processes as JSON."""

    host: str
    port: int
    name: str = field(repr=False)
    """Common name and client id."""
    pem: str
    """A file with certificate, chain and key."""
    ca: str
    """A file with who vouches for the broker."""

    def context(self) -> ssl.SSLContext:
        """TLS with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cafile=self.ca)
        context.load_cert_chain(Path(self.pem))
        return context


class RefusedError(Exception):
    """The broker did not let us in, or not subscribe."""


def text(value: str) -> bytes:
    """A string as MQTT writes it (3.1.1, 1.5.3)."""
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def packet(first: int, body: bytes) -> bytes:
    """A control packet: first byte, remaining length (3.1.1, 2.2.3), body."""
    length, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes((first, *length)) + body


def publish_packet(topic: str, identifier: int, payload: bytes) -> bytes:
    """A PUBLISH with QoS 1."""
    return packet(_PUBLISH | 2, text(topic) + identifier.to_bytes(2, "big") + payload)


class Wire(asyncio.Protocol):
    """One connection. `acknowledged` counts PUBACKs; `on_message` gets what was subscribed, already acknowledged."""

    def __init__(self, on_message: OnMessage | None = None) -> None:
        self._on_message: Final = on_message
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._identifier = 0
        self.acknowledged = 0
        self.on_acknowledged: Callable[[], None] = lambda: None
        self.lost = False

    @classmethod
    async def connect(
        cls, account: Account, on_message: OnMessage | None = None, *, context: ssl.SSLContext | None = None
    ) -> "Wire":
        """Open, shake hands, CONNECT, and wait for the CONNACK.

        Raises:
            RefusedError, OSError: no connection.
        """
        loop = asyncio.get_running_loop()
        tls = context or account.context()
        transport, wire = await loop.create_connection(lambda: cls(on_message), account.host, account.port, ssl=tls)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        keep_alive_s = 300
        body = text("MQTT") + b"\x04\x02" + keep_alive_s.to_bytes(2, "big") + text(account.name)
        answer = await wire.ask(packet(0x10, body))
        if answer[1] != 0:
            raise RefusedError
        return wire

    async def subscribe(self, topic_filter: str) -> None:
        """Subscribe with QoS 1.

        Raises:
            RefusedError: not allowed.
        """
        answer = await self.ask(packet(0x82, b"\x00\x01" + text(topic_filter) + b"\x01"))
        if answer[2] >= 0x80:
            raise RefusedError

    async def ask(self, data: bytes) -> bytes:
        """Send a packet and wait for the CONNACK or SUBACK that answers it; its body."""
        self._answer = asyncio.get_running_loop().create_future()
        self.send(data)
        return await self._answer

    def publish(self, topic: str, payload: bytes) -> None:
        """Send with QoS 1; waits for nothing."""
        self._identifier = self._identifier % 65_000 + 1
        self.send(publish_packet(topic, self._identifier, payload))

    def send(self, data: bytes) -> None:
        """Write finished packets."""
        if self._transport is None or self.lost:
            raise RefusedError
        self._transport.write(data)

    def close(self) -> None:
        """DISCONNECT and hang up."""
        if self._transport is not None and not self.lost:
            self._transport.write(b"\xe0\x00")
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See asyncio."""
        self.lost = True
        if not self._answer.done():
            self._answer.set_exception(RefusedError())
            self._answer.exception()
        self.on_acknowledged()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        data = self._rest + data if self._rest else data
        at, size, before, replies = 0, len(data), self.acknowledged, []
        while at + 2 <= size:
            length, shift, body = 0, 0, at + 1
            while body < size:
                digit = data[body]
                length |= (digit & 0x7F) << shift
                body, shift = body + 1, shift + 7
                if digit < 0x80:
                    break
            else:
                break
            end = body + length
            if end > size:
                break
            kind = data[at] & 0xF0
            if kind == _PUBACK:
                self.acknowledged += 1
            elif kind == _PUBLISH:
                replies.append(self._take(data[at], data[body:end]))
            elif kind in {_CONNACK, _SUBACK} and not self._answer.done():
                self._answer.set_result(data[body:end])
            at = end
        self._rest = data[at:]
        if replies and self._transport is not None:
            self._transport.write(b"".join(replies))
        if self.acknowledged != before:
            self.on_acknowledged()

    def _take(self, first: int, body: bytes) -> bytes:
        split = 2 + int.from_bytes(body[:2], "big")
        topic, rest, reply = body[2:split].decode(), split, b""
        if first & 0x06:
            reply, rest = b"\x40\x02" + body[split : split + 2], split + 2
        if self._on_message is not None:
            self._on_message(topic, body[rest:])
        return reply
