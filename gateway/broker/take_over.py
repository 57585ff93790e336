"""Eviction where a broker has no command for it: take over the client id, then leave.

A broker must end the other connection with the same client id [MQTT-3.1.4-2], and a clean session clears what was
queued for it [MQTT-3.1.2-6]. Only the service listener lets a gateway choose a client id.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Final

from gateway.broker.probe import Probe
from gateway.domain.identity import COMMON_NAME

_PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Door:
    """The service listener, and the gateway's own certificate to enter by."""

    host: str
    port: int
    tls: ssl.SSLContext = field(repr=False)


async def take_over(door: Door, common_name: str) -> None:
    """End the session of this identity and clear its queue. For somebody who is not connected nothing changes.

    Raises:
        ValueError: not a name that certificates carry; it would be somebody else's client id.
        ProbeRefusedError: the service listener did not let us in.
    """
    check_name(common_name)
    probe = await Probe.connect(door.host, door.port, door.tls, common_name, clean=True, seconds=_PATIENCE_S)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await probe.close()
    except TimeoutError:  # it has taken over: that it does not close is no matter
        probe.abort()


def check_name(common_name: str) -> None:
    """See that this is a name that certificates carry.

    Raises:
        ValueError: it is not.
    """
    if COMMON_NAME.fullmatch(common_name) is None:
        raise ValueError("not a common name")
