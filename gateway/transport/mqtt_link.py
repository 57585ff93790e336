"""One MQTT connection that comes back: connect, subscribe, stay, lose it, wait, connect again.

The session outlives the connection (Clean Start 0 and a Session Expiry Interval), so what the broker could not
deliver, and what was not acknowledged, is waiting when the link stands again.
"""

import asyncio
import random
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.observability.logging import logger
from gateway.transport.mqtt_wire import LARGEST_PACKET, OnPublish, Wire

_log = logger(__name__)

SHORTEST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
_ANSWER_S: Final = 5.0
"""How long the broker may take for the TLS handshake, and for each of CONNACK and SUBACK."""
_STEADY_S: Final = 5.0
_TICK_S: Final = 1.0
"""How often paho looks after its keep-alive."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Where the broker is, and how much may be under way.

    `name` is the gateway's common name (`g-…`): client ids are made from it, so a restarted gateway finds its sessions.
    """

    host: str
    port: int
    name: str = field(repr=False)
    tls: ssl.SSLContext = field(repr=False)
    group: str | None = field(repr=False)
    """Name of the group in which the gateways share the intakes: the same for all of them, and a secret, 16 to 64 of
    0-9a-z. None for a gateway that is alone.

    A secret, because Mosquitto refuses no SUBSCRIBE: an appliance that knew the name could join the group, and what is
    dealt to it is dropped. And None where possible with a Mosquitto that the gateway does not run: it forgets
    shared subscriptions when it restarts, and drops what is published until they stand again.
    """
    ingest_flight: int = 2_000
    """State reports handed out and not acknowledged, at most. Also announced as Receive Maximum."""
    control_flight: int = 200
    window: int = 1_000
    """Published messages without an acknowledgement of the broker, at most."""
    keepalive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    pause_s: float = 1.0
    """How long `give_back` waits before it has messages delivered again."""


class RefusedError(Exception):
    """The broker answered, and the answer was no."""


class _Client(paho.Client):
    """paho, made to use a connection that stands already. `test_paho_uses_our_connection` notices if it stops."""

    wire: Wire

    def _create_socket(self) -> Any:
        return self.wire


