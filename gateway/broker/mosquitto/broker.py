"""A Mosquitto that this gateway runs: who is revoked, and how somebody is put out.

Mosquitto has no command to end a connection. So: write the revocation list, have it read, and then take over the
client id on the service listener. The list keeps them from coming back; the take-over ends what stands.

A revocation list that is past its next update refuses everybody, so `run` asks for a fresh one each hour.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from gateway.broker.mosquitto.server import MosquittoServer
from gateway.broker.probe import Probe, ProbeRefusedError
from gateway.broker.take_over import Door, take_over

_log = structlog.get_logger(__name__)

_REFRESH_S: Final = 3_600.0
_LOOK_S: Final = 0.05
_READY_ID: Final = "hearthgate-ready"


@dataclass(frozen=True, slots=True)
class RevocationLists:
    """The revoked certificates of each authority, as PEM."""

    claim: str | None = field(repr=False)
    """None where the factory publishes no list."""
    device: str | None = field(repr=False)


CurrentLists = Callable[[], Awaitable[RevocationLists]]
"""Makes lists as of now, valid for a good while more than an hour; given by the bootstrap."""


class MosquittoBroker:
    """`Broker` over a supervised Mosquitto."""

    def __init__(
        self, server: MosquittoServer, door: Door, lists: CurrentLists, *, clock: Callable[[], datetime]
    ) -> None:
        """`door`: the service listener, as a gateway. `clock`: the one by which lists are dated."""
        self._server = server
        self._door = door
        self._lists = lists
        self._clock = clock
        self._writing = asyncio.Lock()
        self._asked = 0
        self._answered = 0
        self._second: datetime | None = None

    async def run(self) -> None:
        """Run the broker until cancelled; restart it with back-off when it dies."""
        self._server.settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self.refresh()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._server.run())
            group.create_task(self._keep_fresh())

    async def ready(self) -> None:
        """Return once clients can connect."""
        while True:
            await self._server.running()
            try:
                probe = await Probe.connect(self._door.host, self._door.port, self._door.tls, _READY_ID)
            except ProbeRefusedError:
                await asyncio.sleep(_LOOK_S)
            else:
                await probe.close()
                return

    async def evict(self, common_name: str) -> None:
        """Have the revocation lists read, then end the connection of this identity and clear its queue.

        A broker that is down at this moment reads the lists when it starts; sessions that it stored are cleared
        by calling this again.

        Raises:
            ProbeRefusedError: the broker cannot be reached now; call again.
        """
        await self.refresh()
        await take_over(self._door, common_name)

    async def refresh(self) -> None:
        """Write the present revocation lists, and have them read if they are new.

        Lists are dated to the second, and OpenSSL, which keeps all lists that it ever read, goes by the latest date:
        a second list within the same second would not count. So there is one in a second at most, and whoever asks
        while it is waited for is answered by it.
        """
        self._asked += 1
        mine = self._asked
        async with self._writing:
            if self._answered >= mine:
                return
            if self._whole_second() == self._second:
                await asyncio.sleep(1)
            self._second, covers = self._whole_second(), self._asked
            lists = await self._lists()
            settings = self._server.settings
            changed = _write(settings.claim.revoked, lists.claim)
            changed = _write(settings.device.revoked, lists.device) or changed
            if changed and not await self._server.reload():
                _log.info("revocation lists will be read at the broker's next start")
            self._answered = covers

    def _whole_second(self) -> datetime:
        return self._clock().replace(microsecond=0)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_S)
            try:
                await self.refresh()
            except Exception:  # noqa: BLE001 - whatever the lists are made from may be away; the present ones last for days
                _log.exception("revocation lists not refreshed")


def _write(path: Path | None, text: str | None) -> bool:
    """Replace the file in one step, keeping owner and mode; True if it is different now."""
    if path is None or text is None:
        return False
    old = path.stat() if path.exists() else None
    if old is not None and path.read_text("ascii") == text:
        return False
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, "ascii")
    fresh.chmod(0o644)  # public by nature: it names serial numbers
    fresh.replace(path)
    return True
