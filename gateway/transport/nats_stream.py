"""The stream and the consumers that keep what appliances publish until a gateway has committed it.

nats-server makes its MQTT streams when the first MQTT client connects, without limits, and a message for which no
consumer stands is dropped although it was acknowledged (the stream is kept by interest). So they are made here, with
limits, before anybody may connect.
"""

import json
from typing import Any, Final

from nats.aio.client import Client

from gateway.transport.nats_intake import STREAM

_SECOND: Final = 1_000_000_000
_ASK_SECONDS: Final = 5.0
_STREAM_EXISTS: Final = 10058
"""JetStream error: the name is in use with a different configuration."""

_OLDEST_UNACKNOWLEDGED: Final = 30 * _SECOND
"""How long the server waits for an acknowledgement before it gives the message to another gateway."""


class JetStreamRefusedError(Exception):
    """The server refused a request of the JetStream API, or has no leader for it now."""

    def __init__(self, code: int) -> None:
        super().__init__(f"JetStream refused with code {code}")
        self.code = code


async def make_streams(client: Client, *, most_bytes: int, replicas: int) -> None:
    """Make the MQTT streams, or bring them to these limits.

    Args:
        client: connected as the gateway's user.
        most_bytes: of stored messages. A full stream refuses (no PUBACK is given) and drops nothing.
        replicas: copies of each message.

    Raises:
        JetStreamRefusedError, nats.errors.Error, TimeoutError: not now; try again.
    """
    await _make_stream(
        client,
        {
            "name": STREAM,
            "subjects": ["$MQTT.msgs.>"],
            "storage": "file",
            "retention": "interest",
            "num_replicas": replicas,
            "max_bytes": most_bytes,
            "discard": "new",
        },
    )
    # Retained messages mean nothing here. One byte is too little for any, so an appliance can store none: neither for
    # the next owner of a topic nor to fill the disk.
    await _make_stream(
        client,
        {
            "name": "$MQTT_rmsgs",
            "subjects": ["$MQTT.rmsgs.>"],
            "storage": "file",
            "retention": "limits",
            "num_replicas": replicas,
            "max_msgs_per_subject": 1,
            "max_msg_size": 1,
            "max_msgs": 1,
            "discard": "new",
        },
    )


async def make_consumer(
    client: Client, name: str, filters: tuple[str, ...], *, most_pending: int, replicas: int
) -> bool:
    """Make a durable consumer, or bring it to these settings; then take over what a dead gateway had in hand.

    Args:
        client: connected as the gateway's user.
        name: the durable name, the same for all gateways.
        filters: NATS subjects of its messages.
        most_pending: messages given out and not acknowledged, over all gateways.
        replicas: copies of its state.

    Returns:
        True if messages of a dead gateway were taken over at once instead of after `ack_wait`.

    Raises:
        JetStreamRefusedError, nats.errors.Error, TimeoutError: not now; try again.
    """
    answer = await _ask(
        client,
        f"CONSUMER.DURABLE.CREATE.{STREAM}.{name}",
        {
            "stream_name": STREAM,
            "config": {
                "durable_name": name,
                "ack_policy": "explicit",
                "deliver_policy": "all",
                "ack_wait": _OLDEST_UNACKNOWLEDGED,
                "max_ack_pending": most_pending,
                "max_waiting": 512,
                "max_deliver": -1,
                "filter_subjects": list(filters),
                "replay_policy": "instant",
                "num_replicas": replicas,
            },
        },
    )
    if not answer.get("num_ack_pending") or answer.get("num_waiting"):
        return False
    # Messages are pending and nobody is asking for more: their gateway died. Reset the consumer to its acknowledged
    # floor, so that they come again now and in order, before anything newer of the same appliance. What was
    # acknowledged above the floor has left the stream and does not come again.
    try:
        await _ask(client, f"CONSUMER.RESET.{STREAM}.{name}", {})
    except (JetStreamRefusedError, TimeoutError):
        return False  # a server older than 2.14 has no reset: they come after ack_wait
    return True


async def _make_stream(client: Client, configuration: dict[str, Any]) -> None:
    name = configuration["name"]
    try:
        await _ask(client, f"STREAM.CREATE.{name}", configuration)
    except JetStreamRefusedError as refused:
        if refused.code != _STREAM_EXISTS:
            raise
        await _ask(client, f"STREAM.UPDATE.{name}", configuration)


async def _ask(client: Client, what: str, body: dict[str, Any]) -> dict[str, Any]:
    message = await client.request(f"$JS.API.{what}", json.dumps(body).encode() if body else b"", timeout=_ASK_SECONDS)
    answer: dict[str, Any] = json.loads(message.data)
    if "error" in answer:
        raise JetStreamRefusedError(int(answer["error"].get("err_code", 0)))
    return answer