class Link:
    """One connection and its session."""

    def __init__(
        self,
        settings: MqttSettings,
        role: str,
        filters: Sequence[tuple[str, int]],
        receive_maximum: int,
    ) -> None:
        """`role` ends the client id; `filters` are (topic filter, QoS)."""
        self._settings = settings
        self._filters = filters
        self._role = role
        self._up = asyncio.Event()
        self._wait_s: float | None = None
        self._wire: Wire | None = None
        self._lost: asyncio.Future[None] | None = None
        self._answer: asyncio.Future[Any] | None = None
        self.on_publish: OnPublish = _ignore
        self.on_batch: Callable[[], None] = _nothing
        self.on_down: Callable[[], None] = _nothing
        self.on_taken: Callable[[int, ReasonCode], None] = _ignore
        self.send_window = settings.window
        """Published and unacknowledged at most: our own limit, or the broker's when that is smaller."""
        self._connect_properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        self._connect_properties.SessionExpiryInterval = settings.session_expiry_s
        self._connect_properties.ReceiveMaximum = receive_maximum
        self._connect_properties.MaximumPacketSize = LARGEST_PACKET
        self.client = _Client(
            CallbackAPIVersion.VERSION2, f"{settings.name}-{role}", protocol=paho.MQTTv5, manual_ack=True
        )
        self.client.max_inflight_messages_set(0)  # the window is ours: paho would queue without a limit
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_publish = lambda _c, _u, mid, reason, _p: self.on_taken(mid, reason)
        self.client.on_socket_register_write = self._write_soon
        self.client.on_disconnect = lambda *_: self._end()
        self.client.connect_async(
            settings.host,
            settings.port,
            settings.keepalive_s,
            clean_start=False,
            properties=self._connect_properties,
        )

    @property
    def is_up(self) -> bool:
        """True while connected and subscribed."""
        return self._up.is_set()

    async def up(self) -> None:
        """Return once connected and subscribed."""
        await self._up.wait()

    async def run(self) -> None:
        """Keep the link standing until cancelled."""
        wait_s, loop = SHORTEST_WAIT_S, asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._live()
            except (OSError, TimeoutError, RefusedError, ssl.SSLError) as error:
                _log.warning("broker_link_failed", role=self._role, cause=type(error).__name__, detail=str(error))
            # One that stood for a while may come back at once; one that was thrown out again and again may not.
            wait_s = SHORTEST_WAIT_S if loop.time() - began > _STEADY_S else min(wait_s * 2, LONGEST_WAIT_S)
            # Spread out, so that several gateways do not come back in step.
            pause = self._wait_s or wait_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            self._wait_s = None
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """One connection from its handshake to its loss."""
        settings, loop = self._settings, asyncio.get_running_loop()
        self._lost = lost = loop.create_future()
        async with asyncio.timeout(_ANSWER_S):
            transport, wire = await loop.create_connection(
                lambda: Wire(self.on_publish, self.on_batch, self._read, lambda _cause: self._end(lost)),
                settings.host,
                settings.port,
                ssl=settings.tls,
                server_hostname=settings.host,
            )
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wire = self.client.wire = wire
        try:
            self.client.reconnect()
            await self._answered()
            if self._filters:
                self.client.subscribe([(f, SubscribeOptions(qos=qos)) for f, qos in self._filters])
                await self._answered()
            self._up.set()
            _log.info("broker_link_stands", role=self._role)
            while not lost.done():
                await asyncio.wait({lost}, timeout=_TICK_S)
                self.client.loop_misc()
        finally:
            self._up.clear()
            self.client.disconnect()  # the session stays: its expiry is in the CONNECT
            self._write()
            wire.mute()  # what still comes on this one must not be taken for the next one's
            wire.close()
            self._wire = None
            self.on_down()
        _log.warning("broker_link_lost", role=self._role)

    async def _answered(self) -> None:
        """Wait for CONNACK or SUBACK.

        Raises:
            RefusedError: the broker said no, or hung up instead of answering.
            TimeoutError: it said nothing.
        """
        self._answer = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(_ANSWER_S):
            await self._answer

    def leave(self, pause_s: float) -> None:
        """Disconnect, and come back after `pause_s` seconds: the broker then sends again what was not acknowledged."""
        if self._wire is not None:
            self._wait_s = pause_s
            self._wire.mute()
            self._end()

    def acknowledge(self, identifiers: Sequence[bytes]) -> None:
        """Send PUBACKs (reason code 0 may be left out: MQTT 5.0, 3.4.2.1), all as one write.

        Not through paho, which would make a system call of each. Packets never mix, since `Wire` takes whole ones.
        """
        if self._wire is not None and identifiers:
            self._wire.send_now(b"".join([b"\x40\x02" + identifier for identifier in identifiers]))

    def pause(self) -> None:
        """Read nothing more for now."""
        if self._wire is not None:
            self._wire.pause()

    def resume(self) -> None:
        """Read again."""
        if self._wire is not None:
            self._wire.resume()

    def publish(self, topic: str, payload: bytes) -> int | None:
        """Publish with QoS 1; returns the packet identifier, or None when the client cannot take it now."""
        info = self.client.publish(topic, payload, qos=1)
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    # paho's and the wire's callbacks

    def _read(self) -> None:
        while self._wire is not None and self._wire.has_input:
            if self.client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._end()
                return

    def _write_soon(self, *_: object) -> None:
        asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        if self._wire is not None:
            self.client.loop_write()
            self._wire.flush()

    def _on_connect(self, _c: Any, _u: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._refuse(f"CONNACK {reason}")
            return
        self.send_window = min(self._settings.window, getattr(properties, "ReceiveMaximum", 65_535))
        if not flags.session_present:
            _log.info("broker_session_is_new", role=self._role)
        self._accept()

    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, reasons: list[ReasonCode], _p: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refuse(f"SUBACK {', '.join(str(reason) for reason in reasons)}")
        else:
            self._accept()

    def _accept(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    def _refuse(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(RefusedError(why))

    def _end(self, life: asyncio.Future[None] | None = None) -> None:
        """End the present connection. `life` says whose end is reported: an earlier one's may come late."""
        lost = self._lost
        if lost is None or (life is not None and life is not lost):
            return
        self._refuse("connection ended")
        if not lost.done():
            lost.set_result(None)


def _ignore(*_: object) -> None:
    """Nobody listens."""


def _nothing() -> None:
    """Nobody listens."""
