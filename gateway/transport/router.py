"""From a topic to its handler. The topic says who it is; the broker tied it to the certificate."""

from typing import Final

from gateway.domain.identity import ClaimId, DeviceId
from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics
from gateway.protocol.topics import BusTopic, ClaimChannel, ClaimTopic, DownTopic, UpTopic, parse
from gateway.transport.handlers.claims import ActivateHandler
from gateway.transport.handlers.devices import DeviceHandler
from gateway.transport.port import Inbound
from gateway.usecases.transaction import DatabaseUnavailableError

_log = logger(__name__)


def identity_of(topic: str) -> str:
    """Whose message it is, for order; unknown topics share one line."""
    match parse(topic):
        case ClaimTopic(claim_id=name) | UpTopic(device_id=name) | DownTopic(device_id=name):
            return name
        case BusTopic() | None:
            return ""


class Router:
    """Hands control messages to their handlers. Nothing that a message holds can end the intake."""

    def __init__(self, claims: ActivateHandler, devices: DeviceHandler, metrics: Metrics) -> None:
        self._claims: Final = claims
        self._devices: Final = devices
        self._received: Final = metrics.messages
        self._dropped: Final = metrics.messages_dropped

    async def __call__(self, message: Inbound) -> None:
        """Handle one message.

        Raises:
            DatabaseUnavailableError: it has to come again.
        """
        topic = parse(message.topic)
        try:
            match topic:
                case ClaimTopic(claim_id=claim_id, channel=ClaimChannel.REQUEST):
                    self._received.labels("claim").inc()
                    await self._claims(ClaimId(claim_id), message.payload)
                case UpTopic(device_id=device_id, channel=channel):
                    self._received.labels(channel.value).inc()
                    await self._devices(DeviceId(device_id), channel, message.payload)
                case _:
                    self._dropped.labels("unknown", "topic").inc()
        except DatabaseUnavailableError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the intake goes on
            # A fault of ours, not of the message's sender. Sending it again would meet it again, for ever.
            self._dropped.labels(_channel(topic), "fault").inc()
            _log.exception("message_failed", channel=_channel(topic))


def _channel(topic: object) -> str:
    match topic:
        case ClaimTopic():
            return "claim"
        case UpTopic(channel=channel):
            return channel.value
        case _:
            return "unknown"
