"""Addresses that people name for their data: which text is one, and which addresses a gateway never calls.

A gateway that calls whatever it is told can be told to call its own neighbours. So an address is a plain https URL with
a name in it, no number in any disguise; and what the name leads to is looked at again, each time, before anything is
sent (`is_public`).
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final, NewType

RecipientId = NewType("RecipientId", str)

URL_AT_MOST: Final = 500
HOST_AT_MOST: Final = 253
RECIPIENTS_AT_MOST: Final = 5
"""Of one account."""
PORT: Final = 443

_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_URL: Final = re.compile(r"https://(?P<authority>[^/?#]+)(?P<target>[/?][\x21-\x22\x24-\x5b\x5d-\x7e]*)?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""What a host that ends in such a label is: an IPv4 address, in one of its many ways of writing (WHATWG URL, 3.5)."""

_HOME_ONLY: Final = frozenset(
    {
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "test",
        "invalid",
        "example",
        "onion",
        "alt",
    }
)
"""Last labels that mean something inside a network only, or nothing (RFC 6761, RFC 6762, RFC 9476, and habit)."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that may be called, if its name leads to the open Internet. Has one maker: `webhook`."""

    host: str = field(repr=False)
    port: int
    target: str = field(repr=False)
    """Path and query."""

    @property
    def url(self) -> str:
        """The whole address."""
        port = "" if self.port == PORT else f":{self.port}"
        return f"https://{self.host}{port}{self.target}"


@dataclass(frozen=True, slots=True)
class BadAddress:
    """No address that is called, and why, without any of it."""

    reason: str


def webhook(text: str, *, ports: frozenset[int] = frozenset({PORT})) -> Webhook | BadAddress:
    """The address in a text: https, a host name of the open Internet, an allowed port, and nothing clever."""
    if len(text) > URL_AT_MOST:
        return BadAddress(f"has at most {URL_AT_MOST} characters")
    found = _URL.fullmatch(text)
    if found is None:
        return BadAddress("is an https address such as https://example.org/hook, in plain ASCII and without a fragment")
    authority = found["authority"]
    if "@" in authority:
        return BadAddress("holds no name or password")
    host, colon, port_text = authority.partition(":")
    if colon and re.fullmatch(r"[1-9][0-9]{0,4}", port_text, re.ASCII) is None:
        return BadAddress("has a host name and, if at all, a port after it")
    port = int(port_text) if colon else PORT
    if port not in ports:
        return BadAddress("is at the port for https")
    wrong = _wrong_host(host.lower())
    return Webhook(host.lower(), port, found["target"] or "/") if wrong is None else BadAddress(wrong)


def _wrong_host(host: str) -> str | None:
    labels = host.split(".")
    if len(host) > HOST_AT_MOST or any(_LABEL.fullmatch(label) is None for label in labels):
        return "has a host name of letters, digits, hyphens and dots"
    if _NUMBER.fullmatch(labels[-1]) is not None:
        return "has a host name; numbers are not called"
    if len(labels) == 1 or labels[-1] in _HOME_ONLY or labels[-2:] == ["home", "arpa"]:
        return "has a host name that means something on the open Internet"
    return None


# -- what a name may lead to

_TRANSLATED: Final = (
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # RFC 8215
    ipaddress.IPv6Network("2001::/32"),  # Teredo, RFC 4380
    ipaddress.IPv6Network("2002::/16"),  # 6to4, RFC 3056
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible, RFC 4291
    ipaddress.IPv6Network("fec0::/10"),  # site-local, RFC 3879
    ipaddress.IPv6Network("5f00::/16"),  # segment routing, RFC 9602
    ipaddress.IPv6Network("3fff::/20"),  # documentation, RFC 9637
)
"""IPv6 networks through which something else is reached, or nothing."""
_SPECIAL_4: Final = (
    ipaddress.IPv4Network("100.64.0.0/10"),  # carrier-grade NAT, RFC 6598
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments, RFC 6890
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    ipaddress.IPv4Network("198.18.0.0/15"),  # benchmarks, RFC 2544
    ipaddress.IPv4Network("240.0.0.0/4"),  # reserved, and broadcast
)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open Internet: no host or network of ours, none that stands for another.

    An IPv4 address inside an IPv6 one (`::ffff:127.0.0.1`) counts as what it is.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.scope_id is not None or any(ip in network for network in _TRANSLATED):
            return False
    elif any(ip in network for network in _SPECIAL_4):
        return False
    return (
        ip.is_global
        and not ip.is_multicast
        and not ip.is_reserved
        and not ip.is_loopback
        and not ip.is_link_local
        and not ip.is_unspecified
        and not ip.is_private
    )
