"""The built-in broker as the rest of the gateway sees it: it runs, it decides connections, it evicts."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from nats import errors
from nats.aio.client import Client

from gateway.broker.nats.callout import Callout
from gateway.broker.nats.credentials import NatsCredentials
from gateway.broker.nats.evict import EvictionFailedError, clear_session, end_connections
from gateway.broker.nats.link import Address, keep
from gateway.broker.nats.server import NatsServer
from gateway.broker.port import Decide
from gateway.domain.identity import COMMON_NAME

_WAIT_SECONDS: Final = 5.0


async def _open() -> None:
    """A gate that is always open."""


class NatsBroker:
    """The `Broker` port on NATS.

    Args:
        server: the child to supervise, or None where NATS runs elsewhere.
        servers: `nats://host:port` of every node.
        credentials: of the users `callout`, `sys` and `gateway`.
        decide: answers connection attempts.
        clock: the time.
        gate: returns once the intakes stand that keep messages (the transport's `connected`); before that, nobody is
            let in, because what is published without an intake would be acknowledged and dropped.
        address: makes the link of one user and password; given where TLS is needed.
        nodes: how many servers the cluster has, all of which are asked for a connection; those of `servers` if None.
    """

    def __init__(
        self,
        server: NatsServer | None,
        servers: tuple[str, ...],
        credentials: NatsCredentials,
        decide: Decide,
        *,
        clock: Callable[[], datetime],
        gate: Callable[[], Awaitable[None]] = _open,
        address: Callable[[str, str], Address] | None = None,
        nodes: int | None = None,
    ) -> None:
        as_user = address or (lambda user, password: Address(servers, user, password))
        self._server = server
        listening = self._listening = server.listening if server is not None else None
        self._nodes = nodes or len(servers)
        self._system_address = as_user("sys", credentials.sys)
        self._account_address = as_user("gateway", credentials.gateway)
        self.callout = Callout(
            as_user("callout", credentials.callout),
            credentials.issuer_seed,
            decide,
            clock=clock,
            gate=gate,
            listening=listening,
        )
        self._system: Client | None = None
        self._account: Client | None = None
        self._linked = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled; see the port."""
        async with asyncio.TaskGroup() as tasks:
            if self._server is not None:
                tasks.create_task(self._server.run())
            tasks.create_task(self.callout.run())
            tasks.create_task(keep(self._system_address, self._have_system, self._lost_system, self._listening))
            tasks.create_task(keep(self._account_address, self._have_account, self._lost_account, self._listening))

    async def ready(self) -> None:
        """Return once the server answers its users and the callout stands: MQTT clients can connect.

        nats-server opens its MQTT listener before the one for clients, so a connected client means both.
        """
        await self.callout.ready()
        await self._linked.wait()

    async def evict(self, common_name: str) -> None:
        """End the connection of this identity and clear its session; see the port.

        Raises:
            EvictionFailedError: no server could be asked, or one did not do it; try again.
            ValueError: not a common name.
        """
        if COMMON_NAME.fullmatch(common_name) is None:
            raise ValueError("not a common name")
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._linked.wait()
            system, account = self._system, self._account
            if system is None or account is None:
                raise EvictionFailedError("not connected")
            await end_connections(system, common_name, self._count_nodes)
            await clear_session(account, common_name)
        except (errors.Error, OSError, TimeoutError):
            raise EvictionFailedError("no server could be asked") from None

    def _count_nodes(self) -> int:
        return self._nodes

    async def _have_system(self, client: Client) -> None:
        self._system = client
        self._note()

    async def _have_account(self, client: Client) -> None:
        self._account = client
        self._note()

    def _lost_system(self) -> None:
        self._system = None
        self._linked.clear()

    def _lost_account(self) -> None:
        self._account = None
        self._linked.clear()

    def _note(self) -> None:
        if self._system is not None and self._account is not None:
            self._linked.set()
