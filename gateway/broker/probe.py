"""The smallest MQTT 3.1.1 client that can try what must fail. For the canary and for tests; nothing else uses it.

It is written against the standard's packet layouts (OASIS MQTT 3.1.1, section 3) and on purpose checks nothing that it
sends: a probe must be able to send what a well-behaved client library refuses.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
SUBACK: Final = 0x90
PINGRESP: Final = 0xD0
REFUSED_FILTER: Final = 0x80
"""SUBACK return code: this filter was not granted."""

_SECONDS: Final = 5.0


class ProbeRefusedError(Exception):
    """The broker did not let the probe in: no TLS, no CONNACK, or one with a code other than 0."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker is to publish when the probe is gone without a DISCONNECT."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that reached the probe."""

    topic: str
    payload: bytes = field(repr=False)
    retain: bool = False


class Probe(asyncio.Protocol):
    """One MQTT connection. Make it with `Probe.connect`."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Heard] = asyncio.Queue()
        """Messages that arrived, in order. Bounded by what the probe's owner published."""
        self.ended = asyncio.Event()
        """Set when the connection is over, whoever ended it."""
        self.session_present = False
        self._replies: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._buffer = bytearray()
        self._packet = 0
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        client_id: str,
        *,
        clean: bool = True,
        keep_alive: int = 60,
        will: Will | None = None,
        seconds: float = _SECONDS,
    ) -> "Probe":
        """Connect and wait for the CONNACK.

        Raises:
            ProbeRefusedError: the broker did not let us in; the text says at which point.
        """
        loop = asyncio.get_running_loop()
        probe = cls()
        try:
            async with asyncio.timeout(seconds):
                await loop.create_connection(
                    lambda: probe, host, port, ssl=tls, server_hostname=host if tls is not None else None
                )
                probe.send(_connect_packet(client_id, clean=clean, keep_alive=keep_alive, will=will))
                kind, body = await probe._reply()
        except (OSError, TimeoutError) as error:
            probe.abort()
            raise ProbeRefusedError(f"no connection: {type(error).__name__}") from None
        if kind != CONNACK or len(body) != 2 or body[1] != 0:  # noqa: PLR2004 - flags and return code
            probe.abort()
            raise ProbeRefusedError(f"CONNACK {body[1:2].hex() or 'none'}")
        probe.session_present = bool(body[0] & 1)
        return probe

    async def publish(
        self, topic: str | bytes, payload: bytes, *, qos: int = 1, retain: bool = False, seconds: float = _SECONDS
    ) -> bool:
        """Publish; with QoS 1 wait for the PUBACK. False: the connection ended or nothing came in time."""
        name = topic if isinstance(topic, bytes) else topic.encode()
        self._packet = self._packet % 0xFFFF + 1
        body = _counted(name) + (self._packet.to_bytes(2, "big") if qos else b"") + payload
        self.send(_packet(PUBLISH | qos << 1 | int(retain), body))
        return True if qos == 0 else await self._confirmed(PUBACK, seconds) is not None

    async def subscribe(self, filters: Sequence[str], *, qos: int = 1, seconds: float = _SECONDS) -> list[int]:
        """Subscribe to all of these in one packet; the return codes. Empty: the connection ended or nothing came."""
        self._packet = self._packet % 0xFFFF + 1
        body = self._packet.to_bytes(2, "big") + b"".join(_counted(each.encode()) + bytes([qos]) for each in filters)
        self.send(_packet(0x82, body))
        answer = await self._confirmed(SUBACK, seconds)
        return list(answer[2:]) if answer is not None else []

    async def ping(self, seconds: float = _SECONDS) -> bool:
        """True when the broker still answers, so everything that was sent before has been looked at."""
        self.send(b"\xc0\x00")
        return await self._confirmed(PINGRESP, seconds) is not None

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(raw)

    async def close(self) -> None:
        """Say goodbye (no will is published) and wait for the end."""
        self.send(b"\xe0\x00")
        if self._transport is not None:
            self._transport.close()
        await self.ended.wait()

    def abort(self) -> None:
        """Cut the connection, as a power cut does: the broker publishes the will."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its ancestors

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        del exc
        self.ended.set()
        self._replies.put_nowait((0, b""))

    def data_received(self, data: bytes) -> None:
        """Called by the event loop: take the complete packets out of the stream."""
        self._buffer += data
        while (found := _first_packet(self._buffer)) is not None:
            kind, body, size = found
            del self._buffer[:size]
            if kind & 0xF0 == PUBLISH:
                self._take_publish(kind, body)
            else:
                self._replies.put_nowait((kind, body))

    def _take_publish(self, kind: int, body: bytes) -> None:
        length = int.from_bytes(body[:2], "big")
        topic, rest = body[2 : 2 + length].decode("utf-8", "replace"), body[2 + length :]
        if kind & 0x06:
            self.send(_packet(PUBACK, rest[:2]))
            rest = rest[2:]
        self.heard.put_nowait(Heard(topic, rest, bool(kind & 1)))

    async def _confirmed(self, wanted: int, seconds: float) -> bytes | None:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    kind, body = await self._reply()
                    if kind == wanted:
                        return body
                    if kind == 0:
                        return None
        except TimeoutError:
            return None

    async def _reply(self) -> tuple[int, bytes]:
        if self.ended.is_set() and self._replies.empty():
            return 0, b""
        return await self._replies.get()


def _connect_packet(client_id: str, *, clean: bool, keep_alive: int, will: Will | None) -> bytes:
    flags = 0x02 if clean else 0
    payload = _counted(client_id.encode())
    if will is not None:
        flags |= 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
        payload += _counted(will.topic.encode()) + _counted(will.payload)
    return _packet(0x10, _counted(b"MQTT") + bytes([4, flags]) + keep_alive.to_bytes(2, "big") + payload)


def _counted(raw: bytes) -> bytes:
    return len(raw).to_bytes(2, "big") + raw


def _packet(kind: int, body: bytes) -> bytes:
    """A packet with its length in 7-bit groups (MQTT 3.1.1, 2.2.3)."""
    length, left = bytearray(), len(body)
    while True:
        left, group = left >> 7, left & 0x7F
        length.append(group | (0x80 if left else 0))
        if not left:
            return bytes([kind]) + bytes(length) + body


def _first_packet(buffer: bytearray) -> tuple[int, bytes, int] | None:
    length, shift, at = 0, 0, 1
    while True:
        if at >= len(buffer):
            return None
        group = buffer[at]
        length, shift, at = length | (group & 0x7F) << shift, shift + 7, at + 1
        if not group & 0x80:
            break
    if len(buffer) < at + length:
        return None
    return buffer[0], bytes(buffer[at : at + length]), at + length
