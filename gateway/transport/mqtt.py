"""The transport over any MQTT 5 broker: shared subscriptions, acknowledged by hand after the commit.

Three connections, each with a session that outlives it: `ingest` and `control` take messages in, so that a full
queue of state reports never holds up an activation; `out` publishes and hears the bus, and is never held up at all.

What a broker does with the unacknowledged messages of a shared subscription when a gateway dies differs. Mosquitto
keeps them, and goes on dealing new ones, to that gateway's session until it comes back or the session expires
(tests/contracts/test_mosquitto_details.py shows it): a gateway that is gone for good must be drained. EMQX and others
deal them to the remaining members.

Bounded flight: Receive Maximum tells the broker. Mosquitto 2.0.11 ignores it, so reading stops when the queue here is
full; TCP then holds the broker up. Reading stopped for two keep-alives loses the connection, and nothing with it.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from paho.mqtt.reasoncodes import ReasonCode

from gateway.observability.logging import logger
from gateway.protocol.topics import UpChannel
from gateway.transport.mqtt_flight import Flight
from gateway.transport.mqtt_link import Link, MqttSettings
from gateway.transport.port import Inbound, Intake, TransportClosedError

__all__ = ["MqttSettings", "MqttTransport"]

_log = logger(__name__)

_GROUP: Final = re.compile(r"[0-9a-z]{16,64}")

_TOPIC: Final = re.compile(r"(?=.{1,200}\Z)[0-9A-Za-z._-]+(?:/[0-9A-Za-z._-]+)*")
"""What we publish to: no wildcard, no space, nothing that another broker would read differently."""

FILTERS: Final[Mapping[Intake, tuple[str, ...]]] = MappingProxyType(
    {
        Intake.INGEST: (f"hg/v1/dev/+/up/{UpChannel.STATE}",),
        # One filter a channel: `up/#` would bring the state reports a second time.
        Intake.CONTROL: (
            "hg/v1/claim/+/req",
            *(f"hg/v1/dev/+/up/{channel}" for channel in UpChannel if channel is not UpChannel.STATE),
        ),
        Intake.BUS: ("hg/v1/bus/+",),
    }
)
"""Which topics each intake takes."""

_ACKNOWLEDGED: Final = (Intake.INGEST, Intake.CONTROL)

_BUS_FLIGHT: Final = 10_000
"""Hints that may wait; beyond, the oldest are dropped. Nobody relies on one: clients resume from the event log."""


class MqttTransport:
    """`Transport` over paho-mqtt."""

    def __init__(self, settings: MqttSettings, filters: Mapping[Intake, Sequence[str]] = FILTERS) -> None:
        """`filters`: the topic filters of each intake, in MQTT form.

        Raises:
            ValueError: a group name that could be guessed, or is none.
        """
        self._settings = settings
        prefix = _share(settings.group)
        shared = {intake: [(prefix + f, 1) for f in filters[intake]] for intake in _ACKNOWLEDGED}
        self._out = Link(settings, "out", [(f, 0) for f in filters[Intake.BUS]], 100)
        self._links = {
            Intake.INGEST: Link(settings, "ingest", shared[Intake.INGEST], settings.ingest_flight),
            Intake.CONTROL: Link(settings, "control", shared[Intake.CONTROL], settings.control_flight),
            Intake.BUS: self._out,
        }
        self._flights = {
            Intake.INGEST: Flight(settings.ingest_flight),
            Intake.CONTROL: Flight(settings.control_flight),
            Intake.BUS: Flight(_BUS_FLIGHT, lossy=True),
        }
        for intake in _ACKNOWLEDGED:
            self._join(self._links[intake], self._flights[intake])
        self._out.on_publish = self._flights[Intake.BUS].arrive
        self._out.on_batch = self._flights[Intake.BUS].wake
        self._out.on_taken = self._on_taken
        self._out.on_down = self._on_out_down
        self._published = 0
        self._flushed = 0
        self._lost = 0
        self._losses = 0
        self._outstanding: dict[int, int] = {}
        self._changed = asyncio.Event()
        self.refused = 0
        """Published messages that the broker took and threw away (a missing right); a sign of a wrong broker setup."""

    @staticmethod
    def _join(link: Link, flight: Flight) -> None:
        """Have the messages of a connection arrive in its flight."""

        def on_batch() -> None:
            flight.wake()
            if flight.is_full:
                link.pause()

        link.on_publish = flight.arrive
        link.on_batch = on_batch
        link.on_down = flight.begin_anew

    async def run(self) -> None:
        """Connect, stay connected and serve the calls below until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for link in self._links.values():
                    group.create_task(link.run())
        finally:
            self._changed.set()
            for flight in self._flights.values():
                flight.close()

    async def connected(self) -> None:
        """Return once the connection and all intakes stand."""
        while not self.is_connected:
            for link in self._links.values():
                await link.up()

    @property
    def is_connected(self) -> bool:
        """True while the connection and all intakes stand."""
        return all(link.is_up for link in self._links.values())

    async def receive(self, intake: Intake, at_most: int) -> list[Inbound]:
        """Wait for messages; see `Transport.receive`."""
        flight = self._flights[intake]
        taken = await flight.take(at_most)
        if intake is not Intake.BUS and flight.has_room:
            self._links[intake].resume()
        return taken

    async def acknowledge(self, messages: Sequence[Inbound]) -> None:
        """Tell the broker that these are done; those of an earlier connection will come again."""
        for intake in _ACKNOWLEDGED:
            self._links[intake].acknowledge(self._flights[intake].finish(messages))

    async def give_back(self, messages: Sequence[Inbound]) -> None:
        """Have these delivered again after a pause, by leaving and coming back: MQTT has no other way to say it."""
        for intake, flight in self._flights.items():
            if flight.put_back(messages):
                self._links[intake].leave(self._settings.pause_s)
                flight.begin_anew()

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1; waits while the window is full.

        Raises:
            TransportClosedError: not connected.
            ValueError: no topic of ours.
        """
        if _TOPIC.fullmatch(topic) is None:
            raise ValueError("not a topic of ours")
        while self._out.is_up and len(self._outstanding) >= self._out.send_window:
            await self._change()
        identifier = self._out.publish(topic, payload) if self._out.is_up else None
        if identifier is None:
            raise TransportClosedError
        self._published += 1
        self._outstanding[identifier] = self._published

    async def flush(self) -> None:
        """Return once the broker has acknowledged all that was published so far.

        Raises:
            TransportClosedError: not connected, or the connection was lost since the last `flush` with something
                under way: it may or may not have arrived, and nobody but the caller will publish it again.
        """
        last, before, losses = self._published, self._flushed, self._losses
        self._flushed = last
        if not self._out.is_up or self._lost > before:
            raise TransportClosedError
        while self._outstanding and next(iter(self._outstanding.values())) <= last:
            await self._change()
            if self._losses != losses:
                raise TransportClosedError

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _on_out_down(self) -> None:
        """Forget what was under way: the outbox sends it again, and two senders would mix up its order."""
        self._flights[Intake.BUS].begin_anew()
        self._out.client.drop_out_messages()
        if self._outstanding:
            self._lost = self._published
            self._outstanding.clear()
        self._losses += 1
        self._changed.set()

    def _on_taken(self, identifier: int, reason: ReasonCode) -> None:
        if reason.is_failure:
            self.refused += 1
            _log.error("published_message_refused", reason=str(reason))
        self._outstanding.pop(identifier, None)
        self._changed.set()


def _share(group: str | None) -> str:
    if group is None:
        return ""
    if _GROUP.fullmatch(group) is None:
        raise ValueError("the name of the gateways' group must be 16 to 64 characters of 0-9a-z")
    return f"$share/{group}/"
