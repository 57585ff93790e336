"""A helper process: a subscriber that takes, acknowledges and does nothing else, with the gateway's own client library.

Told `{"kind": "nats", …}` it drains with nats-py as its documentation does (pull, fetch, ack each); told
`{"kind": "paho", …}` with paho and manual acknowledgement. Answers `ready` when it stands, and `done` after every
`count` messages.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import nats
import paho.mqtt.client as paho
from nats.errors import TimeoutError as NothingThereError
from nats.js.api import AckPolicy, ConsumerConfig
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from benchmarks.processes import answer, next_order, orders
from benchmarks.wire import Account

FETCH = 500
"""Messages of one request: the gateway's own batch."""


async def main() -> None:
    """Serve whoever started this process."""
    reader = await orders()
    task = await next_order(reader)
    assert task is not None
    if task["kind"] == "nats":
        await _nats(task)
    else:
        stop = _paho(task)
        await reader.read()  # until whoever started this closes it
        stop()


async def _nats(task: dict[str, Any]) -> None:
    client = await nats.connect(task["server"], user="gateway", password=task["password"])
    stream = client.jetstream()
    config = ConsumerConfig(
        durable_name="bare",
        ack_policy=AckPolicy.EXPLICIT,
        filter_subject=task["subject"],
        max_ack_pending=8000,
        ack_wait=30,
    )
    await stream.add_consumer(task["stream"], config)
    subscription = await stream.pull_subscribe_bind(durable="bare", stream=task["stream"])
    answer(ready=True)
    while True:
        taken = 0
        while taken < task["count"]:
            try:
                messages = await subscription.fetch(FETCH, timeout=30)
            except NothingThereError:
                continue
            for message in messages:
                await message.ack()
            taken += len(messages)
        await client.flush()
        answer(done=taken)


def _paho(task: dict[str, Any]) -> Callable[[], object]:
    account, taken = Account(**task["account"]), 0
    client = paho.Client(CallbackAPIVersion.VERSION2, account.name, protocol=paho.MQTTv5, manual_ack=True)
    context = ssl.create_default_context(cafile=account.ca)
    context.load_cert_chain(account.pem)
    client.tls_set_context(context)

    def on_message(_client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        nonlocal taken
        client.ack(message.mid, message.qos)
        taken += 1
        if taken % task["count"] == 0:
            answer(done=taken)

    def on_connect(*_: Any) -> None:
        client.subscribe([(task["topic"], SubscribeOptions(qos=1))])

    client.on_message = on_message
    client.on_connect = on_connect
    client.on_subscribe = lambda *_: answer(ready=True)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.ReceiveMaximum = 2000
    client.connect(account.host, account.port, properties=properties)
    client.loop_start()
    return client.disconnect


if __name__ == "__main__":
    asyncio.run(main())
