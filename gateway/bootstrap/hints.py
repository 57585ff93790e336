"""Hints of other gateways: an account has something new to see, whoever committed it."""

from typing import Final

from gateway.api.changes import ChangesHub
from gateway.domain.identity import AccountId
from gateway.protocol.topics import BusTopic, parse
from gateway.transport.port import Intake, Transport

AT_ONCE: Final = 500


class Hints:
    """Hands what the bus says to this gateway's streams. A service."""

    def __init__(self, transport: Transport, hub: ChangesHub, *, own_name: str) -> None:
        self._own: Final = own_name.encode()
        self._transport: Final = transport
        self._hub: Final = hub

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for message in await self._transport.receive(Intake.BUS, AT_ONCE):
                match parse(message.topic):
                    case BusTopic() if self._own in message.payload:
                        pass  # our own: the hub heard of it from the commit
                    case BusTopic(account_id=account_id):
                        self._hub.poke(AccountId(account_id))
                    case _:
                        pass  # nothing else is on the bus; a gateway of another version may think otherwise
