"""`dev/<cn>/up/…` except reports: hello, bye, answers to commands, events, binding, renewal, remembered failures."""

from collections.abc import Callable
from typing import Final, TypeVar

from gateway.domain.identity import DeviceId
from gateway.observability.metrics import Metrics
from gateway.protocol.codec import MalformedMessageError, decode
from gateway.protocol.messages import (
    BindRequest,
    Bye,
    CommandAck,
    EventReport,
    Hello,
    LogReport,
    Message,
    RenewRequest,
)
from gateway.protocol.topics import UpChannel
from gateway.transport.flow import Flow
from gateway.usecases import appliances, commands, connections, presence, renewal
from gateway.usecases.activation import ActivationServices
from gateway.usecases.commands import CommandServices
from gateway.usecases.services import Clock
from gateway.usecases.transaction import Database, Transaction

ModelT = TypeVar("ModelT", bound=Message)


class DeviceHandler:
    """One message of an activated appliance, one use case, one transaction."""

    def __init__(
        self,
        database: Database,
        activation: ActivationServices,
        flow: Flow,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._database: Final = database
        self._activation: Final = activation
        self._commands: Final = CommandServices(activation.signer, activation.identifiers, activation.types)
        self._flow: Final = flow
        self._clock: Final = clock
        self._dropped: Final = metrics.messages_dropped

    async def __call__(self, device_id: DeviceId, channel: UpChannel, payload: bytes) -> None:
        """Handle one message; returns after the commit. What is malformed or too much is counted."""
        if not self._flow.allows(device_id):
            self._dropped.labels(channel.value, "too_many").inc()
            return
        try:
            work = self._work(device_id, channel, payload)
        except MalformedMessageError as malformed:
            self._dropped.labels(channel.value, malformed.code).inc()
            code, path = malformed.code, malformed.path
            now = self._clock()
            await self._database.run(
                lambda tx: appliances.note_malformed(tx, device_id, channel.value, code, path, now)
            )
            return
        reason = await self._database.run(work)
        if reason is not None:
            self._dropped.labels(channel.value, reason).inc()

    def _work(  # noqa: PLR0911 - one return a channel
        self, device_id: DeviceId, channel: UpChannel, payload: bytes
    ) -> Callable[[Transaction], str | None]:
        """The use case for a message: a function over the transaction that returns why it had no effect, or None."""
        now, services = self._clock(), self._activation
        match channel:
            case UpChannel.HELLO:
                hello = decode(Hello, payload)
                return lambda tx: connections.said_hello(tx, services.signer, device_id, hello, now)
            case UpChannel.BYE:
                decode(Bye, payload)
                return lambda tx: presence.said_bye(tx, device_id, now)
            case UpChannel.ACK:
                ack = decode(CommandAck, payload)
                return lambda tx: commands.acknowledge(tx, self._commands, device_id, ack, now)
            case UpChannel.EVENT:
                event = decode(EventReport, payload)
                return lambda tx: appliances.happened(tx, services.types, device_id, event, now)
            case UpChannel.BIND:
                request = decode(BindRequest, payload)
                return lambda tx: appliances.asked_to_bind(tx, services, device_id, request, now)
            case UpChannel.RENEW:
                wanted = decode(RenewRequest, payload)
                return lambda tx: renewal.renew(tx, services, device_id, wanted, now)
            case UpChannel.LOG:
                remembered = decode(LogReport, payload)
                return lambda tx: appliances.remembered(tx, device_id, remembered, now)
            case UpChannel.STATE:
                return lambda _tx: "wrong_intake"  # reports have an intake of their own
