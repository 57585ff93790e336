"""The one way messages come in and go out, whatever broker carries them.

Two implementations pass one contract test: `nats.NatsTransport` (pull consumers shared by all gateways) and
`mqtt.MqttTransport` (paho with manual acknowledgement and shared subscriptions).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Intake(StrEnum):
    """Kinds of inbound traffic that are taken apart, so that a flood of one never delays another."""

    INGEST = "ingest"
    """State reports (`hg/v1/dev/+/up/state`). Shared by all gateways, acknowledged."""

    CONTROL = "control"
    """Claim requests and every other upward message. Shared by all gateways, acknowledged."""

    BUS = "bus"
    """Hints between gateways (`hg/v1/bus/+`). Every gateway gets each one; QoS 0, nothing to acknowledge."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as it came from the broker.

    `topic` is always in MQTT form (slashes), whatever the broker calls it.
    `receipt` is the transport's own handle for the acknowledgement; nobody else looks inside.
    """

    topic: str
    payload: bytes = field(repr=False)
    receipt: object = field(repr=False, compare=False, default=None)


class TransportClosedError(Exception):
    """The transport was closed, or is not connected and the call may not wait."""


class Transport(Protocol):
    """A connection to the broker that outlives the broker's restarts."""

    async def run(self) -> None:
        """Connect, stay connected (back-off 0.1 s to 5 s) and serve the calls below until cancelled."""

    async def connected(self) -> None:
        """Return once the connection and all intakes stand."""

    @property
    def is_connected(self) -> bool:
        """True while the connection and all intakes stand (for readiness)."""

    async def receive(self, intake: Intake, at_most: int) -> list[Inbound]:
        """Wait for messages and return what has arrived, one at least, `at_most` at most.

        Never more than the configured number is in flight (received and not acknowledged); then this waits.
        Survives reconnects: it goes on waiting. Order per topic prefix (one appliance) is kept.
        """

    async def acknowledge(self, messages: Sequence[Inbound]) -> None:
        """Tell the broker that these are done. Called after the commit that they caused, never before."""

    async def give_back(self, messages: Sequence[Inbound]) -> None:
        """These could not be handled now (database away): have them delivered again, in order, after a pause."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hand one message to the broker (QoS 1 where the broker has it).

        Raises:
            TransportClosedError: not connected; the outbox keeps the message and tries again.
        """

    async def flush(self) -> None:
        """Return once everything published so far has left this process and was taken by the broker."""
