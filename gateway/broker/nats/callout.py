"""Answers the server's question "may this client connect?" (NATS auth callout) with a signed permission.

Several gateways share the questions in a queue group. What cannot be read, decided in time or held in hand is refused:
the server's answer to silence is a refusal as well, only later.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway.broker.nats.configuration import ACCOUNT
from gateway.broker.nats.link import Address, keep
from gateway.broker.nats.nkey import BadTokenError, Signer, read_token
from gateway.broker.nats.permissions import ImpossiblePermitError, Subjects, subjects_of
from gateway.broker.port import Decide, Deny, Permit, Presented

SUBJECT: Final = "$SYS.REQ.USER.AUTH"
QUEUE: Final = "hearthgate-callout"
DECIDE_SECONDS: Final = 4.0
"""One second less than the server waits (`AUTH_SECONDS`), so that a slow answer is a refusal with a reason."""

_LOG: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 64
_WAITING: Final = 2048
"""Questions held besides those being answered; a storm of reconnects fits, a flood is refused at once."""

_MOST_CERTIFICATE: Final = 16_384


@dataclass(frozen=True, slots=True)
class _Question:
    """What the server asked."""

    user_nkey: str
    server_id: str
    presented: Presented | None = field(repr=False)
    """None: not an MQTT client with a verified certificate, so there is nothing to decide."""


@dataclass(slots=True)
class CalloutCounts:
    """What became of the questions. `refused` counts refusals of any cause, `failed` our own faults among them."""

    permitted: int = 0
    refused: int = 0
    failed: int = 0
    late: int = 0
    overflow: int = 0
    unreadable: int = 0


class Callout:
    """The service that answers.

    Args:
        address: the server and the user `callout`.
        signing_seed: the account nkey seed whose public half the server trusts.
        decide: the gateway's decision.
        clock: the time, for the signed answers.
        gate: awaited before each decision (inside its time limit), so that nobody is let in before the intakes stand
            that keep what they publish.
        listening: see `link.keep`.
        seconds: how long a decision may take.
    """

    def __init__(
        self,
        address: Address,
        signing_seed: str,
        decide: Decide,
        *,
        clock: Callable[[], datetime],
        gate: Callable[[], Awaitable[None]],
        listening: asyncio.Event | None = None,
        seconds: float = DECIDE_SECONDS,
    ) -> None:
        self._address = address
        self._signer = Signer(signing_seed)
        self._decide = decide
        self._clock = clock
        self._gate = gate
        self._listening = listening
        self._seconds = seconds
        self._waiting: asyncio.Queue[tuple[Client, Msg, float]] = asyncio.Queue(_WAITING)
        self._standing = asyncio.Event()
        self.counts = CalloutCounts()

    async def ready(self) -> None:
        """Return once questions reach us."""
        await self._standing.wait()

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._worker())
            tasks.create_task(keep(self._address, self._subscribe, self._standing.clear, self._listening))

    async def _subscribe(self, client: Client) -> None:
        async def take(message: Msg) -> None:
            try:
                self._waiting.put_nowait((client, message, time.monotonic()))
            except asyncio.QueueFull:
                self.counts.overflow += 1  # the server refuses by itself when its time is up

        await client.subscribe(SUBJECT, queue=QUEUE, cb=take)
        # Twice: nats-py writes the PING of a flush before the SUB that waits in its queue.
        await client.flush()
        await client.flush()
        self._standing.set()

    async def _worker(self) -> None:
        while True:
            client, message, since = await self._waiting.get()
            left = self._seconds - (time.monotonic() - since)
            if left <= 0:
                self.counts.late += 1
                continue
            try:
                question = _read(message.data, self._signer.issuer)
            except BadTokenError:
                self.counts.unreadable += 1
                continue
            answer = await self._answer(question, left)
            if message.reply and client.is_connected:
                await client.publish(message.reply, answer.encode())

    async def _answer(self, question: _Question, left: float) -> str:
        verdict: Permit | Deny = Deny("cert.not_presented")
        if question.presented is not None:
            verdict = await self._verdict(question.presented, left)
        if isinstance(verdict, Permit):
            try:
                subjects = subjects_of(verdict)
            except (ImpossiblePermitError, ValueError):
                self.counts.failed += 1
                verdict = Deny("internal")
            else:
                self.counts.permitted += 1
                return self._permitted(question, verdict, subjects)
        self.counts.refused += 1
        return self._refused(question, verdict)

    async def _verdict(self, presented: Presented, left: float) -> Permit | Deny:
        try:
            async with asyncio.timeout(left):
                await self._gate()
                verdict = await self._decide(presented)
        except TimeoutError:
            self.counts.late += 1
            return Deny("timeout")
        except Exception as error:  # noqa: BLE001 - whatever fails in deciding, the answer is no: nobody is let in
            self.counts.failed += 1
            # The kind of error only: its text may quote who asked.
            _LOG.error("deciding a connection failed: %s", type(error).__name__)
            return Deny("internal")
        if isinstance(verdict, Permit) and verdict.common_name != presented.client_id:
            # The topics are those of the certificate; with another client id it would end another's session.
            self.counts.failed += 1
            return Deny("internal")
        return verdict

    def _permitted(self, question: _Question, permit: Permit, subjects: Subjects) -> str:
        claims: dict[str, Any] = {
            "aud": ACCOUNT,
            "sub": question.user_nkey,
            "name": permit.common_name,
            "iat": int(self._clock().timestamp()),
            "nats": {
                "pub": {"allow": list(subjects.publish)},
                "sub": {"allow": list(subjects.subscribe)},
                "subs": -1,
                "data": -1,
                "payload": -1,
                "allowed_connection_types": ["MQTT"],
                "type": "user",
                "version": 2,
            },
        }
        if permit.until is not None:
            claims["exp"] = int(permit.until.timestamp())
        return self._respond(question, {"jwt": self._signer.sign(claims)})

    def _refused(self, question: _Question, deny: Deny) -> str:
        return self._respond(question, {"error": deny.code})

    def _respond(self, question: _Question, nats: dict[str, str]) -> str:
        return self._signer.sign(
            {
                "aud": question.server_id,
                "sub": question.user_nkey,
                "iat": int(self._clock().timestamp()),
                "nats": {**nats, "type": "authorization_response", "version": 2},
            }
        )


def _read(data: bytes, issuer: str) -> _Question:
    """Read one question.

    Its signature must be that of the server key it names, and it must be addressed to our issuer. Which server key is
    right is not known beforehand (each start makes a new one); that only a server can publish here follows from the
    account: appliances may not publish to `$SYS`.

    Raises:
        BadTokenError: not a question that a server would ask.
    """
    claims = read_token(data, issuer_type="N")
    try:
        nats = claims["nats"]
        client, server, tls = nats["client_info"], nats["server_id"], nats.get("client_tls") or {}
        user_nkey, server_id = nats["user_nkey"], server["id"]
        if server_id != claims["iss"] or claims["sub"] != issuer or claims["aud"] != "nats-authorization-request":
            raise BadTokenError("not a question for us")
        if not isinstance(user_nkey, str) or not user_nkey.startswith("U"):
            raise BadTokenError("no user key")
        chains = tls.get("verified_chains") or ()
        leaf = chains[0][0] if chains and chains[0] else None
        presented = None
        client_id = client.get("mqtt_id")
        if client.get("type") == "mqtt" and client_id and isinstance(leaf, str) and len(leaf) <= _MOST_CERTIFICATE:
            presented = Presented(client_id=client_id, certificate_pem=leaf, address=client.get("host"))
    except (KeyError, TypeError, AttributeError, IndexError):
        raise BadTokenError("not a question") from None
    return _Question(user_nkey, server_id, presented)
