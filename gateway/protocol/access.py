"""Who may say and hear what: the one description from which every broker's rules are made.

The NATS callout's permissions, Mosquitto's patterns and EMQX's rules are rendered from these filters and from nothing
else, so that the brokers cannot come to differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.protocol.topics import COMMON_NAME

PLACEHOLDER: Final = "{cn}"
"""Stands for the common name of the certificate. A broker's own pattern language puts `%u` or `${username}` here."""


@dataclass(frozen=True, slots=True)
class Access:
    """MQTT topic filters that a client may publish to and subscribe to. What is not named is denied."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


ACCESS: Final[Mapping[str, Access]] = MappingProxyType(
    {
        "c": Access(publish=("hg/v1/claim/{cn}/req",), subscribe=("hg/v1/claim/{cn}/reply",)),
        "d": Access(publish=("hg/v1/dev/{cn}/up/#",), subscribe=("hg/v1/dev/{cn}/down/#",)),
        "g": Access(publish=("hg/#",), subscribe=("hg/#",)),
    }
)
"""By the first letter of the common name: claim, device, gateway."""

RENEW_ONLY: Final = Access(publish=("hg/v1/dev/{cn}/up/renew",), subscribe=("hg/v1/dev/{cn}/down/renew",))
"""An appliance whose certificate is known but expired: it may ask for a new one and hear the answer, no more."""


def substitute(access: Access, replacement: str) -> Access:
    """The same filters with any text in the placeholder's stead, such as a broker's own `%u`."""
    return Access(
        publish=tuple(entry.replace(PLACEHOLDER, replacement) for entry in access.publish),
        subscribe=tuple(entry.replace(PLACEHOLDER, replacement) for entry in access.subscribe),
    )


def filters(access: Access, cn: str) -> Access:
    """The filters of one client.

    Raises:
        ValueError: `cn` is not the common name of a certificate of ours. A name such as `#` or `+` would open every
            topic, so nothing unchecked is ever put into a filter.
    """
    if COMMON_NAME.fullmatch(cn) is None:
        raise ValueError("not a common name that the gateway issues or accepts")
    return substitute(access, cn)
