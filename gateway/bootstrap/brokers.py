"""Which way to a broker the configuration names."""

from gateway.bootstrap.mqtt import reach_external, reach_mosquitto
from gateway.bootstrap.nats import reach_nats
from gateway.bootstrap.reach import BrokerNeeds, Reached


async def reach_broker(needs: BrokerNeeds) -> Reached:
    """The configured broker and its transport; nothing is started yet.

    Raises:
        BinaryRefusedError: the NATS server is not the one that was pinned.
        ProgramMissingError: there is no Mosquitto.
    """
    match needs.settings.broker.kind:
        case "nats":
            return await reach_nats(needs)
        case "mosquitto":
            return reach_mosquitto(needs)
        case "external":
            return reach_external(needs)
