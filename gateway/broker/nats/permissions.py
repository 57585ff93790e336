"""Turns MQTT topic filters into the subjects that NATS checks an MQTT client against.

A server-side MQTT client also subscribes to subjects of the server's own making: `$MQTT.sub.>` (its inbox) and
`$MQTT.deliver.>` (acknowledged delivery), docs.nats.io "MQTT, permissions".
"""

from dataclasses import dataclass
from typing import Final

from gateway.broker.port import Permit
from gateway.domain.identity import Kind, kind_of
from gateway.protocol.access import ACCESS, RENEW_ONLY, filters

_OWN: Final = ("$MQTT.sub.>", "$MQTT.deliver.>")


class ImpossiblePermitError(Exception):
    """A permit that contradicts itself; it is treated as a refusal."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """What the server lets one client publish and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def subjects_of(permit: Permit) -> Subjects:
    """The subjects of one permit.

    Raises:
        ImpossiblePermitError: its name is not of its kind, or a renewal is asked for something that is no appliance.
    """
    if kind_of(permit.common_name) is not permit.kind:
        raise ImpossiblePermitError("the name is not of this kind")
    if permit.renew_only and permit.kind is not Kind.DEVICE:
        raise ImpossiblePermitError("only an appliance renews")
    access = filters(RENEW_ONLY if permit.renew_only else ACCESS[permit.kind.value], permit.common_name)
    return Subjects(
        publish=tuple(subject for each in access.publish for subject in to_subjects(each)),
        subscribe=(*(subject for each in access.subscribe for subject in to_subjects(each)), *_OWN),
    )


def to_subjects(topic_filter: str) -> tuple[str, ...]:
    """The NATS subjects that one MQTT filter stands for.

    `a/#` covers `a` itself in MQTT (3.1.1, 4.7.1.2) while `a.>` in NATS does not, so it becomes both. In MQTT's terms a
    client that asks for `a/#` subscribes to both, and is refused when one of them is missing.
    """
    subject = ".".join("*" if level == "+" else level for level in topic_filter.split("/"))
    if subject == "#":
        return (">",)
    if subject.endswith(".#"):
        return (subject[:-2], subject[:-1] + ">")
    return (subject,)
