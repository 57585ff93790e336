"""A broker that somebody else runs: watched, and asked to let go of a client by taking over its id.

Publishing the revocation list to such a broker is its operator's work (`hearthgate ca crl` writes it): an evicted
appliance comes back until the broker has read it. Its topics are then read by nobody, since the gateway checks whose
certificate is alive.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.broker.probe import Probe, ProbeRefusedError
from gateway.broker.take_over import Door, take_over
from gateway.observability.logging import logger

_log = logger(__name__)

_LOG_FILTER: Final = "$SYS/broker/log/#"
_SHORTEST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0
_KEEPALIVE_S: Final = 60
_PING_S: Final = 20.0


class ExternalBroker:
    """`Broker` over a broker that is reached, not run."""

    def __init__(self, door: Door, name: str, read_log: Callable[[bytes], None] = lambda _: None) -> None:
        """`name`: the gateway's common name. `read_log` takes lines of the broker's log, where it publishes them."""
        self._door = door
        self._client_id = f"{name}-watch"
        self._read_log = read_log
        self._reached = asyncio.Event()

    async def run(self) -> None:
        """Watch the broker until cancelled."""
        wait_s = _SHORTEST_WAIT_S
        while True:
            try:
                await self._watch()
                wait_s = _SHORTEST_WAIT_S
            except ProbeRefusedError as error:
                _log.warning("external_broker_not_reached", detail=str(error))
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def ready(self) -> None:
        """Return once clients can connect (a gateway could)."""
        await self._reached.wait()

    async def evict(self, common_name: str) -> None:
        """End the connection of this identity and clear its queue.

        Raises:
            ProbeRefusedError: the broker cannot be reached now; call again.
        """
        await take_over(self._door, common_name)

    async def _watch(self) -> None:
        """One connection, to its end."""
        door = self._door
        probe = await Probe.connect(door.host, door.port, door.tls, self._client_id, keep_alive=_KEEPALIVE_S)
        try:
            await probe.subscribe([_LOG_FILTER], qos=0)  # a broker without such topics refuses or stays silent
            self._reached.set()
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(self._read(probe))
                while await probe.ping():
                    try:
                        async with asyncio.timeout(_PING_S):
                            await probe.ended.wait()
                        break
                    except TimeoutError:
                        continue
                reading.cancel()
        finally:
            self._reached.clear()
            probe.abort()

    async def _read(self, probe: Probe) -> None:
        while True:
            self._read_log((await probe.heard.get()).payload)
