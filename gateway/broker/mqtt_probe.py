"""A very small MQTT 3.1.1 client: enough to try what must fail, to take over a client id, and to hear a broker's log.

It sends what it is told to, including what a decent client would not, so it checks nothing of what it sends. What it
receives is bounded. Packet layout: MQTT 3.1.1, sections 2.2 and 3.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

_CONNACK: Final = 0x20
_PUBLISH: Final = 0x30
_PUBACK: Final = 0x40
_SUBACK: Final = 0x90
_PINGRESP: Final = 0xD0
_LARGEST: Final = 65_536
_PATIENCE_S: Final = 5.0


class ProbeRefusedError(Exception):
    """The broker said no, hung up, sent nonsense or said nothing in time."""


@dataclass(frozen=True, slots=True)
class Place:
    """A listener, and how to speak TLS to it."""

    host: str
    port: int
    tls: ssl.SSLContext = field(repr=False)
    server_name: str | None = None
    """The name in the broker's certificate, when it is not `host`."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker is to publish when the connection breaks."""

    topic: str
    payload: bytes = field(repr=False, default=b"{}")
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that arrived."""

    topic: str
    payload: bytes = field(repr=False)
    retain: bool = False


class Probe:
    """One connection. Use as an async context manager: `async with await Probe.connect(place, client_id) as probe`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._heard: list[Heard] = []
        self._identifier = 0
        self.session_present = False

    @classmethod
    async def connect(
        cls,
        place: Place,
        client_id: str,
        *,
        clean: bool = True,
        keepalive_s: int = 30,
        will: Will | None = None,
        user_name: str | None = None,
    ) -> Self:
        """Connect and wait for the answer.

        Raises:
            ProbeRefusedError: any kind of no, from the TLS handshake to CONNACK.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection(
                    place.host, place.port, ssl=place.tls, server_hostname=place.server_name or place.host
                )
        except (OSError, TimeoutError) as error:
            raise ProbeRefusedError(f"no connection: {type(error).__name__}") from error
        probe = cls(reader, writer)
        try:
            await probe._say_hello(client_id, clean=clean, keepalive_s=keepalive_s, will=will, user_name=user_name)
        except BaseException:
            probe.abort()
            raise
        return probe

    async def _say_hello(
        self, client_id: str, *, clean: bool, keepalive_s: int, will: Will | None, user_name: str | None
    ) -> None:
        flags = 0x02 if clean else 0
        payload = _text(client_id)
        if will is not None:
            flags |= 0x04 | 0x08 | (0x20 if will.retain else 0)  # present, QoS 1
            payload += _text(will.topic) + _sized(will.payload)
        if user_name is not None:
            flags |= 0x80
            payload += _text(user_name)
        await self.send(0x10, _text("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big") + payload)
        answer = await self._expect(_CONNACK)
        if len(answer) != 2 or answer[1] != 0:  # noqa: PLR2004 - flags and return code
            raise ProbeRefusedError(f"CONNACK {answer.hex()}")
        self.session_present = bool(answer[0] & 1)

    async def subscribe(self, filters: Sequence[str], qos: int = 1) -> list[int]:
        """Send one SUBSCRIBE with these filters; returns a code for each (128 is a refusal).

        A broker may answer with a success and filter on delivery, as Mosquitto does: believe what arrives.
        """
        identifier = self._next()
        await self.send(0x82, identifier + b"".join(_text(entry) + bytes([qos]) for entry in filters))
        answer = await self._expect(_SUBACK)
        return list(answer[2:])

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish; with QoS 1 wait for PUBACK (which a broker may send for what it throws away)."""
        header = _PUBLISH | qos << 1 | retain
        await self.send(header, _text(topic) + (self._next() if qos else b"") + payload)
        if qos:
            await self._expect(_PUBACK)

    async def next_message(self, within_s: float) -> Heard | None:
        """The next message, or None when none came within this many seconds.

        Raises:
            ProbeRefusedError: the connection ended.
        """
        if self._heard:
            return self._heard.pop(0)
        try:
            async with asyncio.timeout(within_s):
                while not self._heard:
                    self._keep(*await self._packet())
        except TimeoutError:
            return None
        return self._heard.pop(0)

    async def ping(self) -> None:
        """Send PINGREQ and wait for its answer: everything sent before has been handled then.

        Raises:
            ProbeRefusedError: the connection ended, or no answer came.
        """
        await self.send(0xC0, b"")
        await self._expect(_PINGRESP)

    async def ended(self, within_s: float) -> bool:
        """True if the broker ended the connection within this many seconds."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._keep(*await self._packet())
        except ProbeRefusedError:
            return True
        except TimeoutError:
            return False

    async def send(self, header: int, body: bytes) -> None:
        """Send one packet as it is.

        Raises:
            ProbeRefusedError: the connection ended.
        """
        try:
            self._writer.write(bytes([header]) + _length(len(body)) + body)
            await self._writer.drain()
        except OSError as error:
            raise ProbeRefusedError(f"connection ended: {type(error).__name__}") from error

    async def close(self) -> None:
        """Say DISCONNECT and close."""
        try:
            await self.send(0xE0, b"")
            self._writer.close()
            async with asyncio.timeout(_PATIENCE_S):
                await self._writer.wait_closed()
        except (OSError, TimeoutError, ProbeRefusedError):
            self.abort()

    def abort(self) -> None:
        """Break the connection without a word: the broker then publishes the will."""
        self._writer.transport.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _next(self) -> bytes:
        self._identifier = self._identifier % 65_535 + 1
        return self._identifier.to_bytes(2, "big")

    async def _expect(self, wanted: int) -> bytes:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    header, body = await self._packet()
                    if header & 0xF0 == wanted:
                        return body
                    self._keep(header, body)
        except TimeoutError as error:
            raise ProbeRefusedError("no answer in time") from error

    def _keep(self, header: int, body: bytes) -> None:
        if header & 0xF0 != _PUBLISH:
            return
        after = 2 + int.from_bytes(body[:2], "big")
        topic = body[2:after].decode(errors="replace")
        if header & 0x06:
            self._writer.write(b"\x40\x02" + body[after : after + 2])
            after += 2
        self._heard.append(Heard(topic, body[after:], bool(header & 1)))

    async def _packet(self) -> tuple[int, bytes]:
        try:
            header = (await self._reader.readexactly(1))[0]
            length = shift = 0
            while True:
                digit = (await self._reader.readexactly(1))[0]
                length |= (digit & 0x7F) << shift
                shift += 7
                if not digit & 0x80:
                    break
                if length > _LARGEST:
                    raise ProbeRefusedError("the broker sent a packet that is too large")
            return header, await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ProbeRefusedError(f"connection ended: {type(error).__name__}") from error


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _text(text: str) -> bytes:
    return _sized(text.encode())


def _length(length: int) -> bytes:
    digits = bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(digits)


async def take_over(service: Place, client_id: str) -> None:
    """End the session of this client id: connect with it as a gateway, with a clean session, and leave.

    The broker must end the other connection [MQTT-3.1.4-2], and a clean session clears what was queued
    [MQTT-3.1.2-6]. For somebody who is not connected nothing changes.

    Raises:
        ProbeRefusedError: the service listener does not let us.
    """
    probe = await Probe.connect(service, client_id)
    await probe.close()
