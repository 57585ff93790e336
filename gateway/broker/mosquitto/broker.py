"""A Mosquitto that this gateway runs: who is revoked, and how somebody is put out.

Mosquitto has no command to end a connection. So: write the revocation list, have it read, and then take over the
client id on the service listener. The list keeps them from coming back; the take-over ends what stands.

A revocation list that is past its next update refuses everybody, so `run` asks for a fresh one each hour. The same
rule is the gate: Mosquitto forgets shared subscriptions when it ends, and what is published while nobody subscribes is
acknowledged and dropped. So each life of the broker begins with lists that refuse every appliance, until the gateway's
intakes stand. (A claim listener without a list has no gate; an appliance repeats a claim request that has no answer.)
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.broker.mosquitto.server import MosquittoServer
from gateway.broker.probe import Probe, ProbeRefusedError
from gateway.broker.take_over import Door, check_name, take_over
from gateway.observability.logging import logger

_log = logger(__name__)

_REFRESH_S: Final = 3_600.0
_RETRY_S: Final = 1.0
_LOOK_S: Final = 0.05
_READY_ID: Final = "hearthgate-ready"

CLOSED: Final = """\
-----BEGIN X509 CRL-----
MIGqMFICAQEwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGbm9ib2R5Fw0yNjExMjIx
MjQ2MDBaGA8yMTI2MTAyOTEyNDYwMFqgDjAMMAoGA1UdFAQDAgEBMAoGCCqGSM49
BAMCA0gAMEUCIFEvwtpuwBPBMFWeZtI1QYWZEuEMyZsNceycAWVzVPiWAiEAmWUn
ov+AGqpUhkaYByGFL8SlYxYcDprtfEzqLDWA4lI=
-----END X509 CRL-----
"""
"""The list of an authority that does not exist (its key is gone, and vouches for nothing). OpenSSL refuses every
certificate for whose issuer there is no list, so with this file a listener lets nobody in."""


@dataclass(frozen=True, slots=True)
class RevocationLists:
    """The revoked certificates of each authority, as PEM."""

    claim: str | None = field(repr=False)
    """None where the factory publishes no list."""
    device: str | None = field(repr=False)


CurrentLists = Callable[[], Awaitable[RevocationLists]]
"""Makes lists as of now, valid for a good while more than an hour; given by the bootstrap."""


async def _open() -> None:
    """A gate that is always open."""


class MosquittoBroker:
    """`Broker` over a supervised Mosquitto."""

    def __init__(
        self, server: MosquittoServer, door: Door, lists: CurrentLists, *, gate: Callable[[], Awaitable[None]] = _open
    ) -> None:
        """Put together what runs and who is let in.

        Args:
            server: the child to supervise.
            door: its service listener, as a gateway.
            lists: makes the revocation lists.
            gate: returns once the intakes stand that keep messages (the transport's `connected`); before that, no
                appliance is let in.
        """
        self._server = server
        self._gate = gate
        self._door = door
        self._lists = lists
        self._writing = asyncio.Lock()
        self._asked = 0
        self._answered = 0
        self._admitting = asyncio.Event()

    async def run(self) -> None:
        """Run the broker until cancelled; restart it with back-off when it dies."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._server.run(self._close))
            group.create_task(self._keep_gate())
            group.create_task(self._keep_fresh())

    async def admitting(self) -> None:
        """Return once appliances are let in: the gate has opened, and the revocation lists are read."""
        await self._admitting.wait()

    async def ready(self) -> None:
        """Return once gateways can connect (appliances: `admitting`)."""
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

        Raises:
            ProbeRefusedError: the broker cannot be reached now; call again, since it stores sessions.
            ReloadFailedError: the same.
            ValueError: not a common name.
        """
        check_name(common_name)
        await self.refresh()
        await take_over(self._door, common_name)

    async def refresh(self) -> None:
        """Write the present revocation lists, and have them read if they are new.

        Whoever asks while one refresh is under way shares the next one.

        Raises:
            ReloadFailedError: the broker does not say that it read them.
        """
        self._asked += 1
        mine = self._asked
        async with self._writing:
            if self._answered >= mine:
                return
            covers = self._asked
            lists = await self._lists()
            settings = self._server.settings
            if self._server.admits:
                changed = _write(settings.claim.revoked, lists.claim)
                changed = _write(settings.device.revoked, lists.device) or changed
                if changed:
                    await self._server.reload()
            self._answered = covers

    def _close(self) -> None:
        """Before each start: nobody gets in yet."""
        self._admitting.clear()
        settings = self._server.settings
        _write(settings.claim.revoked, CLOSED)
        _write(settings.device.revoked, CLOSED)

    async def _keep_gate(self) -> None:
        life = 0
        while True:
            life = await self._server.next_life(life)
            await self._gate()
            self._server.admits = True
            await self._refresh_at_last()
            if self._server.admits:  # it may have died meanwhile
                self._admitting.set()

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_S)
            await self._refresh_at_last()

    async def _refresh_at_last(self) -> None:
        while True:
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - whatever the lists are made from may be away for a while
                _log.error("revocation_lists_not_refreshed", cause=type(error).__name__)
                await asyncio.sleep(_RETRY_S)
            else:
                return


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
