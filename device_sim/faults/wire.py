"""What firmware does on the wire, step by step, so that a fault can leave a step out or do it wrong."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from device_sim.factory import MadeUnit
from device_sim.faults.home import Home
from device_sim.flash import Credential
from device_sim.keys import certificate_request, common_name, new_key, serial_hex, tls_context
from device_sim.link import Link, LinkError, Target, opened
from gateway.protocol.codec import MalformedMessageError, decode, encode
from gateway.protocol.messages import ActivationRequest, Hello, Welcome
from gateway.protocol.signing import proof_bytes
from gateway.protocol.topics import ClaimChannel, ClaimTopic, DownChannel, DownTopic, UpChannel, UpTopic

ANSWER_S: Final = 30.0
"""For an answer of the gateway. Generous: many homes are served at once."""
_HEARD_AT_MOST: Final = 32
FIRMWARE: Final = "1.4.2"


class FaultError(Exception):
    """A fault could not be caused, so there is nothing to judge. The text says which step did not happen."""


@dataclass(slots=True)
class Line:
    """One open connection and what it heard."""

    link: Link
    heard: asyncio.Queue[tuple[str, bytes]] = field(repr=False)

    async def next(self, topic: str) -> bytes:
        """The next message on a topic.

        Raises:
            FaultError: none came in time, or the connection is gone.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                while True:
                    heard, payload = await self.heard.get()
                    if heard == topic:
                        return payload
        except TimeoutError:
            raise FaultError("no answer came") from None


@dataclass(frozen=True, slots=True)
class Activated:
    """An appliance with a certificate of its own."""

    device_id: str = field(repr=False)
    credential: Credential = field(repr=False)
    epoch: int
    bound: bool


@asynccontextmanager
async def line(home: Home, credential: Credential, *, client_id: str | None = None) -> AsyncIterator[Line]:
    """Connect with a credential; as another client when `client_id` says so.

    Raises:
        LinkError: no connection.
    """
    name = common_name(credential.certificate_pem or "")
    address = home.world.claim if name.startswith("c-") else home.world.device
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(_HEARD_AT_MOST)

    def hear(topic: str, payload: bytes) -> None:
        if not heard.full():
            heard.put_nowait((topic, payload))

    target = Target(address, client_id or name, tls_context(credential, home.world.trust_pem), source=home.source)
    async with opened(target, hear, timeout_s=ANSWER_S, executor=home.world.executor) as link:
        yield Line(link, heard)


@asynccontextmanager
async def claim_line(home: Home, made: MadeUnit | None = None) -> AsyncIterator[Line]:
    """Connect with a claim certificate and listen for the reply, as firmware does before it asks.

    Raises:
        LinkError: no connection.
    """
    unit = made or home.made
    async with line(home, unit.claim) as one:
        await one.link.subscribe(str(ClaimTopic(unit.claim_id, ClaimChannel.REPLY)))
        yield one


def request_of(home: Home, made: MadeUnit | None = None, **changes: Any) -> dict[str, Any]:
    """A good request of a unit, but for the changes. A value of None leaves the field out."""
    unit = made or home.made
    request = {
        "request_id": f"{home.rng.getrandbits(64):016x}",
        "machine_code": unit.unit.machine_code,
        "mac": unit.unit.mac,
        "type_id": unit.type_id,
        "firmware": FIRMWARE,
        "csr": None,
        "reset_counter": 0,
        "bind_token": home.token,
        **changes,
    }
    if "csr" not in changes:
        request["csr"] = certificate_request(new_key(), "appliance")
    return {name: value for name, value in request.items() if value is not None}


def with_proof(request: dict[str, Any], key: bytes) -> dict[str, Any]:
    """The request of a batch unit with its proof under a key."""
    message = decode(ActivationRequest, json.dumps(request).encode())
    return {**request, "proof": hmac.new(key, proof_bytes(message), "sha256").hexdigest()}


async def ask(home: Home, one: Line, payload: dict[str, Any] | bytes, made: MadeUnit | None = None) -> dict[str, Any]:
    """Send a request and read the reply. The appliance shows the trace id of a refusal.

    Raises:
        FaultError: no reply.
    """
    unit = made or home.made
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    await one.link.publish(str(ClaimTopic(unit.claim_id, ClaimChannel.REQUEST)), body)
    reply: dict[str, Any] = json.loads(await one.next(str(ClaimTopic(unit.claim_id, ClaimChannel.REPLY))))
    if not reply["ok"]:
        home.shown = reply["trace_id"]
    return reply


async def ask_once(home: Home, payload: dict[str, Any] | bytes, made: MadeUnit | None = None) -> dict[str, Any]:
    """Connect, ask, read the reply, hang up.

    Raises:
        FaultError, LinkError: no connection, or no reply.
    """
    async with claim_line(home, made) as one:
        return await ask(home, one, payload, made)


async def activate(
    home: Home, made: MadeUnit | None = None, *, key_pem: str | None = None, **changes: Any
) -> Activated:
    """Everything up to the own certificate.

    Raises:
        FaultError: it was refused.
        LinkError: no connection.
    """
    key = key_pem or new_key()
    request = request_of(home, made, csr=certificate_request(key, "appliance"), **changes)
    reply = await ask_once(home, request, made)
    if not reply["ok"]:
        raise FaultError(f"the activation that had to work was refused: {reply['code']}")
    credential = Credential(key, reply["certificate"], reply["chain"])
    return Activated(reply["device_id"], credential, reply["epoch"], reply["bound"])


async def go_online(home: Home, own: Activated, *, clock: datetime | None = None) -> Line:
    """Connect with the own certificate, say hello, hear the welcome, and stay connected until the home is closed.

    Raises:
        FaultError: no welcome.
        LinkError: no connection.
    """
    one = await home.stack.enter_async_context(line(home, own.credential))
    await one.link.subscribe(f"hg/v1/dev/{own.device_id}/down/#")
    await say_hello(home, one, own, clock=clock)
    return one


async def say_hello(home: Home, one: Line, own: Activated, *, clock: datetime | None = None) -> Welcome:
    """Say hello and hear the welcome.

    Raises:
        FaultError: no welcome.
    """
    hello = Hello(
        firmware=FIRMWARE,
        reset_counter=0,
        descriptor_version=1,
        clock=clock or home.world.clock(),
        boot="b0",
        serial=serial_hex(own.credential.certificate_pem or ""),
        epoch=own.epoch,
    )
    await one.link.publish(str(UpTopic(own.device_id, UpChannel.HELLO)), encode(hello))
    try:
        return decode(Welcome, await one.next(str(DownTopic(own.device_id, DownChannel.WELCOME))))
    except MalformedMessageError as malformed:
        raise FaultError("the welcome could not be read") from malformed


async def say(one: Line, own: Activated, channel: UpChannel, body: dict[str, Any] | bytes) -> None:
    """Say something as an activated appliance.

    Raises:
        LinkError: the connection is gone.
    """
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    await one.link.publish(str(UpTopic(own.device_id, channel)), payload)


async def refused_connection(home: Home, credential: Credential, client_id: str | None = None) -> None:
    """Try to connect where it must be refused.

    Raises:
        FaultError: it was not.
    """
    try:
        async with line(home, credential, client_id=client_id) as one:
            await one.link.subscribe("hg/v1/none")
    except LinkError:
        return
    raise FaultError("a connection was let in that had to be refused")


def with_certificate_of(made: MadeUnit, credential: Credential) -> MadeUnit:
    """The unit with another claim credential burnt in."""
    return replace(made, claim=credential)
