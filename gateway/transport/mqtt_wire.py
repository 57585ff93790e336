"""What paho takes for its socket: an asyncio connection that keeps the PUBLISH packets for us.

paho reads a socket byte by byte, makes an object with a lock and a condition out of each message, and sends each
acknowledgement as a packet of its own: about 40 µs a message, which leaves no time to store it. So asyncio
owns the connection (its TLS reads many records with one system call, and it sets TCP_NODELAY), inbound PUBLISH
packets are cut out here, and paho gets the rest of the bytes: it still does the session (CONNECT, SUBSCRIBE,
keep-alive, resending what was published). paho sees an object with the five methods of its `SocketLike` protocol.

The packet layout is MQTT 5.0, sections 2.1.4 (remaining length) and 3.3 (PUBLISH).
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

_PUBLISH: Final = 0x30
_QOS_BITS: Final = 0x06
_QOS_2_BIT: Final = 0x04
_MORE: Final = 0x80

LARGEST_PACKET: Final = 65_536
"""Bytes of one inbound packet. We tell the broker (Maximum Packet Size) and hang up on one that is larger."""


class MalformedPacketError(Exception):
    """The broker sent bytes that are no MQTT packet, or a packet that we asked it not to send."""


OnPublish = Callable[[str, bytes, bytes | None], None]
"""Takes topic, payload and packet identifier (None for QoS 0) of one inbound PUBLISH."""


class Wire(asyncio.Protocol):
    """One TLS connection. Told about bytes by asyncio, asked for them by paho."""

    def __init__(
        self,
        on_publish: OnPublish,
        on_batch: Callable[[], None],
        on_readable: Callable[[], None],
        on_lost: Callable[[Exception | None], None],
    ) -> None:
        """Callbacks run on the event loop.

        `on_batch` follows a run of `on_publish`; `on_readable` says that `recv` has bytes; `on_lost` comes once.
        """
        self._on_publish = on_publish
        self._on_batch = on_batch
        self._on_readable = on_readable
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._for_paho = bytearray()
        self._out: list[bytes | bytearray] = []

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TLS handshake is done."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Cut what has arrived into packets; a packet that is not complete waits for its rest."""
        if self._rest:
            data = self._rest + data
        try:
            self._rest = self._cut(data)
        except (MalformedPacketError, IndexError) as error:
            self._rest = b""
            self.abort()
            self._lost(error)
            return
        self._on_batch()
        if self._for_paho:
            self._on_readable()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended, by whatever cause."""
        self._lost(exc)

    def _lost(self, cause: Exception | None) -> None:
        on_lost, self._on_lost = self._on_lost, _ignore
        on_lost(cause)

    def _cut(self, data: bytes) -> bytes:
        """Hand out every complete packet of `data` and return what is left of it."""
        position, end = 0, len(data)
        while end - position >= 2:  # noqa: PLR2004 - the shortest packet: type and remaining length
            length = data[position + 1]
            start = position + 2
            if length & _MORE:
                length &= 0x7F
                shift = 7
                while True:
                    if start == end:
                        return data[position:]
                    digit = data[start]
                    start += 1
                    length |= (digit & 0x7F) << shift
                    shift += 7
                    if not digit & _MORE:
                        break
                    if length > LARGEST_PACKET:
                        raise MalformedPacketError("remaining length has more than four bytes")
            if length > LARGEST_PACKET:
                raise MalformedPacketError("larger than the maximum packet size that we announced")
            stop = start + length
            if stop > end:
                break
            if data[position] & 0xF0 == _PUBLISH:
                self._publish(data[position], data[start:stop])
            else:
                self._for_paho += data[position:stop]
            position = stop
        return data[position:]

    def _publish(self, first: int, body: bytes) -> None:
        """Take one PUBLISH apart; `first` is the first byte of its header, `body` what follows the length."""
        after = 2 + (body[0] << 8 | body[1])
        topic = body[2:after]
        identifier: bytes | None = None
        if first & _QOS_BITS:
            if first & _QOS_2_BIT or not topic:
                raise MalformedPacketError("QoS 2 or a topic alias, neither of which we allowed")
            identifier = body[after : after + 2]
            after += 2
        properties = body[after]
        after += 1
        if properties & _MORE:
            properties = properties & 0x7F | body[after] << 7
            if body[after] & _MORE:
                raise MalformedPacketError("properties of more than 16 KiB")
            after += 1
        # A topic that is no UTF-8 must not end the connection (it would come again): it becomes one nobody knows.
        self._on_publish(topic.decode(errors="replace"), body[after + properties :], identifier)

    # paho's side

    def recv(self, size: int) -> bytes:
        """Bytes of packets other than PUBLISH.

        Raises:
            BlockingIOError: nothing more for now.
        """
        if not self._for_paho:
            raise BlockingIOError
        taken = bytes(self._for_paho[:size])
        del self._for_paho[:size]
        return taken

    @property
    def has_input(self) -> bool:
        """True while `recv` would return something."""
        return bool(self._for_paho)

    def send(self, data: bytes | bytearray) -> int:
        """Take a whole packet (or several) to be sent; `flush` sends them as one TLS record.

        Raises:
            ConnectionError: the connection has ended.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("closed")
        self._out.append(data)
        return len(data)

    def flush(self) -> None:
        """Send what was collected."""
        if self._out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def send_now(self, packets: bytes) -> None:
        """Send whole packets that are not paho's."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(packets)

    def close(self) -> None:
        """Send what is collected and close."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close without a word."""
        if self._transport is not None:
            self._transport.abort()

    def mute(self) -> None:
        """Hand out nothing more: what comes now belongs to a connection that is being left."""
        self._on_publish = _drop

    def pause(self) -> None:
        """Read nothing more: the broker keeps what we have no room for."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def fileno(self) -> int:
        """Paho's protocol asks for it; nothing selects on it here."""
        return -1

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - paho's signature
        """Asyncio's connections never block."""


def _drop(_topic: str, _payload: bytes, _identifier: bytes | None) -> None:
    """It is not acknowledged, so it comes again."""


def _ignore(_cause: Exception | None) -> None:
    """A connection is lost once."""
