"""One MQTT connection of one appliance, driven by the event loop: no thread of its own, no polling.

paho does the protocol. It opens its socket and shakes hands blockingly, so that one step runs on a small pool of
threads that a whole fleet shares; everything after it happens on the loop, when the socket says so.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from device_sim.flash import Address

KEEP_ALIVE_S: Final = 60
MISC_EVERY_S: Final = 10.0
"""How often paho may look whether a ping is due. Its keep-alive has a resolution of seconds; this is fine enough."""

_REFUSED: Final = 0x80
"""Return codes of a SUBACK from here on are refusals (MQTT 3.1.1, section 3.9.3)."""

OnMessage = Callable[[str, bytes], None]
"""Topic and payload. Called on the loop; must return at once."""


class LinkError(Exception):
    """The connection could not be made or is gone. `reason` is one word that says why.

    `tcp`, `tls`, `timeout`, `refused` (CONNACK or the server hung up before it), `lost`, `denied` (SUBACK), `closed`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, as whom, and what the broker shall say when the connection dies."""

    address: Address
    client_id: str
    context: ssl.SSLContext
    will_topic: str | None = None
    source: str = ""
    """Which address of this machine to come from; empty lets the system choose."""


class Connection(Protocol):
    """What a session needs of an open link."""

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        """See `Link.publish`."""

    async def subscribe(self, topic_filter: str) -> None:
        """See `Link.subscribe`."""

    async def lost(self) -> str:
        """See `Link.lost`."""


class Link:
    """An open connection. Made by `opened`."""

    def __init__(self, target: Target, on_message: OnMessage) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_message = on_message
        self._socket: Any = None
        self._watched = False
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[str] = self._loop.create_future()
        self._published: dict[int, asyncio.Future[None]] = {}
        self._subscribed: dict[int, asyncio.Future[None]] = {}
        self._misc: asyncio.TimerHandle | None = None
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=target.client_id, clean_session=True, reconnect_on_failure=False
        )
        client.max_inflight_messages_set(0)  # bounded by the session, which knows what may be dropped
        self._source = target.source
        client.tls_set_context(target.context)
        if target.will_topic is not None:
            client.will_set(target.will_topic, b"{}", qos=1)
        client.on_socket_open = self._opened
        client.on_socket_close = self._closed
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._has_written
        client.on_connect = self._connack
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        client.on_publish = self._puback
        client.on_subscribe = self._suback
        self._client = client

    async def connect(self, address: Address, timeout_s: float, executor: Executor | None) -> None:
        """Open the socket, shake hands, and wait for the CONNACK.

        Raises:
            LinkError: with the reason.
        """
        self._client.connect_timeout = timeout_s  # or the thread would hold on to a socket that nobody waits for
        try:
            async with asyncio.timeout(timeout_s):
                await self._loop.run_in_executor(executor, self._open_socket, address)
                self._watch()
                await self._connected
        except TimeoutError:
            raise LinkError("timeout") from None
        except ssl.SSLError:
            raise LinkError("tls") from None
        except OSError:
            raise LinkError("tcp") from None

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        """Send with QoS 1. The future ends with the PUBACK, or with `LinkError`; it may be left alone."""
        future: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(_retrieved)
        if self._lost.done():
            future.set_exception(LinkError("lost"))
            return future
        info = self._client.publish(topic, payload, qos=1)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            future.set_exception(LinkError("lost"))
            return future
        self._published[info.mid] = future
        return future

    async def subscribe(self, topic_filter: str) -> None:
        """Subscribe with QoS 1 and wait for the SUBACK.

        Raises:
            LinkError: `denied`, or the link is gone.
        """
        code, mid = self._client.subscribe(topic_filter, qos=1)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise LinkError("lost")
        future: asyncio.Future[None] = self._loop.create_future()
        self._subscribed[mid] = future
        await future

    async def lost(self) -> str:
        """Wait until the connection is gone, and say why."""
        return await asyncio.shield(self._lost)

    async def close(self) -> None:
        """Send DISCONNECT (so that the will stays unsaid) and let the socket go. Safe to call twice."""
        if self._socket is not None and not self._lost.done():
            self._client.disconnect()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await asyncio.shield(self._lost)
        self.abandon()

    def abandon(self) -> None:
        """Let the socket go without a word, as a power cut would: the broker publishes the will."""
        if self._misc is not None:
            self._misc.cancel()
        sock, self._socket = self._socket, None
        if sock is not None:
            self._unwatch(sock)
            sock.close()
        self._end("closed")

    def _open_socket(self, address: Address) -> None:
        """Runs on a thread of the pool."""
        try:
            self._client.connect(address.host, address.port, keepalive=KEEP_ALIVE_S, bind_address=self._source)
        except ValueError:
            # paho's way of saying that the certificate's name does not fit.
            raise ssl.SSLError("the server's name does not fit") from None
        if self._lost.done() or self._loop.is_closed():
            sock = self._client.socket()
            if sock is not None:  # nobody waits any more
                sock.close()

    def _opened(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock

    def _watch(self) -> None:
        if self._socket is None:
            raise LinkError("refused")
        self._watched = True
        self._loop.add_reader(self._socket, self._readable)
        if self._client.want_write():
            self._loop.add_writer(self._socket, self._client.loop_write)
        self._misc = self._loop.call_later(MISC_EVERY_S, self._look_after)

    def _unwatch(self, sock: Any) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    def _readable(self) -> None:
        """Read until the TLS layer is empty too: what it holds already never makes the socket readable again."""
        while self._client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            sock = self._socket
            if sock is None or not sock.pending():
                return

    def _look_after(self) -> None:
        if not self._lost.done():
            self._client.loop_misc()
            self._misc = self._loop.call_later(MISC_EVERY_S, self._look_after)

    def _wants_to_write(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        if self._watched:  # during the handshake there is a thread at work; `_watch` catches up
            self._loop.add_writer(sock, self._client.loop_write)

    def _has_written(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        if self._watched:
            self._loop.remove_writer(sock)

    def _closed(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        self._unwatch(sock)
        self._socket = None

    def _connack(self, _client: paho.Client, _userdata: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if not self._connected.done():
            if code.is_failure:
                self._connected.set_exception(LinkError("refused"))
            else:
                self._connected.set_result(None)

    def _disconnected(self, _client: paho.Client, _userdata: Any, _flags: Any, _code: Any, _properties: Any) -> None:
        self._end("lost")

    def _end(self, reason: str) -> None:
        if self._lost.done():
            return
        self._lost.set_result(reason)
        if not self._connected.done():
            self._connected.set_exception(LinkError("refused"))
            self._connected.exception()  # perhaps nobody waits for it any more
        for future in (*self._published.values(), *self._subscribed.values()):
            if not future.done():
                future.set_exception(LinkError(reason))
        self._published.clear()
        self._subscribed.clear()

    def _received(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))

    def _puback(self, _client: paho.Client, _userdata: Any, mid: int, _code: Any, _properties: Any) -> None:
        future = self._published.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(None)

    def _suback(self, _client: paho.Client, _userdata: Any, mid: int, codes: list[Any], _properties: Any) -> None:
        future = self._subscribed.pop(mid, None)
        if future is None or future.done():
            return
        if any(code.value >= _REFUSED for code in codes):
            future.set_exception(LinkError("denied"))
        else:
            future.set_result(None)


@contextlib.asynccontextmanager
async def opened(
    target: Target, on_message: OnMessage, *, timeout_s: float = 15.0, executor: Executor | None = None
) -> AsyncIterator[Link]:
    """Connect, hand over the link, and close it politely at the end.

    Raises:
        LinkError: the connection could not be made.
    """
    link = Link(target, on_message)
    try:
        await link.connect(target.address, timeout_s, executor)
        yield link
    except BaseException:
        link.abandon()
        raise
    else:
        await link.close()


def _retrieved(future: asyncio.Future[None]) -> None:
    """Whoever publishes may not care; an unread failure is then no news."""
    if not future.cancelled():
        future.exception()
