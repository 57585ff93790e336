"""Ends the connection of one identity, on whatever node it is, and clears what the server remembers of it.

Nothing is remembered here: the servers themselves are asked who holds that client id. So it works for connections that
another gateway let in, after a restart, and across a cluster.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway.broker.nats.configuration import ACCOUNT

_COLLECT_SECONDS: Final = 0.5
_ASK_SECONDS: Final = 2.0
_TRIES: Final = 3
_MOST_CLUSTER: Final = 64
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SESSIONS: Final = "$MQTT_sess"
_MESSAGES: Final = "$MQTT_msgs"


class EvictionFailedError(Exception):
    """The connection could not be ended: no server answered, or one still holds it."""


async def end_connections(system: Client, common_name: str, nodes: Callable[[], int]) -> int:
    """End every connection of this MQTT client id; how many there were.

    Args:
        system: connected as the system user.
        common_name: the client id.
        nodes: how many servers should answer (1 without a cluster); fewer only cost the deadline.

    Raises:
        EvictionFailedError: no server answered, or a connection stood after several kicks.
    """
    first = await _holders(system, common_name, nodes())
    left = first
    for _ in range(_TRIES):
        for server, connection in left:
            body = json.dumps({"cid": connection}).encode()
            # A request, not a publish: the server does not act on a kick that asks for no answer.
            await system.request(f"$SYS.REQ.SERVER.{server}.KICK", body, timeout=_ASK_SECONDS)
        if left:
            left &= await _holders(system, common_name, nodes())
        if not left:
            return len(first)
    raise EvictionFailedError("a server still holds the connection")


async def _holders(system: Client, common_name: str, nodes: int) -> set[tuple[str, int]]:
    """Server id and connection id of every connection with this client id."""
    ask = json.dumps({"mqtt_client": common_name, "acc": ACCOUNT, "auth": True, "limit": 16}).encode()
    found: set[tuple[str, int]] = set()
    for answer in await _collect(system, "$SYS.REQ.SERVER.PING.CONNZ", ask, nodes):
        data = answer.get("data") or {}
        server = str((answer.get("server") or {}).get("id"))
        connections = data.get("connections") or ()
        found |= {(server, int(each["cid"])) for each in connections if each.get("mqtt_client") == common_name}
    return found


async def _collect(client: Client, subject: str, body: bytes, nodes: int) -> list[dict[str, Any]]:
    """The answers of all servers: until `nodes` have answered, or the deadline.

    Raises:
        EvictionFailedError: none answered.
    """
    answers: asyncio.Queue[bytes] = asyncio.Queue(_MOST_CLUSTER)
    inbox = client.new_inbox()

    async def take(message: Msg) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            answers.put_nowait(message.data)

    subscription = await client.subscribe(inbox, cb=take)
    got: list[dict[str, Any]] = []
    try:
        await client.publish(subject, body, reply=inbox)
        first = True
        while len(got) < nodes:
            try:
                raw = await asyncio.wait_for(answers.get(), _ASK_SECONDS if first else _COLLECT_SECONDS)
            except TimeoutError:
                break
            first = False
            if raw:
                got.append(json.loads(raw))
    finally:
        with contextlib.suppress(errors.Error):
            await subscription.unsubscribe()
    if not got:
        raise EvictionFailedError("no server answered")
    return got


def session_hash(client_id: str) -> str:
    """The name under which nats-server keeps an MQTT session (`getHash` there: SHA-256 in 8 digits of base 62)."""
    return "".join(_DIGITS[each % len(_DIGITS)] for each in hashlib.sha256(client_id.encode()).digest()[:8])


async def clear_session(account: Client, common_name: str) -> None:
    """Delete a durable session of this client id, and the consumers in which messages would wait for it.

    Args:
        account: connected as a user of the account in which appliances are.
        common_name: the client id.
    """
    subject = f"$MQTT.sess.{session_hash(common_name)}"
    record = await _ask(account, f"STREAM.MSG.GET.{_SESSIONS}", {"last_by_subj": subject})
    message = record.get("message")
    if message is None:
        return  # clean sessions leave nothing behind
    for durable in _consumers(message.get("data", "")):
        await _ask(account, f"CONSUMER.DELETE.{_MESSAGES}.{durable}", None)
    await _ask(account, f"STREAM.PURGE.{_SESSIONS}", {"filter": subject})


def _consumers(data: str) -> list[str]:
    """Durable names in a session record (base64 of JSON: `cons` maps a filter to its consumer)."""
    session = json.loads(base64.b64decode(data))
    return [each["durable_name"] for each in (session.get("cons") or {}).values() if each and "durable_name" in each]


async def _ask(client: Client, what: str, body: dict[str, Any] | None) -> dict[str, Any]:
    raw = json.dumps(body).encode() if body is not None else b""
    message = await client.request(f"$JS.API.{what}", raw, timeout=_ASK_SECONDS)
    answer: dict[str, Any] = json.loads(message.data)
    return answer
