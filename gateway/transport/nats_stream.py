"""The stream and the consumers that keep what appliances publish until a gateway has committed it.

nats-server makes its MQTT streams when the first MQTT client connects, without limits, and a message for which no
consumer stands is dropped although it was acknowledged (the stream is kept by interest). So they are made here, with
limits, before anybody may connect.
"""

import json
from typing import Any, Final

from nats.aio.client import Client
from nats.errors import NoRespondersError

from gateway.transport.nats_intake import STREAM

_SECOND: Final = 1_000_000_000
_ASK_SECONDS: Final = 5.0
_PRESENCE_SECONDS: Final = 0.5
PRESENCE: Final = "hearthgate.presence"
"""Every connected gateway answers here. Appliances have no permission for it."""

_NO_STREAM: Final = 10059
"""JetStream error: there is no stream of this name."""

_MOST_SUBSCRIPTIONS: Final = 10_000_000
"""Each QoS 1 subscription of an appliance is a consumer of the stream. Unset, nats-server 2.15 stops at 1,000 of them
(`default_max_consumers`) and refuses every SUBSCRIBE after that."""

_ACK_WAIT: Final = 10 * _SECOND
"""After which the server gives a message to another gateway. A gateway that lives says every 2.5 s that it still works
on what it holds, so this is no limit for the work, only the time after which a gateway counts as dead."""


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
            "max_consumers": _MOST_SUBSCRIPTIONS,
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
) -> int:
    """Make a durable consumer, or bring it to these settings.

    Args:
        client: connected as the gateway's user.
        name: the durable name, the same for all gateways.
        filters: NATS subjects of its messages.
        most_pending: messages given out and not acknowledged, over all gateways.
        replicas: copies of its state.

    Returns:
        How many messages were given out and not acknowledged.

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
                "ack_wait": _ACK_WAIT,
                "max_ack_pending": most_pending,
                "max_waiting": 512,
                "max_deliver": -1,
                "filter_subjects": list(filters),
                "replay_policy": "instant",
                "num_replicas": replicas,
            },
        },
    )
    return int(answer.get("num_ack_pending") or 0)


async def is_alone(client: Client) -> bool:
    """True when no other gateway is connected: nobody answers, and the server says so at once."""
    try:
        await client.request(PRESENCE, b"", timeout=_PRESENCE_SECONDS)
    except NoRespondersError:
        return True
    except TimeoutError:
        return False  # there is one, and it is busy
    return False


async def take_over(client: Client, name: str) -> bool:
    """Have what a dead gateway had in hand delivered again at once, instead of after `ack_wait`.

    The consumer is reset to its acknowledged floor, so these come in order and before anything newer of the same
    appliance. What was acknowledged above the floor has left the stream and does not come again. Only for a gateway
    that is alone: what another one has in hand would be delivered twice.

    Returns:
        False if the server cannot do it (older than 2.14); the messages then come after `ack_wait`.
    """
    try:
        await _ask(client, f"CONSUMER.RESET.{STREAM}.{name}", {})
    except (JetStreamRefusedError, NoRespondersError, TimeoutError):
        return False
    return True


async def _make_stream(client: Client, configuration: dict[str, Any]) -> None:
    name = configuration["name"]
    # Update first: asked to create a stream that exists, the server adds its reservation once more, and a store that is
    # more than half reserved then has "no room" (10047), at every start after the first.
    try:
        await _ask(client, f"STREAM.UPDATE.{name}", configuration)
    except JetStreamRefusedError as refused:
        if refused.code != _NO_STREAM:
            raise
        await _ask(client, f"STREAM.CREATE.{name}", configuration)


async def _ask(client: Client, what: str, body: dict[str, Any]) -> dict[str, Any]:
    message = await client.request(f"$JS.API.{what}", json.dumps(body).encode() if body else b"", timeout=_ASK_SECONDS)
    answer: dict[str, Any] = json.loads(message.data)
    if "error" in answer:
        raise JetStreamRefusedError(int(answer["error"].get("err_code", 0)))
    return answer
